interface GateOptions {
  /** Pieces of work at once, in all. */
  readonly most: number
  /** At once of one party. */
  readonly mostOfOne: number
}

/**
 * Lets so many pieces of work go at once. The parties take turns at it, such as namespaces, each in the order in which
 * it came, and none may have more than its part under way: a thousand pieces of one party delay another by one turn. It
 * has no clock; work that never ends keeps its place, so the caller must bound its time.
 */
export class Gate {
  readonly #options: GateOptions
  readonly #running = new Map<string, number>()
  /** The party whose turn is longest ago comes first; a new party stands behind those that wait. */
  readonly #lines = new Map<string, (() => void)[]>()
  #total = 0

  constructor(options: GateOptions) {
    this.#options = options
  }

  /** Resolves and rejects as `work` does. */
  async pass<T>(party: string, work: () => Promise<T>): Promise<T> {
    await new Promise<void>((go) => {
      const line = this.#lines.get(party)
      if (line === undefined) this.#lines.set(party, [go])
      else line.push(go)
      this.#serve()
    })
    try {
      return await work()
    } finally {
      this.#count(party, -1)
      this.#serve()
    }
  }

  #serve(): void {
    const { most, mostOfOne } = this.#options
    while (this.#total < most) {
      const next = this.#lines.entries().find(([party]) => (this.#running.get(party) ?? 0) < mostOfOne)
      if (next === undefined) return
      const [party, line] = next
      const go = line.shift()
      this.#lines.delete(party)
      if (line.length > 0) this.#lines.set(party, line)
      this.#count(party, 1)
      go?.()
    }
  }

  #count(party: string, by: number): void {
    this.#total += by
    const running = (this.#running.get(party) ?? 0) + by
    if (running === 0) this.#running.delete(party)
    else this.#running.set(party, running)
  }
}
