import type { Clock } from '../clock.ts'
import { loneShare, SharedRoom } from '../fairness/shared-room.ts'

const windowMs = 1_000

/**
 * A bounded number of log lines a second, which namespaces share; says how many were left out since the last one that
 * was written.
 */
export class SharedLines {
  readonly #linesPerSecond: number
  readonly #clock: Clock
  #windowStartMs = -Infinity
  #lines: SharedRoom
  #suppressedLines = 0

  /** `linesPerSecond`: of one namespace alone; of all together a quarter more. */
  constructor(linesPerSecond: number, clock: Clock) {
    this.#linesPerSecond = linesPerSecond
    this.#clock = clock
    this.#lines = this.#emptyRoom()
  }

  /** undefined: do not write this line. Otherwise write it, with what this gives. `namespace`: empty for strangers. */
  take(namespace: string): { suppressedLines?: number } | undefined {
    const nowMs = this.#clock.monotonic()
    if (nowMs - this.#windowStartMs >= windowMs) {
      this.#windowStartMs = nowMs
      this.#lines = this.#emptyRoom()
    }
    if (this.#lines.freeFor([namespace]) <= 0) {
      this.#suppressedLines += 1
      return undefined
    }
    this.#lines.take([namespace], 1)
    const suppressedLines = this.#suppressedLines
    this.#suppressedLines = 0
    return suppressedLines === 0 ? {} : { suppressedLines }
  }

  #emptyRoom(): SharedRoom {
    return new SharedRoom({ total: this.#linesPerSecond / loneShare })
  }
}
