import type { KubernetesObject, ObjectKey, ResourceKind } from './client.ts'
import { formatMicroTime } from './micro-time.ts'

export const leaseKind: ResourceKind = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
}

interface LeaseSpec {
  holderIdentity?: string
  leaseDurationSeconds?: number
  acquireTime?: string
  renewTime?: string
  leaseTransitions?: number
}

export interface Lease extends KubernetesObject {
  spec?: LeaseSpec
}

export interface LeaseTimes {
  /** How long a holder that has fallen silent keeps the lease, as its rivals judge it. */
  readonly leaseDurationMs: number
  /** How long a holder that cannot renew continues to work. Work must end between this and the duration. */
  readonly renewDeadlineMs: number
  /** Between attempts to acquire or renew. */
  readonly retryPeriodMs: number
}

/** Spread of the waiting between attempts to acquire, so that rivals do not keep meeting. */
export const acquireJitter = 1.2

/** client-go's rules. Throws a RangeError that names the numbers. */
export function checkLeaseTimes({ leaseDurationMs, renewDeadlineMs, retryPeriodMs }: LeaseTimes): void {
  if (!(retryPeriodMs > 0)) throw new RangeError(`lease: retryPeriodMs must be above 0, got ${retryPeriodMs}`)
  if (!(renewDeadlineMs > retryPeriodMs * acquireJitter)) {
    throw new RangeError(
      `lease: renewDeadlineMs (${renewDeadlineMs}) must be above ${acquireJitter} times retryPeriodMs (${retryPeriodMs})`,
    )
  }
  if (!(leaseDurationMs > renewDeadlineMs)) {
    throw new RangeError(
      `lease: leaseDurationMs (${leaseDurationMs}) must be above renewDeadlineMs (${renewDeadlineMs}); the difference is the time to end work`,
    )
  }
}

/**
 * The record with which `identity` holds the lease from `nowMs` on. renewTime always differs from the current one: an
 * update that changes nothing succeeds without a conflict, and would prove nothing.
 */
export function heldBy(
  identity: string,
  current: Lease | undefined,
  key: ObjectKey,
  times: LeaseTimes,
  nowMs: number,
): Lease {
  const spec = current?.spec ?? {}
  const same = spec.holderIdentity === identity
  const renewTime = differentFrom(spec.renewTime, nowMs)
  return {
    ...current,
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: current?.metadata ?? { namespace: key.namespace, name: key.name },
    spec: {
      ...spec,
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(times.leaseDurationMs / 1000),
      renewTime,
      acquireTime: same ? (spec.acquireTime ?? renewTime) : renewTime,
      leaseTransitions: current === undefined ? 0 : (spec.leaseTransitions ?? 0) + (same ? 0 : 1),
    },
  }
}

/** The record that releases the lease: no holder, and the shortest duration, so that rivals need not wait. */
export function releasedFrom(current: Lease, nowMs: number): Lease {
  const renewTime = differentFrom(current.spec?.renewTime, nowMs)
  return { ...current, spec: { ...current.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime } }
}

/** What makes a record a different one: as long as none of this changes, its holder has fallen silent. */
export function fingerprintOf({ metadata, spec }: Lease): string {
  return JSON.stringify([
    metadata.uid,
    spec?.holderIdentity,
    spec?.renewTime,
    spec?.acquireTime,
    spec?.leaseTransitions,
  ])
}

function differentFrom(previous: string | undefined, nowMs: number): string {
  const time = formatMicroTime(nowMs)
  return time === previous ? formatMicroTime(nowMs, 1) : time
}
