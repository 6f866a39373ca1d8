import type { RemoteWebhook } from '../../gemini/webhook-service.ts'
import { formatTime } from '../../format-time.ts'
import { overlapOf } from './hint.ts'

/**
 * As far as a delivery's own timestamp may be off: what Google signed in the last moment of a secret may be under way
 * for so long, by clocks that differ.
 */
const marginMs = 300_000

/**
 * When receivers stop accepting a secret with which Google signs until `expireMs`, RFC 3339: never earlier than the
 * last genuine delivery can arrive.
 */
export function endOfSecret(expireMs: number): string {
  return formatTime(Math.ceil(expireMs / 1000) * 1000 + marginMs)
}

/** The same for a secret that Google still lists as expiring; undefined where it does not. */
export function overlapEnd(remote: RemoteWebhook, secret: string, nowMs: number): string | undefined {
  const expireTime = overlapOf(remote, secret, nowMs)?.expireTime
  return expireTime === undefined ? undefined : endOfSecret(Date.parse(expireTime))
}
