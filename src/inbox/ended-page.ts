import type { DeadLetterPosition, KeptQuery } from './port.ts'

const maxListed = 1_000
/** What one page looks at, found or not: a search for something rare must not hold up the inbox. */
export const maxLookedAt = 5_000

interface Ended {
  readonly deliveryId: string
  readonly owner: { readonly namespace: string; readonly name: string }
  readonly eventId: string
  readonly eventType: string
  readonly sink: string
  readonly endedAtMs: number
}

/** Pure: one page of `newestFirst`, which begins behind `query.after` and is read no further than needed. */
export function endedPage<Item extends Ended>(
  newestFirst: Iterable<Item>,
  query: KeptQuery,
  isWanted: (item: Item) => boolean = () => true,
): { found: Item[]; next?: DeadLetterPosition } {
  const limit = Math.min(query.limit, maxListed)
  const found: Item[] = []
  let lookedAt = 0
  let last: Item | undefined
  for (const item of newestFirst) {
    if (item.endedAtMs < (query.sinceMs ?? -Infinity)) break // and so are all that follow
    if (last !== undefined && (found.length >= limit || lookedAt === maxLookedAt)) {
      return { found, next: { endedAtMs: last.endedAtMs, deliveryId: last.deliveryId } }
    }
    lookedAt += 1
    last = item
    if (found.length < limit && isWanted(item) && isAskedFor(item, query)) found.push(item)
  }
  return { found }
}

function isAskedFor({ owner, eventId, eventType, sink, endedAtMs }: Ended, query: KeptQuery): boolean {
  const isOwner =
    query.owner === undefined || (query.owner.namespace === owner.namespace && query.owner.name === owner.name)
  return (
    isOwner &&
    (query.sink ?? sink) === sink &&
    (query.eventId ?? eventId) === eventId &&
    (query.eventType ?? eventType) === eventType &&
    endedAtMs < (query.untilMs ?? Infinity)
  )
}
