import type { DeliveryEntry } from '../contract/admin-api/deliveries.ts'
import type { DeliveryFeed } from '../feed/delivery-feed.ts'
import type { FeedEntry } from '../contract/feed-entry.ts'
import { ok, type Handler } from './admin-reply.ts'

export const listRecent: Handler<'listRecent', { feed: Pick<DeliveryFeed, 'recent'> }> = (
  { limit, ...query },
  { feed },
) => ok({ deliveries: feed.recent(query, limit).map(shownEntry) })

/** As it is sent: times as texts, durations in milliseconds with one digit behind the point. */
export function shownEntry({ atMs, ...entry }: FeedEntry): DeliveryEntry {
  const at = new Date(atMs).toISOString()
  if (entry.kind === 'request') return { at, ...entry, durationMs: rounded(entry.durationMs) }
  const { retryAtMs, attempt, ...step } = entry
  return {
    at,
    ...step,
    ...(retryAtMs !== undefined && { retryAt: new Date(retryAtMs).toISOString() }),
    ...(attempt !== undefined && { attempt: { ...attempt, durationMs: rounded(attempt.durationMs) } }),
  }
}

function rounded(durationMs: number): number {
  return Math.round(durationMs * 10) / 10
}
