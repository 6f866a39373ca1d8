import { unreachable } from '../../unreachable.ts'
import type { Identity } from './ledger-deps.ts'
import type { DeliveryRecord, OpenEventRecord } from './records.ts'
import type { DeliveryState } from './tracked.ts'

/**
 * Another receiver leaves a delivery to the one that stored it or wrote to it last for so long: nearly every claim is
 * then undisputed, and what its home cannot take (busy, gone) is taken by the others.
 */
export const headStartMs = 1_000

/** Who reads a record, and when. */
export interface Reading {
  readonly identity: Identity
  /** Everything that was in the stream at the start has been read. */
  readonly isLoaded: boolean
  readonly nowMs: number
}

/** Pure: a claim of ours that we were not told about, so that it was never worked on. */
export function isLostClaim(record: DeliveryRecord, { identity }: Reading): boolean {
  return record.state === 'claimed' && record.run === identity.run
}

/** Pure: what a delivery's last message means for this receiver. */
export function stateOf(record: DeliveryRecord, reading: Reading): DeliveryState {
  const isOurs = record.home === reading.identity.home
  switch (record.state) {
    case 'waiting':
      return { type: 'waiting', availableAtMs: record.dueMs + (isOurs ? 0 : headStartMs) }
    case 'claimed': {
      // Before we were there only a former life of ours can have claimed under our name.
      const isGivenUp = isLostClaim(record, reading) || (isOurs && !reading.isLoaded)
      // Judged by when we saw it, not by the other's clock.
      return { type: 'claimed', availableAtMs: isGivenUp ? reading.nowMs : reading.nowMs + record.leaseMs }
    }
    case 'dead':
      return { type: 'dead', reason: record.reason, endedAtMs: record.endedAtMs, eventType: record.eventType }
    case 'ended':
      return { type: 'ended', ...(record.kept !== undefined && { kept: record.kept }) }
    default:
      return unreachable(record)
  }
}

/**
 * Pure: what an event's message means for a delivery that has none of its own. `unrecorded`: claims without a record.
 */
export function firstStateOf(
  { home, storedAtMs, claims, givenUp, eventType }: OpenEventRecord,
  sink: string,
  { identity, isLoaded, nowMs }: Reading,
): { state: DeliveryState; unrecorded: number } {
  if (givenUp !== undefined) return { state: { type: 'dead', ...givenUp, eventType }, unrecorded: 0 }
  const isOurs = home === identity.home
  const lease = claims?.leases.find((lease) => lease.sink === sink)
  if (claims === undefined || lease === undefined) {
    return { state: { type: 'waiting', availableAtMs: storedAtMs + (isOurs ? 0 : headStartMs) }, unrecorded: 0 }
  }
  // In this life it is being worked on, or the answer was lost: it has not brought the process down.
  const isOfThisLife = claims.run === identity.run
  const isGivenUp = isOurs && !isOfThisLife && !isLoaded
  return {
    state: { type: 'claimed', availableAtMs: isGivenUp ? nowMs : nowMs + lease.leaseMs },
    unrecorded: isOfThisLife ? 0 : 1,
  }
}
