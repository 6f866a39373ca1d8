import type { Clock } from '../clock.ts'
import type { Quotas } from '../fairness/quotas.ts'
import { SharedRoom } from '../fairness/shared-room.ts'
import type { ReceiverLimits } from './limits.ts'

const minuteMs = 60_000

type CheckLimits = Pick<
  ReceiverLimits,
  'maxPublicKeyChecks' | 'maxPublicKeyChecksPerEndpoint' | 'maxFailedChecksPerMinute'
>

interface EndpointChecks {
  running: number
  failures: number
  /** When the minute that `failures` counts began, on the monotonic clock. */
  sinceMs: number
}

/**
 * Bounds the public-key work that requests can cause: how much at once, shared by namespaces, and how many failures of
 * one endpoint within a minute. Called only after the token was checked, so that a client without one cannot use up an
 * endpoint's share. There is one small record per endpoint with checks.
 */
export class PublicKeyChecks {
  readonly #limits: CheckLimits
  readonly #clock: Clock
  readonly #byUid = new Map<string, EndpointChecks>()
  readonly #running: SharedRoom

  constructor(limits: CheckLimits, { clock, quotas }: { clock: Clock; quotas: Quotas }) {
    this.#limits = limits
    this.#clock = clock
    this.#running = new SharedRoom({ total: limits.maxPublicKeyChecks, ...quotas })
  }

  /** undefined: not now. Otherwise the check may begin, and the caller calls the function once with its outcome. */
  begin({ namespace, uid }: { namespace: string; uid: string }): ((outcome: 'held' | 'failed') => void) | undefined {
    const checks = this.#of(uid)
    const { maxPublicKeyChecksPerEndpoint, maxFailedChecksPerMinute } = this.#limits
    const taker = [namespace, uid] as const
    if (this.#running.freeFor(taker) <= 0 || checks.running >= maxPublicKeyChecksPerEndpoint) return undefined
    // Those that run may all fail yet.
    if (checks.failures + checks.running >= maxFailedChecksPerMinute) return undefined
    this.#running.take(taker, 1)
    checks.running++
    return (outcome) => {
      this.#running.give(taker, 1)
      checks.running--
      if (outcome === 'failed') checks.failures++
      if (checks.running === 0 && checks.failures === 0) this.#byUid.delete(uid)
    }
  }

  #of(uid: string): EndpointChecks {
    const nowMs = this.#clock.monotonic()
    const known = this.#byUid.get(uid)
    if (known === undefined) {
      const fresh = { running: 0, failures: 0, sinceMs: nowMs }
      this.#byUid.set(uid, fresh)
      return fresh
    }
    if (nowMs - known.sinceMs >= minuteMs) {
      known.failures = 0
      known.sinceMs = nowMs
    }
    return known
  }
}
