import { sleep, type Clock } from '../clock.ts'
import type { StepEntry } from '../contract/feed-entry.ts'
import { equalQuotas, type Quotas } from '../fairness/quotas.ts'
import type { JudgeFilter } from '../filter/judge-filter.ts'
import type { ClaimedDelivery, HurryRequest, Inbox } from '../inbox/port.ts'
import { boundLines } from '../observability/bounded-lines.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'
import type { Sink } from '../sinks/port.ts'
import { namesOf } from './attempt-delivery.ts'
import { neededLeaseMs, type ResolveSink } from './before-send.ts'
import { Bell } from './bell.ts'
import { holdCauses } from './cause.ts'
import { isOpen, type Circuit } from './circuit.ts'
import { createDispatcherMetrics, type DispatcherMetrics } from './dispatcher-metrics.ts'
import { handleDelivery, type HandleDeps, type Handling } from './handle-delivery.ts'
import { LaneBoard, type Blocked, type NamespaceUse, type StartedDelivery } from './lane-board.ts'
import { laneKey, noteOutcome, type Lane, type WaitingDelivery } from './lane.ts'
import { spend } from './ramp.ts'
import type { SinkState } from './sink-health.ts'
import { inboxPauseMs, StepRecorder } from './step-recorder.ts'
import { watchSinks, type SinkWatch } from './watch-sinks.ts'

export interface DispatcherOptions {
  inbox: Pick<Inbox, 'claimDue' | 'record' | 'nextDueMs' | 'hurry'>
  sinks: Pick<Sink, 'send'>
  resolveSink: ResolveSink
  /** Must not hold up this thread, nor wait for longer than a claim allows. */
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
  /** Told of each step of each delivery; must not throw. */
  onStep?: (entry: StepEntry) => void
}

export interface Dispatcher {
  /** Begins to claim and to send. Call once. */
  start(): void
  /** Something was stored. Best effort: what is due is found in any case. */
  nudge(): void
  /** Deliveries of these lanes (`ownerUid/sink`) were made due by hand: a sink that is left alone is tried now. */
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

/**
 * Deliveries of one claim, and bytes of their bodies: what is begun at once holds up this thread, whose requests wait
 * for it.
 */
const claimBatch = 64
const maxClaimBytes = 2 ** 20
/** How long a claimed delivery may wait for room before it needs a new claim. */
const waitingAllowanceMs = 10_000
/** Of an attempt, unless its sink is known to allow more: what that would need is claimed once more, for longer. */
const usualTimeoutMs = 10_000
const usualLeaseMs = leaseMsFor({ timeoutMs: usualTimeoutMs })
/**
 * While something is due that may not be claimed, what becomes due behind it is not announced: look again, after
 * growing pauses.
 */
const firstRecheckMs = 250
const longestRecheckMs = 2_000
/** Nothing is known to be due: look again all the same, in case a wall clock jumped. */
const longestRestMs = 60_000
/** After attempts were cut off: time to write that down. */
const cutOffGraceMs = 1_000

/**
 * Takes what is due from the inbox and hands it to the sinks: claim, decide, send, record. Every (object, sink) is a
 * lane of its own with its own room, its own circuit and its own waiting deliveries, and namespaces, objects and lanes
 * share what may be under way, so that a sink that is slow, broken or refuses us delays no other. At least once: a
 * crash between sending and recording repeats the attempt.
 */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  return new LaneDispatcher({ ...options, logger: boundLines(options.logger, options.clock) })
}

class LaneDispatcher implements Dispatcher {
  readonly #options: DispatcherOptions
  readonly #handleDeps: HandleDeps
  readonly #metrics: DispatcherMetrics
  readonly #board: LaneBoard
  readonly #recorder: StepRecorder
  readonly #sinkWatch: SinkWatch
  readonly #bell = new Bell()
  readonly #stopping = new AbortController()
  readonly #cutOff = new AbortController()
  readonly #running = new Set<Promise<void>>()
  readonly #hurrying = new Set<Lane>()
  #blocked: Blocked
  #recheckMs = firstRecheckMs
  /** Something was due that could not be claimed. */
  #isOverdue = false
  /** Until when the loop rests, unless something happens. */
  #restUntilMs = -Infinity
  #draining: Promise<void> | undefined

  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#board = new LaneBoard(options.maxInFlight, options.quotas ?? equalQuotas)
    this.#blocked = this.#board.blocked(options.clock.now())
    this.#metrics = createDispatcherMetrics(options.metrics, {
      inFlight: () => this.#board.inFlight,
      waiting: () => this.#board.waiting,
      largestShares: () => this.#board.largestShares(),
      refusingSinks: () => this.#board.openCircuits('credentials', options.clock.now()),
      failingSinks: () => this.#board.openCircuits('failures', options.clock.now()),
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
    const watch = watchSinks(options)
    this.#sinkWatch = watch
    this.#handleDeps = {
      ...options,
      sinks: watch.sinks,
      onStep: options.onStep ?? (() => {}),
      metrics: this.#metrics,
      recorder: {
        record: (delivery, next, leaseUntilMs) => {
          watch.noteStep(delivery, next)
          return this.#recorder.record(delivery, next, leaseUntilMs)
        },
      },
    }
  }

  start(): void {
    this.#track(this.#loop())
  }

  nudge(): void {
    this.#bell.ring()
  }

  probe(lanes: Iterable<string>): void {
    this.#board.probeNow(lanes, this.#options.clock.now())
    this.#bell.ring()
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
    const { clock } = this.#options
    this.#stopping.abort()
    this.#bell.ring()
    this.#giveBackAll(this.#board.takeWaiting(), clock.now())
    if (await this.#idleWithin(timeoutMs)) return
    this.#cutOff.abort()
    if (await this.#idleWithin(cutOffGraceMs)) return
    this.#options.logger.warn({ inFlight: this.#board.inFlight }, 'dispatcher.drain_incomplete')
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
        if (!claimed.wasCut) await this.#rest(claimed.isAny)
        failures = 0
      } catch (error) {
        failures += 1
        this.#metrics.inboxFailures.add(1, { call: 'claim' })
        this.#options.logger.warn({ error, failures }, 'dispatcher.claim_failed')
        await sleep(clock, inboxPauseMs(failures), this.#stopping.signal)
      }
    }
  }

  /** `wasCut`: there may be more that is due. */
  async #claim(): Promise<{ isAny: boolean; wasCut: boolean }> {
    const { inbox, clock } = this.#options
    const claimedMs = clock.now()
    this.#blocked = this.#board.blocked(claimedMs)
    const { lanes, owners, namespaces } = this.#blocked
    const leaseMsByLane = this.#board.longLeases()
    const terms = { except: { lanes, owners, namespaces }, maxBytes: maxClaimBytes, leaseMsByLane }
    const claimed = await inbox.claimDue(claimBatch, usualLeaseMs, terms)
    const waiting = claimed.map((delivery) => {
      const leaseMs = leaseMsByLane.get(laneKey(delivery.event.owner.uid, delivery.sink)) ?? usualLeaseMs
      return { delivery, leaseUntilMs: claimedMs + leaseMs }
    })
    if (this.#stopping.signal.aborted) this.#giveBackAll(waiting, clock.now())
    else for (const one of waiting) this.#enqueue(one)
    this.#startWhatMay()
    await this.#findProbes()
    const bytes = claimed.reduce((sum, { event }) => sum + event.body.byteLength, 0)
    return { isAny: claimed.length > 0, wasCut: claimed.length === claimBatch || bytes >= maxClaimBytes }
  }

  /**
   * What failed while the sink was down may be due only in half an hour: one of each such lane is tried as the probe
   * now.
   */
  async #findProbes(): Promise<void> {
    const nowMs = this.#options.clock.now()
    const lanes = this.#board.takeUnprobed(nowMs)
    const hurried = await Promise.all(
      lanes.map(({ key }) => this.#options.inbox.hurry({ lane: key, limit: 1, recordedBeforeMs: nowMs })),
    )
    if (hurried.some((count) => count > 0)) this.#bell.ring()
  }

  /**
   * Bounds that belong to the sink must be known before the first attempt starts; all else is looked up for each
   * attempt.
   */
  #enqueue(waiting: WaitingDelivery): void {
    const { event, sink: sinkName } = waiting.delivery
    const sink = this.#options.resolveSink(event.owner.uid, sinkName)
    const nowMs = this.#options.clock.now()
    if (typeof sink === 'string') return this.#board.enqueue(waiting, nowMs)
    const { maxInFlight, timeoutMs } = sink.delivery
    const leaseMs = timeoutMs > usualTimeoutMs ? leaseMsFor(sink.delivery) : undefined
    this.#board.enqueue(waiting, nowMs, { maxInFlight, leaseMs })
  }

  /** Waits until something may be due or a lane has room again. */
  async #rest(hasJustClaimed: boolean): Promise<void> {
    const { inbox, clock } = this.#options
    const nextDueMs = await inbox.nextDueMs()
    const nowMs = clock.now()
    const restMs = (nextDueMs ?? Infinity) - nowMs
    if (hasJustClaimed) this.#recheckMs = firstRecheckMs
    if (restMs <= 0 && hasJustClaimed && this.#blocked.isNothing) return
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
    for (const started of this.#board.takeStartable(this.#options.clock.now())) {
      const { lane, waiting } = started
      const handling: Handling = {
        lane,
        waiting,
        signal: this.#cutOff.signal,
        noteOutcome: this.#noter(lane, waiting),
        noteClosed: (hold) => this.#noteClosed(lane, hold),
      }
      this.#track(handleDelivery(handling, this.#handleDeps).finally(() => this.#finish(started)))
    }
  }

  #finish(started: StartedDelivery): void {
    const wasFull = this.#board.isFull
    this.#board.finish(started, this.#options.clock.now())
    this.#startWhatMay()
    const hasRoomAgain = wasFull && !this.#board.isFull
    const isUnblocked = this.#board.isUnblocked(this.#blocked, started.lane)
    // The inbox may hand out one delivery alone, after crashes: what was held back for it can be claimed now.
    const isIdleThoughDue = this.#isOverdue && this.#board.inFlight === 0
    if (hasRoomAgain || isUnblocked || isIdleThoughDue) this.#bell.ring()
  }

  #noter(lane: Lane, { delivery }: WaitingDelivery): Handling['noteOutcome'] {
    return (outcome) => {
      const nowMs = this.#options.clock.now()
      const before = lane.circuit
      noteOutcome(lane, outcome, { eventId: delivery.event.eventId, nowMs })
      const holdUntilMs = Math.max(lane.circuit.openUntilMs, nowMs)
      if (isOpen(lane.circuit, nowMs)) {
        this.#giveBackAll(this.#board.takeWaiting(lane), holdUntilMs, holdCauses.circuitOpen)
      }
      this.#tellChange(before, lane.circuit, delivery)
      this.#hurry(lane)
      return { holdUntilMs }
    }
  }

  /**
   * What keeps one delivery of a lane keeps them all: they are looked at when that is over, and not each on its own.
   */
  #noteClosed(lane: Lane, hold: Parameters<Handling['noteClosed']>[0]): void {
    lane.closedUntilMs = hold?.untilMs ?? 0
    if (hold !== undefined) this.#giveBackAll(this.#board.takeWaiting(lane), hold.untilMs, hold.cause)
  }

  #tellChange(before: Circuit, after: Circuit, delivery: ClaimedDelivery): void {
    if (before.openFor === after.openFor) return
    const { namespace, name, sink } = namesOf(delivery)
    const { logger } = this.#options
    if (after.openFor === 'nothing') logger.info({ namespace, name, sink }, 'circuit.closed')
    else logger.warn({ namespace, name, sink, openFor: after.openFor }, 'circuit.opened')
  }

  /** One call of a lane at a time: what is taken meanwhile adds to the credit of the next. */
  #hurry(lane: Lane): void {
    if (lane.ramp === undefined || lane.ramp.credit === 0 || this.#hurrying.has(lane)) return
    const { limit, ramp } = spend(lane.ramp)
    lane.ramp = ramp
    this.#hurrying.add(lane)
    this.#track(this.#makeDue(lane, { lane: lane.key, limit, recordedBeforeMs: ramp.startedMs }))
  }

  async #makeDue(lane: Lane, request: HurryRequest): Promise<void> {
    try {
      const hurried = await this.#options.inbox.hurry(request)
      this.#metrics.hurried.add(hurried)
      if (hurried < request.limit) lane.ramp = undefined
      if (hurried > 0) this.#bell.ring()
    } catch (error) {
      this.#metrics.inboxFailures.add(1, { call: 'hurry' })
      this.#options.logger.warn({ error }, 'dispatcher.hurry_failed')
    } finally {
      this.#hurrying.delete(lane)
    }
    if (!this.#stopping.signal.aborted) this.#hurry(lane)
  }

  /**
   * Without an attempt, and on the record: a claim that is never recorded counts as a crash. One that was tried before
   * keeps the cause of that.
   */
  #giveBackAll(waiting: readonly WaitingDelivery[], untilMs: number, cause?: string): void {
    for (const { delivery, leaseUntilMs } of waiting) {
      const why = cause !== undefined && delivery.attempts === 0 ? { cause } : {}
      this.#track(this.#recorder.record(delivery, { type: 'Hold', untilMs, ...why }, leaseUntilMs))
    }
  }
}

function leaseMsFor(policy: { timeoutMs: number }): number {
  return waitingAllowanceMs + neededLeaseMs(policy)
}
