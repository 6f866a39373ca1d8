import { ok, problem, type Result } from '../../result.ts'
import type { RequestHeaders } from '../../signature/parse-headers.ts'
import { readCapturedRequest } from './captured-request.ts'

/** A delivery of Google as far as sinks look at it. */
export interface CapturedEvent {
  readonly eventId: string
  readonly sentAtSeconds: number
  readonly mode: 'static' | 'dynamic'
  readonly contentType: string
  readonly signature: string
  readonly body: Buffer
}

/** The first character of a body that stands alone; no request begins so, nor any of its headers. */
const bareBody = /^[\s\uFEFF]*[{[]/

/** Of a static webhook; on the path of a dynamic one there are entries of `v1a`, or one bare JWT. */
const staticSignature = /(?:^| )v1,/

/**
 * An event from a captured request, or from its body alone, which then has the id `msg_example` and was sent now by a
 * static webhook. Its signature is not verified.
 */
export function readEvent(bytes: Buffer, nowMs: number): Result<CapturedEvent> {
  const isBare = bareBody.test(bytes.subarray(0, 64).toString('utf8'))
  const captured = isBare ? readBareBody(bytes) : readCapturedRequest(bytes)
  if (!captured.ok) return captured
  const { headers, body } = captured.value
  const header = (name: string) => {
    const value = (headers as Readonly<Record<string, unknown>>)[name]
    return typeof value === 'string' ? value : ''
  }
  const signature = header('webhook-signature')
  const timestamp = header('webhook-timestamp')
  return ok({
    eventId: header('webhook-id') || 'msg_example',
    sentAtSeconds: /^\d{1,12}$/.test(timestamp) ? Number(timestamp) : Math.floor(nowMs / 1000),
    mode: signature === '' || staticSignature.test(signature) ? 'static' : 'dynamic',
    contentType: header('content-type'),
    signature,
    body,
  })
}

/** Receivers take other bodies as well; one that was written by hand has a mistake, which is better said at once. */
function readBareBody(body: Buffer): Result<{ headers: RequestHeaders; body: Buffer }> {
  try {
    JSON.parse(body.toString('utf8').replace(/^\uFEFF/, ''))
  } catch (error) {
    // Of the message only the place, which not every mistake has: the rest quotes the body.
    const [, place = ''] = /\((line \d+ column \d+)\)/.exec(String(error)) ?? []
    const at = place === '' ? '' : ` at ${place}`
    return problem(`begins like JSON and is none${at}: correct it, or give the captured request with its headers`)
  }
  return ok({ headers: {}, body })
}
