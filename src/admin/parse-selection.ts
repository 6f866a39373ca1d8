import { deadLetterReasons, type DeadLetterPosition, type DeadLetterQuery } from '../inbox/port.ts'
import { countOf, isText, problemOfFields, type Fields } from './text-fields.ts'

/** What the drivers list at most. */
const maxLimit = 1_000
/** These narrow a selection; the others only page through it. */
export const selectingFields = ['namespace', 'name', 'sink', 'eventId', 'type', 'reason', 'since', 'until'] as const
const known = [...selectingFields, 'limit', 'cursor']
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i

/** Which dead letters are meant. Unknown or malformed fields are refused. */
export function parseSelection(fields: Fields): { query: DeadLetterQuery } | { problem: string } {
  const problem = problemOfFields(fields, known, ['limit'])
  if (problem !== undefined) return { problem }
  const { namespace, name, sink, eventId, type, reason, since, until, cursor, limit = maxLimit } = fields
  if ((namespace === undefined) !== (name === undefined)) return { problem: 'give namespace and name together' }
  const wantedReason = deadLetterReasons.find((each) => each === reason)
  if (reason !== undefined && wantedReason === undefined) {
    return { problem: `reason is not one of ${deadLetterReasons.join(', ')}` }
  }
  const count = countOf(limit, maxLimit)
  if (Number.isNaN(count)) return { problem: `limit is not 1 to ${maxLimit}` }
  const [sinceMs, untilMs] = [timeOf(since), timeOf(until)]
  if (Number.isNaN(sinceMs) || Number.isNaN(untilMs)) {
    return { problem: 'since and until are times such as 2026-11-21T12:00:00Z' }
  }
  const after = cursor === undefined ? undefined : parseCursor(cursor)
  if (cursor !== undefined && after === undefined) return { problem: 'cursor is none of a page before' }
  const query: DeadLetterQuery = {
    ...(isText(namespace) && isText(name) && { owner: { namespace, name } }),
    ...(isText(sink) && { sink }),
    ...(isText(eventId) && { eventId }),
    ...(isText(type) && { eventType: type }),
    ...(wantedReason !== undefined && { reason: wantedReason }),
    ...(sinceMs !== undefined && { sinceMs }),
    ...(untilMs !== undefined && { untilMs }),
    ...(after !== undefined && { after }),
    limit: count,
  }
  return { query }
}

/** Where the next page begins, as one opaque text. */
export function writeCursor({ endedAtMs, deliveryId }: DeadLetterPosition): string {
  return Buffer.from(`${endedAtMs} ${deliveryId}`).toString('base64url')
}

function parseCursor(cursor: unknown): DeadLetterPosition | undefined {
  if (!isText(cursor)) return undefined
  const [, endedAt, deliveryId] =
    /^(\d{1,15}) (\S{1,512})$/.exec(Buffer.from(cursor, 'base64url').toString('utf8')) ?? []
  return deliveryId === undefined ? undefined : { endedAtMs: Number(endedAt), deliveryId }
}

/** Undefined where none was given, NaN where it is no time. */
function timeOf(value: unknown): number | undefined {
  if (value === undefined) return undefined
  return isText(value) && rfc3339.test(value) ? Date.parse(value) : Number.NaN
}
