import { SharedRoom } from '../fairness/shared-room.ts'
import type { FeedEntry } from '../contract/feed-entry.ts'

export interface Numbered {
  readonly number: number
  readonly entry: FeedEntry
}

/**
 * The newest entries, a bounded number. Room for one more is made by the namespace that has most: one with much traffic
 * displaces its own entries.
 */
export class Remembered {
  readonly #max: number
  readonly #room: SharedRoom
  readonly #byNamespace = new Map<string, Numbered[]>()

  constructor(max: number) {
    this.#max = max
    this.#room = new SharedRoom({ total: max })
  }

  add(numbered: Numbered): void {
    const namespace = namespaceOf(numbered)
    if (this.#room.used >= this.#max) this.#dropOldestOf(this.#whoGivesWay(namespace))
    const own = this.#byNamespace.get(namespace)
    if (own === undefined) this.#byNamespace.set(namespace, [numbered])
    else own.push(numbered)
    this.#room.take([namespace], 1)
  }

  all(): Numbered[] {
    return [...this.#byNamespace.values()].flat()
  }

  /** A namespace with an even share or more makes its own room, which saves the search for the one that has most. */
  #whoGivesWay(adding: string): string {
    const evenShare = this.#max / this.#byNamespace.size
    if (this.#room.usedBy([adding]) >= evenShare) return adding
    return this.#room.heaviest()?.[0] ?? adding
  }

  #dropOldestOf(namespace: string): void {
    const own = this.#byNamespace.get(namespace)
    if (own?.shift() === undefined) return
    this.#room.give([namespace], 1)
    if (own.length === 0) this.#byNamespace.delete(namespace)
  }
}

/** Empty for strangers. */
function namespaceOf({ entry }: Numbered): string {
  return entry.namespace ?? ''
}
