import type { FeedEntry } from '../contract/feed-entry.ts'
import { Remembered } from './remembered.ts'

/**
 * How many of each sort are remembered. Refused requests have room of their own, so that they never displace genuine
 * ones.
 */
const remembered = { genuine: 1_000, refused: 250, steps: 1_000 } as const
type Sort = keyof typeof remembered

/** All that is given must hold. */
export interface FeedQuery {
  readonly namespace?: string
  readonly name?: string
  readonly eventId?: string
  readonly sink?: string
  readonly kind?: FeedEntry['kind']
}

/** The last deliveries of this process, in memory, and the listeners for new ones. */
export class DeliveryFeed {
  readonly #sorts: Record<Sort, Remembered> = {
    genuine: new Remembered(remembered.genuine),
    refused: new Remembered(remembered.refused),
    steps: new Remembered(remembered.steps),
  }
  readonly #listeners = new Set<(entry: FeedEntry) => void>()
  #number = 0

  /** Cheap, because it is called for every request; a listener cannot make it throw. */
  add(entry: FeedEntry): void {
    this.#sorts[sortOf(entry)].add({ number: this.#number, entry })
    this.#number += 1
    for (const listener of this.#listeners) listener(entry)
  }

  /** Newest first. */
  recent(query: FeedQuery, limit: number): FeedEntry[] {
    return Object.values(this.#sorts)
      .flatMap((sort) => sort.all())
      .filter(({ entry }) => isWanted(entry, query))
      .sort((a, b) => b.number - a.number)
      .slice(0, limit)
      .map(({ entry }) => entry)
  }

  /** Calls back with what happens from now on; must not throw. The returned function ends it. */
  listen(query: FeedQuery, listener: (entry: FeedEntry) => void): () => void {
    const wanted = (entry: FeedEntry) => {
      if (isWanted(entry, query)) listener(entry)
    }
    this.#listeners.add(wanted)
    return () => this.#listeners.delete(wanted)
  }
}

function sortOf(entry: FeedEntry): Sort {
  if (entry.kind === 'step') return 'steps'
  return entry.eventId === undefined ? 'refused' : 'genuine'
}

function isWanted(entry: FeedEntry, query: FeedQuery): boolean {
  const { kind, namespace, name, eventId } = entry
  return (
    (query.kind ?? kind) === kind &&
    (query.namespace ?? namespace) === namespace &&
    (query.name ?? name) === name &&
    (query.eventId ?? eventId) === eventId &&
    (query.sink === undefined || (entry.kind === 'step' && entry.sink === query.sink))
  )
}
