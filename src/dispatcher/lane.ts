import type { Taker } from '../fairness/shared-room.ts'
import { routesSinkName } from '../contract/route-owner.ts'
import type { ClaimedDelivery } from '../inbox/port.ts'
import type { SendOutcome } from '../sinks/port.ts'
import { circuitAfter, closedCircuit, isAtRest, isOpen, isProbing, type Circuit, type EndedAttempt } from './circuit.ts'
import { mayBegin, type Pace } from './pace.ts'
import { rampAfterSuccess, type Ramp } from './ramp.ts'

/** A claimed delivery that waits for its sink to have room. */
export interface WaitingDelivery {
  readonly delivery: ClaimedDelivery
  /** When its lease ends, on the wall clock in milliseconds. */
  readonly leaseUntilMs: number
}

/** What its sink sets for a lane. */
export interface LaneBounds extends Pick<Lane, 'maxInFlight' | 'leaseMs'> {
  /** Absent: attempts begin as often as there is room. */
  readonly ratePerSecond?: number | undefined
}

/** The taker of the room that lanes share. */
export type LaneTaker = readonly [namespace: string, ownerUid: string, sink: string]

/** What is under way to one sink of one object. Nothing is shared between lanes but the room of all. */
export interface Lane {
  /** `ownerUid/sink`. */
  readonly key: string
  readonly taker: LaneTaker & Taker
  inFlight: number
  /** How many attempts the sink has shown it can take at the same time. */
  window: number
  /** The most that its owner allows at the same time, as of the last claim. */
  maxInFlight: number
  /** Of its deliveries, as of the last claim; `undefined`: an attempt may not take longer than usual. */
  leaseMs: number | undefined
  /** How often attempts may begin, as of the last claim; `undefined`: as often as there is room. */
  pace: Pace | undefined
  circuit: Circuit
  /**
   * Until when none of its deliveries can go on, for a reason that they share, such as a filter that is wrong; 0: for
   * none. Then one is tried.
   */
  closedUntilMs: number
  /** Something of it was stored without being claimed, and may wait in the inbox for its turn. */
  isBehind: boolean
  /** The end of the pause for which a delivery was made due as the probe; 0 before the first. */
  probeOfMs: number
  /** Set while the backlog of a recovered sink is made due in a ramp. */
  ramp: Ramp | undefined
  /** When that began the last time. */
  lastRampMs: number
  readonly waiting: WaitingDelivery[]
}

/** Enough for a healthy sink to start at speed, few enough for a new one that hangs. */
const initialWindow = 8
/** The routing step is work of our own, which need not show first how much it takes. */
const routingWindow = 64

export function createLane(taker: LaneTaker): Lane {
  const [, ownerUid, sink] = taker
  return {
    key: laneKey(ownerUid, sink),
    taker,
    inFlight: 0,
    window: sink === routesSinkName ? routingWindow : initialWindow,
    maxInFlight: initialWindow,
    leaseMs: undefined,
    pace: undefined,
    circuit: closedCircuit,
    closedUntilMs: 0,
    isBehind: false,
    probeOfMs: 0,
    ramp: undefined,
    lastRampMs: -Infinity,
    waiting: [],
  }
}

export function laneKey(ownerUid: string, sink: string): string {
  return `${ownerUid}/${sink}`
}

/**
 * How many attempts may be under way now: none while the lane is closed or its circuit open, one while that is on
 * probation.
 */
export function capacityOf(lane: Lane, nowMs: number): number {
  if (lane.closedUntilMs > nowMs || isOpen(lane.circuit, nowMs)) return 0
  if (lane.closedUntilMs > 0 || isProbing(lane.circuit, nowMs)) return 1
  return Math.max(1, Math.min(lane.window, lane.maxInFlight))
}

/**
 * What the sink showed: one more at the same time for each event it took, half as many for each attempt that failed,
 * never less than one.
 */
export function noteOutcome(lane: Lane, outcome: SendOutcome, attempt: EndedAttempt): void {
  const before = lane.circuit
  lane.circuit = circuitAfter(before, outcome, attempt)
  const isFailure = outcome.type === 'retryable' || outcome.burden !== undefined
  if (isFailure) lane.window = Math.max(1, Math.floor(lane.window / 2))
  if (isFailure || outcome.type !== 'delivered') return
  lane.window = Math.min(lane.window + 1, lane.maxInFlight)
  if (lane.circuit.openings > 0) return
  lane.ramp = rampAfterSuccess(lane.ramp, before, { lastStartedMs: lane.lastRampMs, nowMs: attempt.nowMs })
  lane.lastRampMs = lane.ramp?.startedMs ?? lane.lastRampMs
}

/**
 * The delivery whose turn it is. As a probe one that did not fail yet, or longest ago: an event that the sink cannot
 * process must not be the only probe.
 */
export function takeNext(lane: Lane, nowMs: number): WaitingDelivery | undefined {
  const { circuit, waiting } = lane
  if (!isProbing(circuit, nowMs)) return waiting.shift()
  const turns = waiting.map(({ delivery }) => circuit.failed.indexOf(delivery.event.eventId))
  const first = turns.reduce((best, turn, at) => (turn < (turns[best] ?? Infinity) ? at : best), 0)
  return waiting.splice(first, 1)[0]
}

/** Nothing is lost when such a lane is forgotten: a new one behaves the same. */
export function isForgettable(lane: Lane): boolean {
  const hasHistory = !isAtRest(lane.circuit) || lane.closedUntilMs !== 0 || lane.lastRampMs !== -Infinity
  const isAsNew = !hasHistory && !lane.isBehind && lane.leaseMs === undefined && lane.pace === undefined
  return isIdle(lane) && isAsNew && lane.window >= Math.min(initialWindow, lane.maxInFlight)
}

export function isIdle(lane: Lane): boolean {
  return lane.inFlight === 0 && lane.waiting.length === 0
}

/** What the namespace of a lane has under way, and how much more it may start. */
export interface NamespaceLoad {
  readonly used: number
  readonly free: number
}

/**
 * Whether a lane may start one more attempt, as far as its sink is concerned. A sink that has not shown yet how much it
 * takes gets the fewer of its first eight attempts the more others of its namespace have, so that some are left however
 * many new sinks hang: healthy ones need few of them, and only briefly. `ahead`: so many of the lane come before it.
 */
export function mayStart(
  lane: Lane,
  { used, free }: NamespaceLoad,
  { nowMs, ahead = 0 }: { nowMs: number; ahead?: number },
): boolean {
  const { inFlight, window, pace } = lane
  if (inFlight + ahead >= capacityOf(lane, nowMs)) return false
  if (pace !== undefined && (ahead > 0 || !mayBegin(pace, nowMs))) return false
  return window > initialWindow || inFlight + ahead < Math.ceil((initialWindow * (free + inFlight)) / (used + free))
}
