import type { Clock } from '../clock.ts'
import type { Metrics } from '../observability/metrics.ts'
import { backoffMs, type Backoff } from '../backoff.ts'
import { FairLine, type Place } from './fair-line.ts'
import type { Rank } from './fair-party.ts'
import { TokenBucket, type BucketRate } from './token-bucket.ts'

export interface RetryLimits {
  /** Delay of one key by its consecutive failures. */
  readonly perKey: Backoff
  /**
   * All retries of one party together, so that a thousand keys failing at once do not become a burst a second later,
   * and do not delay those of other parties.
   */
  readonly overall: BucketRate
}

const defaultRetryLimits: RetryLimits = {
  perKey: { baseMs: 500, maxMs: 300_000 },
  overall: { ratePerSecond: 10, burst: 100 },
}

interface WorkqueueOptions {
  /** Metric label; one of a few fixed names. */
  name: string
  clock: Clock
  random: () => number
  metrics: Metrics
  limits?: RetryLimits
  /** Keys handed out at the same time, those that wait without a worker not counted. Absent: any number. */
  workers?: number
  /** The place whose share a key takes; absent: everything before its last slash, and all of that in one group. */
  placeOf?: (key: string) => Place
  /** Called whenever a key becomes ready. */
  isUrgent?: (key: string) => boolean
}

export interface AddOptions {
  /**
   * Goes after what was added without this, but for one turn in eight: for keys that are merely checked, or new, while
   * others are half done.
   */
  behind?: boolean
  /** Goes first within its share. */
  urgent?: boolean
}

export interface QueueTurn {
  key: string
  isUrgent: boolean
}

/** Releases the worker while waiting for something that needs no work, so that it can serve another key meanwhile. */
export type WithoutWorker = <T>(wait: () => Promise<T>) => Promise<T>

/** Keys begun and not ended, most of them suspended: each costs the memory of what it has looked at. */
const maxBegun = 500
/** Parties whose retries are counted; the longest untouched is forgotten first. */
const maxBuckets = 4_096

/**
 * A queue of keys after client-go's: a key waits at most once, is never worked on by two workers, and when it is added
 * while being worked on it comes again afterwards. Nothing but the key travels: its worker reads the current state.
 * Unlike client-go's it is fair: see `FairLine`.
 */
export class Workqueue {
  readonly #options: WorkqueueOptions
  readonly #clock: Clock
  readonly #limits: RetryLimits
  readonly #instruments: ReturnType<typeof createInstruments>
  readonly #line: FairLine
  /** By party. */
  readonly #buckets = new Map<string, TokenBucket>()
  /** Added again while being processed. */
  readonly #again = new Map<string, { rank: Rank; atMs: number }>()
  readonly #delayed = new Map<string, { dueMs: number; cancel: () => void }>()
  readonly #failures = new Map<string, number>()
  readonly #takers: ((turn: QueueTurn | undefined) => void)[] = []
  readonly #returning = new Map<string, () => void>()
  readonly #drained: (() => void)[] = []
  #shutDown = false

  constructor(options: WorkqueueOptions) {
    this.#options = options
    this.#clock = options.clock
    this.#limits = options.limits ?? defaultRetryLimits
    this.#instruments = createInstruments(options.metrics)
    this.#line = new FairLine({ workers: options.workers ?? Infinity, begun: maxBegun })
  }

  /** Keys that wait to be taken. */
  get depth(): number {
    return this.#line.waiting
  }

  /** How long the oldest waiting key has waited, milliseconds; 0 without one. */
  oldestMs(): number {
    const nowMs = this.#clock.monotonic()
    return nowMs - (this.#line.oldestSinceMs() ?? nowMs)
  }

  /** Makes the key ready now. Without effect after `shutDown`. */
  add(key: string, options: AddOptions = {}): void {
    if (this.#shutDown) return
    const rank = this.#rankOf(key, options)
    const atMs = this.#clock.monotonic()
    if (!this.#line.isBegun(key)) return this.#enqueue(key, rank, atMs)
    const again = this.#again.get(key)
    // `behind` is for keys that are not awaited; a key that was begun before is awaited.
    const next = rank === 'urgent' || again?.rank === 'urgent' ? 'urgent' : 'usual'
    this.#again.set(key, { rank: next, atMs: again?.atMs ?? atMs })
  }

  /** Makes the key ready in `delayMs`; of several delays for one key the earliest counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#shutDown) return
    if (delayMs <= 0) return this.add(key)
    const dueMs = this.#clock.monotonic() + delayMs
    const planned = this.#delayed.get(key)
    if (planned !== undefined && planned.dueMs <= dueMs) return
    planned?.cancel()
    const cancel = this.#clock.after(delayMs, () => {
      this.#delayed.delete(key)
      this.add(key)
    })
    this.#delayed.set(key, { dueMs, cancel })
  }

  /**
   * Adds the key after its backoff, which grows until `forget`; not before `notBeforeMs` from now. Returns the delay,
   * milliseconds.
   */
  addRateLimited(key: string, notBeforeMs = 0): number {
    if (this.#shutDown) return 0
    const failures = this.#failures.get(key) ?? 0
    this.#failures.set(key, failures + 1)
    this.#instruments.retries.add(1, { name: this.#options.name })
    const delayMs = Math.max(
      backoffMs(failures, this.#limits.perKey, this.#options.random),
      this.#bucketOf(this.#placeOf(key).party).reserve(),
      notBeforeMs,
    )
    this.addAfter(key, delayMs)
    return delayMs
  }

  /** The key succeeded: its next backoff starts over. */
  forget(key: string): void {
    this.#failures.delete(key)
  }

  /**
   * The next ready key, by turns; waits for one, and for a place. undefined once the queue is shut down. Answer every
   * key with `done`.
   */
  async get(): Promise<string | undefined> {
    return (await this.take())?.key
  }

  /** As `get`, and with the rank that it had when it was taken. */
  take(): Promise<QueueTurn | undefined> {
    if (this.#shutDown) return Promise.resolve(undefined)
    const taken = new Promise<QueueTurn | undefined>((resolve) => this.#takers.push(resolve))
    this.#serve()
    return taken
  }

  /**
   * Runs `wait` without the place of the key, which is in work, and returns or throws what it did once there is a place
   * again. A key without a place, because it is suspended already, merely waits.
   */
  async withoutWorker<T>(key: string, wait: () => Promise<T>): Promise<T> {
    if (!this.#line.suspend(key)) return wait()
    this.#serve()
    try {
      return await wait()
    } finally {
      this.#line.requeue(key)
      const back = new Promise<void>((resolve) => this.#returning.set(key, resolve))
      this.#serve()
      await back
    }
  }

  /** The worker is finished with the key, well or not. */
  done(key: string): void {
    this.#line.end(key)
    const again = this.#again.get(key)
    this.#again.delete(key)
    if (again !== undefined && !this.#shutDown) this.#enqueue(key, again.rank, again.atMs)
    this.#serve()
    if (this.#shutDown && this.#line.begun === 0) for (const resolve of this.#drained.splice(0)) resolve()
  }

  /**
   * No key is handed out any more; resolves when those in work are done. Waiting and delayed keys are dropped: work is
   * level-based, and the next process lists everything anyway.
   */
  shutDown(): Promise<void> {
    this.#shutDown = true
    for (const { cancel } of this.#delayed.values()) cancel()
    this.#delayed.clear()
    this.#line.clear()
    this.#again.clear()
    this.#reportDepth()
    for (const resolve of this.#takers.splice(0)) resolve(undefined)
    if (this.#line.begun === 0) return Promise.resolve()
    return new Promise((resolve) => this.#drained.push(resolve))
  }

  #enqueue(key: string, rank: Rank, atMs: number): void {
    const { waiting } = this.#line
    this.#line.add(key, this.#placeOf(key), rank, atMs)
    if (this.#line.waiting === waiting) return
    this.#instruments.adds.add(1, { name: this.#options.name })
    this.#reportDepth()
    this.#serve()
  }

  /** Hands out whatever may be worked on now. */
  #serve(): void {
    for (;;) {
      const turn = this.#line.next(this.#takers.length > 0)
      if (turn === undefined) return
      const { key, isNew, rank, sinceMs } = turn
      if (!isNew) {
        const resume = this.#returning.get(key)
        this.#returning.delete(key)
        resume?.()
        continue
      }
      const waitedMs = this.#clock.monotonic() - sinceMs
      this.#instruments.queueDuration.observe(waitedMs / 1000, { name: this.#options.name })
      this.#reportDepth()
      this.#takers.shift()?.({ key, isUrgent: rank === 'urgent' })
    }
  }

  #placeOf(key: string): Place {
    return this.#options.placeOf?.(key) ?? { party: key.slice(0, Math.max(key.lastIndexOf('/'), 0)), group: '' }
  }

  #rankOf(key: string, { behind = false, urgent = false }: AddOptions): Rank {
    if (urgent || this.#options.isUrgent?.(key) === true) return 'urgent'
    return behind ? 'behind' : 'usual'
  }

  #bucketOf(party: string): TokenBucket {
    const bucket = this.#buckets.get(party) ?? new TokenBucket(this.#limits.overall, this.#clock)
    this.#buckets.delete(party)
    this.#buckets.set(party, bucket)
    const [longestUntouched] = this.#buckets.keys()
    if (this.#buckets.size > maxBuckets && longestUntouched !== undefined) this.#buckets.delete(longestUntouched)
    return bucket
  }

  #reportDepth(): void {
    this.#instruments.depth.set(this.depth, { name: this.#options.name })
  }
}

/** Names and meanings are client-go's, so that dashboards made for other controllers work. */
function createInstruments(metrics: Metrics) {
  const labels = ['name']
  return {
    depth: metrics.gauge({ name: 'workqueue_depth', help: 'Keys that wait to be worked on.', labels }),
    adds: metrics.counter({ name: 'workqueue_adds_total', help: 'Keys that became ready.', labels }),
    retries: metrics.counter({ name: 'workqueue_retries_total', help: 'Keys added again after a failure.', labels }),
    queueDuration: metrics.histogram({
      name: 'workqueue_queue_duration_seconds',
      help: 'How long a key waited before a worker took it.',
      labels,
      buckets: [0.001, 0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300],
    }),
  }
}
