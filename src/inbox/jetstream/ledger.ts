import type { Taker } from '../../fairness/shared-room.ts'
import { DueLanes } from '../due-lanes.ts'
import type { InboxOwner } from '../port.ts'
import { InboxRooms, overheadOf } from '../rooms.ts'
import type { NamespaceUsage } from '../usage.ts'
import { Accounts } from './accounts.ts'
import { firstStateOf, isLostClaim, stateOf, type Reading } from './delivery-state.ts'
import { KeptSet } from './kept-set.ts'
import { headMsOf } from './lane-due.ts'
import type { Closing, Identity, LedgerDeps } from './ledger-deps.ts'
import type { Totals } from '../totals.ts'
import type { DeliveryRecord, OpenEventRecord } from './records.ts'
import { idBytesOf, RememberedIds, usualIdBytes } from './remembered-ids.ts'
import { takerOf, tokenOf, type Subjects } from './subjects.ts'
import {
  isOnlyKept,
  isPending,
  type Account,
  type DeliveryState,
  type Lane,
  type TrackedDelivery,
  type TrackedEvent,
} from './tracked.ts'

/**
 * The stream in memory, without the bodies: built by following it, and told of our own writes as soon as they are
 * acknowledged. What it says may be outdated by a moment; no decision rests on it alone, because every write names the
 * sequence that it believes to be the last.
 */
export class Ledger {
  readonly #identity: Identity
  readonly #subjects: Subjects
  readonly #events = new Map<string, TrackedEvent>()
  readonly #accounts = new Accounts()
  /** In the order in which they came. */
  readonly #pending = new Set<TrackedDelivery>()
  readonly #deadLetters = new Set<TrackedDelivery>()
  #onlyKept = 0
  /** Events that we closed ahead of what we have read: older news about them must not bring them back. */
  readonly #closedAhead = new Map<string, number>()
  #bodyBytes = 0
  #position = 0
  /** Everything that was in the stream at the start has been read. */
  isLoaded = false
  /** Whose turn it is in a claim. */
  readonly due: DueLanes<Lane>
  /** Who has how much, and who may take more. */
  readonly rooms: InboxRooms
  readonly ids: RememberedIds
  /** What succeeded and can be replayed. */
  readonly kept = new KeptSet()

  constructor({ identity, subjects, bounds, quotas }: LedgerDeps) {
    this.#identity = identity
    this.#subjects = subjects
    this.rooms = new InboxRooms(bounds, quotas, usualIdBytes)
    this.ids = new RememberedIds(this.rooms)
    this.due = new DueLanes({
      headMs: headMsOf,
      weightOf: (namespace) => quotas.weightOf(namespace),
    })
  }

  get totals(): Totals {
    return {
      events: this.#events.size - this.#onlyKept,
      bodyBytes: this.#bodyBytes,
      pending: this.#pending.size,
      deadLetters: this.#deadLetters.size,
      rememberedIds: this.ids.count,
    }
  }

  get accounts(): Iterable<Account> {
    return this.#accounts.all
  }

  get lanes(): Iterable<Lane> {
    return this.#accounts.lanes
  }

  /** In the order in which they came. */
  get pending(): Iterable<TrackedDelivery> {
    return this.#pending
  }

  /** Oldest first. */
  get deadLetters(): Iterable<TrackedDelivery> {
    return this.#deadLetters
  }

  /** Events of which nothing is left but what succeeded. */
  get onlyKept(): number {
    return this.#onlyKept
  }

  /** As the rooms name it where one and no other object is meant. */
  accountByTaker([, key = '']: Taker): Account | undefined {
    return this.#accounts.findTaker(key)
  }

  /** The stream was read up to this sequence. */
  get position(): number {
    return this.#position
  }

  event(key: string): TrackedEvent | undefined {
    return this.#events.get(key)
  }

  account(owner: InboxOwner): Account | undefined {
    return this.#accounts.find(owner)
  }

  /** Whose dead letters make room when there are too many. */
  heaviestOfDeadLetters(): Account | undefined {
    return this.#accounts.findTaker(this.rooms.deadLetters.heaviest()?.[1] ?? '')
  }

  /** Namespaces with what they have. */
  usage(): Map<string, NamespaceUsage> {
    return this.#accounts.usage(this.ids.byNamespace)
  }

  oldestPendingMs(nowMs: number): number {
    const [oldest] = this.#pending
    return oldest === undefined ? 0 : Math.max(0, nowMs - oldest.firstDueMs)
  }

  noteRead(seq: number): void {
    this.#position = Math.max(this.#position, seq)
    for (const [key, closedSeq] of this.#closedAhead) {
      if (closedSeq > seq) return
      this.#closedAhead.delete(key)
    }
  }

  open(key: string, { seq, record, nowMs }: { seq: number; record: OpenEventRecord; nowMs: number }): void {
    const known = this.#events.get(key)
    if (known !== undefined && known.seq >= seq) return
    if ((this.#closedAhead.get(key) ?? 0) > seq) return
    if (known !== undefined) this.#forget(known)
    const account = this.#accounts.accountOf(record.owner)
    const charge = {
      bytes: overheadOf(record) + record.bodyBytes,
      idBytes: idBytesOf(this.#subjects.event(key)),
    }
    const event: TrackedEvent = {
      key,
      seq,
      eventId: record.eventId,
      eventType: record.eventType,
      ...(record.dedupe !== undefined && { dedupe: record.dedupe }),
      bodyBytes: record.bodyBytes,
      charge,
      account,
      deliveries: new Map(),
    }
    this.#events.set(key, event)
    this.#count(event, 1)
    for (const sink of record.sinks) this.#addDelivery(event, sink, record, nowMs)
  }

  /** Nothing needs the event's body any longer: its id is remembered until `forgetAtMs`. */
  close(key: string, { seq, forgetAtMs, nowMs, from }: Closing): void {
    const isCounted = this.#closedAhead.get(key) === seq || (from === 'us' && seq <= this.#position)
    if (!isCounted && forgetAtMs > nowMs) {
      this.ids.addUntil(takerOf(key), idBytesOf(this.#subjects.event(key)), forgetAtMs)
    }
    if (from === 'us') this.#closedAhead.set(key, seq)
    const known = this.#events.get(key)
    if (known !== undefined && known.seq < seq) this.#forget(known)
  }

  /** The event is not in the stream any more. */
  drop(event: TrackedEvent): void {
    if (this.#events.get(event.key) === event) this.#forget(event)
  }

  /** News about a delivery. `orphan`: of an event that nobody knows (any more), so that the message can go. */
  update(
    key: string,
    sinkToken: string,
    seq: number,
    record: DeliveryRecord,
    nowMs: number,
  ): 'taken' | 'old' | 'orphan' {
    const event = this.#events.get(key)
    const delivery = event?.deliveries.get(sinkToken)
    if (event === undefined && this.#closedAhead.has(key)) return 'old'
    if (event === undefined || delivery === undefined) return 'orphan'
    if (delivery.seq >= seq) return 'old'
    delivery.seq = seq
    if (seq < event.seq) return 'taken' // left behind by an earlier event of the same id: only its number matters
    const reading = this.#reading(nowMs)
    delivery.attempts = record.attempts
    // A claim of ours that we were not told about was never worked on.
    delivery.unrecorded = record.unrecorded - (isLostClaim(record, reading) ? 1 : 0)
    delivery.firstDueMs = record.firstDueMs
    delivery.replayed = record.replayed
    delivery.lastCause = record.cause
    delivery.lastStepMs = record.stepMs ?? 0
    this.#setState(delivery, stateOf(record, reading))
    return 'taken'
  }

  /** Our claim succeeded: nobody here takes it again before the lease ends. */
  noteClaimed(delivery: TrackedDelivery, seq: number, unrecorded: number, leaseEndMs: number): void {
    delivery.seq = seq
    delivery.unrecorded = unrecorded
    this.#setState(delivery, { type: 'claimed', availableAtMs: leaseEndMs })
  }

  /** Not to be claimed here before then; nothing is written. */
  postpone(delivery: TrackedDelivery, untilMs: number): void {
    if (delivery.state.type === 'waiting' || delivery.state.type === 'claimed') {
      this.#setState(delivery, { type: delivery.state.type, availableAtMs: untilMs })
    }
  }

  /** Whether something in the lane may be claimed here by now. */
  hasDue(owner: InboxOwner, sink: string, nowMs: number): boolean {
    const lane = this.#accounts.findLane(owner, sink)
    return lane !== undefined && (headMsOf(lane) ?? Infinity) <= nowMs
  }

  #reading(nowMs: number): Reading {
    return { identity: this.#identity, isLoaded: this.isLoaded, nowMs }
  }

  #addDelivery(event: TrackedEvent, sink: string, record: OpenEventRecord, nowMs: number): void {
    const { state, unrecorded } = firstStateOf(record, sink, this.#reading(nowMs))
    const delivery: TrackedDelivery = {
      event,
      sink,
      sinkToken: tokenOf(sink),
      lane: this.#accounts.laneOf(event.account, sink),
      seq: 0,
      state: { type: 'ended' },
      attempts: 0,
      unrecorded,
      firstDueMs: record.storedAtMs,
      replayed: false,
      lastCause: undefined,
      lastStepMs: 0,
      version: 0,
    }
    delivery.lane.members += 1
    event.deliveries.set(delivery.sinkToken, delivery)
    this.#setState(delivery, state)
  }

  #setState(delivery: TrackedDelivery, state: DeliveryState): void {
    const { lane, event } = delivery
    const wasPending = isPending(delivery)
    if (delivery.state.type === 'dead') {
      this.#deadLetters.delete(delivery)
      event.account.deadLetters.delete(delivery)
      this.rooms.addDeadLetters(event.account.taker, -1)
      lane.deadLetters -= 1
    }
    if (delivery.state.type === 'ended' && delivery.state.kept !== undefined) this.kept.delete(delivery)
    delivery.state = state
    delivery.version += 1
    if (state.type === 'waiting' || state.type === 'claimed') {
      lane.due.add(state.availableAtMs, { delivery, version: delivery.version })
      this.due.note(lane, state.availableAtMs)
    } else if (state.type === 'dead') {
      this.#deadLetters.add(delivery)
      event.account.deadLetters.add(delivery)
      this.rooms.addDeadLetters(event.account.taker, 1)
      lane.deadLetters += 1
    }
    const change = (isPending(delivery) ? 1 : 0) - (wasPending ? 1 : 0)
    event.account.pending += change
    for (const pending of change === 0 ? [] : [this.#pending, lane.pending]) {
      if (change > 0) pending.add(delivery)
      else pending.delete(delivery)
    }
    if (state.type === 'ended' && state.kept !== undefined) this.kept.add(delivery, state.kept.keepUntilMs)
    const isAnyKept = this.kept.size > 0 || event.account.kept.size > 0
    if (isAnyKept && event.account.kept.has(event) !== isOnlyKept(event)) this.#chargeAnew(event)
  }

  /** What is only kept is charged to nobody, and makes room before anything else. */
  #chargeAnew(event: TrackedEvent): void {
    const { account, charge } = event
    const isKept = isOnlyKept(event)
    this.#countBody(event, isKept ? -1 : 1)
    this.#onlyKept += isKept ? 1 : -1
    this.rooms.addKept(account.taker, isKept ? charge.bytes : -charge.bytes)
    if (isKept) account.kept.add(event)
    else account.kept.delete(event)
  }

  #forget(event: TrackedEvent): void {
    for (const delivery of event.deliveries.values()) {
      this.#setState(delivery, { type: 'ended' })
      delivery.lane.members -= 1
      this.#accounts.forgetLaneIfEmpty(delivery.lane)
    }
    this.#events.delete(event.key)
    this.#count(event, -1)
    this.#accounts.forgetIfEmpty(event.account)
  }

  #count(event: TrackedEvent, by: 1 | -1): void {
    this.#countBody(event, by)
    this.ids.addOpen(takerOf(event.key), event.charge.idBytes, by)
  }

  #countBody({ key, bodyBytes, charge, account }: TrackedEvent, by: 1 | -1): void {
    account.events += by
    account.bodyBytes += by * bodyBytes
    this.#bodyBytes += by * bodyBytes
    const taker = takerOf(key)
    this.rooms.addEvents(taker, by)
    this.rooms.addBytes(taker, by * charge.bytes)
  }
}
