import type { DatabaseSync, StatementSync } from 'node:sqlite'

import type { AppendResult, DeadLetterPage, DeadLetterQuery, HandedEvent, NewEvent } from '../port.ts'
import type { ItemResult, PackedItem } from './batch-codec.ts'
import type { InboxBounds } from '../bounds.ts'
import { DeadLettersTable } from './dead-letters-table.ts'
import { DeliveriesTable, releaseLeases, type ClaimRequest } from './deliveries-table.ts'
import { EventsTable } from './events-table.ts'
import { HandoverTable } from './handover-table.ts'
import { RecentDrops } from '../recent-drops.ts'
import { forgetEmptyOwners, Ledger, type OwnerAccount, type Totals } from './ledger.ts'

/** More at once blocks appends for seconds. */
const retentionSliceRows = 200
/** What a row takes besides its body, roughly: between two looks at the file's real size. */
const rowOverheadBytes = 512
/**
 * How long the log may get before its pages are copied into the file. Ids come in no order, so each touches a page of the index by chance: the longer the
 * log, the more of these copies fall together. Shorter where the whole inbox is small, for the log takes room of its own; and never so long that copying
 * holds up appends for more than some ten milliseconds.
 */
const maxLogBytes = 16 * 1024 * 1024
const minLogBytes = 256 * 1024
const logShare = 1 / 32

/**
 * `durable`: survives the loss of power. `ordered`: survives the end of this process, and the loss of power once anything durable was committed after it,
 * or the log was copied into the file.
 */
export type CommitPromise = 'durable' | 'ordered'

const synchronousOf = { durable: 'FULL', ordered: 'NORMAL' } as const satisfies Record<CommitPromise, string>

export interface StoreStats extends Totals {
  oldestPendingMs: number
  pendingByOwner: Map<string, number>
  lastDropMsByOwner: Map<string, number>
}

/** The inbox's tables as one synchronous thing. Every method is part of the transaction that the caller runs; none knows a clock. */
export class Store {
  readonly #database: DatabaseSync
  readonly #bounds: InboxBounds
  readonly #ledger: Ledger
  readonly #events: EventsTable
  readonly #deadLetters: DeadLettersTable
  readonly #deliveries: DeliveriesTable
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
    this.#ledger = new Ledger(database)
    this.#events = new EventsTable(database, this.#ledger, bounds.dedupeMs)
    this.#deadLetters = new DeadLettersTable(database, this.#ledger, this.#events, bounds, this.#droppedOf)
    this.#deliveries = new DeliveriesTable(database, this.#ledger, this.#events, this.#deadLetters)
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
    return { ...this.#ledger.totals }
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
    this.#droppedOf.clear()
    this.#dropped = 0
  }

  apply(item: PackedItem, nowMs: number): ItemResult {
    if (item.type === 'append') return this.#append(item.event, nowMs)
    this.#dropped += this.#deliveries.record(item.id, item.claim, item.next, nowMs)
    return 'recorded'
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
    const taken = id === undefined ? undefined : this.#deadLetters.take(id)
    if (taken === undefined) return false
    this.#deliveries.add(taken.event, taken.lane, nowMs, true)
    return true
  }

  listHandover(limit: number): HandedEvent[] {
    return this.#handover.list(limit)
  }

  takeOver({ event, deliveries }: HandedEvent, nowMs: number): AppendResult {
    const account = this.#ledger.accountOf(event.owner)
    const refusal = this.#refusalOf(event, account)
    if (refusal !== undefined) return refusal
    const seq = this.#events.insert({ ...event, sinks: deliveries.map(({ sink }) => sink) }, account, nowMs)
    if (seq === undefined) return 'duplicate'
    for (const handed of deliveries) {
      this.#dropped += this.#deliveries.takeOver(seq, this.#ledger.laneOf(account, handed.sink), handed, nowMs)
    }
    this.#usedBytes += event.body.length + rowOverheadBytes
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
    return { ...this.totals, oldestPendingMs: this.oldestPendingMs(nowMs), pendingByOwner, lastDropMsByOwner }
  }

  oldestPendingMs(nowMs: number): number {
    return this.#deliveries.oldestMs(nowMs)
  }

  nextDueMs(): number | undefined {
    return this.#deliveries.nextDueMs()
  }

  /** One slice of forgetting; true while there is more to do. */
  retain(nowMs: number): boolean {
    const forgotten = this.#events.forget(nowMs, retentionSliceRows)
    const expired = this.#deadLetters.dropExpired(nowMs, retentionSliceRows)
    this.#dropped += expired
    return forgotten === retentionSliceRows || expired === retentionSliceRows
  }

  takeDropped(): number {
    const dropped = this.#dropped
    this.#dropped = 0
    return dropped
  }

  /** Copies a log that has grown long into the file, so that the next commit starts it anew; outside of a transaction only. Changes nothing that is durable. */
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

  #append(event: NewEvent, nowMs: number): AppendResult {
    const account = this.#ledger.accountOf(event.owner)
    const refusal = this.#refusalOf(event, account)
    if (refusal !== undefined) return refusal
    const seq = this.#events.insert(event, account, nowMs)
    if (seq === undefined) return 'duplicate'
    for (const sink of event.sinks) this.#deliveries.add(seq, this.#ledger.laneOf(account, sink), nowMs, false)
    this.#usedBytes += event.body.length + rowOverheadBytes
    return 'stored'
  }

  /** What is said without writing, when the inbox or the object's share of it is full. */
  #refusalOf(event: NewEvent, account: OwnerAccount): Exclude<AppendResult, 'stored'> | undefined {
    const { maxBytes, maxEvents, ownerShare } = this.#bounds
    const bytes = event.body.length
    const isFull = this.refusesAppends || this.#usedBytes + bytes > maxBytes || this.#ledger.totals.events >= maxEvents
    const isOwnerFull = account.events >= maxEvents * ownerShare || account.bodyBytes + bytes > maxBytes * ownerShare
    if (!isFull && !isOwnerFull) return undefined
    if (this.#events.has(event)) return 'duplicate'
    return isFull ? 'inboxFull' : 'ownerFull'
  }
}

/** Undefined for what was never an id of this driver. */
function rowIdOf(deliveryId: string): number | undefined {
  return /^\d{1,15}$/.test(deliveryId) ? Number(deliveryId) : undefined
}
