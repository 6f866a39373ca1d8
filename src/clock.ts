/** Time as an argument: production passes `systemClock`, tests pass a clock that they move themselves. */
export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch. May jump; use it for timestamps that leave the process. */
  now(): number
  /** Milliseconds that only move forward, from an arbitrary start. Use it to measure durations and expiry. */
  monotonic(): number
  /** Calls back once after `delayMs` (0 or more); the returned function cancels it and may be called at any time. */
  after(delayMs: number, callback: () => void): () => void
}

/** Node cuts longer timers to 1 ms, which turns "in 30 days" into "now". */
const maxTimerMs = 2_147_483_647

/** The machine's own clock. Its timers do not keep the process alive: what waits for them (a server, a watch) does. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(delayMs, 0), maxTimerMs))
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** Resolves after `delayMs`, or at once when `signal` aborts (it never rejects: the caller looks at the signal). */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve()
    const wake = () => {
      cancel()
      signal?.removeEventListener('abort', wake)
      resolve()
    }
    const cancel = clock.after(delayMs, wake)
    signal?.addEventListener('abort', wake, { once: true })
  })
}
