import { neededLeaseMs } from './before-send.ts'

/** How long a claimed delivery may wait for room before it needs a new claim. */
const waitingAllowanceMs = 10_000
/** Of an attempt, unless its sink is known to allow more: what that would need is claimed once more, for longer. */
const usualTimeoutMs = 10_000

/** Of a claimed delivery whose sink is not known to need a longer one, in milliseconds. */
export const usualLeaseMs = leaseMsFor({ timeoutMs: usualTimeoutMs })

/** The lease that a delivery to such a sink needs, in milliseconds; undefined where the usual one is enough. */
export function longLeaseMs(policy: { timeoutMs: number }): number | undefined {
  return policy.timeoutMs > usualTimeoutMs ? leaseMsFor(policy) : undefined
}

function leaseMsFor(policy: { timeoutMs: number }): number {
  return waitingAllowanceMs + neededLeaseMs(policy)
}
