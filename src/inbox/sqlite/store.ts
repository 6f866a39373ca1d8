import type { DatabaseSync, StatementSync } from 'node:sqlite'

import type {
  AppendResult,
  DeadLetterReason,
  DeadLetterPage,
  DeadLetterQuery,
  FirstLeases,
  GivenUpResult,
  HandedEvent,
  HurryRequest,
  KeptPage,
  KeptQuery,
  NewEvent,
  PendingPage,
  PendingQuery,
  SinkBacklog,
} from '../port.ts'
import type { PackedItem } from './batch-codec.ts'
import type { InboxBounds } from '../bounds.ts'
import { DeadLettersTable } from './dead-letters-table.ts'
import { DeliveriesTable, releaseLeases, type ClaimRequest } from './deliveries-table.ts'
import { EventsTable } from './events-table.ts'
import { HandoverTable } from './handover-table.ts'
import { KeptTable } from './kept-table.ts'
import { PendingTable } from './pending-table.ts'
import { RecentDrops } from '../recent-drops.ts'
import {
  chargedBytesOf,
  isOverGivenUpShare,
  isOverOwnerShare,
  type GivenUpRefusal,
  type LargestShares,
} from '../rooms.ts'
import { usageByNamespace, type NamespaceUsage } from '../usage.ts'
import { IdsTable, rememberedIdBytes } from './ids-table.ts'
import { UnmovedIds } from './unmoved-ids.ts'
import { ToldQuotas, type ToldQuota } from './told-quotas.ts'
import type { Totals } from '../totals.ts'
import type { OwnerAccount } from './accounts.ts'
import { forgetEmptyOwners, Ledger } from './ledger.ts'
import type { ItemAnswer, PackedClaim } from './worker-protocol.ts'

/** More at once blocks appends for seconds. */
const retentionSliceRows = 200
/**
 * How long the log may get before its pages are copied into the file. Ids come in no order, so each touches a page of
 * the index by chance: the longer the log, the more of these copies fall together. Shorter where the whole inbox is
 * small, for the log takes room of its own; and never so long that copying holds up appends for more than some ten
 * milliseconds.
 */
const maxLogBytes = 16 * 1024 * 1024
const minLogBytes = 256 * 1024
const logShare = 1 / 32

/**
 * `durable`: survives the loss of power. `ordered`: survives the end of this process, and the loss of power once
 * anything durable was committed after it, or the log was copied into the file.
 */
export type CommitPromise = 'durable' | 'ordered'

const synchronousOf = { durable: 'FULL', ordered: 'NORMAL' } as const satisfies Record<CommitPromise, string>

export interface StoreStats extends Totals {
  kept: number
  oldestPendingMs: number
  pendingByOwner: Map<string, number>
  byNamespace: Map<string, NamespaceUsage>
  lastDropMsByOwner: Map<string, number>
}

/**
 * The inbox's tables as one synchronous thing. Every method is part of the transaction that the caller runs; none knows
 * a clock.
 */
export class Store {
  readonly #database: DatabaseSync
  readonly #bounds: InboxBounds
  readonly #quotas = new ToldQuotas()
  readonly #ledger: Ledger
  readonly #ids: IdsTable
  readonly #unmovedIds: UnmovedIds
  readonly #events: EventsTable
  readonly #deadLetters: DeadLettersTable
  readonly #kept: KeptTable
  readonly #deliveries: DeliveriesTable
  readonly #pending: PendingTable
  readonly #handover: HandoverTable
  readonly #pageCount: StatementSync
  readonly #freePages: StatementSync
  readonly #totalChanges: StatementSync
  readonly #logState: StatementSync
  readonly #copyLog: StatementSync
  readonly #maxLogPages: number
  readonly #pageBytes: number
  /** As the file was opened. */
  #promise: CommitPromise = 'durable'
  #changesSeen = 0
  #usedBytes = 0
  /** Dead letters that had to make room, since the last time somebody asked. */
  #dropped = 0
  /** Whose dead letters the running transaction drops. */
  readonly #droppedOf = new Set<string>()
  readonly #recentDrops = new RecentDrops()
  /** Nothing new is taken, however much the budget would allow: the volume itself is full. */
  refusesAppends = false

  constructor(database: DatabaseSync, bounds: InboxBounds, nowMs: number) {
    this.#database = database
    this.#bounds = bounds
    releaseLeases(database, nowMs)
    forgetEmptyOwners(database)
    const ledger = new Ledger(database, bounds, this.#quotas)
    const ids = new IdsTable(database, ledger)
    const unmovedIds = new UnmovedIds(database, ledger, ids)
    this.#ledger = ledger
    this.#ids = ids
    this.#unmovedIds = unmovedIds
    this.#events = new EventsTable(database, { ledger, ids, unmovedIds, bounds })
    this.#deadLetters = new DeadLettersTable(database, this.#ledger, this.#events, bounds, this.#droppedOf)
    this.#kept = new KeptTable(database, ledger, this.#events, bounds)
    this.#deliveries = new DeliveriesTable(database, {
      ledger,
      events: this.#events,
      deadLetters: this.#deadLetters,
      kept: this.#kept,
    })
    this.#pending = new PendingTable(database, this.#ledger)
    this.#handover = new HandoverTable(database)
    this.#pageCount = database.prepare('PRAGMA page_count')
    this.#freePages = database.prepare('PRAGMA freelist_count')
    this.#totalChanges = database.prepare('SELECT total_changes() AS n')
    this.#logState = database.prepare('PRAGMA wal_checkpoint(NOOP)')
    this.#copyLog = database.prepare('PRAGMA wal_checkpoint(PASSIVE)')
    this.#pageBytes = Number(database.prepare('PRAGMA page_size').get()?.['page_size'])
    const logBytes = Math.max(minLogBytes, Math.min(maxLogBytes, bounds.maxBytes * logShare))
    this.#maxLogPages = Math.floor(logBytes / this.#pageBytes)
  }

  get totals(): Totals {
    const { events, bodyBytes, pending, deadLetters, rememberedIds } = this.#ledger.totals
    return { events, bodyBytes, pending, deadLetters, rememberedIds }
  }

  /** Deliveries that succeeded and can be replayed. */
  get keptCount(): number {
    return this.#kept.count
  }

  /** That have anything here. */
  get namespaces(): string[] {
    return [...new Set([...this.#ledger.accounts].map(({ namespace }) => namespace))]
  }

  learnQuotas(quotas: readonly ToldQuota[]): void {
    this.#quotas.learn(quotas)
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** `promise`: what the caller of the transaction may say once it is committed. */
  begin(promise: CommitPromise): void {
    if (promise !== this.#promise) this.#database.exec(`PRAGMA synchronous = ${synchronousOf[promise]}`)
    this.#promise = promise
    this.#database.exec('BEGIN IMMEDIATE')
    const pages = Number(this.#pageCount.get()?.['page_count']) - Number(this.#freePages.get()?.['freelist_count'])
    this.#usedBytes = pages * this.#pageBytes
    this.#ledger.rooms.noteUsed(this.#usedBytes)
  }

  /** As durable as was promised when it returns. True when there was something to write. */
  commit(nowMs: number): boolean {
    this.#ledger.writeChanges()
    this.#database.exec('COMMIT')
    for (const uid of this.#droppedOf) this.#recentDrops.note(uid, nowMs)
    this.#droppedOf.clear()
    const changes = Number(this.#totalChanges.get()?.['n'])
    const wrote = changes !== this.#changesSeen
    this.#changesSeen = changes
    return wrote
  }

  /** Forgets the running transaction; SQLite may have done so already. */
  rollback(): void {
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
    this.#ledger.reload()
    this.#kept.reload()
    this.#events.reset()
    this.#deliveries.reload()
    this.#unmovedIds.reset()
    this.#droppedOf.clear()
    this.#dropped = 0
  }

  /** `mayClaim`: whether an append is given the claims that it asks for. */
  apply(item: PackedItem, nowMs: number, mayClaim: boolean): ItemAnswer {
    if (item.type === 'append') return this.#append(item.event, mayClaim ? item.leases : undefined, nowMs)
    this.#dropped += this.#deliveries.record(item.id, item.claim, item.next, nowMs)
    return { result: 'recorded', claims: [] }
  }

  appendGivenUp(event: NewEvent, reason: DeadLetterReason, nowMs: number): GivenUpResult {
    const account = this.#ledger.accountOf(event.owner)
    if (this.#events.has(account, event)) return 'duplicate'
    const refusal = this.#makeRoomFor(event, account, nowMs)
    if (refusal === 'inboxFull') return 'full'
    if (refusal !== undefined) {
      this.#dropped += event.sinks.length
      this.#droppedOf.add(account.uid)
      return 'dropped'
    }
    const seq = this.#events.insert(event, account, nowMs, { endsSoon: false })
    if (typeof seq === 'number') {
      for (const sink of event.sinks) {
        this.#dropped += this.#deliveries.addGivenUp(seq, this.#ledger.laneOf(account, sink), reason, nowMs)
      }
    }
    return 'stored'
  }

  claim(request: ClaimRequest, nowMs: number) {
    const { claimed, dropped } = this.#deliveries.claim(request, nowMs)
    this.#dropped += dropped
    return claimed
  }

  deadLetters(query: DeadLetterQuery): DeadLetterPage {
    return this.#deadLetters.page(query)
  }

  deadLetterEvent(deliveryId: string): NewEvent | undefined {
    const id = rowIdOf(deliveryId)
    return id === undefined ? undefined : this.#deadLetters.event(id)
  }

  replay(deliveryId: string, nowMs: number): boolean {
    const id = rowIdOf(deliveryId)
    const taken = id === undefined ? undefined : (this.#deadLetters.take(id) ?? this.#kept.take(id))
    if (taken === undefined) return false
    this.#deliveries.add(taken.event, taken.lane, nowMs, true)
    return true
  }

  kept(query: KeptQuery): KeptPage {
    return this.#kept.page(query)
  }

  pending(query: PendingQuery, nowMs: number): PendingPage {
    return this.#pending.page(query, nowMs)
  }

  retryNow(deliveryId: string, nowMs: number): string | undefined {
    const id = rowIdOf(deliveryId)
    return id === undefined ? undefined : this.#pending.retryNow(id, nowMs)
  }

  hurry(request: HurryRequest, nowMs: number): number {
    return this.#pending.hurry(request, nowMs)
  }

  listHandover(limit: number): HandedEvent[] {
    return this.#handover.list(limit)
  }

  takeOver({ event, deliveries }: HandedEvent, nowMs: number): AppendResult {
    const account = this.#ledger.accountOf(event.owner)
    const refusal = this.#refusalOf(event, account)
    if (refusal !== undefined) return refusal
    const taken = { ...event, sinks: deliveries.map(({ sink }) => sink) }
    const seq = this.#events.insert(taken, account, nowMs, { endsSoon: false })
    if (seq === 'duplicate') return 'duplicate'
    for (const handed of deliveries) {
      if (seq === 'remembered') break
      this.#dropped += this.#deliveries.takeOver(seq, this.#ledger.laneOf(account, handed.sink), handed, nowMs)
    }
    return 'stored'
  }

  release(ref: string, nowMs: number): void {
    const seq = rowIdOf(ref)
    if (seq === undefined) return
    const pending = this.#deliveries.release(seq)
    const account = this.#deadLetters.release(seq) ?? pending
    if (account !== undefined) this.#events.closeWholly(seq, account, nowMs)
  }

  stats(nowMs: number): StoreStats {
    const pendingByOwner = new Map<string, number>()
    for (const { uid, pending } of this.#ledger.accounts) {
      if (pending > 0) pendingByOwner.set(uid, (pendingByOwner.get(uid) ?? 0) + pending)
    }
    const lastDropMsByOwner = this.#recentDrops.byOwner(nowMs)
    const byNamespace = usageByNamespace(this.#ledger.accounts)
    const oldestPendingMs = this.oldestPendingMs(nowMs)
    return { ...this.totals, kept: this.keptCount, oldestPendingMs, pendingByOwner, byNamespace, lastDropMsByOwner }
  }

  backlog(): SinkBacklog[] {
    const backlog: SinkBacklog[] = []
    for (const { account, sink, pending, deadLetters } of this.#ledger.lanes) {
      if (pending > 0 || deadLetters > 0) backlog.push({ ownerUid: account.uid, sink, pending, deadLetters })
    }
    return backlog
  }

  oldestPendingMs(nowMs: number): number {
    return this.#deliveries.oldestMs(nowMs)
  }

  nextDueMs(): number | undefined {
    return this.#deliveries.nextDueMs()
  }

  /** One slice of forgetting; true while there is more to do. */
  retain(nowMs: number): boolean {
    this.#deliveries.endFirstClaims(nowMs) // before ids are forgotten: those of theirs are kept from then on
    const moreIds = this.#unmovedIds.move(retentionSliceRows)
    const moreToForget = this.#ids.forget(nowMs, retentionSliceRows)
    const expired = this.#deadLetters.dropExpired(nowMs, retentionSliceRows)
    const trimmed = this.#deadLetters.trim(nowMs, retentionSliceRows)
    this.#dropped += expired + trimmed
    const outlived = this.#kept.dropExpired(nowMs, retentionSliceRows)
    const moreLanes = this.#ledger.dropEmptyLanes(retentionSliceRows)
    return moreIds || moreToForget || moreLanes || [expired, trimmed, outlived].includes(retentionSliceRows)
  }

  /** Makes the running transaction one that writes: a page with what it says already. */
  tryWriting(): void {
    const version = Number(this.#database.prepare('PRAGMA user_version').get()?.['user_version'])
    this.#database.exec(`PRAGMA user_version = ${version}`)
  }

  takeDropped(): number {
    const dropped = this.#dropped
    this.#dropped = 0
    return dropped
  }

  /**
   * Copies a log that has grown long into the file, so that the next commit starts it anew; outside of a transaction
   * only. Changes nothing that is durable.
   */
  shortenLog(): void {
    const state = this.#logState.get()
    if (Number(state?.['log']) - Number(state?.['checkpointed']) >= this.#maxLogPages) this.#copyLog.get()
  }

  /** Moves the log into the file and empties it; outside of a transaction only. */
  checkpoint(): void {
    this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  }

  close(): void {
    this.#database.close()
  }

  #append(event: NewEvent, leases: FirstLeases | undefined, nowMs: number): ItemAnswer {
    const account = this.#ledger.accountOf(event.owner)
    const refusal = this.#refusalOf(event, account)
    if (refusal !== undefined) return { result: refusal, claims: [] }
    const endsSoon = event.sinks.every((sink) => leases?.has(sink))
    const seq = this.#events.insert(event, account, nowMs, { endsSoon })
    if (seq === 'duplicate') return { result: 'duplicate', claims: [] }
    if (seq === 'remembered') return { result: 'stored', claims: [] }
    if (this.#kept.count > 0) this.#kept.trim(account, nowMs)
    const claims: PackedClaim[] = []
    for (const sink of event.sinks) {
      const lane = this.#ledger.laneOf(account, sink)
      const leaseMs = leases?.get(sink)
      const claim = leaseMs === undefined ? undefined : this.#deliveries.addClaimed(seq, lane, leaseMs, nowMs)
      if (claim === undefined) this.#deliveries.add(seq, lane, nowMs, false)
      else claims.push(claim)
    }
    if (endsSoon && claims.length < event.sinks.length) this.#events.keepId(seq, account)
    return { result: 'stored', claims }
  }

  get largestShares(): LargestShares {
    return this.#ledger.rooms.largestShares()
  }

  /** There is room for more than an event or two. */
  get hasRoom(): boolean {
    return !this.refusesAppends && this.#ledger.rooms.hasRoom
  }

  /** Why it cannot be kept, not even where the owner's oldest dead letters make room for it. */
  #makeRoomFor(event: NewEvent, account: OwnerAccount, nowMs: number): GivenUpRefusal | undefined {
    const charge = { bytes: chargedBytesOf(event), idBytes: rememberedIdBytes }
    const refusal = (): GivenUpRefusal | undefined => {
      if (this.refusesAppends) return 'inboxFull'
      const isOver = event.sinks.length > 0 && isOverGivenUpShare(account, event.body.length, this.#bounds)
      return this.#ledger.rooms.refusalOfGivenUp(account.taker, charge) ?? (isOver ? 'ownerFull' : undefined)
    }
    const first = refusal()
    if (first !== 'ownerFull') return first
    this.#dropped += this.#deadLetters.makeRoom(account, () => refusal() === undefined, nowMs)
    return refusal()
  }

  /**
   * What is said without writing, when the inbox, or the share of it that the namespace or the object may have, is
   * full.
   */
  #refusalOf(event: NewEvent, account: OwnerAccount): Exclude<AppendResult, 'stored'> | undefined {
    const charge = { bytes: chargedBytesOf(event), idBytes: rememberedIdBytes }
    const refusal = this.refusesAppends ? 'inboxFull' : this.#ledger.rooms.refusalOf(account.taker, charge)
    const isKept = event.sinks.length > 0
    const isOverMaximum = isKept && isOverOwnerShare(account, event.body.length, this.#bounds)
    if (refusal === undefined && !isOverMaximum) return undefined
    return this.#events.has(account, event) ? 'duplicate' : (refusal ?? 'ownerFull')
  }
}

/** Undefined for what was never an id of this driver. */
function rowIdOf(deliveryId: string): number | undefined {
  return /^\d{1,15}$/.test(deliveryId) ? Number(deliveryId) : undefined
}
