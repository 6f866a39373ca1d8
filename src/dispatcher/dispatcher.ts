import type { Clock } from '../clock.ts'
import type { StepEntry } from '../contract/feed-entry.ts'
import { equalQuotas, type Quotas } from '../fairness/quotas.ts'
import type { JudgeFilter } from '../filter/judge-filter.ts'
import type { AppendResult, Inbox, NewEvent } from '../inbox/port.ts'
import { boundLines } from '../observability/bounded-lines.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'
import type { Sink } from '../sinks/port.ts'
import type { Tracing } from '../tracing/port.ts'
import { AttemptStarter } from './attempt-starter.ts'
import type { ResolveSink } from './before-send.ts'
import { ClaimLoop } from './claim-loop.ts'
import { ClaimingAppend } from './claiming-append.ts'
import { createDispatcherMetrics } from './dispatcher-metrics.ts'
import type { HandleDeps } from './handle-delivery.ts'
import { LaneBoard, type NamespaceUse } from './lane-board.ts'
import { LaneReactions, type GiveBack } from './lane-reactions.ts'
import type { WaitingDelivery } from './lane.ts'
import type { SinkState } from './sink-health.ts'
import { StepRecorder } from './step-recorder.ts'
import { traceStep } from './trace-step.ts'
import { watchSinks, type SinkWatch } from './watch-sinks.ts'
import { WorkUnderWay } from './work-under-way.ts'

export interface DispatcherOptions {
  inbox: Pick<Inbox, 'appendClaiming' | 'claimDue' | 'record' | 'nextDueMs' | 'hurry'>
  sinks: Pick<Sink, 'send'>
  resolveSink: ResolveSink
  /** Must not block this thread, nor wait for longer than a claim allows. */
  judgeFilter: JudgeFilter
  clock: Clock
  /** Numbers in [0, 1). */
  random: () => number
  logger: Logger
  metrics: Metrics
  /** Attempts under way at the same time, over all sinks. */
  maxInFlight: number
  /** What each namespace may have of that; all alike where nothing is said. */
  quotas?: Quotas
  /** Called with each step of each delivery; must not throw. */
  onStep?: (entry: StepEntry) => void
  /** Absent: no traces are kept. */
  tracing?: Pick<Tracing, 'start'>
  /** What is known of owners that are routes; absent: there are none. */
  routes?: Required<Pick<HandleDeps, 'maySee' | 'webhookOf' | 'onDelivered'>>
}

export interface Dispatcher {
  /** Begins to claim and to send. Call once. */
  start(): void
  /**
   * Stores an event in the inbox, by the promises of its `append`. Deliveries whose lanes have room now are begun once
   * it is durable; all others are found when they have.
   */
  append(event: NewEvent): Promise<AppendResult>
  /** Something is due. Best effort: it is found in any case. */
  nudge(): void
  /** Deliveries of these lanes (`ownerUid/sink`) were made due by hand: a sink whose circuit is open is tried now. */
  probe(lanes: Iterable<string>): void
  /** Attempts of each namespace that has any, and its deliveries that wait in memory. */
  underWay(): ReadonlyMap<string, NamespaceUse>
  /** How the sinks are that this process has tried and that still exist. */
  sinkStates(): SinkState[]
  /**
   * Claims nothing more, gives back what has not started, lets attempts end for `timeoutMs`, then cuts them off; what
   * was cut off is due at once after the next start. Resolves soon after `timeoutMs` at the latest. Further calls wait
   * for the first.
   */
  drain(timeoutMs: number): Promise<void>
}

/** After attempts were cut off: time to write that down. */
const cutOffGraceMs = 1_000

/**
 * Takes what is due from the inbox and sends it to the sinks: claim, decide, send, record. Every (object, sink) is a
 * lane of its own with its own room, its own circuit and its own waiting deliveries, and namespaces, objects and lanes
 * share what may be under way, so that a sink that is slow, broken or refuses the credentials delays no other. At least
 * once: a crash between sending and recording repeats the attempt.
 */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  return new LaneDispatcher({ ...options, logger: boundLines(options.logger, options.clock) })
}

class LaneDispatcher implements Dispatcher {
  readonly #options: DispatcherOptions
  readonly #board: LaneBoard
  readonly #recorder: StepRecorder
  readonly #sinkWatch: SinkWatch
  readonly #loop: ClaimLoop
  readonly #appends: ClaimingAppend
  readonly #work: WorkUnderWay
  readonly #stopping = new AbortController()
  readonly #cutOff = new AbortController()
  #draining: Promise<void> | undefined

  constructor(options: DispatcherOptions) {
    const { inbox, clock, logger, tracing } = options
    const board = new LaneBoard(options.maxInFlight, options.quotas ?? equalQuotas)
    const metrics = createDispatcherMetrics(options.metrics, {
      inFlight: () => board.inFlight,
      waiting: () => board.waiting,
      largestShares: () => board.largestShares(),
      refusingSinks: () => board.openCircuits('credentials', clock.now()),
      failingSinks: () => board.openCircuits('failures', clock.now()),
    })
    const track = (work: Promise<void>) => this.#work.track(work)
    const giveBack: GiveBack = (waiting, untilMs, cause) => this.#giveBackAll(waiting, untilMs, cause)
    const shared = { inbox, clock, logger, metrics, board, stopping: this.#stopping.signal }
    this.#options = options
    this.#board = board
    this.#work = new WorkUnderWay({ clock, logger })
    this.#recorder = new StepRecorder({
      ...shared,
      signal: this.#cutOff.signal,
      onRecovered: () => this.#loop.ring(),
      onDueAgain: (dueMs) => this.#loop.noteDue(dueMs),
    })
    this.#loop = new ClaimLoop({
      ...shared,
      isRecordingFailing: () => this.#recorder.isFailing,
      onClaimed: (claimed) => {
        starter.take(claimed)
        starter.startWhatMay()
      },
    })
    this.#appends = new ClaimingAppend({
      ...shared,
      loop: this.#loop,
      resolveSink: options.resolveSink,
      isRecordingFailing: () => this.#recorder.isFailing,
      track,
      onClaimed: (claimed) => {
        starter.take(claimed)
        starter.startSoon()
      },
    })
    const watch = watchSinks(options)
    this.#sinkWatch = watch
    const handleDeps: HandleDeps = {
      ...options,
      ...options.routes,
      sinks: watch.sinks,
      onStep: options.onStep ?? (() => {}),
      metrics,
      recorder: {
        record: (delivery, next, terms) => {
          watch.noteStep(delivery, next)
          const recorded = this.#recorder.record(delivery, next, terms)
          if (tracing !== undefined) traceStep(tracing, delivery, next, recorded)
          return recorded
        },
      },
    }
    const reactions = new LaneReactions({
      ...shared,
      giveBack,
      track,
      onHurried: () => this.#loop.ring(),
    })
    const starter = new AttemptStarter({
      ...shared,
      resolveSink: options.resolveSink,
      handleDeps,
      reactions,
      loop: this.#loop,
      cutOff: this.#cutOff.signal,
      track,
      giveBack,
    })
  }

  start(): void {
    this.#work.track(this.#loop.run())
  }

  append(event: NewEvent): Promise<AppendResult> {
    return this.#appends.append(event)
  }

  nudge(): void {
    this.#loop.ring()
  }

  probe(lanes: Iterable<string>): void {
    this.#board.probeNow(lanes, this.#options.clock.now())
    this.#loop.ring()
  }

  underWay(): ReadonlyMap<string, NamespaceUse> {
    return this.#board.byNamespace()
  }

  sinkStates(): SinkState[] {
    return this.#sinkWatch.states()
  }

  drain(timeoutMs: number): Promise<void> {
    this.#draining ??= this.#drainOnce(timeoutMs)
    return this.#draining
  }

  async #drainOnce(timeoutMs: number): Promise<void> {
    this.#stopping.abort()
    this.#loop.ring()
    this.#giveBackAll(this.#board.takeWaiting(), this.#options.clock.now())
    if (await this.#work.idleWithin(timeoutMs)) return
    this.#cutOff.abort()
    if (await this.#work.idleWithin(cutOffGraceMs)) return
    this.#options.logger.warn({ inFlight: this.#board.inFlight }, 'dispatcher.drain_incomplete')
  }

  /**
   * Without an attempt, and on the record: a claim that is never recorded counts as a crash. One that was tried before
   * keeps the cause of that.
   */
  #giveBackAll(waiting: readonly WaitingDelivery[], untilMs: number, cause?: string): void {
    for (const { delivery, leaseUntilMs } of waiting) {
      const why = cause !== undefined && delivery.attempts === 0 ? { cause } : {}
      this.#work.track(this.#recorder.record(delivery, { type: 'Hold', untilMs, ...why }, { leaseUntilMs }))
    }
  }
}
