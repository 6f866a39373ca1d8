import { createRemoteJWKSet, customFetch, type FetchImplementation } from 'jose'

import type { Clock } from '../clock.ts'
import { ok, problem, type Result } from '../result.ts'
import { readKeySet, type KeySet } from './key-set.ts'

/** How old keys may get before they are fetched again, a tenth more or less. Google's own pace is not documented. */
const refreshIntervalMs = 600_000
/**
 * A signature that fits no key asks for a look, at most this often, failed looks counted: forged ones must not drive
 * requests.
 */
const forcedRefreshGapMs = 60_000
/**
 * First pause after a failed look while there are no keys at all; doubles up to `forcedRefreshGapMs`, which is also the
 * pause while there are some.
 */
const firstRetryMs = 5_000
const defaultTimeoutMs = 10_000

export interface JwksKeeperOptions {
  readonly url: URL
  readonly clock: Clock
  readonly random: () => number
  readonly fetch: FetchImplementation
  /** Bound of one look. */
  readonly timeoutMs?: number
  /** After every look, for log and metrics: how many Ed25519 keys there are, or the error. */
  readonly onLook: (outcome: Result<number, unknown>) => void
}

/** `unknown`: the key server could not be reached, so a key that fits may exist nevertheless. */
export type RefreshOutcome = 'changed' | 'unchanged' | 'unknown'

/**
 * Keeps the service's public keys. The last set that could be read stays in use however long the key server is away;
 * one look at a time; no look sooner than its pause, also after failures. Nothing is fetched before `start`.
 */
export class JwksKeeper {
  readonly #options: JwksKeeperOptions
  readonly #remote: ReturnType<typeof createRemoteJWKSet>
  #keys: KeySet | undefined
  #looking: Promise<RefreshOutcome> | undefined
  #last: { endedMs: number; failed: boolean } | undefined
  #retryMs = firstRetryMs
  #state: 'idle' | 'running' | 'stopped' = 'idle'
  #cancelTimer = () => {}

  constructor(options: JwksKeeperOptions) {
    this.#options = options
    // Jose's own rules for when to fetch are switched off: they do not count failures.
    this.#remote = createRemoteJWKSet(options.url, {
      [customFetch]: options.fetch,
      timeoutDuration: options.timeoutMs ?? defaultTimeoutMs,
      cacheMaxAge: Infinity,
    })
  }

  /** The last good set; undefined until the first. */
  get keys(): KeySet | undefined {
    return this.#keys
  }

  /** Looks now and from then on in its intervals. Idempotent; returns at once. */
  start(): void {
    if (this.#state !== 'idle') return
    this.#state = 'running'
    void this.#look()
  }

  stop(): void {
    this.#state = 'stopped'
    this.#cancelTimer()
  }

  /**
   * For a signature that fits no key. Joins a look under way; within the pause it answers from the last one. Never
   * rejects.
   */
  async refresh(): Promise<RefreshOutcome> {
    if (this.#looking !== undefined) return this.#looking
    const last = this.#last
    if (last === undefined) return 'unknown' // not started
    const isPaused = this.#options.clock.monotonic() - last.endedMs < forcedRefreshGapMs
    if (isPaused || this.#state !== 'running') return last.failed ? 'unknown' : 'unchanged'
    return this.#look()
  }

  #look(): Promise<RefreshOutcome> {
    this.#cancelTimer()
    this.#looking = this.#fetch().then((outcome) => {
      this.#looking = undefined
      this.#schedule(outcome)
      return outcome
    })
    return this.#looking
  }

  async #fetch(): Promise<RefreshOutcome> {
    const { clock, onLook } = this.#options
    try {
      await this.#remote.reload()
      const set = this.#remote.jwks()
      const next = set && readKeySet(set)
      if (next === undefined) throw new Error('the key set at the JWKS URL holds no Ed25519 or RSA key to verify with')
      const isChanged = next.fingerprint !== this.#keys?.fingerprint
      this.#keys = next
      this.#last = { endedMs: clock.monotonic(), failed: false }
      this.#retryMs = firstRetryMs
      onLook(ok(next.ed25519.length))
      return isChanged ? 'changed' : 'unchanged'
    } catch (error) {
      this.#last = { endedMs: clock.monotonic(), failed: true }
      onLook(problem(error))
      return 'unknown'
    }
  }

  #schedule(outcome: RefreshOutcome): void {
    if (this.#state !== 'running') return
    const { clock, random } = this.#options
    const delayMs = outcome === 'unknown' ? this.#nextRetryMs() : refreshIntervalMs
    this.#cancelTimer = clock.after(delayMs * (0.9 + 0.2 * random()), () => void this.#look())
  }

  #nextRetryMs(): number {
    if (this.#keys !== undefined) return forcedRefreshGapMs
    const delayMs = this.#retryMs
    this.#retryMs = Math.min(delayMs * 2, forcedRefreshGapMs)
    return delayMs
  }
}
