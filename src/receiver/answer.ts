import type { ServerResponse } from 'node:http'

import { answerOf, type AnsweredOutcome } from './status-codes.ts'

export interface AnswerOptions {
  /** Ends the connection after this answer. */
  close: boolean
  /** The `Allow` header of a 405. */
  allow?: string | undefined
}

/** Sends status and headers, never a body. Does nothing when an answer has begun or nobody listens any more. */
export function sendAnswer(response: ServerResponse, outcome: AnsweredOutcome, { close, allow }: AnswerOptions): void {
  if (response.headersSent || response.destroyed) return
  const { status, retryAfterSeconds } = answerOf(outcome)
  response.statusCode = status
  if (close) response.setHeader('connection', 'close')
  if (status !== 204) {
    response.setHeader('content-length', 0)
    if (retryAfterSeconds !== undefined) response.setHeader('retry-after', retryAfterSeconds)
    if (allow !== undefined) response.setHeader('allow', allow)
  }
  response.end()
}
