import type { GeminiWebhookStatus } from '../../api/status.ts'
import type { ObservedWebhook } from '../facts/observed.ts'

type DeliveryStatus = NonNullable<GeminiWebhookStatus['delivery']>

/** That deliveries still come is told at most this often for one object. */
const quietMs = 3_600_000

/**
 * The receivers' reports as status tells them: a time only moves forward, refusing and dropping are told at once, what
 * is pending where `countsDue`, and that deliveries come once an hour, or along with anything else.
 */
export function foldDelivery(
  before: DeliveryStatus | undefined,
  report: ObservedWebhook['report'],
  countsDue = true,
): DeliveryStatus | undefined {
  if (report === undefined && before === undefined) return undefined
  // Nobody reports anything about it: nothing is pending and nothing refused.
  const { lastVerifiedTime, refusingSince, lastDropTime, pending } = report ?? { pending: 0 }
  const movedMs = timeOf(lastVerifiedTime) - timeOf(before?.lastVerifiedTime)
  const turned = (refusingSince === undefined) !== (before?.refusingSince === undefined)
  const dropped = timeOf(lastDropTime) > timeOf(before?.lastDropTime)
  const counted = countsDue && pending !== (before?.pending ?? 0)
  if (!turned && !dropped && !counted && movedMs < quietMs) return before
  const newest = movedMs > 0 ? lastVerifiedTime : before?.lastVerifiedTime
  // What was dropped stays so, whether or not a receiver still remembers it.
  const newestDrop = dropped ? lastDropTime : before?.lastDropTime
  return {
    ...(before?.lastCheckTime !== undefined && { lastCheckTime: before.lastCheckTime }),
    ...(newest !== undefined && { lastVerifiedTime: newest }),
    ...(refusingSince !== undefined && { refusingSince }),
    ...(newestDrop !== undefined && { lastDropTime: newestDrop }),
    // A delivery in flight when the hour is over is no news.
    pending: turned || dropped || countsDue ? pending : (before?.pending ?? 0),
  }
}

function timeOf(time: string | undefined): number {
  const ms = Date.parse(time ?? '')
  return Number.isNaN(ms) ? 0 : ms
}
