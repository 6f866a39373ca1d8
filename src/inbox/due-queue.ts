interface Entry<T> {
  atMs: number
  /** Of the order in which they came. */
  number: number
  item: T
}

/** A binary heap: what is due first comes out first, of one moment what came first, in logarithmic time. */
export class DueQueue<T> {
  readonly #entries: Entry<T>[] = []
  #added = 0

  get size(): number {
    return this.#entries.length
  }

  get first(): Entry<T> | undefined {
    return this.#entries[0]
  }

  add(atMs: number, item: T): void {
    const entries = this.#entries
    let at = entries.length
    this.#added += 1
    entries.push({ atMs, number: this.#added, item })
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!this.#isBefore(at, above)) return
      this.#swap(at, above)
      at = above
    }
  }

  take(): Entry<T> | undefined {
    const entries = this.#entries
    const first = entries[0]
    const last = entries.pop()
    if (first === undefined || last === undefined || entries.length === 0) return first
    entries[0] = last
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      const right = left + 1
      let least = at
      if (left < entries.length && this.#isBefore(left, least)) least = left
      if (right < entries.length && this.#isBefore(right, least)) least = right
      if (least === at) return first
      this.#swap(at, least)
      at = least
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [one, other] = [this.#entries[a], this.#entries[b]]
    if (one === undefined || other === undefined) return one !== undefined
    return one.atMs < other.atMs || (one.atMs === other.atMs && one.number < other.number)
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#entries[a], this.#entries[b]]
    if (one === undefined || other === undefined) return
    this.#entries[a] = other
    this.#entries[b] = one
  }
}
