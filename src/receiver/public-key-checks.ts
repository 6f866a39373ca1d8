import type { Clock } from '../clock.ts'
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
 * Bounds the public-key work that requests can cause: how much at once, and how many failures of one endpoint within a minute. Asked only after the token
 * held, so that nobody without one can use up an endpoint's share. There is one small record per endpoint that is being asked.
 */
export class PublicKeyChecks {
  readonly #limits: CheckLimits
  readonly #clock: Clock
  readonly #byUid = new Map<string, EndpointChecks>()
  #running = 0

  constructor(limits: CheckLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
  }

  /** undefined: not now. Otherwise the check may begin, and whoever got the function calls it once with its outcome. */
  begin(uid: string): ((outcome: 'held' | 'failed') => void) | undefined {
    const checks = this.#of(uid)
    const { maxPublicKeyChecks, maxPublicKeyChecksPerEndpoint, maxFailedChecksPerMinute } = this.#limits
    if (this.#running >= maxPublicKeyChecks || checks.running >= maxPublicKeyChecksPerEndpoint) return undefined
    // Those that run may all fail yet.
    if (checks.failures + checks.running >= maxFailedChecksPerMinute) return undefined
    this.#running++
    checks.running++
    return (outcome) => {
      this.#running--
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
