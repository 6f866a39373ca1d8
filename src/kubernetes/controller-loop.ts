import type { Clock } from '../clock.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'
import { unreachable } from '../unreachable.ts'
import { KubernetesApiError, isConflict, type ObjectKey } from './client.ts'
import { TransientError } from './errors.ts'
import type { ReconcileResult } from './result.ts'
import { Workqueue, type AddOptions, type WithoutWorker, type QueueTurn, type RetryLimits } from './workqueue.ts'

/** What a reconcile is given besides its key. */
export interface ReconcileTurn {
  /** Aborts when the loop must give up at once (leadership lost, or stopping). */
  signal: AbortSignal
  /** For waits without work: the worker serves another key meanwhile. The key itself stays taken. */
  withoutWorker: WithoutWorker
  /** It was taken before what is usual. */
  isUrgent: boolean
}

interface ControllerLoopOptions {
  /** Metric label and log key; one of a few fixed names. */
  name: string
  /**
   * Keys worked on at the same time; never two on the same key. A namespace with none in work may have one beyond it,
   * so that it does not wait for the work of others.
   */
  workers: number
  /** Brings actual to desired for one key. */
  reconcile: (key: ObjectKey, turn: ReconcileTurn) => Promise<ReconcileResult>
  clock: Clock
  random: () => number
  logger: Logger
  metrics: Metrics
  limits?: RetryLimits
  /**
   * What can delay many keys of a namespace at once, such as an API key: each such group has its turn. Absent: there is
   * none.
   */
  groupOf?: (key: ObjectKey) => string
  /** Whether the key comes first within its namespace. Called whenever a key becomes ready. */
  isUrgent?: (key: ObjectKey) => boolean
}

export interface ControllerLoop {
  /** Adds the key to the queue. Keys added before `start` are kept. */
  enqueue(key: ObjectKey, options?: AddOptions): void
  /** Starts the workers. `signal` is handed to every reconcile; when it aborts no further key is taken. Once only. */
  start(signal?: AbortSignal): void
  /** Takes no further key and resolves when the reconciles in work have ended. May be called again. */
  stop(): Promise<void>
}

/** What becomes of a key after one reconcile, and the label under which it is counted. */
type Verdict =
  | { next: 'forget'; label: 'done' }
  | { next: 'after'; label: 'requeue'; delayMs: number }
  | { next: 'retry'; label: 'transient' | 'conflict' | 'unexpected'; notBeforeMs: number }

/** A queue, its workers and the one place where a reconcile's outcome becomes the next step of its key. */
export function createControllerLoop(options: ControllerLoopOptions): ControllerLoop {
  const { name, workers, reconcile, clock, logger, metrics, groupOf, isUrgent } = options
  if (!Number.isInteger(workers) || workers < 1) {
    throw new RangeError(`controller loop "${name}": workers must be a whole number of at least 1, got ${workers}`)
  }
  const queue = new Workqueue({
    ...options,
    placeOf: (id) => ({ party: toKey(id).namespace, group: groupOf?.(toKey(id)) ?? '' }),
    isUrgent: (id) => isUrgent?.(toKey(id)) ?? false,
  })
  const instruments = createInstruments(metrics)
  let serving: Promise<void> | undefined
  let stopped = false
  const neverAborts = new AbortController().signal
  const shutDown = () => {
    stopped = true
    return queue.shutDown()
  }

  async function workOn({ key: id, isUrgent: urgent }: QueueTurn, signal: AbortSignal): Promise<void> {
    const key = toKey(id)
    const startedMs = clock.monotonic()
    const withoutWorker: WithoutWorker = (wait) => queue.withoutWorker(id, wait)
    const settled = await settle(() => reconcile(key, { signal, withoutWorker, isUrgent: urgent }))
    const verdict = 'result' in settled ? verdictOfResult(settled.result) : verdictOfError(settled.error)
    instruments.total.add(1, { controller: name, result: verdict.label })
    instruments.seconds.observe((clock.monotonic() - startedMs) / 1000, { controller: name })
    const delayMs = plan(queue, id, verdict)
    if ('error' in settled && !signal.aborted) logFailure(logger, { name, key, verdict, delayMs, error: settled.error })
  }

  async function work(turn: QueueTurn, signal: AbortSignal): Promise<void> {
    // It may have been taken at the very end.
    if (!stopped) await workOn(turn, signal)
    queue.done(turn.key)
  }

  async function serve(signal: AbortSignal): Promise<void> {
    for (;;) {
      const turn = await queue.take()
      if (turn === undefined) return
      void work(turn, signal)
    }
  }

  return {
    enqueue: (key, addOptions) => queue.add(toId(key), addOptions),
    start(signal = neverAborts) {
      if (serving !== undefined) throw new Error(`controller loop "${name}" is already started`)
      if (signal.aborted) void shutDown()
      signal.addEventListener('abort', () => void shutDown(), { once: true })
      serving = serve(signal)
    },
    async stop() {
      await shutDown()
      await serving
    },
  }
}

/** Namespaces and names contain no slash. */
function toId({ namespace, name }: ObjectKey): string {
  return `${namespace}/${name}`
}

function toKey(id: string): ObjectKey {
  const slash = id.indexOf('/')
  return { namespace: id.slice(0, slash), name: id.slice(slash + 1) }
}

async function settle<T>(call: () => Promise<T>): Promise<{ result: T } | { error: unknown }> {
  try {
    return { result: await call() }
  } catch (error) {
    return { error }
  }
}

function verdictOfResult(result: ReconcileResult): Verdict {
  switch (result.type) {
    case 'done':
      return { next: 'forget', label: 'done' }
    case 'requeueAfter':
      return { next: 'after', label: 'requeue', delayMs: result.delayMs }
    default:
      return unreachable(result)
  }
}

function verdictOfError(error: unknown): Verdict {
  if (error instanceof TransientError)
    return { next: 'retry', label: 'transient', notBeforeMs: error.retryAfterMs ?? 0 }
  if (isConflict(error)) return { next: 'retry', label: 'conflict', notBeforeMs: 0 }
  if (error instanceof KubernetesApiError) {
    return { next: 'retry', label: 'transient', notBeforeMs: error.retryAfterMs ?? 0 }
  }
  return { next: 'retry', label: 'unexpected', notBeforeMs: 0 }
}

/**
 * Acts on the verdict; returns the delay until the key comes again, milliseconds, or undefined when only a change
 * brings it back.
 */
function plan(queue: Workqueue, id: string, verdict: Verdict): number | undefined {
  switch (verdict.next) {
    case 'forget':
      queue.forget(id)
      return undefined
    case 'after':
      queue.forget(id)
      queue.addAfter(id, verdict.delayMs)
      return verdict.delayMs
    case 'retry':
      return queue.addRateLimited(id, verdict.notBeforeMs)
    default:
      return unreachable(verdict)
  }
}

interface Failure {
  name: string
  key: ObjectKey
  verdict: Verdict
  delayMs: number | undefined
  error: unknown
}

/**
 * An unexpected error is a defect of ours and brings its stack; the expected kinds are one line. A lost race is logged
 * at debug level.
 */
function logFailure(logger: Logger, { name, key, verdict, delayMs, error }: Failure): void {
  const details = {
    controller: name,
    object: toId(key),
    result: verdict.label,
    ...(delayMs !== undefined && { retryInMs: Math.round(delayMs) }),
    // The logger cuts an error object down to what people need; expected kinds need no stack.
    error: verdict.label === 'unexpected' || !(error instanceof Error) ? error : error.message,
    ...(error instanceof Error && 'reason' in error && { reason: error.reason }),
  }
  if (verdict.label === 'conflict') return logger.debug(details, 'reconcile.failed')
  if (verdict.label === 'unexpected') return logger.error(details, 'reconcile.failed')
  logger.warn(details, 'reconcile.failed')
}

function createInstruments(metrics: Metrics) {
  return {
    total: metrics.counter({
      name: 'gwh_reconcile_total',
      help: 'Reconciles by how they ended.',
      labels: ['controller', 'result'],
    }),
    seconds: metrics.histogram({
      name: 'gwh_reconcile_time_seconds',
      help: 'How long one reconcile took.',
      labels: ['controller'],
      buckets: [0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    }),
  }
}
