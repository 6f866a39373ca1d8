import type { Clock } from '../clock.ts'

export interface SimulatedClock extends Clock {
  /**
   * Moves time forward. What falls due on the way happens at its own time and in order; `settle` is awaited after each,
   * so that what it started (an attempt at a delivery) ends before the clock moves on.
   */
  advance(ms: number, settle: () => Promise<void>): Promise<void>
}

interface Timer {
  dueMs: number
  order: number
  callback: () => void
  disarm: () => void
}

const isBefore = (a: Timer, b: Timer) => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order)

/** Time that runs like the given clock's, plus what it was advanced by. */
export function createSimulatedClock(base: Clock): SimulatedClock {
  const timers = new Set<Timer>()
  let offsetMs = 0
  let order = 0
  // One after the other: two at once would each move time to a place of its own, one of them backwards.
  let lastAdvance: Promise<void> = Promise.resolve()
  const monotonic = () => base.monotonic() + offsetMs

  function fire(timer: Timer): void {
    if (!timers.delete(timer)) return
    timer.disarm()
    timer.callback()
  }

  function arm(timer: Timer): void {
    timer.disarm = base.after(Math.max(timer.dueMs - monotonic(), 0), () => fire(timer))
  }

  function nextDue(untilMs: number): Timer | undefined {
    let next: Timer | undefined
    for (const timer of timers) {
      if (timer.dueMs <= untilMs && (next === undefined || isBefore(timer, next))) next = timer
    }
    return next
  }

  async function moveTo(targetOffsetMs: number, settle: () => Promise<void>): Promise<void> {
    await settle()
    for (let timer = nextDue(base.monotonic() + targetOffsetMs); timer !== undefined;) {
      offsetMs = Math.min(Math.max(offsetMs, timer.dueMs - base.monotonic()), targetOffsetMs)
      fire(timer)
      await settle()
      timer = nextDue(base.monotonic() + targetOffsetMs)
    }
    offsetMs = targetOffsetMs
    for (const timer of timers) {
      timer.disarm()
      arm(timer)
    }
  }

  return {
    now: () => base.now() + offsetMs,
    monotonic,
    after(delayMs, callback) {
      const timer = { dueMs: monotonic() + Math.max(delayMs, 0), order: order++, callback, disarm: () => {} }
      timers.add(timer)
      arm(timer)
      return () => {
        timers.delete(timer)
        timer.disarm()
      }
    },
    advance(ms, settle) {
      const done = lastAdvance.then(() => moveTo(offsetMs + Math.max(ms, 0), settle))
      lastAdvance = done.catch(() => {})
      return done
    },
  }
}
