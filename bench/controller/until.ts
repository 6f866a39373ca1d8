import { waitWhileMoving, type Missing, type WaitBounds } from '../wait-while-moving.ts'

/** An object takes seconds, and a Lease runs out in half a minute, also on a machine with much else to do. */
const twoMinutes: WaitBounds = { stalledMs: 120_000, pollMs: 250 }

/**
 * Waits until nothing is missing any more, as long as that takes; resolves to the time of that, by `performance.now()`.
 * Throws with what is missing when nothing has moved for two minutes.
 */
export async function until(
  missing: () => Promise<Missing | undefined> | Missing | undefined,
  bounds = twoMinutes,
): Promise<number> {
  const waited = await waitWhileMoving(missing, bounds)
  if (waited.missing === undefined) return waited.endMs
  throw new Error(`${waited.missing.what}, and nothing had moved for ${bounds.stalledMs / 1000} s`)
}
