import type { ClaimedDelivery } from '../inbox/port.ts'
import type { SendOutcome } from '../sinks/port.ts'
import { circuitAfter, closedCircuit, isOpen, isProbing, type Circuit } from './circuit.ts'

/** A claimed delivery that waits for its sink to have room. */
export interface WaitingDelivery {
  readonly delivery: ClaimedDelivery
  /** When its lease ends, on the wall clock in milliseconds. */
  readonly leaseUntilMs: number
}

/** What is under way to one sink of one object. Nothing is shared between lanes but the total bound. */
export interface Lane {
  /** `ownerUid/sink`. */
  readonly key: string
  inFlight: number
  /** How many attempts the sink has shown it can take at the same time. */
  window: number
  /** The most that its owner allows at the same time, as of the last claim. */
  maxInFlight: number
  circuit: Circuit
  readonly waiting: WaitingDelivery[]
}

/** Enough for a healthy sink to start at speed, few enough for a new one that hangs. */
const initialWindow = 8

export function createLane(key: string): Lane {
  return { key, inFlight: 0, window: initialWindow, maxInFlight: initialWindow, circuit: closedCircuit, waiting: [] }
}

/** How many attempts may be under way now: none while the circuit is open, one while it is on probation. */
export function capacityOf(lane: Lane, nowMs: number): number {
  if (isOpen(lane.circuit, nowMs)) return 0
  if (isProbing(lane.circuit, nowMs)) return 1
  return Math.max(1, Math.min(lane.window, lane.maxInFlight))
}

/** What the sink showed: one more at the same time for each event it took, half as many for each attempt that failed, never less than one. */
export function noteOutcome(lane: Lane, outcome: SendOutcome, nowMs: number): void {
  lane.circuit = circuitAfter(lane.circuit, outcome, nowMs)
  if (outcome.type === 'retryable') lane.window = Math.max(1, Math.floor(lane.window / 2))
  if (outcome.type === 'delivered') lane.window = Math.min(lane.window + 1, lane.maxInFlight)
}

/** Nothing is lost when such a lane is forgotten: a new one behaves the same. */
export function isForgettable(lane: Lane): boolean {
  return isIdle(lane) && lane.circuit.refusals === 0 && lane.window >= Math.min(initialWindow, lane.maxInFlight)
}

export function isIdle(lane: Lane): boolean {
  return lane.inFlight === 0 && lane.waiting.length === 0
}

export interface TotalLoad {
  inFlight: number
  maxInFlight: number
}

/**
 * Whether a lane may start one more attempt. The last quarter of the total is for lanes that have next to nothing under way (a thirty-second of the
 * total), so that a few sinks that are slow and have many attempts under way cannot take the room from all others.
 */
export function mayStart(lane: Lane, total: TotalLoad, nowMs: number): boolean {
  const free = total.maxInFlight - total.inFlight
  if (free <= 0 || lane.inFlight >= capacityOf(lane, nowMs)) return false
  const smallShare = Math.max(1, Math.floor(total.maxInFlight / 32))
  return lane.inFlight < smallShare || free > Math.floor(total.maxInFlight / 4)
}
