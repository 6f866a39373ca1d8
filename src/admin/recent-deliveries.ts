import type { DeliveryFeed, FeedQuery } from '../feed/delivery-feed.ts'
import type { FeedEntry } from '../feed/entry.ts'
import { ok, refused, type AdminReply, type AdminRequest } from './admin-reply.ts'
import { countOf, isText, problemOfFields, type Fields } from './text-fields.ts'

/** More than is remembered. */
const maxLimit = 5_000
const defaultLimit = 100
const known = ['namespace', 'name', 'eventId', 'sink', 'kind']

export function listRecent({ url }: AdminRequest, { feed }: { feed: Pick<DeliveryFeed, 'recent'> }): AdminReply {
  const { limit = defaultLimit, ...fields }: Fields = Object.fromEntries(url.searchParams)
  const count = countOf(limit, maxLimit)
  if (Number.isNaN(count)) return refused(`limit is not 1 to ${maxLimit}`)
  const parsed = parseFeedQuery(fields)
  return 'problem' in parsed
    ? refused(parsed.problem)
    : ok({ deliveries: feed.recent(parsed.query, count).map(shownEntry) })
}

/** Which entries are meant. */
export function parseFeedQuery(fields: Fields): { query: FeedQuery } | { problem: string } {
  const problem = problemOfFields(fields, known, [])
  if (problem !== undefined) return { problem }
  const { namespace, name, eventId, sink, kind } = fields
  if (kind !== undefined && kind !== 'request' && kind !== 'step') return { problem: 'kind is request or step' }
  const query: FeedQuery = {
    ...(isText(namespace) && { namespace }),
    ...(isText(name) && { name }),
    ...(isText(eventId) && { eventId }),
    ...(isText(sink) && { sink }),
    ...(kind !== undefined && { kind }),
  }
  return { query }
}

/** As it is sent: times as texts, durations in milliseconds with one digit behind the point. */
export function shownEntry({ atMs, ...entry }: FeedEntry): unknown {
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
