import type { DeliveryPolicy } from './backoff.ts'
import type { LaneBounds } from './lane.ts'
import { longLeaseMs } from './lease.ts'

/** What a sink sets for its lane: it must be known before the first attempt starts. */
export function boundsOf(policy: DeliveryPolicy): LaneBounds {
  const { maxInFlight, ratePerSecond } = policy
  return { maxInFlight, leaseMs: longLeaseMs(policy), ratePerSecond }
}
