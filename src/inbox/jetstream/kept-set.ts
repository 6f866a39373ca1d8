import { DueQueue } from '../due-queue.ts'
import type { TrackedDelivery } from './tracked.ts'

/** Deliveries that succeeded and can be replayed, and when their time ends: a look at rest costs nothing. */
export class KeptSet implements Iterable<TrackedDelivery> {
  readonly #deliveries = new Set<TrackedDelivery>()
  /** May hold outdated entries. */
  readonly #ends = new DueQueue<TrackedDelivery>()

  get size(): number {
    return this.#deliveries.size
  }

  /** In the order in which they succeeded. */
  [Symbol.iterator](): Iterator<TrackedDelivery> {
    return this.#deliveries.values()
  }

  add(delivery: TrackedDelivery, keepUntilMs: number): void {
    this.#deliveries.add(delivery)
    this.#ends.add(keepUntilMs, delivery)
  }

  delete(delivery: TrackedDelivery): void {
    this.#deliveries.delete(delivery)
  }

  /** At most `limit` whose time has ended, each told once; what could not be ended is given back with `add`. */
  takeEnded(nowMs: number, limit: number): TrackedDelivery[] {
    const ended: TrackedDelivery[] = []
    while (ended.length < limit) {
      const { first } = this.#ends
      if (first === undefined || first.atMs > nowMs) break
      this.#ends.take()
      if (isKeptUntil(first.item, first.atMs)) ended.push(first.item)
    }
    return ended
  }
}

function isKeptUntil({ state }: TrackedDelivery, atMs: number): boolean {
  return state.type === 'ended' && state.kept?.keepUntilMs === atMs
}
