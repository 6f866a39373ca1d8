import type { DeadLetter, DeadLetterPage, DeadLetterQuery } from './port.ts'

const maxListed = 1_000
/** What one page looks at, found or not: a search for something rare must not hold up the inbox. */
const maxLookedAt = 5_000

/** Pure: one page of `newestFirst`, which begins behind `query.after` and is read no further than needed. */
export function deadLetterPage(newestFirst: Iterable<DeadLetter>, query: DeadLetterQuery): DeadLetterPage {
  const limit = Math.min(query.limit, maxListed)
  const deadLetters: DeadLetter[] = []
  let lookedAt = 0
  let last: DeadLetter | undefined
  for (const letter of newestFirst) {
    if (letter.endedAtMs < (query.sinceMs ?? -Infinity)) break // and so are all that follow
    if (last !== undefined && (deadLetters.length >= limit || lookedAt === maxLookedAt)) {
      return { deadLetters, next: { endedAtMs: last.endedAtMs, deliveryId: last.deliveryId } }
    }
    lookedAt += 1
    last = letter
    if (deadLetters.length < limit && isAskedFor(letter, query)) deadLetters.push(letter)
  }
  return { deadLetters }
}

function isAskedFor(letter: DeadLetter, query: DeadLetterQuery): boolean {
  const { owner, eventId, eventType, sink, reason, endedAtMs } = letter
  const isOwner =
    query.owner === undefined || (query.owner.namespace === owner.namespace && query.owner.name === owner.name)
  return (
    isOwner &&
    (query.sink ?? sink) === sink &&
    (query.eventId ?? eventId) === eventId &&
    (query.eventType ?? eventType) === eventType &&
    (query.reason ?? reason) === reason &&
    endedAtMs < (query.untilMs ?? Infinity)
  )
}
