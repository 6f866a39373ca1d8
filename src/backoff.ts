/** Pauses that grow, each twice the one before. */
export interface Backoff {
  /** The first, milliseconds. */
  readonly baseMs: number
  /** None is longer, milliseconds. */
  readonly maxMs: number
}

/** 2^30 times any base is past every sensible maximum; more would overflow into Infinity. */
const maxDoublings = 30

/** min(maxMs, baseMs * 2^attempt), to the millisecond: for a caller that pauses alone. `attempt` counts from 0. */
export function growingMs(attempt: number, { baseMs, maxMs }: Backoff): number {
  return Math.min(maxMs, baseMs * 2 ** Math.min(attempt, maxDoublings))
}

/**
 * The same with jitter: between half and all of it. Half is kept so that a retry is never immediate, the other half is
 * spread so that many callers that failed together do not retry together. `random` gives [0, 1).
 */
export function backoffMs(attempt: number, backoff: Backoff, random: () => number): number {
  const ceiling = growingMs(attempt, backoff)
  return ceiling / 2 + (random() * ceiling) / 2
}

/**
 * The same with full jitter: anywhere between nothing and all of it. For a caller that has already waited for something
 * else, so that no retry is immediate.
 */
export function fullyJitteredMs(attempt: number, backoff: Backoff, random: () => number): number {
  return random() * growingMs(attempt, backoff)
}
