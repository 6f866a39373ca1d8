import { isRecord } from '../is-record.ts'

/** A batch ends within 24 or 48 hours of its creation, as Google's pages have it; more, because they do not agree. */
const longestBatchMs = 7 * 24 * 60 * 60 * 1000

/**
 * Whether what a list has shown so far tells that nothing in the rest of it ended lately. Google promises no order, so
 * that it has to be seen: all that came went back in time, and at last so far that whatever is older ended long ago.
 */
export class CreationOrder {
  #newestMs: number | undefined
  #oldestMs = Infinity
  #goesBack = true

  /** What the SDK shows of the next batch. */
  take(shown: unknown): void {
    const createTime = isRecord(shown) ? shown['createTime'] : undefined
    const createdAtMs = typeof createTime === 'string' ? Date.parse(createTime) : Number.NaN
    this.#newestMs ??= createdAtMs
    // A batch without a time may be of any.
    this.#goesBack &&= createdAtMs <= this.#oldestMs
    this.#oldestMs = createdAtMs
  }

  /** Whether the rest can be left out by who wants what ended since then. */
  isPast(endedAfterMs: number): boolean {
    const isOrderSeen = this.#goesBack && this.#newestMs !== undefined && this.#newestMs > this.#oldestMs
    return isOrderSeen && this.#oldestMs < endedAfterMs - longestBatchMs
  }
}
