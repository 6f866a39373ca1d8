import type { ServerResponse } from 'node:http'

import { keptAsHeader, type KeptAs } from '../contract/kept-as.ts'
import { answerOf, type AnsweredOutcome } from './status-codes.ts'

export interface AnswerOptions {
  /** How long the connection may be idle after this answer, in milliseconds; undefined: it ends with it. */
  keepAliveMs: number | undefined
  /** The `Allow` header of a 405. */
  allow?: string | undefined
  /** Whether the event is new here, where its sender is told. */
  keptAs?: KeptAs | undefined
}

/** Sends status and headers, never a body. Does nothing when an answer has begun or the client is gone. */
export function sendAnswer(
  response: ServerResponse,
  outcome: AnsweredOutcome,
  { keepAliveMs, allow, keptAs }: AnswerOptions,
): void {
  if (response.headersSent || response.destroyed) return
  const { status, retryAfterSeconds } = answerOf(outcome)
  response.statusCode = status
  if (keepAliveMs === undefined) {
    response.setHeader('connection', 'close')
  } else if (response.shouldKeepAlive) {
    // Node would name one time for all connections.
    response.setHeader('connection', 'keep-alive')
    response.setHeader('keep-alive', `timeout=${Math.floor(keepAliveMs / 1000)}`)
  }
  if (keptAs !== undefined) response.setHeader(keptAsHeader, keptAs)
  if (status !== 204) {
    response.setHeader('content-length', 0)
    if (retryAfterSeconds !== undefined) response.setHeader('retry-after', retryAfterSeconds)
    if (allow !== undefined) response.setHeader('allow', allow)
  }
  response.end()
}
