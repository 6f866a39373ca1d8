import type { GeminiWebhookStatus } from '../../api/status.ts'
import type { ObservedWebhook } from '../facts/observed.ts'
import { timeOf } from '../facts/time-of.ts'

type DeliveryStatus = NonNullable<GeminiWebhookStatus['delivery']>

/** The time of the last delivery is written at most this often for one object. */
const quietMs = 3_600_000

/**
 * The receivers' reports as status shows them: a time only moves forward; refusing and dropping are written at once,
 * pending counts where `countsDue`, and the time of the last delivery once an hour or along with anything else.
 */
export function foldDelivery(
  before: DeliveryStatus | undefined,
  report: ObservedWebhook['report'],
  countsDue = true,
): DeliveryStatus | undefined {
  if (report === undefined && before === undefined) return undefined
  // Without a report nothing is pending and nothing refused.
  const { lastVerifiedTime, refusingSince, lastDropTime, pending } = report ?? { pending: 0 }
  const movedMs = sinceEpoch(lastVerifiedTime) - sinceEpoch(before?.lastVerifiedTime)
  const turned = (refusingSince === undefined) !== (before?.refusingSince === undefined)
  const dropped = sinceEpoch(lastDropTime) > sinceEpoch(before?.lastDropTime)
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

/** What has no time was never. */
function sinceEpoch(time: string | undefined): number {
  return timeOf(time) ?? 0
}
