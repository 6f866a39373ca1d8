import { setTimeout as sleep } from 'node:timers/promises'

const pollMs = 250

/** The one bound of a whole benchmark: whatever it waits for, it ends in time, and says what did not come. */
export class Deadline {
  readonly #totalMs: number
  readonly #endMs: number

  constructor(totalMs: number) {
    this.#totalMs = totalMs
    this.#endMs = performance.now() + totalMs
  }

  get remainingMs(): number {
    return Math.max(this.#endMs - performance.now(), 0)
  }

  /** What a wait throws when the time is up. */
  exceeded(what: string): Error {
    return new Error(
      `${what} when the ${this.#totalMs / 1000} s that the whole benchmark may take were over: run it on a quieter machine`,
    )
  }

  /** Sleeps, or throws at once when there is not that much time left. */
  async sleep(ms: number, why: string): Promise<void> {
    if (ms > this.remainingMs) throw this.exceeded(`there was no time left to wait ${ms} ms for ${why}`)
    await sleep(ms)
  }

  /** Polls until `probe` says nothing is missing any more; resolves to the time of that, by `performance.now()`. */
  async until(missing: () => Promise<string | undefined> | string | undefined): Promise<number> {
    for (;;) {
      const what = await missing()
      if (what === undefined) return performance.now()
      if (this.remainingMs === 0) throw this.exceeded(what)
      await sleep(pollMs)
    }
  }
}
