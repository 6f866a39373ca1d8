import { sleep, type Clock } from '../clock.ts'
import { SharedMemory } from '../fairness/shared-memory.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'
import { backoffMs } from '../backoff.ts'
import { KubernetesApiError, isConflict, isNotFound, type KubernetesClient } from './client.ts'
import {
  eventKind,
  objectKeyOf,
  seriesKeyOf,
  toEventObject,
  type EventSeries,
  type NewKubernetesEvent,
} from './event-object.ts'
import { formatMicroTime } from './micro-time.ts'
import { TokenBucket, type BucketRate } from './token-bucket.ts'
import { TurnQueue } from './turn-queue.ts'

export type { NewKubernetesEvent } from './event-object.ts'

interface EventRecorderOptions {
  client: KubernetesClient
  /** reportingController: a qualified name such as `example.io/controller`. */
  controller: string
  /** reportingInstance: the pod's name. */
  instance: string
  clock: Clock
  random: () => number
  logger: Logger
  metrics: Metrics
  /** New Events per object; client-go's spam filter by default: 25 at once, then one every five minutes. */
  perObject?: BucketRate
}

export interface EventRecorder {
  /**
   * Returns at once, never throws. The same event again within ten minutes becomes a series of one Event. Losing an
   * Event is allowed.
   */
  record(event: NewKubernetesEvent): void
  /** Resolves when everything recorded so far has been written or given up, counts of series included. */
  flush(): Promise<void>
  /** Flushes for at most `timeoutMs` (default 5,000) and ignores what is recorded later. */
  close(timeoutMs?: number): Promise<void>
}

const defaultPerObject: BucketRate = { ratePerSecond: 1 / 300, burst: 25 }
/** A repeat later than this after the last one starts a new Event. */
const seriesWindowMs = 10 * 60_000
/** A series is written at most this often, however fast it repeats. */
const seriesWriteIntervalMs = 60_000
const maxQueued = 1_000
/** Series and buckets that are remembered; of the namespace that has most the longest untouched goes first. */
const maxRemembered = 4_096
const maxAttempts = 3
const writeTimeoutMs = 10_000

interface Series {
  event: NewKubernetesEvent
  firstMs: number
  lastMs: number
  count: number
  writtenCount: number
  /** A write waits in the queue or for its time. */
  planned: boolean
  cancelTimer: () => void
}

/** Starts idle; writes in the background, one at a time, so that Events never compete with real work. */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  return new QueueingEventRecorder(options)
}

class QueueingEventRecorder implements EventRecorder {
  readonly #options: EventRecorderOptions
  readonly #instruments: ReturnType<typeof createInstruments>
  readonly #series = new SharedMemory<Series>(maxRemembered)
  readonly #buckets = new SharedMemory<TokenBucket>(maxRemembered)
  /** By namespace: Events about thousands of objects of one do not delay those of others. */
  readonly #queue = new TurnQueue<Series>(maxQueued)
  readonly #giveUp = new AbortController()
  #pumping: Promise<void> | undefined
  #closed = false

  constructor(options: EventRecorderOptions) {
    this.#options = options
    this.#instruments = createInstruments(options.metrics)
  }

  record(event: NewKubernetesEvent): void {
    if (this.#closed) return this.#instruments.dropped.add(1, { cause: 'closed' })
    const nowMs = this.#options.clock.now()
    const key = seriesKeyOf(event)
    const { namespace } = event.regarding
    const known = this.#series.get(namespace, key)
    if (known !== undefined && nowMs - known.lastMs <= seriesWindowMs) {
      known.count += 1
      known.lastMs = nowMs
      this.#series.set(namespace, key, known)
      this.#planSeriesWrite(known)
      return
    }
    if (!this.#bucketOf(event).tryTake()) return this.#instruments.dropped.add(1, { cause: 'rate' })
    const series: Series = {
      event,
      firstMs: nowMs,
      lastMs: nowMs,
      count: 1,
      writtenCount: 0,
      planned: true,
      cancelTimer: () => {},
    }
    this.#series.set(namespace, key, series)
    this.#enqueue(series)
  }

  async flush(): Promise<void> {
    for (const series of this.#series.values()) {
      series.cancelTimer()
      if (series.count > series.writtenCount && !this.#queue.has(series)) this.#enqueue(series)
    }
    while (this.#pumping !== undefined) await this.#pumping
  }

  async close(timeoutMs = 5_000): Promise<void> {
    this.#closed = true
    const cancel = this.#options.clock.after(timeoutMs, () => this.#giveUp.abort())
    await this.flush()
    cancel()
    this.#giveUp.abort()
  }

  #planSeriesWrite(series: Series): void {
    if (series.planned) return
    series.planned = true
    series.cancelTimer = this.#options.clock.after(seriesWriteIntervalMs, () => this.#enqueue(series))
  }

  #bucketOf({ regarding }: NewKubernetesEvent): TokenBucket {
    const key = objectKeyOf(regarding)
    const { namespace } = regarding
    const bucket =
      this.#buckets.get(namespace, key) ??
      new TokenBucket(this.#options.perObject ?? defaultPerObject, this.#options.clock)
    this.#buckets.set(namespace, key, bucket)
    return bucket
  }

  #enqueue(series: Series): void {
    const dropped = this.#queue.push(series.event.regarding.namespace, series)
    if (dropped !== undefined) {
      dropped.planned = false
      this.#instruments.dropped.add(1, { cause: 'queue' })
    }
    this.#pumping ??= this.#pump().finally(() => {
      this.#pumping = undefined
    })
  }

  async #pump(): Promise<void> {
    for (let series = this.#queue.shift(); series !== undefined; series = this.#queue.shift()) {
      if (!this.#giveUp.signal.aborted) await this.#write(series)
    }
  }

  async #write(series: Series): Promise<void> {
    const countToWrite = series.count
    series.planned = false
    if (countToWrite === series.writtenCount) return // an earlier place in the queue has written it
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#send(series, countToWrite)
        series.writtenCount = countToWrite
        return this.#instruments.written.add(1, { type: series.event.type })
      } catch (error) {
        if (attempt >= maxAttempts || !isWorthRetrying(error) || this.#giveUp.signal.aborted) {
          return this.#giveUpOn(series, countToWrite, error)
        }
        await sleep(this.#options.clock, backoffMs(attempt, backoff, this.#options.random), this.#giveUp.signal)
      }
    }
  }

  /**
   * A first write creates; a later one patches the count, and creates anew when the Event has expired in the meantime.
   */
  async #send(series: Series, count: number): Promise<void> {
    const { client, controller, instance } = this.#options
    const object = toEventObject(series.event, { controller, instance }, series.firstMs)
    const options = { signal: this.#giveUp.signal, timeoutMs: writeTimeoutMs }
    const repeated: { series?: EventSeries } =
      count > 1 ? { series: { count, lastObservedTime: formatMicroTime(series.lastMs) } } : {}
    const create = () => client.create(eventKind, { ...object, ...repeated }, options)
    if (series.writtenCount === 0) {
      // The name is unique to this recorder: when it exists, an earlier attempt whose answer was lost has succeeded.
      await create().catch((error: unknown) => {
        if (!isConflict(error)) throw error
      })
      return
    }
    const key = { namespace: object.metadata.namespace ?? '', name: object.metadata.name }
    await client.patch(eventKind, key, repeated, { ...options, type: 'merge' }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error
      return create()
    })
  }

  #giveUpOn(series: Series, count: number, error: unknown): void {
    // Not to be tried again before the next repeat; one that was never created starts over then.
    if (series.writtenCount === 0) this.#series.delete(series.event.regarding.namespace, seriesKeyOf(series.event))
    series.writtenCount = count
    this.#instruments.dropped.add(1, { cause: 'refused' })
    const details = {
      regarding: `${series.event.regarding.kind} ${series.event.regarding.namespace}/${series.event.regarding.name}`,
      reason: series.event.reason,
      error: error instanceof Error ? error.message : String(error),
    }
    this.#options.logger.warn(details, 'event.dropped')
  }
}

const backoff = { baseMs: 500, maxMs: 5_000 }

function isWorthRetrying(error: unknown): boolean {
  return error instanceof KubernetesApiError && (error.status === 0 || error.status === 429 || error.status >= 500)
}

function createInstruments(metrics: Metrics) {
  return {
    written: metrics.counter({
      name: 'gwh_events_written_total',
      help: 'Kubernetes Events created, and updates of their series.',
      labels: ['type'],
    }),
    dropped: metrics.counter({
      name: 'gwh_events_dropped_total',
      help: 'Kubernetes Events that were not written: rate limit, full queue, refused by the API server, or closed.',
      labels: ['cause'],
    }),
  }
}
