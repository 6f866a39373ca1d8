import type { Clock } from '../clock.ts'
import type { Metrics } from '../observability/metrics.ts'
import { backoffMs, type Backoff } from './backoff.ts'
import { TokenBucket, type BucketRate } from './token-bucket.ts'

export interface RetryLimits {
  /** Delay of one key by its consecutive failures. */
  readonly perKey: Backoff
  /** All retries together, so that a thousand keys failing at once do not become a burst a second later. */
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
}

export interface AddOptions {
  /** Goes after what was added without this, but for one in `behindEvery`: for what is merely looked at, or new, while others are half done. */
  behind?: boolean
}

/** A crowd before them must not keep those behind waiting for ever. */
const behindEvery = 8

/**
 * A queue of keys after client-go's: a key waits at most once, is never worked on by two workers, and when it is added while being worked on it
 * comes again afterwards. Nothing but the key travels: whoever takes it looks at the current state.
 */
export class Workqueue {
  readonly #name: string
  readonly #clock: Clock
  readonly #random: () => number
  readonly #limits: RetryLimits
  readonly #bucket: TokenBucket
  readonly #instruments: ReturnType<typeof createInstruments>
  /** Ready to be taken, oldest first, with the time each was added. */
  readonly #waiting = new Map<string, number>()
  /** Ready too, after those. */
  readonly #behind = new Map<string, number>()
  /** Taken from `waiting` since one of those behind had its turn. */
  #passedBy = 0
  readonly #processing = new Set<string>()
  /** Added again while being processed, with the time of that. */
  readonly #again = new Map<string, number>()
  readonly #delayed = new Map<string, { dueMs: number; cancel: () => void }>()
  readonly #failures = new Map<string, number>()
  readonly #takers: ((key: string | undefined) => void)[] = []
  readonly #drained: (() => void)[] = []
  #shutDown = false

  constructor({ name, clock, random, metrics, limits = defaultRetryLimits }: WorkqueueOptions) {
    this.#name = name
    this.#clock = clock
    this.#random = random
    this.#limits = limits
    this.#bucket = new TokenBucket(limits.overall, clock)
    this.#instruments = createInstruments(metrics)
  }

  /** Keys that wait to be taken. */
  get depth(): number {
    return this.#waiting.size + this.#behind.size
  }

  /** How long the oldest waiting key has waited, milliseconds; 0 without one. */
  oldestMs(): number {
    const nowMs = this.#clock.monotonic()
    const [addedMs = nowMs] = this.#waiting.values()
    const [behindMs = nowMs] = this.#behind.values()
    return nowMs - Math.min(addedMs, behindMs)
  }

  /** Makes the key ready now. Without effect after `shutDown`. */
  add(key: string, { behind = false }: AddOptions = {}): void {
    if (this.#shutDown) return
    const nowMs = this.#clock.monotonic()
    if (this.#processing.has(key)) {
      if (!this.#again.has(key)) this.#again.set(key, nowMs)
      return
    }
    if (this.#waiting.has(key)) return
    const behindMs = this.#behind.get(key)
    if (behindMs === undefined) return this.#enqueue(key, nowMs, behind ? this.#behind : this.#waiting)
    if (behind) return
    this.#behind.delete(key)
    this.#waiting.set(key, behindMs)
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

  /** Adds the key after its backoff, which grows until `forget`; not before `notBeforeMs` from now. Returns the delay, milliseconds. */
  addRateLimited(key: string, notBeforeMs = 0): number {
    if (this.#shutDown) return 0
    const failures = this.#failures.get(key) ?? 0
    this.#failures.set(key, failures + 1)
    this.#instruments.retries.add(1, { name: this.#name })
    const delayMs = Math.max(
      backoffMs(failures, this.#limits.perKey, this.#random),
      this.#bucket.reserve(),
      notBeforeMs,
    )
    this.addAfter(key, delayMs)
    return delayMs
  }

  /** The key did well: its next backoff starts over. */
  forget(key: string): void {
    this.#failures.delete(key)
  }

  /** The next ready key, oldest first but for those behind; waits for one. undefined once the queue is shut down. Answer every key with `done`. */
  get(): Promise<string | undefined> {
    if (this.#shutDown) return Promise.resolve(undefined)
    const next = this.#next()
    if (next === undefined) return new Promise((resolve) => this.#takers.push(resolve))
    const [key, addedMs] = next
    this.#take(key, addedMs)
    return Promise.resolve(key)
  }

  #next(): [key: string, addedMs: number] | undefined {
    const [first] = this.#waiting
    const [firstBehind] = this.#behind
    const isTurnBehind = first === undefined || this.#passedBy >= behindEvery - 1
    if (firstBehind !== undefined && isTurnBehind) {
      this.#passedBy = 0
      return firstBehind
    }
    if (firstBehind !== undefined) this.#passedBy += 1
    return first
  }

  /** The worker is finished with the key, well or not. */
  done(key: string): void {
    this.#processing.delete(key)
    const addedMs = this.#again.get(key)
    this.#again.delete(key)
    if (addedMs !== undefined && !this.#shutDown) this.#enqueue(key, addedMs)
    if (this.#shutDown && this.#processing.size === 0) for (const resolve of this.#drained.splice(0)) resolve()
  }

  /**
   * No key is handed out any more; resolves when those in work are done. Waiting and delayed keys are dropped: work is level-based, and whoever
   * starts next lists everything anyway.
   */
  shutDown(): Promise<void> {
    this.#shutDown = true
    for (const { cancel } of this.#delayed.values()) cancel()
    this.#delayed.clear()
    this.#waiting.clear()
    this.#behind.clear()
    this.#again.clear()
    this.#reportDepth()
    for (const resolve of this.#takers.splice(0)) resolve(undefined)
    if (this.#processing.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#drained.push(resolve))
  }

  #enqueue(key: string, addedMs: number, line = this.#waiting): void {
    this.#instruments.adds.add(1, { name: this.#name })
    const taker = this.#takers.shift()
    if (taker === undefined) {
      line.set(key, addedMs)
      return this.#reportDepth()
    }
    this.#take(key, addedMs)
    taker(key)
  }

  #take(key: string, addedMs: number): void {
    this.#waiting.delete(key)
    this.#behind.delete(key)
    this.#processing.add(key)
    this.#instruments.queueDuration.observe((this.#clock.monotonic() - addedMs) / 1000, { name: this.#name })
    this.#reportDepth()
  }

  #reportDepth(): void {
    this.#instruments.depth.set(this.depth, { name: this.#name })
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
