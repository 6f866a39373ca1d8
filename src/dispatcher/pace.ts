/**
 * How often attempts may begin in one lane. Whether an event is sent at all is known only once its filter has judged
 * it, so a place is taken when that begins and becomes an attempt, or none, when it is decided: what the filter does
 * not want costs nothing of the rate. Pure arithmetic; nothing runs while nothing waits.
 */
export interface Pace {
  /** Between the beginnings of two attempts. */
  readonly intervalMs: number
  /** Before this time no attempt may begin, milliseconds since the epoch. */
  readonly nextMs: number
  /** Begun, and not decided yet. */
  readonly undecided: number
}

/**
 * So much of the time in which nothing was sent may be made up for: a tenth of a second's attempts at once, where there
 * are several in that. Timers and claims take milliseconds, and a sink that is allowed hundreds is to get them.
 */
const savedMs = 100

/** More than the parts of a millisecond are off that a time since the epoch keeps. */
const roundingMs = 1

/** So many deliveries of a lane are claimed at once as may begin within this time. */
const claimAheadMs = 1_000

/** The pace with this rate; undefined: none. What was sent under another rate still counts. */
export function withRate(before: Pace | undefined, ratePerSecond: number | undefined): Pace | undefined {
  if (ratePerSecond === undefined) return undefined
  const intervalMs = 1_000 / ratePerSecond
  if (before === undefined) return { intervalMs, nextMs: 0, undecided: 0 }
  if (before.intervalMs === intervalMs) return before
  return { ...before, intervalMs, nextMs: before.nextMs - before.intervalMs + intervalMs }
}

/** Whether one more may begin now. */
export function mayBegin(pace: Pace, nowMs: number): boolean {
  const nextMs = nextOf(pace, nowMs)
  return nowMs >= nextMs && pace.undecided < 1 + Math.floor((nowMs - nextMs) / pace.intervalMs)
}

/** One more has begun. */
export function begun(pace: Pace): Pace {
  return { ...pace, undecided: pace.undecided + 1 }
}

/** What had begun became an attempt now, or none. */
export function decided(pace: Pace, isSent: boolean, nowMs: number): Pace {
  const undecided = Math.max(0, pace.undecided - 1)
  return isSent ? { ...pace, undecided, nextMs: nextOf(pace, nowMs) + pace.intervalMs } : { ...pace, undecided }
}

/** When time alone lets the next one begin; not after now where it does already. */
export function opensMs(pace: Pace, nowMs: number): number {
  return nextOf(pace, nowMs)
}

/** How many are claimed at once. */
export function claimLimit({ intervalMs }: Pace): number {
  return Math.max(1, Math.floor(claimAheadMs / intervalMs))
}

/**
 * The earliest time of the next one, what was saved included. A time further away than one interval is of a clock that
 * was put back since.
 */
function nextOf({ intervalMs, nextMs }: Pace, nowMs: number): number {
  const saved = intervalMs < savedMs ? savedMs : 0
  const earliestMs = Math.max(nextMs, nowMs - saved)
  return earliestMs - nowMs > intervalMs + roundingMs ? nowMs : earliestMs
}
