import type { Clock } from '../clock.ts'
import type { EventEnvelope } from '../gemini/event.ts'
import { envelopeReader, noAliases, type EventAliases } from '../gemini/event-aliases.ts'
import type { SinkFilter } from '../contract/keyring/entry.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'
import { workerUrl } from '../program-file.ts'
import { unreachable } from '../unreachable.ts'
import { EvaluationPool, type EvaluationEnd } from './evaluation-pool.ts'
import type { Evaluation } from './evaluate-event.ts'
import type { TransformFailure, TransformQuestion } from './evaluate-transform.ts'
import type { Expression } from './expression.ts'
import { createFilterMetrics, type FilterMetrics } from './filter-metrics.ts'
import { LimitedWorker, type WorkerLimits } from './limited-worker.ts'
import { Offenders } from './offenders.ts'
import { passesPlainParts } from './plain-filter.ts'
import type { AskedEvent } from './question.ts'
import type { FilterVerdict } from './verdict.ts'

export interface FilterQuestion {
  readonly owner: { readonly uid: string; readonly namespace: string; readonly name: string }
  readonly sink: string
  readonly filter: SinkFilter
  /** What an event that is wanted becomes; absent: it is sent as it is. */
  readonly transform?: TransformQuestion
  readonly event: AskedEvent
}

/**
 * wanted: with what the transform of the sink has made of the event, where it has one. transformFailed: it made nothing
 * of this event. transformInvalid: it is not one that may run; a person has to correct it. waits, paused: not judged.
 * The one has not had its turn yet, the other was interrupted lately and is not run before that time.
 */
export type Judgement =
  | { readonly type: 'wanted'; readonly content?: Uint8Array }
  | { readonly type: Exclude<FilterVerdict, 'wanted'> | 'transformInvalid' }
  | { readonly type: 'transformFailed'; readonly cause: TransformFailure }
  | { readonly type: 'waits' | 'paused'; readonly untilMs: number }

/** Never throws and never rejects. When `signal` aborts, what has not begun is put off. */
export type JudgeFilter = (question: FilterQuestion, signal: AbortSignal) => Judgement | Promise<Judgement>

export interface FilterJudge {
  readonly judge: JudgeFilter
  close(): Promise<void>
}

export interface FilterJudgeOptions {
  /** The expressions of all sinks of an object. */
  readonly expressionsOf: (ownerUid: string) => readonly Expression[]
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  /** How much of the time a namespace may have beside others, above 0; all alike where nothing is said. */
  readonly weightOf?: (namespace: string) => number
  /** Other names of events; none where nothing is said. */
  readonly aliases?: EventAliases
  readonly limits?: Partial<WorkerLimits>
  /** The worker's program; by default the one that the build made of `worker.ts`, or this source itself. */
  readonly workerUrl?: URL
}

const workerProgram = { source: new URL('./worker.ts', import.meta.url), bundled: 'filter-worker.mjs' }

/**
 * Larger bodies are read in a thread, whatever the filter: reading this much takes some ten microseconds. Google's
 * notifications have a few hundred bytes.
 */
const smallBodyBytes = 4 * 1024
/** Two, so that other evaluations do not wait for the interruption of one. */
const poolSize = 2
/** Some thirty times what an object may cost at worst. */
const defaultLimits: WorkerLimits = { processorMs: 250, elapsedMs: 10_000 }
/**
 * Less than a lease allows for waiting: a delivery that waits longer is returned to the inbox, and claimed again with a
 * new lease.
 */
const maxWaitMs = 5_000
const turnPauseMs = 1_000

/**
 * Judges events by filters, and transforms those that are wanted, without ever holding up the caller's thread:
 * expressions, and bodies that take long to read, are evaluated in a few threads at which namespaces take turns, both
 * expressions of a sink in one go. Filters that only compare small values are judged at once.
 */
export function createFilterJudge(options: FilterJudgeOptions): FilterJudge {
  const judge = new PoolJudge(options)
  return { judge: (question, signal) => judge.judge(question, signal), close: () => judge.close() }
}

class PoolJudge {
  readonly #options: FilterJudgeOptions
  readonly #parseEnvelope: (body: Uint8Array) => EventEnvelope
  readonly #pool: EvaluationPool
  readonly #metrics: FilterMetrics
  readonly #offenders = new Offenders()
  /** Filters whose expression is known to be one that may run: what their other parts refuse is refused at once. */
  readonly #valid = new WeakSet<SinkFilter>()

  constructor(options: FilterJudgeOptions) {
    const { clock, metrics, weightOf, limits, aliases = noAliases } = options
    const program = options.workerUrl ?? workerUrl(workerProgram)
    this.#options = options
    this.#parseEnvelope = envelopeReader(aliases)
    this.#metrics = createFilterMetrics(metrics, () => this.#pool.waiting)
    this.#pool = new EvaluationPool({
      startWorker: () =>
        new LimitedWorker(program, { clock, limits: { ...defaultLimits, ...limits }, settings: { aliases } }),
      clock,
      size: poolSize,
      maxWaitMs,
      ...(weightOf !== undefined && { weightOf }),
      onTurn: (waitedMs) => this.#metrics.waitSeconds.observe(waitedMs / 1000),
      onWorkerEnd: (why) => {
        this.#metrics.workersEnded.add(1, { why })
        // Pauses grow between failed starts, and between interruptions of one filter: lines are few.
        if (why === 'notStarted') options.logger.error({ why }, 'filter.worker_not_started')
      },
    })
  }

  close(): Promise<void> {
    return this.#pool.close()
  }

  judge(question: FilterQuestion, signal: AbortSignal): Judgement | Promise<Judgement> {
    const { filter, transform } = question
    const { body } = question.event
    const hasExpression = filter.cel !== undefined
    if (body.length <= smallBodyBytes && (!hasExpression || this.#valid.has(filter))) {
      const passes = passesPlainParts(filter, { type: this.#parseEnvelope(body).type, body })
      if (!passes) return { type: 'unwanted' }
      if (!hasExpression && transform === undefined) return { type: 'wanted' }
    }
    return this.#judgeElsewhere(question, signal)
  }

  async #judgeElsewhere(asked: FilterQuestion, signal: AbortSignal): Promise<Judgement> {
    const { owner, sink, filter, transform } = asked
    const { clock, expressionsOf } = this.#options
    const key = `${owner.uid}/${sink}`
    const pausedMs = this.#offenders.pausedUntil(key, clock.monotonic())
    if (pausedMs !== undefined) {
      this.#metrics.evaluations.add(1, { outcome: 'paused' })
      return { type: 'paused', untilMs: clock.now() + pausedMs - clock.monotonic() }
    }
    const { body, mode, sentAtSeconds } = asked.event
    const question = {
      filter,
      ...(transform !== undefined && { transform }),
      expressions: expressionsOf(owner.uid),
      event: { body, mode, sentAtSeconds },
      nowMs: clock.now(),
    }
    const end = await this.#pool.run([owner.namespace, owner.uid, sink], question, signal)
    this.#measure(end)
    if (end.type === 'answered') {
      this.#offenders.clear(key)
      if (end.verdict !== 'invalid') this.#valid.add(filter)
      return judgementOf(end)
    }
    if (end.type === 'noTurn') return { type: 'waits', untilMs: clock.now() + (signal.aborted ? 0 : turnPauseMs) }
    this.#offenders.note(key, clock.monotonic())
    const { namespace, name } = owner
    this.#options.logger.warn({ namespace, name, sink, why: end.type }, 'filter.interrupted')
    switch (end.type) {
      case 'overran':
      case 'crashed':
        // Of the two the filter runs first; where it has no expression it is not what took long.
        if (transform !== undefined && filter.cel === undefined)
          return { type: 'transformFailed', cause: 'interrupted' }
        return { type: 'failed' }
      case 'stalled':
        // Without processor time the evaluation had no result.
        return { type: 'waits', untilMs: clock.now() + turnPauseMs }
      default:
        return unreachable(end)
    }
  }

  #measure(end: EvaluationEnd): void {
    this.#metrics.evaluations.add(1, { outcome: end.type === 'answered' ? end.verdict : end.type })
    if (end.type === 'answered' && end.transformed !== undefined) {
      const { transformed } = end
      this.#metrics.transforms.add(1, { outcome: transformed.type === 'failed' ? transformed.cause : transformed.type })
    }
    if (end.type === 'answered' || end.type === 'overran') this.#metrics.evaluationSeconds.observe(end.costMs / 1000)
  }
}

function judgementOf({ verdict, transformed }: Evaluation): Judgement {
  if (verdict !== 'wanted' || transformed === undefined) return { type: verdict }
  switch (transformed.type) {
    case 'made':
      return { type: 'wanted', content: transformed.content }
    case 'failed':
      return { type: 'transformFailed', cause: transformed.cause }
    case 'invalid':
      return { type: 'transformInvalid' }
    default:
      return unreachable(transformed)
  }
}
