import type { Circuit } from './circuit.ts'

/**
 * What failed while a sink was down has pauses of up to `backoffMax` before it. Once the sink is well again that
 * backlog is hurried: each delivery that is taken makes two more due, so that their number doubles with each round and
 * stops growing by itself when the sink fails again.
 */
export interface Ramp {
  /** What failed since is not hurried again: it may be the event that the sink cannot digest. */
  readonly startedMs: number
  /** How many may be made due now. */
  readonly credit: number
}

const hurriedBySuccess = 2
/** In one call to the inbox. */
const maxAtOnce = 64
/** Fewer failures than two may be the fault of one event, which must not be repeated with each success of another. */
const failuresBefore = 2
/**
 * Between two ramps of a lane: events that the sink cannot digest would use up their attempts. What failed within has
 * short pauses anyway.
 */
const minIntervalMs = 300_000

/**
 * The ramp of a lane after its sink took a delivery; undefined where there is nothing to hurry. `lastStartedMs`: of the
 * ramp before.
 */
export function rampAfterSuccess(
  ramp: Ramp | undefined,
  before: Circuit,
  { lastStartedMs, nowMs }: { lastStartedMs: number; nowMs: number },
): Ramp | undefined {
  if (ramp !== undefined) return { ...ramp, credit: ramp.credit + hurriedBySuccess }
  const isWellAgain = before.openings > 0 || before.failed.length >= failuresBefore
  if (!isWellAgain || nowMs - lastStartedMs < minIntervalMs) return undefined
  return { startedMs: nowMs, credit: hurriedBySuccess }
}

/** Takes as much credit as one call to the inbox may use. */
export function spend(ramp: Ramp): { limit: number; ramp: Ramp } {
  const limit = Math.min(ramp.credit, maxAtOnce)
  return { limit, ramp: { ...ramp, credit: ramp.credit - limit } }
}
