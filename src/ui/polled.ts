import type { Clock } from '../clock.ts'

/** Something that is read anew, at most so often, while somebody looks: no page, no call. */
export class Polled<T> {
  readonly #read: () => Promise<T>
  readonly #everyMs: number
  readonly #clock: Clock
  #value: T | undefined
  #readMs: number | undefined
  #isReading = false

  /** `read` must not reject: what fails is a value. */
  constructor(read: () => Promise<T>, { everyMs, clock }: { everyMs: number; clock: Clock }) {
    this.#read = read
    this.#everyMs = everyMs
    this.#clock = clock
  }

  /** What was read last; undefined before the first time. Starts reading anew where that is due. */
  look(): T | undefined {
    const nowMs = this.#clock.monotonic()
    const isDue = this.#readMs === undefined || nowMs - this.#readMs >= this.#everyMs
    if (isDue && !this.#isReading) void this.#readAnew(nowMs)
    return this.#value
  }

  async #readAnew(nowMs: number): Promise<void> {
    this.#isReading = true
    this.#readMs = nowMs
    try {
      this.#value = await this.#read()
    } finally {
      this.#isReading = false
    }
  }
}
