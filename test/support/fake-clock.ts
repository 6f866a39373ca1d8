import type { Clock } from '../../src/clock.ts'

interface Timer {
  dueMs: number
  order: number
  callback: () => void
}

/** A clock that stands still until the test moves it. Timers fire in due order, ties in the order they were set. */
export class FakeClock implements Clock {
  #nowMs: number
  readonly #startMs: number
  #timers: Timer[] = []
  #order = 0

  constructor(start: number | string = '2026-11-21T12:00:00Z') {
    this.#nowMs = typeof start === 'number' ? start : Date.parse(start)
    this.#startMs = this.#nowMs
  }

  now(): number {
    return this.#nowMs
  }

  monotonic(): number {
    return this.#nowMs - this.#startMs
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { dueMs: this.#nowMs + Math.max(delayMs, 0), order: this.#order++, callback }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.length
  }

  /** Moves time forward and fires what falls due, letting promises settle after each timer. */
  async advance(by: { ms?: number; seconds?: number; minutes?: number; hours?: number }): Promise<void> {
    const { ms = 0, seconds = 0, minutes = 0, hours = 0 } = by
    const target = this.#nowMs + ms + 1000 * (seconds + 60 * (minutes + 60 * hours))
    for (;;) {
      await settle()
      const next = this.#timers.toSorted((a, b) => a.dueMs - b.dueMs || a.order - b.order)[0]
      if (next === undefined || next.dueMs > target) break
      this.#timers = this.#timers.filter((other) => other !== next)
      this.#nowMs = Math.max(this.#nowMs, next.dueMs)
      next.callback()
    }
    this.#nowMs = target
    await settle()
  }
}

/** Lets everything that is already runnable run: microtasks and one turn of the event loop. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
