/**
 * Remembers at most so many values. Where there is no room, the longest untouched of the party that has most is
 * forgotten, such as a namespace: a party that fills it loses its own entries. Pure bookkeeping.
 */
export class SharedMemory<V> {
  readonly #max: number
  /** Of each party the longest untouched first: a Map keeps the order of insertion. */
  readonly #byParty = new Map<string, Map<string, V>>()
  #size = 0

  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#size
  }

  get(party: string, key: string): V | undefined {
    return this.#byParty.get(party)?.get(key)
  }

  /** Adds or replaces, and counts as touched. Returns what was forgotten for it, if anything. */
  set(party: string, key: string, value: V): V | undefined {
    this.delete(party, key)
    const own = this.#byParty.get(party) ?? new Map<string, V>()
    this.#byParty.set(party, own.set(key, value))
    this.#size += 1
    return this.#size > this.#max ? this.#forgetOne() : undefined
  }

  delete(party: string, key: string): void {
    const own = this.#byParty.get(party)
    if (own?.delete(key) !== true) return
    this.#size -= 1
    if (own.size === 0) this.#byParty.delete(party)
  }

  *values(): Iterable<V> {
    for (const own of this.#byParty.values()) yield* own.values()
  }

  #forgetOne(): V | undefined {
    const [party, own] = [...this.#byParty].reduce((a, b) => (b[1].size > a[1].size ? b : a))
    const [oldest] = own
    if (oldest === undefined) return undefined
    this.delete(party, oldest[0])
    return oldest[1]
  }
}
