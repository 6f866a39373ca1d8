import type { Clock } from '../clock.ts'

const hourMs = 3_600_000
/** Keys that are remembered; the longest unused goes first. */
const maxKeys = 10_000

/** So many per key within one hour of the clock. Counts are kept in memory: a restart begins anew. */
export class HourlyBudget {
  readonly #clock: Clock
  readonly #used = new Map<string, { hour: number; count: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Takes one if there is one left. */
  tryTake(key: string, perHour: number): boolean {
    const hour = Math.floor(this.#clock.now() / hourMs)
    const known = this.#used.get(key)
    const count = known?.hour === hour ? known.count : 0
    if (count >= perHour) return false
    this.#used.delete(key)
    this.#used.set(key, { hour, count: count + 1 })
    const oldest = this.#used.keys().next()
    if (this.#used.size > maxKeys && oldest.done !== true) this.#used.delete(oldest.value)
    return true
  }
}
