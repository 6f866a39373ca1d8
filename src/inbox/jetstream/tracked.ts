import type { DeadLetterReason, InboxOwner } from '../port.ts'
import type { DueQueue } from './due-queue.ts'

/** What one object has in the inbox, as far as this receiver has heard. */
export interface Account {
  readonly owner: InboxOwner
  events: number
  bodyBytes: number
  pending: number
  /** Oldest first. */
  readonly deadLetters: Set<TrackedDelivery>
}

/** The deliveries of one object for one sink: the unit of fairness. */
export interface Lane {
  readonly id: string
  /** `ownerUid/sink`, as the port names it. */
  readonly key: string
  /** Deliveries and the time from which they may be claimed here; may hold outdated entries. */
  readonly due: DueQueue<{ delivery: TrackedDelivery; version: number }>
  /** Deliveries of events that are still here, ended ones included. */
  members: number
}

/** An event whose body is still needed. */
export interface TrackedEvent {
  readonly key: string
  readonly seq: number
  readonly eventId: string
  readonly bodyBytes: number
  readonly account: Account
  /** By the sink's subject token. */
  readonly deliveries: Map<string, TrackedDelivery>
}

/** Where a delivery stands. `availableAtMs`: from when this receiver may claim it. */
export type DeliveryState =
  | { type: 'waiting'; availableAtMs: number }
  /** By whomever; `availableAtMs` is when the lease ends. */
  | { type: 'claimed'; availableAtMs: number }
  | { type: 'dead'; reason: DeadLetterReason; endedAtMs: number; eventType: string }
  | { type: 'ended' }

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
  /** Counts changes of state, so that the lane's queue knows its outdated entries. */
  version: number
}

export function isPending({ state }: TrackedDelivery): boolean {
  return state.type === 'waiting' || state.type === 'claimed'
}
