import type { Clock } from '../../../src/clock.ts'

interface Timer {
  dueMs: number
  order: number
  callback: () => void
}

/** A clock that stands still until the test moves it. Timers fire in due order, ties in the order they were set. */
export class FakeClock implements Clock {
  readonly #settle: () => Promise<void>
  #nowMs: number
  readonly #startMs: number
  #timers: Timer[] = []
  #order = 0

  /** `settled` resolves when what a timer started has ended; a test with sockets waits for these too. */
  constructor(start: number | string = '2026-11-21T12:00:00Z', settled: () => Promise<void> = settle) {
    this.#settle = settled
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

  /**
   * Moves time forward and fires what falls due, letting promises settle after each timer; with `grainMs`, after all
   * that fall due within so long, which makes quiet days cheap. A grain must be shorter than every timeout of what the
   * timers start.
   */
  async advance(
    by: { ms?: number; seconds?: number; minutes?: number; hours?: number },
    { grainMs = 0 } = {},
  ): Promise<void> {
    const { ms = 0, seconds = 0, minutes = 0, hours = 0 } = by
    const target = this.#nowMs + ms + 1000 * (seconds + 60 * (minutes + 60 * hours))
    for (;;) {
      await this.#settle()
      let next = this.#nextDue(target)
      if (next === undefined) break
      const grainEndMs = Math.min(Math.max(next.dueMs, this.#nowMs) + grainMs, target)
      do {
        this.#fire(next)
        next = grainMs > 0 ? this.#nextDue(grainEndMs) : undefined
      } while (next !== undefined)
    }
    this.#nowMs = target
    await this.#settle()
  }

  #nextDue(untilMs: number): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      const isSooner = next === undefined || timer.dueMs < next.dueMs
      const isTie = timer.dueMs === next?.dueMs && timer.order < next.order
      if (timer.dueMs <= untilMs && (isSooner || isTie)) next = timer
    }
    return next
  }

  #fire(timer: Timer): void {
    this.#timers = this.#timers.filter((other) => other !== timer)
    this.#nowMs = Math.max(this.#nowMs, timer.dueMs)
    timer.callback()
  }
}

/** Lets everything that is already runnable run: microtasks and one turn of the event loop. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
