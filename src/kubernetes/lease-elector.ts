import { sleep, type Clock } from '../clock.ts'
import type { Logger } from '../observability/logger.ts'
import type { GaugeHandle, Metrics } from '../observability/metrics.ts'
import { isConflict, isNotFound, type KubernetesClient, type ObjectKey } from './client.ts'
import {
  acquireJitter,
  checkLeaseTimes,
  fingerprintOf,
  heldBy,
  leaseKind,
  releasedFrom,
  type Lease,
  type LeaseTimes,
} from './lease-record.ts'

export interface LeaseElectorOptions extends Partial<LeaseTimes> {
  /** Best a client of its own, so that a flood of other calls cannot delay a renewal. */
  client: KubernetesClient
  key: ObjectKey
  /** Unique among all that may run at the same time, e.g. the pod's name. */
  identity: string
  /**
   * The work, from the moment this process leads. When the signal aborts it must start nothing new and end what cannot
   * be undone, within leaseDurationMs - renewDeadlineMs. Leadership is kept until it resolves; when it rejects, `run`
   * rejects with its error.
   */
  onStartedLeading: (signal: AbortSignal) => Promise<void>
  clock: Clock
  random: () => number
  logger: Logger
  metrics: Metrics
}

export interface LeaseElector {
  /**
   * Waits for the lease, leads, and resolves when leadership was lost or given back. Abort the signal to stop: the
   * signal of the work aborts, the lease is renewed until the work has ended, then released. Rejects when the work
   * rejects, and when the work has not ended by the time the lease may be taken by another: the process must exit at
   * once then.
   */
  run(signal: AbortSignal): Promise<void>
  readonly isLeading: boolean
}

/**
 * So many writes fit into the renew deadline: one that takes longer than its part is given up, so that a renewal gets
 * several tries.
 */
const triesWithinDeadline = 3

const defaultTimes: LeaseTimes = { leaseDurationMs: 30_000, renewDeadlineMs: 15_000, retryPeriodMs: 2_000 }

/** Leader election by client-go's rules. Throws a RangeError on times whose ratios cannot keep two leaders apart. */
export function createLeaseElector(options: LeaseElectorOptions): LeaseElector {
  const times: LeaseTimes = {
    leaseDurationMs: options.leaseDurationMs ?? defaultTimes.leaseDurationMs,
    renewDeadlineMs: options.renewDeadlineMs ?? defaultTimes.renewDeadlineMs,
    retryPeriodMs: options.retryPeriodMs ?? defaultTimes.retryPeriodMs,
  }
  checkLeaseTimes(times)
  if (options.identity === '') throw new RangeError('lease: identity must not be empty: an empty holder means "free"')
  return new Elector(options, times)
}

/** contested: another client wrote between our read and our write; the next attempt shows whether the lease is ours. */
type Round = 'held' | 'taken' | 'contested'

class Elector implements LeaseElector {
  readonly #options: LeaseElectorOptions
  readonly #times: LeaseTimes
  readonly #instruments: ReturnType<typeof createInstruments>
  /** The record as last seen, and when *we* saw it become so. The holder's own clock plays no part. */
  #observed: { lease: Lease; fingerprint: string; atMs: number } | undefined
  /** When the last successful renewal was sent: rivals cannot have seen it earlier. */
  #renewedMs = 0
  #leading = false

  constructor(options: LeaseElectorOptions, times: LeaseTimes) {
    this.#options = options
    this.#times = times
    this.#instruments = createInstruments(options.metrics)
  }

  get #name(): string {
    return `${this.#options.key.namespace}/${this.#options.key.name}`
  }

  get isLeading(): boolean {
    return this.#leading
  }

  async run(signal: AbortSignal): Promise<void> {
    const { logger, identity } = this.#options
    this.#setLeading(false)
    if (!(await this.#acquire(signal))) return
    this.#setLeading(true)
    logger.info({ lease: this.#name, identity }, 'lease.acquired')
    try {
      await this.#lead(signal)
    } finally {
      this.#setLeading(false)
    }
  }

  /**
   * True once the lease is ours; false when the signal aborted first. A lease won in that very moment is given back.
   */
  async #acquire(signal: AbortSignal): Promise<boolean> {
    const { clock, random } = this.#options
    while (!signal.aborted) {
      const round = await this.#tryRound(this.#times.renewDeadlineMs, signal)
      if (round === 'held' && !signal.aborted) return true
      if (round === 'held') await this.#release()
      else await sleep(clock, this.#times.retryPeriodMs * (1 + random() * acquireJitter), signal)
    }
    return false
  }

  async #lead(stop: AbortSignal): Promise<void> {
    const work = new AbortController()
    const ended = new AbortController()
    const forward = () => work.abort(stop.reason)
    stop.addEventListener('abort', forward, { once: true })
    if (stop.aborted) forward()
    let failure: { error: unknown } | undefined
    const startLeading = async () => this.#options.onStartedLeading(work.signal)
    const working = startLeading()
      .catch((error: unknown) => {
        failure = { error }
      })
      .finally(() => ended.abort())
    try {
      const kept = await this.#renewUntil(ended.signal)
      if (kept) await this.#release()
      else await this.#surrender(work, working)
    } finally {
      stop.removeEventListener('abort', forward)
    }
    if (failure !== undefined) throw failure.error
  }

  /** True when the work ended while the lease was ours; false as soon as it is lost or could not be renewed in time. */
  async #renewUntil(ended: AbortSignal): Promise<boolean> {
    const { clock } = this.#options
    for (;;) {
      await sleep(clock, this.#times.retryPeriodMs, ended)
      const leftMs = this.#renewedMs + this.#times.renewDeadlineMs - clock.monotonic()
      if (leftMs <= 0) return false
      if (ended.aborted) return true
      if ((await this.#tryRound(leftMs)) === 'taken') return false
    }
  }

  /** The lease is gone, or will be: the work must end before a rival may start its own. */
  async #surrender(work: AbortController, working: Promise<void>): Promise<void> {
    const { clock, logger, identity } = this.#options
    logger.error({ lease: this.#name, identity }, 'lease.lost')
    this.#instruments.lost.add()
    work.abort(new Error(`the lease ${this.#name} was lost`))
    const graceMs = this.#renewedMs + this.#times.leaseDurationMs - clock.monotonic()
    const expiry = new AbortController()
    const inTime = await Promise.race([
      working.then(() => true),
      sleep(clock, Math.max(0, graceMs), expiry.signal).then(() => false),
    ])
    expiry.abort()
    if (!inTime) {
      throw new Error(
        `lease ${this.#name}: work did not end before the lease ran out; exit at once, another may be leading`,
      )
    }
  }

  /**
   * One attempt to take or renew. undefined: it failed, or the signal ended its read, and nothing is known. Never
   * throws.
   */
  async #tryRound(leftMs: number, signal?: AbortSignal): Promise<Round | undefined> {
    const timeoutMs = Math.max(1, Math.min(leftMs, this.#times.renewDeadlineMs / triesWithinDeadline))
    try {
      const round = await this.#round(timeoutMs, signal)
      this.#instruments.rounds.add(1, { result: round })
      return round
    } catch (error) {
      if (signal?.aborted === true) return undefined
      this.#instruments.rounds.add(1, { result: 'failed' })
      this.#options.logger.warn({ lease: this.#name, error }, 'lease.round_failed')
      return undefined
    }
  }

  async #round(timeoutMs: number, signal: AbortSignal | undefined): Promise<Round> {
    const { client, key } = this.#options
    if (this.#leading && this.#observed !== undefined) {
      // The usual case needs no read: the resourceVersion of our own last write guards the next.
      const renewed = await this.#write(this.#observed.lease, timeoutMs)
      if (renewed) return 'held'
    }
    const current = await client.get<Lease>(leaseKind, key, { timeoutMs, ...(signal !== undefined && { signal }) })
    if (current !== undefined) this.#observe(current)
    if (current !== undefined && !this.#mayTake(current)) return 'taken'
    return (await this.#write(current, timeoutMs)) ? 'held' : 'contested'
  }

  /** False: another client was faster (409), or the record has been deleted (404). */
  async #write(current: Lease | undefined, timeoutMs: number): Promise<boolean> {
    const { client, key, identity, clock } = this.#options
    const sentMs = clock.monotonic()
    const wanted = heldBy(identity, current, key, this.#times, clock.now())
    try {
      const written =
        current === undefined
          ? await client.create(leaseKind, wanted, { timeoutMs })
          : await client.replace(leaseKind, wanted, { timeoutMs })
      this.#observe(written)
      this.#renewedMs = sentMs
      return true
    } catch (error) {
      if (isConflict(error) || isNotFound(error)) return false
      throw error
    }
  }

  #observe(lease: Lease): void {
    const fingerprint = fingerprintOf(lease)
    const unchanged = this.#observed?.fingerprint === fingerprint
    const atMs = unchanged && this.#observed !== undefined ? this.#observed.atMs : this.#options.clock.monotonic()
    this.#observed = { lease, fingerprint, atMs }
  }

  #mayTake({ spec }: Lease): boolean {
    const holder = spec?.holderIdentity ?? ''
    if (holder === '' || holder === this.#options.identity) return true
    const recordMs = (spec?.leaseDurationSeconds ?? 0) * 1000
    // A holder with other settings than ours may count on more time than we would give it.
    const durationMs = Math.max(this.#times.leaseDurationMs, recordMs)
    return this.#options.clock.monotonic() - (this.#observed?.atMs ?? 0) >= durationMs
  }

  /** Best effort: without it the next leader waits until the lease runs out. */
  async #release(): Promise<void> {
    const { client, clock, logger, identity } = this.#options
    if (this.#observed === undefined) return
    try {
      const released = releasedFrom(this.#observed.lease, clock.now())
      await client.replace(leaseKind, released, { timeoutMs: this.#times.renewDeadlineMs / triesWithinDeadline })
      logger.info({ lease: this.#name, identity }, 'lease.released')
    } catch (error) {
      logger.warn({ lease: this.#name, identity, error }, 'lease.release_failed')
    }
    this.#observed = undefined
  }

  #setLeading(leading: boolean): void {
    this.#leading = leading
    this.#instruments.leading.set(leading ? 1 : 0)
  }
}

/**
 * Also for a process that leads without a Lease: the alert on a missing leader cannot distinguish installations with
 * and without one.
 */
export function leadingGauge(metrics: Metrics): GaugeHandle {
  return metrics.gauge({
    name: 'gwh_leader',
    help: '1 while this process is the leader, or works without a Lease; else 0.',
  })
}

function createInstruments(metrics: Metrics) {
  return {
    leading: leadingGauge(metrics),
    lost: metrics.counter({
      name: 'gwh_leader_lost_total',
      help: 'How often leadership was lost rather than released.',
    }),
    rounds: metrics.counter({
      name: 'gwh_lease_rounds_total',
      help: 'Attempts to take or renew the lease: held, taken (by another), contested (lost a race), failed (no usable answer).',
      labels: ['result'],
    }),
  }
}
