/** The durable store between acknowledging a delivery and handing it on. Two drivers, one contract suite (test/contract/inbox). */

/** Whose event: bound to the uid, so that an object of the same name never gets a predecessor's bodies. */
export interface InboxOwner {
  uid: string
  namespace: string
  name: string
}

export interface NewEvent {
  owner: InboxOwner
  /** `webhook-id`: with namespace and name the dedupe key. At most 256 characters. */
  eventId: string
  /** The sender's timestamp, seconds since the epoch. */
  sentAtSeconds: number
  /** Our clock, milliseconds since the epoch. */
  receivedAtMs: number
  mode: 'static' | 'dynamic'
  /** The sender's content-type, as it came. */
  contentType: string
  /** `webhook-signature` as it came, for `format: Original`. */
  signature: string
  body: Uint8Array
  /** Names of the sinks, fixed now; each becomes a delivery of its own. Empty: stored, counted, not forwarded. */
  sinks: readonly string[]
}

/** Anything but the first two means: nothing was kept. */
export type AppendResult = 'stored' | 'duplicate' | 'ownerFull' | 'inboxFull'

export interface ClaimedDelivery {
  /** Opaque to everyone but the driver. */
  deliveryId: string
  sink: string
  event: NewEvent
  /** Attempts that were recorded before this one. */
  attempts: number
  /** When the first attempt became due, milliseconds since the epoch: `retryFor` counts from here. */
  firstDueMs: number
  /** Set once the delivery was replayed by hand. */
  replayed: boolean
}

export const deadLetterReasons = [
  'RetriesExhausted',
  'Rejected',
  'SinkRemoved',
  'FilterError',
  'OwnerGone',
  'CrashedRepeatedly',
  'Unsendable',
] as const
export type DeadLetterReason = (typeof deadLetterReasons)[number]

/** How a claimed delivery goes on. */
export type NextStep =
  | { type: 'Succeed' }
  | { type: 'Skip' } // the filter does not want it
  | { type: 'RetryAt'; atMs: number }
  | { type: 'Hold'; untilMs: number } // not the event's fault: spends no attempt
  | { type: 'DeadLetter'; reason: DeadLetterReason }

export interface DeadLetter {
  deliveryId: string
  owner: InboxOwner
  eventId: string
  /** As the sender named it; `unknown` where its body cannot be read. */
  eventType: string
  sink: string
  reason: DeadLetterReason
  attempts: number
  endedAtMs: number
}

/** All that is given must hold. */
export interface DeadLetterQuery {
  owner?: { namespace: string; name: string }
  sink?: string
  eventId?: string
  eventType?: string
  reason?: DeadLetterReason
  /** Given up at this time or later, milliseconds since the epoch. */
  sinceMs?: number
  /** Given up before this time. */
  untilMs?: number
  /** Where the page before ended. */
  after?: DeadLetterPosition
  /** At most 1,000 are listed. */
  limit: number
}

export interface DeadLetterPosition {
  endedAtMs: number
  deliveryId: string
}

export interface DeadLetterPage {
  /** Newest first. May be fewer than asked for, even none, with more to come. */
  deadLetters: DeadLetter[]
  /** Absent on the last page. */
  next?: DeadLetterPosition
}

export interface InboxStats {
  events: number
  bodyBytes: number
  /** Deliveries that have not ended. */
  pending: number
  deadLetters: number
  /** Age of the oldest pending delivery, milliseconds; 0 without one. */
  oldestPendingMs: number
  pendingByOwner: ReadonlyMap<string, number>
  /** When this receiver last dropped dead letters of an object for good, milliseconds since the epoch; of the last 24 hours and since its start. */
  lastDropMsByOwner: ReadonlyMap<string, number>
}

/** A delivery as it goes on in another inbox. */
export interface HandedDelivery {
  sink: string
  attempts: number
  firstDueMs: number
  dueMs: number
  replayed: boolean
  /** Set for one that was given up. */
  deadLetter?: { reason: DeadLetterReason; endedAtMs: number }
}

/** An event with all that has not ended of it, on its way to another inbox. */
export interface HandedEvent {
  /** In the inbox that it comes from. */
  ref: string
  event: NewEvent
  deliveries: readonly HandedDelivery[]
}

/** Moving what has not ended to another inbox, event by event: list, take over there, release here. A crash in between leaves an event in both. */
export interface Handover {
  /** Some of the events that are left, oldest deliveries first: at most `limit`, and no more bytes than fit into a message, but at least one. */
  list(limit: number): Promise<HandedEvent[]>
  /** Durable when it resolves with `stored`; `duplicate`: the event is here already, with deliveries of its own. */
  takeOver(handed: HandedEvent): Promise<AppendResult>
  /** The other inbox has it: ends its deliveries and dead letters here. The id stays remembered. */
  release(ref: string): Promise<void>
}

export interface Inbox {
  /** Absent where receivers share the inbox: there is nothing to move. */
  readonly handover?: Handover
  /**
   * Durable when it resolves with `stored` or `duplicate`. Idempotent by (namespace, name, eventId). Throws InboxUnavailableError when the store cannot
   * write, or did not confirm it: what was written all the same is a duplicate when the sender repeats it. With a driver that several receivers share,
   * the bounds may be overshot by what they take in the same moment.
   */
  append(event: NewEvent): Promise<AppendResult>
  /** Takes due deliveries for `leaseMs`; one that is not recorded by then becomes due again. Deliveries of `exceptSinks` (`ownerUid/sink`) stay. */
  claimDue(limit: number, leaseMs: number, exceptSinks?: ReadonlySet<string>): Promise<ClaimedDelivery[]>
  /** Attempt and next step in one transaction. Recording a delivery whose lease was lost is harmless. */
  record(delivery: ClaimedDelivery, next: NextStep): Promise<void>
  /**
   * One page. A call looks at no more than some thousand dead letters, so that a search among many holds up nobody. What is replayed or dropped between two
   * pages moves no other to a page where it is missed.
   */
  deadLetters(query: DeadLetterQuery): Promise<DeadLetterPage>
  /** The event of a dead letter, with its body; undefined when it is unknown or none (any more). */
  deadLetterEvent(deliveryId: string): Promise<NewEvent | undefined>
  /** Makes a dead letter due again with fresh attempts, marked `replayed`; false when it is unknown or still pending. */
  replay(deliveryId: string): Promise<boolean>
  stats(): Promise<InboxStats>
  /** When the next pending delivery falls due, milliseconds since the epoch; undefined without one. */
  nextDueMs(): Promise<number | undefined>
  close(): Promise<void>
}

export class InboxUnavailableError extends Error {
  override readonly name = 'InboxUnavailableError'
  readonly code = 'ERR_INBOX_UNAVAILABLE'
}
