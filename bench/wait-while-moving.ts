import { setTimeout as sleep } from 'node:timers/promises'

/** What a wait still waits for. */
export interface Missing {
  /** How much it is: fewer than ever before is progress. */
  left: number
  /** For people, such as `3 of 9 objects were Ready`. */
  what: string
}

export interface WaitBounds {
  /** How long nothing may move. A whole wait has no bound: it takes what the machine needs. */
  stalledMs: number
  pollMs: number
  /** Real time unless a test plays it. */
  clock?: { now: () => number; sleep: (ms: number) => Promise<unknown> }
}

const realClock = { now: () => performance.now(), sleep: (ms: number) => sleep(ms) }

/**
 * Polls until nothing is missing any more, or until that has not come nearer for too long. Resolves with the time of
 * the end, by the clock, and with what was missing then, if anything.
 */
export async function waitWhileMoving(
  probe: () => Promise<Missing | undefined> | Missing | undefined,
  { stalledMs, pollMs, clock = realClock }: WaitBounds,
): Promise<{ endMs: number; missing?: Missing }> {
  let fewest = Number.POSITIVE_INFINITY
  let movedMs = clock.now()
  for (;;) {
    const missing = await probe()
    const nowMs = clock.now()
    if (missing === undefined) return { endMs: nowMs }
    if (missing.left < fewest) {
      fewest = missing.left
      movedMs = nowMs
    } else if (nowMs - movedMs >= stalledMs) {
      return { endMs: nowMs, missing }
    }
    await clock.sleep(pollMs)
  }
}
