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
  const ceiling = ceilingMs(attempt, { baseMs, maxMs })
  return ceiling / 2 + (random() * ceiling) / 2
}

/**
 * The same with full jitter: anywhere between nothing and min(maxMs, baseMs * 2^attempt). For whoever has waited for something else before, so that no
 * retry is immediate.
 */
export function fullyJitteredMs(attempt: number, backoff: Backoff, random: () => number): number {
  return random() * ceilingMs(attempt, backoff)
}

function ceilingMs(attempt: number, { baseMs, maxMs }: Backoff): number {
  return Math.min(maxMs, baseMs * 2 ** Math.min(attempt, maxDoublings))
}
