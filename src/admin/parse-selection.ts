import type { DeadLetterQuery } from '../inbox/port.ts'

export interface Selection {
  readonly query: DeadLetterQuery
  /** Given up at this time or later, milliseconds since the epoch. */
  readonly sinceMs: number
  /** Given up before this time. */
  readonly untilMs: number
}

/** What the drivers list at most. */
const maxLimit = 1_000
const known = ['namespace', 'name', 'sink', 'eventId', 'since', 'until', 'limit']
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i

/** Which dead letters are meant. Unknown or malformed fields are refused: a misspelt one would select more than was meant. */
export function parseSelection(
  fields: Readonly<Record<string, unknown>>,
): { selection: Selection } | { problem: string } {
  const stranger = Object.keys(fields).find((field) => !known.includes(field))
  if (stranger !== undefined) return { problem: `the field is not one of ${known.join(', ')}` }
  const wrong = known.find((field) => field !== 'limit' && fields[field] !== undefined && !isText(fields[field]))
  if (wrong !== undefined) return { problem: `${wrong} is no text of 1 to 256 characters` }
  const { namespace, name, sink, eventId, since, until, limit = maxLimit } = fields
  if ((namespace === undefined) !== (name === undefined)) return { problem: 'give namespace and name together' }
  const count = Number(limit)
  if (!Number.isInteger(count) || count < 1 || count > maxLimit) return { problem: `limit is not 1 to ${maxLimit}` }
  const sinceMs = since === undefined ? -Infinity : timeOf(since)
  const untilMs = until === undefined ? Infinity : timeOf(until)
  if (Number.isNaN(sinceMs) || Number.isNaN(untilMs)) {
    return { problem: 'since and until are times such as 2026-11-21T12:00:00Z' }
  }
  const query: DeadLetterQuery = {
    ...(isText(namespace) && isText(name) && { owner: { namespace, name } }),
    ...(isText(sink) && { sink }),
    ...(isText(eventId) && { eventId }),
    limit: count,
  }
  return { selection: { query, sinceMs, untilMs } }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 256
}

function timeOf(value: unknown): number {
  return isText(value) && rfc3339.test(value) ? Date.parse(value) : Number.NaN
}
