export interface Backoff {
  /** The first delay, milliseconds. */
  readonly baseMs: number
  /** No delay is longer, milliseconds. */
  readonly maxMs: number
}

/** 2^30 times any base is past every sensible maximum; more would overflow into Infinity. */
const maxDoublings = 30

/**
 * Doubling delay with jitter: between half and all of min(maxMs, baseMs * 2^attempt). Half is kept so that a retry is never immediate, the other
 * half is spread so that many who failed together do not come back together.
 * `attempt` counts from 0; `random` gives [0, 1).
 */
export function backoffMs(attempt: number, { baseMs, maxMs }: Backoff, random: () => number): number {
  const ceiling = Math.min(maxMs, baseMs * 2 ** Math.min(attempt, maxDoublings))
  return ceiling / 2 + (random() * ceiling) / 2
}
