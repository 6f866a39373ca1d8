import type { DeadLetterReason } from '../contract/dead-letter-reasons.ts'
import type { NamespaceUsage } from './usage.ts'

export { deadLetterReasons, type DeadLetterReason } from '../contract/dead-letter-reasons.ts'

/**
 * The durable store between acknowledging a delivery and handing it on. Two drivers, one contract suite
 * (test/contract/inbox).
 */

/** Whose event: bound to the uid, so that an object of the same name never gets a predecessor's bodies. */
export interface InboxOwner {
  uid: string
  namespace: string
  name: string
}

/** What one thing is recognised by that several senders tell of, each under an id of its own. */
export interface Dedupe {
  /** At most 256 characters, in a form that no `webhook-id` has. */
  key: string
  /** How long it is recognised at least once its event has ended, in milliseconds; never less than an id. */
  rememberMs: number
}

export interface NewEvent {
  owner: InboxOwner
  /** `webhook-id`: with namespace and name what it is recognised by, unless `dedupe` is. At most 256 characters. */
  eventId: string
  /** Recognises it in the place of its id. Absent on most events, and after receivers that do not know it. */
  dedupe?: Dedupe
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
  /**
   * What has been done with it so far belongs to this span of a trace, as W3C text (src/tracing/trace-text.ts). Absent
   * where no traces are kept, and after receivers that do not know it.
   */
  trace?: string
  /** Names of the sinks, fixed now; each becomes a delivery of its own. Empty: stored, counted, not forwarded. */
  sinks: readonly string[]
}

/**
 * Anything but the first two means: nothing was kept. `ownerFull`: its namespace or its object has used its share of
 * events, bytes or remembered ids, and others are served. `ownerBusy`: so much of it waits to be written that no more
 * is taken of it for now, however little it has, and others are served. `inboxFull`: an event would be refused even of
 * an object with nothing in the inbox.
 */
export type AppendResult = 'stored' | 'duplicate' | 'ownerFull' | 'ownerBusy' | 'inboxFull'

/**
 * `dropped`: nothing was kept, because what the owner has of the inbox leaves no room even for what it gives up; told
 * like any dead letter that had to make room. `full`: nothing was kept, because `append` would answer `inboxFull` or
 * `ownerBusy`.
 */
export type GivenUpResult = 'stored' | 'duplicate' | 'dropped' | 'full'

/**
 * Which deliveries of an event are claimed as it is stored: for how long, in milliseconds, by the names of their sinks.
 */
export type FirstLeases = ReadonlyMap<string, number>

export interface Appended {
  result: AppendResult
  /**
   * First attempts that are the caller's from `firstDueMs` on, for as long as it asked for; all others of the event are
   * due. None but with `stored`.
   */
  claimed: readonly ClaimedDelivery[]
}

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
  /** Why the last step was not the end; absent before the first. */
  lastCause?: string
}

/**
 * The next step of a claimed delivery. `cause`: why it has not succeeded, in words of a closed list (never text from
 * outside), at most 64 characters; where none is given, that of the step before stays. `keepUntilMs`: the event stays
 * until then, to be replayed, or until its room is needed.
 */
export type NextStep =
  | { type: 'Succeed'; keepUntilMs?: number }
  | { type: 'Skip' } // the filter does not want it
  | { type: 'RetryAt'; atMs: number; cause?: string }
  | { type: 'Hold'; untilMs: number; cause?: string } // not the event's fault: spends no attempt
  // `unsent`: it ended while it waited, with a reason that follows an attempt otherwise.
  | { type: 'DeadLetter'; reason: DeadLetterReason; cause?: string; unsent?: true }

export interface DeadLetter {
  deliveryId: string
  owner: InboxOwner
  eventId: string
  /** As the sender named it; `unknown` where its body cannot be read. */
  eventType: string
  sink: string
  reason: DeadLetterReason
  attempts: number
  /** Why its last step was no success; absent where there was none, or a version before gave it up. */
  lastCause?: string
  /** When its first attempt became due; absent where a version before gave it up. */
  firstDueMs?: number
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

/** A delivery that succeeded, of an event that is kept. */
export interface KeptDelivery {
  deliveryId: string
  owner: InboxOwner
  eventId: string
  /** As the sender named it; `unknown` where its body cannot be read. */
  eventType: string
  sink: string
  /** When it succeeded. */
  endedAtMs: number
  /** It may go sooner. */
  keepUntilMs: number
}

/** All that is given must hold; the times are those of success. */
export type KeptQuery = Omit<DeadLetterQuery, 'reason'>

export interface KeptPage {
  /** Newest first. May be fewer than asked for, even none, with more to come. */
  kept: KeptDelivery[]
  /** Absent on the last page. */
  next?: DeadLetterPosition
}

/** A delivery that has not ended. */
export interface PendingDelivery {
  deliveryId: string
  owner: InboxOwner
  eventId: string
  /** As the sender named it; `unknown` where its body cannot be read. */
  eventType: string
  sink: string
  /** `claimed`: an attempt is under way, or about to be. */
  state: 'waiting' | 'claimed'
  /** Attempts that were recorded. */
  attempts: number
  /** When the first attempt became due: `retryFor` counts from here. */
  firstDueMs: number
  /** When it falls due; of a claimed one, when its lease ends. */
  dueMs: number
  /** Why the last step was not the end; absent before the first. */
  lastCause?: string
  /** When that was. */
  lastStepMs?: number
  replayed: boolean
}

/** All that is given must hold. */
export interface PendingQuery {
  owner?: { namespace: string; name: string }
  sink?: string
  eventId?: string
  eventType?: string
  /** That of the last step. */
  cause?: string
  /** First due at this time or later, milliseconds since the epoch. */
  sinceMs?: number
  /** First due before this time. */
  untilMs?: number
  /** Where the page before ended. */
  after?: PendingPosition
  /** At most 1,000 are listed. */
  limit: number
}

export interface PendingPosition {
  firstDueMs: number
  deliveryId: string
}

export interface PendingPage {
  /** Oldest first. May be fewer than asked for, even none, with more to come. */
  pending: PendingDelivery[]
  /** Absent on the last page. */
  next?: PendingPosition
}

/** What stays where it is in a claim. */
export interface ClaimExcept {
  /** `ownerUid/sink` */
  readonly lanes: ReadonlySet<string>
  /** All lanes of these objects, by uid. */
  readonly owners?: ReadonlySet<string>
  /** All objects of these namespaces. */
  readonly namespaces?: ReadonlySet<string>
}

/** What bounds a claim besides its number of deliveries. */
export interface ClaimTerms {
  readonly except?: ClaimExcept
  /** Of bodies: the claim ends with the delivery that reaches it, so that it takes one at least. */
  readonly maxBytes?: number
  /** Of lanes (`ownerUid/sink`) whose deliveries are taken for longer than the others. */
  readonly leaseMsByLane?: ReadonlyMap<string, number>
  /** Of these lanes no more than so many are taken, each at least one. */
  readonly limitByLane?: ReadonlyMap<string, number>
}

/** Which deliveries of a lane are made due before their time. */
export interface HurryRequest {
  /** `ownerUid/sink` */
  lane: string
  limit: number
  /**
   * Only those whose last step was before this time, milliseconds since the epoch: what failed since is not hurried
   * again.
   */
  recordedBeforeMs: number
}

export interface InboxStats {
  events: number
  bodyBytes: number
  /** Deliveries that have not ended. */
  pending: number
  deadLetters: number
  /** Age of the oldest pending delivery, milliseconds; 0 without one. */
  oldestPendingMs: number
  /** Ids that are recognised as duplicates, those of kept events too. */
  rememberedIds: number
  /** Deliveries that succeeded and can be replayed. Their events count nowhere else once nothing else needs them. */
  kept: number
  pendingByOwner: ReadonlyMap<string, number>
  /** The use by namespace; namespaces that have nothing are left out. */
  byNamespace: ReadonlyMap<string, NamespaceUsage>
  /**
   * When this receiver last dropped dead letters of an object for good, milliseconds since the epoch; of the last 24
   * hours and since its start.
   */
  lastDropMsByOwner: ReadonlyMap<string, number>
}

/** What one sink of one object has in the inbox. */
export interface SinkBacklog {
  ownerUid: string
  sink: string
  /** Deliveries that have not ended. */
  pending: number
  deadLetters: number
}

/** A delivery as it goes on in another inbox. */
export interface HandedDelivery {
  sink: string
  attempts: number
  /** 0 where it is not known: of dead letters of a version before. */
  firstDueMs: number
  dueMs: number
  replayed: boolean
  lastCause?: string
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

/**
 * Moving what has not ended to another inbox, event by event: list, take over there, release here. A crash in between
 * leaves an event in both.
 */
export interface Handover {
  /**
   * Some of the events that are left, oldest deliveries first: at most `limit`, and no more bytes than fit into a
   * message, but at least one.
   */
  list(limit: number): Promise<HandedEvent[]>
  /** Durable when it resolves with `stored`; `duplicate`: the event is here already, with deliveries of its own. */
  takeOver(handed: HandedEvent): Promise<AppendResult>
  /** The other inbox has it: ends its deliveries and dead letters here. The id stays remembered. */
  release(ref: string): Promise<void>
}

/**
 * Why an inbox takes no events now. `Full`: by its bounds. `VolumeFull`: something else filled the disk. `WritesFail`:
 * what was tried last was refused. `NotConfirmed`: a write has been waiting for seconds. `Disconnected`: no connection
 * to the servers. `StreamMissing`, `StreamUnfit`: the stream was deleted, or changed so that it could not keep the
 * promises. `Ended`: it cannot continue by itself.
 */
export type InboxObstacle =
  'Full' | 'VolumeFull' | 'WritesFail' | 'NotConfirmed' | 'Disconnected' | 'StreamMissing' | 'StreamUnfit' | 'Ended'

export interface Inbox {
  /**
   * undefined while it takes events. For load balancing: an append may be tried nevertheless, and duplicates are
   * recognised. Goes away by itself some seconds after its cause, without an append.
   */
  readonly obstacle: InboxObstacle | undefined
  /** Absent where receivers share the inbox: there is nothing to move. */
  readonly handover?: Handover
  /**
   * Durable when it resolves with `stored` or `duplicate`. Idempotent by (namespace, name, eventId); where the event
   * has `dedupe`, by (namespace, name, key), and by the id of what was stored without one. Throws
   * InboxUnavailableError when the store cannot write, or did not confirm it: what was written all the same is a
   * duplicate when the sender repeats it. With a driver that several receivers share, the bounds may be overshot by
   * what they take in the same moment.
   */
  append(event: NewEvent): Promise<AppendResult>
  /**
   * The same, and in the same write claims the deliveries to those sinks for which a lease is given: all, some or none.
   * None goes before what is due in its lane already, nor while claims rest. When the answer was lost, what was claimed
   * becomes due again like any other claim.
   */
  appendClaiming(event: NewEvent, leases: FirstLeases): Promise<Appended>
  /**
   * Keeps an event whose owner is full, with all its deliveries given up from the beginning: as many as the bounds of
   * dead letters allow, the owner's oldest make room. They may take a little more than the owner's share, of what is
   * left for other objects of its namespace, and nothing of what is left for other namespaces. Idempotent like
   * `append`; when it resolves with `stored`, the event outlives whatever is recorded after it.
   */
  appendGivenUp(event: NewEvent, reason: DeadLetterReason): Promise<GivenUpResult>
  /**
   * Takes due deliveries for `leaseMs`; one that is not recorded by then becomes due again. In turns: namespaces, in
   * each its objects, in each its sinks, the one that was served least first, large bodies counting for more; of one
   * sink what is due longest. What `except` names stays.
   */
  claimDue(limit: number, leaseMs: number, terms?: ClaimTerms): Promise<ClaimedDelivery[]>
  /**
   * Attempt and next step in one transaction. Recording a delivery whose lease was lost is harmless. `soon`: may wait
   * some milliseconds for other writes and share theirs.
   */
  record(delivery: ClaimedDelivery, next: NextStep, when?: 'now' | 'soon'): Promise<void>
  /**
   * One page. A call looks at no more than some thousand dead letters, so that a search among many blocks no other
   * call. What is replayed or dropped between two pages moves no other to a page where it is missed.
   */
  deadLetters(query: DeadLetterQuery): Promise<DeadLetterPage>
  /** The event of a dead letter, with its body; undefined when it is unknown or none (any more). */
  deadLetterEvent(deliveryId: string): Promise<NewEvent | undefined>
  /**
   * Makes a dead letter, or what succeeded and is kept, due again with fresh attempts, marked `replayed`; false when it
   * is unknown or still pending, or when its owner has no room for an event that only was kept.
   */
  replay(deliveryId: string): Promise<boolean>
  /** One page of what succeeded and is kept. Bounded like `deadLetters`. */
  kept(query: KeptQuery): Promise<KeptPage>
  /**
   * One page of what is pending. Bounded like `deadLetters`, in bodies looked at too. What ends between two pages moves
   * no other out of sight.
   */
  pending(query: PendingQuery): Promise<PendingPage>
  /**
   * Makes a pending delivery due now, its attempts and its `retryFor` as they are. Resolves with its lane
   * (`ownerUid/sink`); undefined when it is unknown, has ended, or is claimed. Of one that is due already nothing
   * changes.
   */
  retryNow(deliveryId: string): Promise<string | undefined>
  /**
   * Makes some waiting deliveries of a lane due now, in no promised order; resolves with how many. Fewer than `limit`
   * were left where it is less.
   */
  hurry(request: HurryRequest): Promise<number>
  stats(): Promise<InboxStats>
  /** The sinks that have anything pending or given up, in no order. Counted in memory: asking costs no search. */
  backlog(): Promise<SinkBacklog[]>
  /** When the next pending delivery falls due, milliseconds since the epoch; undefined without one. */
  nextDueMs(): Promise<number | undefined>
  close(): Promise<void>
}

export class InboxUnavailableError extends Error {
  override readonly name = 'InboxUnavailableError'
  readonly code = 'ERR_INBOX_UNAVAILABLE'
}
