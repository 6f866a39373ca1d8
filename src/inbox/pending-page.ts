import type { PendingDelivery, PendingPage, PendingPosition, PendingQuery } from './port.ts'

const maxListed = 1_000
/** What one page looks at, found or not: a search for something rare must not hold up the inbox. */
const maxLookedAt = 5_000
/** Bodies that are read for the type of their event, in one page. */
const maxBytesRead = 8 * 1024 * 1024

/** A pending delivery whose event's type may take reading its body. */
export interface PendingCandidate extends Omit<PendingDelivery, 'eventType'> {
  readonly readType: () => string
  /** What reading the type costs; 0 where it is known. */
  readonly bytesToRead: number
}

/**
 * Pure but for `readType`: one page of `oldestFirst`, which begins behind `query.after` and is read no further than
 * needed.
 */
export function pendingPage(oldestFirst: Iterable<PendingCandidate>, query: PendingQuery): PendingPage {
  const limit = Math.min(query.limit, maxListed)
  const pending: PendingDelivery[] = []
  let lookedAt = 0
  let bytesRead = 0
  let last: PendingPosition | undefined
  for (const { readType, bytesToRead, ...candidate } of oldestFirst) {
    const isFull = pending.length >= limit || lookedAt === maxLookedAt || bytesRead >= maxBytesRead
    if (last !== undefined && isFull) return { pending, next: last }
    lookedAt += 1
    last = { firstDueMs: candidate.firstDueMs, deliveryId: candidate.deliveryId }
    if (!isAskedFor(candidate, query)) continue
    bytesRead += bytesToRead
    const eventType = readType()
    if ((query.eventType ?? eventType) === eventType) pending.push({ ...candidate, eventType })
  }
  return { pending }
}

function isAskedFor(candidate: Omit<PendingDelivery, 'eventType'>, query: PendingQuery): boolean {
  const { owner, eventId, sink, lastCause, firstDueMs } = candidate
  const isOwner =
    query.owner === undefined || (query.owner.namespace === owner.namespace && query.owner.name === owner.name)
  return (
    isOwner &&
    (query.sink ?? sink) === sink &&
    (query.eventId ?? eventId) === eventId &&
    (query.cause === undefined || query.cause === lastCause) &&
    firstDueMs >= (query.sinceMs ?? -Infinity) &&
    firstDueMs < (query.untilMs ?? Infinity)
  )
}
