/**
 * Something that is tried again: how many tries in a row on the same occasion have not come through, and until when the
 * next is held back. Every memory of "try again" is one of these; they differ in what an occasion is, and in their
 * pauses. The queue's own pauses between failed passes are beside them, and know nothing of what failed.
 */
export interface Retry {
  /** What was tried, for whom and with what: anything else is another try, and begins anew. */
  readonly occasion: string
  readonly row: number
  /** Not tried again before, on the monotonic clock. */
  readonly untilMs: number
}

interface Rules {
  occasion: string
  nowMs: number
  /** How long the next try is held back after this many in a row, counted from 1, milliseconds. */
  pauseMs: (row: number) => number
  /** A row that was not gone on with for so long after its pause is over, milliseconds. Absent: it never is. */
  lastsMs?: number
}

/** One try more that did not come through, after those `before`. */
export function oneMoreTry(before: Retry | undefined, { occasion, nowMs, pauseMs, lastsMs = Infinity }: Rules): Retry {
  const continues = before?.occasion === occasion && nowMs < before.untilMs + lastsMs
  const row = continues ? before.row + 1 : 1
  return { occasion, row, untilMs: nowMs + pauseMs(row) }
}

/** Until the next try, milliseconds; 0: it is due. Undefined: on this occasion nothing was tried in vain. */
export function heldBackMs(retry: Retry | undefined, occasion: string, nowMs: number): number | undefined {
  return retry?.occasion === occasion ? Math.max(retry.untilMs - nowMs, 0) : undefined
}
