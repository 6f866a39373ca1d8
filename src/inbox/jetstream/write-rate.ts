/**
 * How many writes come in an interval: those of the whole interval before this one, so that one burst is not a rate.
 */
export class WriteRate {
  readonly #intervalMs: number
  #startedMs = Number.NEGATIVE_INFINITY
  #count = 0
  #before = 0

  /** `intervalMs`: 0 for one in which nothing ever comes. */
  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs
  }

  /** A write came. `nowMs` never goes back. */
  note(nowMs: number): void {
    this.#moveTo(nowMs)
    this.#count++
  }

  isAtLeast(count: number, nowMs: number): boolean {
    this.#moveTo(nowMs)
    return this.#before >= count
  }

  #moveTo(nowMs: number): void {
    const passedMs = nowMs - this.#startedMs
    if (passedMs < this.#intervalMs) return
    this.#before = passedMs < 2 * this.#intervalMs ? this.#count : 0
    this.#count = 0
    this.#startedMs = nowMs
  }
}
