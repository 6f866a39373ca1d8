import type { ControllerConfig } from '../config/controller-config.ts'

/** Numbers that are no settings. They stand in one place, because tests with real clocks shorten them. */
export const fixedNumbers = {
  pingAttempts: 3,
  /**
   * Names at Google that lack the token of this installation are given it over this long after a start, not all at
   * once.
   */
  fenceSpreadMs: 3_600_000,
  /** How often an object whose address a sink uses is read again, and a Service where Services may not be watched. */
  sinkRecheckMs: 60_000,
  /** How long the service keeps a rotated secret valid. Longer than any settings let settling and confirming take. */
  secretOverlapMs: 24 * 3_600_000,
  /** Repairs of one object within `repairWindowMs` before it is Stalled. */
  maxRepairs: 3,
  repairWindowMs: 24 * 3_600_000,
  /** How often within `reenableWindowMs` a webhook that Google disabled is enabled again. */
  maxReenables: 3,
  reenableWindowMs: 24 * 3_600_000,
  /** Keyring entries that wait this long share one patch. */
  keyringBatchMs: 20,
  /**
   * Between two readings of one ConfigMap that receivers report into, however often it is written; a full one rests
   * twice as long.
   */
  reportRestMs: 2_000,
  /** How often at most counts of pending deliveries and dead letters alone cause a status write of an object. */
  countsIntervalMs: 60_000,
  /** How long is gathered what a webhook and its routes tell of one another: how many they are, whether it is Ready. */
  routesToldMs: 5_000,
  /**
   * Before the first list of batches of an API key: its objects have had their passes by then, and those that come
   * together share it. Half of it, and a share of the other half.
   */
  backfillFirstMs: 60_000,
  /** Between two lists of batches with one API key, whatever is asked for. */
  backfillRestMs: 10_000,
} as const

/** What the controller is configured with: its settings, and the numbers that are no settings. */
export type WorkingConfig = ControllerConfig & Readonly<Record<keyof typeof fixedNumbers, number>>

/** How long after the last possible end of a call its effect may still be on its way. */
export function settleMsOf(config: Pick<WorkingConfig, 'callTimeoutMs' | 'settleExtraMs'>): number {
  return config.callTimeoutMs + config.settleExtraMs
}

/** However often a call has failed, the next try comes no later than this after the settle time of the last. */
export const longestPauseMs = 900_000
