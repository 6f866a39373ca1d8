/** Steps out of the way while waiting for something that needs no work, so that another key can be worked on meanwhile. */
export type Aside = <T>(wait: () => Promise<T>) => Promise<T>

/**
 * How much is worked on at the same time. Whoever waits for something slow that others wait for too (a shared list, a batched write) gives its place up
 * meanwhile: what is in work is bounded by `slots`, what waits by `maxAside`. Coming back goes before starting, so that what was begun is finished first.
 */
export class WorkSlots {
  #free: number
  readonly #maxAside: number
  #aside = 0
  readonly #returning: (() => void)[] = []
  readonly #starting: (() => void)[] = []

  constructor({ slots, maxAside }: { slots: number; maxAside: number }) {
    this.#free = slots
    this.#maxAside = maxAside
  }

  /** Resolves when there is a place for something new; give it back with `release`. */
  take(): Promise<void> {
    return this.#takeIn(this.#starting)
  }

  release(): void {
    const next = this.#returning.shift() ?? this.#starting.shift()
    if (next === undefined) this.#free += 1
    else next()
  }

  /** Runs `wait` without the caller's place, and returns or throws what it did once there is a place again. With too many aside already, keeps it. */
  readonly aside: Aside = async (wait) => {
    if (this.#aside >= this.#maxAside) return wait()
    this.#aside += 1
    this.release()
    try {
      return await wait()
    } finally {
      this.#aside -= 1
      await this.#takeIn(this.#returning)
    }
  }

  #takeIn(line: (() => void)[]): Promise<void> {
    if (this.#free === 0) return new Promise((resolve) => line.push(resolve))
    this.#free -= 1
    return Promise.resolve()
  }
}
