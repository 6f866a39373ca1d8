import { sleep, type Clock } from '../clock.ts'
import type { StepEntry } from '../feed/entry.ts'
import { createFilterEvaluator } from '../filter/evaluate-filter.ts'
import type { Inbox } from '../inbox/port.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'
import type { Sink } from '../sinks/port.ts'
import { neededLeaseMs, type ResolveSink } from './before-send.ts'
import { Bell } from './bell.ts'
import { isOpen } from './circuit.ts'
import { createDispatcherMetrics, type DispatcherMetrics } from './dispatcher-metrics.ts'
import { handleDelivery, type HandleDeps, type Handling } from './handle-delivery.ts'
import { LaneBoard } from './lane-board.ts'
import { noteOutcome, type Lane, type WaitingDelivery } from './lane.ts'
import { inboxPauseMs, StepRecorder } from './step-recorder.ts'

export interface DispatcherOptions {
  inbox: Pick<Inbox, 'claimDue' | 'record' | 'nextDueMs'>
  sinks: Pick<Sink, 'send'>
  resolveSink: ResolveSink
  /** Reads the event type that filters look at; must not throw. */
  parseEnvelope: (body: Uint8Array) => { type: string }
  clock: Clock
  /** Numbers in [0, 1). */
  random: () => number
  logger: Logger
  metrics: Metrics
  /** Attempts under way at the same time, over all sinks. */
  maxInFlight: number
  /** Told of each step of each delivery; must not throw. */
  onStep?: (entry: StepEntry) => void
}

export interface Dispatcher {
  /** Begins to claim and to send. Call once. */
  start(): void
  /** Something was stored. Best effort: what is due is found in any case. */
  nudge(): void
  /**
   * Claims nothing more, gives back what has not started, lets attempts end for `timeoutMs`, then cuts them off; what was cut off is due at once after the
   * next start. Resolves soon after `timeoutMs` at the latest. Further calls wait for the first.
   */
  drain(timeoutMs: number): Promise<void>
}

/** Deliveries of one claim: one lane at most has this many waiting. */
const claimBatch = 64
/** How long a claimed delivery may wait for room before it needs a new claim. */
const waitingAllowanceMs = 10_000
const initialTimeoutMs = 10_000
/** While something is due that may not be claimed, what becomes due behind it is not announced: look again, after growing pauses. */
const firstRecheckMs = 250
const longestRecheckMs = 2_000
/** Nothing is known to be due: look again all the same, in case a wall clock jumped. */
const longestRestMs = 60_000
/** After attempts were cut off: time to write that down. */
const cutOffGraceMs = 1_000

/**
 * Takes what is due from the inbox and hands it to the sinks: claim, decide, send, record. Every (object, sink) is a lane of its own with its own room,
 * its own circuit and its own waiting deliveries, so that a sink that is slow, broken or refuses us delays no other. At least once: a crash between
 * sending and recording repeats the attempt.
 */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  return new LaneDispatcher(options)
}

class LaneDispatcher implements Dispatcher {
  readonly #options: DispatcherOptions
  readonly #handleDeps: HandleDeps
  readonly #metrics: DispatcherMetrics
  readonly #board: LaneBoard
  readonly #recorder: StepRecorder
  readonly #bell = new Bell()
  readonly #stopping = new AbortController()
  readonly #cutOff = new AbortController()
  readonly #running = new Set<Promise<void>>()
  #blocked: ReadonlySet<string> = new Set()
  #longestTimeoutMs = initialTimeoutMs
  #recheckMs = firstRecheckMs
  /** Something was due that could not be claimed. */
  #isOverdue = false
  /** Until when the loop rests, unless something happens. */
  #restUntilMs = -Infinity
  #draining: Promise<void> | undefined

  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#board = new LaneBoard(options.maxInFlight)
    this.#metrics = createDispatcherMetrics(options.metrics, {
      inFlight: () => this.#board.inFlight,
      waiting: () => this.#board.waiting,
      openCircuits: () => this.#board.openCircuits(options.clock.now()),
    })
    const { inbox, clock, logger } = options
    this.#recorder = new StepRecorder({
      inbox,
      clock,
      logger,
      metrics: this.#metrics,
      signal: this.#cutOff.signal,
      onRecovered: () => this.#bell.ring(),
      onDueAgain: (dueMs) => this.#noteDueAgain(dueMs),
    })
    this.#handleDeps = {
      ...options,
      onStep: options.onStep ?? (() => {}),
      evaluateFilter: createFilterEvaluator(),
      metrics: this.#metrics,
      recorder: this.#recorder,
    }
  }

  start(): void {
    this.#track(this.#loop())
  }

  nudge(): void {
    this.#bell.ring()
  }

  drain(timeoutMs: number): Promise<void> {
    this.#draining ??= this.#drainOnce(timeoutMs)
    return this.#draining
  }

  async #drainOnce(timeoutMs: number): Promise<void> {
    const { clock } = this.#options
    this.#stopping.abort()
    this.#bell.ring()
    this.#giveBackAll(this.#board.takeWaiting(), clock.now())
    if (await this.#idleWithin(timeoutMs)) return
    this.#cutOff.abort()
    if (await this.#idleWithin(cutOffGraceMs)) return
    this.#options.logger.warn({ inFlight: this.#board.inFlight }, 'dispatcher.drain incomplete')
  }

  async #idleWithin(timeoutMs: number): Promise<boolean> {
    const giveUp = new AbortController()
    const timeout = sleep(this.#options.clock, timeoutMs, giveUp.signal).then(() => false)
    const idle = this.#untilIdle(giveUp.signal).then(() => true)
    const isIdle = await Promise.race([idle, timeout])
    giveUp.abort()
    return isIdle
  }

  async #untilIdle(giveUp: AbortSignal): Promise<void> {
    while (this.#running.size > 0 && !giveUp.aborted) await Promise.all(this.#running)
  }

  /** Never rejects: whatever runs here has dealt with its own errors. */
  #track(work: Promise<void>): void {
    const tracked: Promise<void> = work
      .catch((error: unknown) => this.#options.logger.error({ error }, 'dispatcher.fault'))
      .finally(() => this.#running.delete(tracked))
    this.#running.add(tracked)
  }

  async #loop(): Promise<void> {
    const { clock } = this.#options
    let failures = 0
    while (!this.#stopping.signal.aborted) {
      if (this.#board.isFull || this.#recorder.isFailing) {
        await this.#bell.wait(clock, longestRestMs)
        continue
      }
      try {
        const claimed = await this.#claim()
        if (claimed < claimBatch) await this.#rest(claimed > 0)
        failures = 0
      } catch (error) {
        failures += 1
        this.#metrics.inboxFailures.add(1, { call: 'claim' })
        this.#options.logger.warn({ error, failures }, 'dispatcher.claim failed')
        await sleep(clock, inboxPauseMs(failures), this.#stopping.signal)
      }
    }
  }

  async #claim(): Promise<number> {
    const { inbox, clock } = this.#options
    const leaseMs = waitingAllowanceMs + neededLeaseMs({ timeoutMs: this.#longestTimeoutMs })
    const leaseUntilMs = clock.now() + leaseMs
    this.#blocked = this.#board.blocked(clock.now())
    const claimed = await inbox.claimDue(claimBatch, leaseMs, this.#blocked)
    const waiting = claimed.map((delivery) => ({ delivery, leaseUntilMs }))
    if (this.#stopping.signal.aborted) this.#giveBackAll(waiting, clock.now())
    else for (const one of waiting) this.#enqueue(one)
    this.#startWhatMay()
    return claimed.length
  }

  /** Bounds that belong to the sink must be known before the first attempt starts; all else is looked up for each attempt. */
  #enqueue(waiting: WaitingDelivery): void {
    const { event, sink: sinkName } = waiting.delivery
    const sink = this.#options.resolveSink(event.owner.uid, sinkName)
    if (typeof sink === 'string') return this.#board.enqueue(waiting)
    this.#longestTimeoutMs = Math.max(this.#longestTimeoutMs, sink.delivery.timeoutMs)
    this.#board.enqueue(waiting, sink.delivery.maxInFlight)
  }

  /** Waits until something may be due or a lane has room again. */
  async #rest(hasJustClaimed: boolean): Promise<void> {
    const { inbox, clock } = this.#options
    const nextDueMs = await inbox.nextDueMs()
    const nowMs = clock.now()
    const restMs = (nextDueMs ?? Infinity) - nowMs
    if (hasJustClaimed) this.#recheckMs = firstRecheckMs
    if (restMs <= 0 && hasJustClaimed && this.#blocked.size === 0) return
    this.#isOverdue = restMs <= 0
    const probeMs = (this.#board.nextProbeMs(nowMs) ?? Infinity) - nowMs
    const waitMs = Math.min(this.#isOverdue ? this.#recheckMs : restMs, Math.max(probeMs, 1), longestRestMs)
    if (this.#isOverdue) this.#recheckMs = Math.min(this.#recheckMs * 2, longestRecheckMs)
    this.#restUntilMs = nowMs + waitMs
    await this.#bell.wait(clock, waitMs)
    this.#restUntilMs = -Infinity
  }

  /** What falls due before the end of the rest was not known when the rest began. */
  #noteDueAgain(dueMs: number): void {
    if (dueMs < this.#restUntilMs) this.#bell.ring()
  }

  #startWhatMay(): void {
    if (this.#stopping.signal.aborted) return
    for (const { lane, waiting } of this.#board.takeStartable(this.#options.clock.now())) {
      const handling = { lane, waiting, signal: this.#cutOff.signal, noteOutcome: this.#noter(lane) }
      this.#track(handleDelivery(handling, this.#handleDeps).finally(() => this.#finish(lane)))
    }
  }

  #finish(lane: Lane): void {
    const wasFull = this.#board.isFull
    this.#board.finish(lane)
    this.#startWhatMay()
    const hasRoomAgain = wasFull && !this.#board.isFull
    const isUnblocked = this.#blocked.has(lane.key) && lane.waiting.length === 0
    // The inbox may hand out one delivery alone, after crashes: what was held back for it can be claimed now.
    const isIdleThoughDue = this.#isOverdue && this.#board.inFlight === 0
    if (hasRoomAgain || isUnblocked || isIdleThoughDue) this.#bell.ring()
  }

  #noter(lane: Lane): Handling['noteOutcome'] {
    return (outcome) => {
      const nowMs = this.#options.clock.now()
      noteOutcome(lane, outcome, nowMs)
      const holdUntilMs = Math.max(lane.circuit.openUntilMs, nowMs)
      if (isOpen(lane.circuit, nowMs)) this.#giveBackAll(this.#board.takeWaiting(lane), holdUntilMs)
      return { holdUntilMs }
    }
  }

  /** Without an attempt, and on the record: a claim that is never recorded counts as a crash. */
  #giveBackAll(waiting: readonly WaitingDelivery[], untilMs: number): void {
    for (const { delivery, leaseUntilMs } of waiting) {
      this.#track(this.#recorder.record(delivery, { type: 'Hold', untilMs }, leaseUntilMs))
    }
  }
}
