/** Time as an argument: whoever starts a part of the playground says whose clock it goes by. */
export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch. */
  now(): number
  /** Milliseconds that only move forward, from an arbitrary start. */
  monotonic(): number
  /** Calls back once after `delayMs` (0 or more); the returned function cancels it and may be called at any time. */
  after(delayMs: number, callback: () => void): () => void
}
