import { growingMs } from '../../backoff.ts'

/** What is known of the runs of one API key. Milliseconds on the monotonic clock. */
export interface KeyRuns {
  readonly noticedMs: number
  /** Of the last run, whatever came of it. */
  readonly last?: { readonly startedMs: number; readonly endedMs: number }
  /** Lists that failed, in a row. */
  readonly failures: number
}

/** What one object wants of the next run of its key. */
export interface ObjectWish {
  /** Its `spec.backfill.interval`. */
  readonly intervalMs: number
  /** It was not in a run of this process yet: since when it could be. */
  readonly newSinceMs?: number
  /**
   * A request that no run has tried yet, events that the last one had to leave, or a new beginning: the next run need
   * not wait.
   */
  readonly isPressing: boolean
  /** Runs in a row in which receivers did not take its events. */
  readonly refusals: number
}

export interface RunPauses {
  /** Before the first run, after a start or once an object comes; the runs of several keys begin at different times. */
  firstMs: number
  /** Between two runs of one key, whatever is asked for. */
  restMs: number
}

const firstRetryMs = 60_000

/**
 * When the next run of a key is due, on the monotonic clock: one list serves all objects of the key, so the one that
 * wants it first decides. After a failure of the list, and for an object whose events are not taken, with growing
 * pauses, which are no longer than the interval. Pure.
 *
 * @param share Of this key, 0 to 1, so that not all keys are listed at once.
 */
export function nextRunMs(
  { noticedMs, last, failures }: KeyRuns,
  wishes: readonly ObjectWish[],
  { firstMs, restMs }: RunPauses,
  share: number,
): number {
  const headStartMs = firstMs * (0.5 + share / 2)
  if (last === undefined) return noticedMs + headStartMs
  const intervalMs = wishes.reduce((least, wish) => Math.min(least, wish.intervalMs), Infinity)
  const retryMs = growingMs(failures - 1, { baseMs: firstRetryMs, maxMs: intervalMs })
  const usualMs = last.startedMs + (failures > 0 ? retryMs : intervalMs)
  const restedMs = last.endedMs + restMs
  const wantedMs = wishes.map(({ isPressing, newSinceMs, refusals, intervalMs: maxMs }) => {
    // What fails is not hurried by those who want more of it; one that fails holds up no other.
    if (refusals > 0 && failures === 0) return last.startedMs + growingMs(refusals - 1, { baseMs: firstRetryMs, maxMs })
    if (isPressing && failures === 0) return restedMs
    return newSinceMs === undefined ? Infinity : newSinceMs + headStartMs
  })
  return Math.max(restedMs, Math.min(usualMs, ...wantedMs))
}
