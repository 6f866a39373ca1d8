import type { DeliveryEntry } from '../../contract/admin-api/deliveries.ts'

/**
 * Joins what a receiver remembers to what it streams, so that each entry is passed on once, also after the stream broke
 * and was opened again. Entries have no number: what is remembered is new when it is later than the last that was
 * passed on, or of the same moment and different.
 */
export class FeedJoin {
  readonly #pass: (entry: DeliveryEntry) => void
  #lastAt = ''
  #atLast = new Set<string>()

  constructor(pass: (entry: DeliveryEntry) => void) {
    this.#pass = pass
  }

  /** The time of the last that was passed on; empty before the first. */
  get lastAt(): string {
    return this.#lastAt
  }

  /** Oldest first. Of what both lists and a stream tell, the second is left out. */
  addRemembered(entries: readonly DeliveryEntry[]): void {
    for (const entry of entries) if (this.#isNew(entry)) this.add(entry)
  }

  add(entry: DeliveryEntry): void {
    if (entry.at !== this.#lastAt) {
      this.#lastAt = entry.at
      this.#atLast = new Set()
    }
    this.#atLast.add(JSON.stringify(entry))
    this.#pass(entry)
  }

  #isNew(entry: DeliveryEntry): boolean {
    if (entry.at !== this.#lastAt) return entry.at > this.#lastAt
    return !this.#atLast.has(JSON.stringify(entry))
  }
}
