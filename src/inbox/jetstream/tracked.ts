import type { Taker } from '../../fairness/shared-room.ts'
import type { DeadLetterReason, Dedupe, InboxOwner } from '../port.ts'
import type { Charge } from '../rooms.ts'
import type { DueLane } from '../due-lanes.ts'
import type { DueQueue } from '../due-queue.ts'

/** What one object has in the inbox, as far as this receiver has heard. */
export interface Account {
  readonly owner: InboxOwner
  /** As the rooms name it where one and no other object is meant. */
  readonly taker: Taker
  events: number
  bodyBytes: number
  pending: number
  /** Oldest first. */
  readonly deadLetters: Set<TrackedDelivery>
  /** Of which nothing is left but what succeeded, oldest first. */
  readonly kept: Set<TrackedEvent>
}

/** The deliveries of one object for one sink. */
export interface Lane extends DueLane {
  readonly id: string
  readonly sink: string
  deadLetters: number
  /** Deliveries and the time from which they may be claimed here; may hold outdated entries. */
  readonly due: DueQueue<{ delivery: TrackedDelivery; version: number }>
  /** Not ended, in the order in which they came. */
  readonly pending: Set<TrackedDelivery>
  /** Deliveries of events that are still here, ended ones included. */
  members: number
}

/** An event whose body is still needed. */
export interface TrackedEvent {
  readonly key: string
  readonly seq: number
  readonly eventId: string
  readonly eventType: string
  /** What recognises it in the place of its id; the key is that of `key`. */
  readonly dedupe?: Dedupe
  readonly bodyBytes: number
  /** What it is charged, and its id. */
  readonly charge: Charge
  readonly account: Account
  /** By the sink's subject token. */
  readonly deliveries: Map<string, TrackedDelivery>
}

/** When it succeeded, and until when its event is kept. */
interface Kept {
  readonly endedAtMs: number
  readonly keepUntilMs: number
}

/** Where a delivery stands. `availableAtMs`: from when this receiver may claim it. */
export type DeliveryState =
  | { type: 'waiting'; availableAtMs: number }
  /** By whomever; `availableAtMs` is when the lease ends. */
  | { type: 'claimed'; availableAtMs: number }
  | { type: 'dead'; reason: DeadLetterReason; endedAtMs: number; eventType: string }
  | { type: 'ended'; kept?: Kept }

export interface TrackedDelivery {
  readonly event: TrackedEvent
  readonly sink: string
  readonly sinkToken: string
  readonly lane: Lane
  /** Of the last message on its subject; 0 while it was never touched. */
  seq: number
  state: DeliveryState
  attempts: number
  unrecorded: number
  firstDueMs: number
  replayed: boolean
  /** Why the last step was not the end; undefined before the first. */
  lastCause: string | undefined
  /** When that was; 0 before the first. */
  lastStepMs: number
  /** Counts changes of state, so that the lane's queue knows its outdated entries. */
  version: number
}

/** It needs the event no more, not even to be replayed. */
export function isOver({ state }: TrackedDelivery): boolean {
  return state.type === 'ended' && state.kept === undefined
}

/** Nothing but what succeeded needs the event. */
export function isOnlyKept({ deliveries }: TrackedEvent): boolean {
  const states = [...deliveries.values()].map(({ state }) => state)
  return states.every(({ type }) => type === 'ended') && states.some((state) => 'kept' in state)
}

export function isPending({ state }: TrackedDelivery): boolean {
  return state.type === 'waiting' || state.type === 'claimed'
}
