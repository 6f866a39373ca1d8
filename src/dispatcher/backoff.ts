import { growingMs } from '../backoff.ts'
import type { SinkInUse } from '../sinks/port.ts'

/** How delivery to a sink is tried, nothing left open. */
export type DeliveryPolicy = SinkInUse['delivery']

type BackoffPolicy = Pick<DeliveryPolicy, 'backoffPolicy' | 'backoffDelayMs' | 'backoffMaxMs'>

/**
 * The longest pause after so many failed attempts (1 or more), in milliseconds: `backoffDelay` doubled each time, or
 * added each time, never above `backoffMax`.
 */
export function backoffCeilingMs(failedAttempts: number, policy: BackoffPolicy): number {
  const { backoffPolicy, backoffDelayMs: baseMs, backoffMaxMs: maxMs } = policy
  return backoffPolicy === 'Linear'
    ? Math.min(baseMs * failedAttempts, maxMs)
    : growingMs(failedAttempts - 1, { baseMs, maxMs })
}

/**
 * A pause anywhere between nothing and the ceiling ("full jitter"): a sink that comes back must not be met by all its
 * deliveries in the same moment. `random` gives numbers in [0, 1).
 */
export function backoffMs(failedAttempts: number, policy: BackoffPolicy, random: () => number): number {
  return Math.floor(random() * backoffCeilingMs(failedAttempts, policy))
}
