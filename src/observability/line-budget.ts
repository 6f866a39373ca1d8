import type { Clock } from '../clock.ts'

const windowMs = 1_000

/** At most so many log lines a second; says how many were left out since the last one that was written. */
export class LineBudget {
  readonly #linesPerSecond: number
  readonly #clock: Clock
  #windowStartMs = -Infinity
  #linesInWindow = 0
  #suppressedLines = 0

  constructor(linesPerSecond: number, clock: Clock) {
    this.#linesPerSecond = linesPerSecond
    this.#clock = clock
  }

  /** Counts a line that another budget has left out. */
  skip(): undefined {
    this.#suppressedLines++
    return undefined
  }

  /** Whether the next line would be left out. */
  get isSpent(): boolean {
    return this.#clock.monotonic() - this.#windowStartMs < windowMs && this.#linesInWindow >= this.#linesPerSecond
  }

  /** undefined: do not write this line. Otherwise write it, with what this gives. */
  take(): { suppressedLines?: number } | undefined {
    const nowMs = this.#clock.monotonic()
    if (nowMs - this.#windowStartMs >= windowMs) {
      this.#windowStartMs = nowMs
      this.#linesInWindow = 0
    }
    if (this.#linesInWindow >= this.#linesPerSecond) {
      this.#suppressedLines++
      return undefined
    }
    this.#linesInWindow++
    const suppressedLines = this.#suppressedLines
    this.#suppressedLines = 0
    return suppressedLines === 0 ? {} : { suppressedLines }
  }
}
