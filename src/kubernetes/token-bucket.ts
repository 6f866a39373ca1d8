import type { Clock } from '../clock.ts'

export interface BucketRate {
  readonly ratePerSecond: number
  /** How many may go at once after a quiet time. */
  readonly burst: number
}

/** A token bucket on the monotonic clock. Not a timer: it only says how long to wait. */
export class TokenBucket {
  readonly #rate: BucketRate
  readonly #clock: Clock
  #tokens: number
  #filledAtMs: number

  constructor(rate: BucketRate, clock: Clock) {
    if (!(rate.ratePerSecond > 0) || !(rate.burst >= 1)) {
      throw new RangeError(
        `token bucket: ratePerSecond must be above 0 and burst at least 1, got ${rate.ratePerSecond} and ${rate.burst}`,
      )
    }
    this.#rate = rate
    this.#clock = clock
    this.#tokens = rate.burst
    this.#filledAtMs = clock.monotonic()
  }

  /**
   * Takes a token, borrowing from the future if none is left; returns how long to wait for it, milliseconds. First
   * come, first served.
   */
  reserve(): number {
    this.#fill()
    this.#tokens -= 1
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#rate.ratePerSecond) * 1000
  }

  /** Takes a token if one is there now. */
  tryTake(): boolean {
    this.#fill()
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }

  /** Until there is a token again, milliseconds; 0: there is one. */
  nextInMs(): number {
    this.#fill()
    // Whole ones: a timer for less than the resolution of the clock would never end.
    return Math.max(Math.ceil(((1 - this.#tokens) / this.#rate.ratePerSecond) * 1000), 0)
  }

  #fill(): void {
    const nowMs = this.#clock.monotonic()
    const grown = ((nowMs - this.#filledAtMs) / 1000) * this.#rate.ratePerSecond
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + grown)
    this.#filledAtMs = nowMs
  }
}
