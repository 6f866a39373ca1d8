import type { DatabaseSync, StatementSync } from 'node:sqlite'

import type { Quotas } from '../../fairness/quotas.ts'
import type { Taker } from '../../fairness/shared-room.ts'
import { DueLanes } from '../due-lanes.ts'
import type { InboxOwner } from '../port.ts'
import { InboxRooms, type RoomsBounds } from '../rooms.ts'
import { columns, nothing, type Count, type Lane, type OwnerAccount } from './accounts.ts'
import type { Totals } from '../totals.ts'
import { rememberedIdBytes } from './ids-table.ts'

/** As many lanes are kept in any case, with or without deliveries. */
const minMaxLanes = 4_096

/**
 * Counts and lanes in memory, so that no question about fullness, fairness or the next due time scans a table. Written
 * back once per transaction and account; read again after a rollback.
 */
export class Ledger {
  readonly #accounts = new Map<string, OwnerAccount>()
  readonly #lanes = new Map<string, Lane>()
  readonly #lanesById = new Map<number, Lane>()
  readonly #accountsById = new Map<number, OwnerAccount>()
  readonly #changed = new Set<OwnerAccount>()
  readonly #bounds: RoomsBounds
  readonly #quotas: Quotas
  #totals = { ...nothing }
  #due: DueLanes<Lane>
  #rooms: InboxRooms
  #maxLanes = minMaxLanes
  readonly #database: DatabaseSync
  readonly #insertOwner: StatementSync
  readonly #insertLane: StatementSync
  readonly #writeOwner: StatementSync
  readonly #deleteOwner: StatementSync
  readonly #deleteLanes: StatementSync
  readonly #deleteLane: StatementSync
  readonly #readHead: StatementSync

  constructor(database: DatabaseSync, bounds: RoomsBounds, quotas: Quotas) {
    this.#database = database
    this.#bounds = bounds
    this.#quotas = quotas
    this.#due = this.#noLanes()
    this.#rooms = this.#noRooms()
    this.#insertOwner = database.prepare('INSERT INTO owners (uid, namespace, name) VALUES (?, ?, ?)')
    this.#insertLane = database.prepare('INSERT INTO lanes (owner, sink) VALUES (?, ?)')
    this.#writeOwner = database.prepare(
      `UPDATE owners SET events = ?, body_bytes = ?, charged_bytes = ?, pending = ?, dead_letters = ?, remembered_ids = ? WHERE id = ?`,
    )
    this.#deleteOwner = database.prepare('DELETE FROM owners WHERE id = ?')
    this.#deleteLanes = database.prepare('DELETE FROM lanes WHERE owner = ?')
    this.#deleteLane = database.prepare('DELETE FROM lanes WHERE id = ?')
    this.#readHead = database.prepare(
      'SELECT min(due_at_ms) AS head FROM deliveries WHERE lane = ? AND first_claim = 0',
    )
    this.reload()
  }

  get totals(): Readonly<Totals> {
    return this.#totals
  }

  get accounts(): Iterable<OwnerAccount> {
    return this.#accounts.values()
  }

  get lanes(): Iterable<Lane> {
    return this.#lanes.values()
  }

  /** Who has how much, and who may take more. */
  get rooms(): InboxRooms {
    return this.#rooms
  }

  /** Whose turn it is in a claim. */
  get due(): DueLanes<Lane> {
    return this.#due
  }

  /** Reads everything from the file. */
  reload(): void {
    this.#due = this.#noLanes()
    this.#rooms = this.#noRooms()
    this.#accountsById.clear()
    this.#accounts.clear()
    this.#lanes.clear()
    this.#lanesById.clear()
    this.#changed.clear()
    this.#totals = { ...nothing }
    for (const row of this.#database.prepare('SELECT * FROM owners').all()) {
      const names = { uid: String(row['uid']), namespace: String(row['namespace']), name: String(row['name']) }
      const account = this.#addAccount(Number(row['id']), names)
      for (const [what, column] of columns) this.count(account, what, Number(row[column]))
    }
    this.#changed.clear()
    for (const row of this.#database.prepare('SELECT * FROM lanes').all()) {
      const account = this.#accountsById.get(Number(row['owner']))
      if (account === undefined) continue
      const lane = this.#addLane(Number(row['id']), account, String(row['sink']))
      if (account.pending > 0) this.refreshHead(lane)
    }
    this.#countByLane('pending', 'SELECT lane, count(*) AS n FROM deliveries GROUP BY lane')
    this.#countByLane('deadLetters', 'SELECT lane, count(*) AS n FROM dead_letters GROUP BY lane')
    this.#countByLane('kept', 'SELECT lane, count(*) AS n FROM kept GROUP BY lane')
    this.#readKeptBytes()
  }

  accountOf(owner: InboxOwner): OwnerAccount {
    const key = accountKey(owner)
    const known = this.#accounts.get(key)
    if (known !== undefined) return known
    const id = Number(this.#insertOwner.run(owner.uid, owner.namespace, owner.name).lastInsertRowid)
    return this.#addAccount(id, owner)
  }

  /** As the rooms name it. */
  accountByTaker([, id]: Taker): OwnerAccount | undefined {
    return this.#accountsById.get(Number(id))
  }

  /** Whose dead letters make room when there are too many. */
  heaviestOfDeadLetters(): OwnerAccount | undefined {
    const heaviest = this.#rooms.deadLetters.heaviest()
    return heaviest === undefined ? undefined : this.#accountsById.get(Number(heaviest[1]))
  }

  accountById(id: number): OwnerAccount | undefined {
    return this.#accountsById.get(id)
  }

  /** Of an object that has nothing here any more, not even ids. */
  dropIfEmpty(account: OwnerAccount): void {
    if (columns.some(([what]) => account[what] > 0)) return
    this.#deleteLanes.run(account.id)
    this.#deleteOwner.run(account.id)
    for (const lane of account.lanes) this.#forgetLane(lane)
    this.#accounts.delete(account.key)
    this.#accountsById.delete(account.id)
    this.#changed.delete(account)
  }

  laneOf(account: OwnerAccount, sink: string): Lane {
    const known = this.#lanes.get(laneKey(account.id, sink))
    if (known !== undefined) return known
    return this.#addLane(Number(this.#insertLane.run(account.id, sink).lastInsertRowid), account, sink)
  }

  laneById(id: number): Lane {
    const lane = this.#lanesById.get(id)
    if (lane === undefined) throw new Error(`the inbox file is inconsistent: lane ${id} is missing`)
    return lane
  }

  /**
   * Forgets lanes without a delivery, of sinks that are gone perhaps, once there are many more than are used; at most
   * `limit`. True while there is more.
   */
  dropEmptyLanes(limit: number): boolean {
    if (this.#lanes.size <= this.#maxLanes) return false
    let dropped = 0
    for (const lane of this.#lanes.values()) {
      if (lane.pending > 0 || lane.deadLetters > 0 || lane.kept > 0) continue
      this.#deleteLane.run(lane.id)
      this.#forgetLane(lane)
      dropped += 1
      if (dropped === limit) return true
    }
    this.#maxLanes = Math.max(minMaxLanes, 2 * this.#lanes.size)
    return false
  }

  count(account: OwnerAccount, what: Count, by: number): void {
    if (by === 0) return
    account[what] += by
    this.#totals[what] += by
    this.#changed.add(account)
    const { taker } = account
    if (what === 'events') this.#rooms.addEvents(taker, by)
    else if (what === 'chargedBytes') this.#rooms.addBytes(taker, by)
    else if (what === 'deadLetters') this.#rooms.addDeadLetters(taker, by)
    else if (what === 'rememberedIds') this.#rooms.addIdBytes(taker, by * rememberedIdBytes)
  }

  /** A delivery of the lane, for the lane and its account. */
  countDelivery(lane: Lane, what: 'pending' | 'deadLetters', by: number): void {
    lane[what] += by
    this.count(lane.account, what, by)
  }

  /** Of events that nothing but what succeeded needs. */
  countKeptBytes({ taker }: OwnerAccount, bytes: number): void {
    this.#rooms.addKept(taker, bytes)
  }

  /** A delivery of the lane falls due then. */
  noteDue(lane: Lane, atMs: number): void {
    lane.headDueMs = Math.min(lane.headDueMs ?? atMs, atMs)
    this.#due.note(lane, lane.headDueMs)
  }

  refreshHead(lane: Lane): number | undefined {
    const head = this.#readHead.get(lane.id)?.['head']
    lane.headDueMs = typeof head === 'number' ? head : undefined
    if (lane.headDueMs !== undefined) this.#due.note(lane, lane.headDueMs)
    return lane.headDueMs
  }

  /** Part of the running transaction. */
  writeChanges(): void {
    for (const account of this.#changed) {
      const { events, bodyBytes, chargedBytes, pending, deadLetters, rememberedIds, id } = account
      this.#writeOwner.run(events, bodyBytes, chargedBytes, pending, deadLetters, rememberedIds, id)
    }
    this.#changed.clear()
  }

  #forgetLane(lane: Lane): void {
    this.#lanes.delete(laneKey(lane.account.id, lane.sink))
    this.#lanesById.delete(lane.id)
    lane.account.lanes.delete(lane)
  }

  #noRooms(): InboxRooms {
    return new InboxRooms(this.#bounds, this.#quotas, rememberedIdBytes)
  }

  #addAccount(id: number, { uid, namespace, name }: InboxOwner): OwnerAccount {
    const names = { key: accountKey({ uid, namespace, name }), uid, namespace, object: `${namespace}/${name}` }
    const taker: Taker = [namespace, String(id)]
    const account: OwnerAccount = { id, ...names, taker, lanes: new Set(), ...nothing }
    this.#accounts.set(account.key, account)
    this.#accountsById.set(id, account)
    return account
  }

  #noLanes(): DueLanes<Lane> {
    return new DueLanes({
      headMs: ({ headDueMs }) => headDueMs,
      weightOf: (namespace) => this.#quotas.weightOf(namespace),
    })
  }

  #countByLane(what: 'pending' | 'deadLetters' | 'kept', query: string): void {
    for (const row of this.#database.prepare(query).iterate()) {
      const lane = this.#lanesById.get(Number(row['lane']))
      if (lane !== undefined) lane[what] = Number(row['n'])
    }
  }

  #readKeptBytes(): void {
    const kept = this.#database.prepare(
      `SELECT owner, sum(coalesce(nullif(charged_bytes, 0), body_bytes)) AS bytes
       FROM events INDEXED BY events_kept WHERE kept > 0 AND open = 0 GROUP BY owner`,
    )
    for (const row of kept.iterate()) {
      const account = this.#accountsById.get(Number(row['owner']))
      if (account !== undefined) this.countKeptBytes(account, Number(row['bytes']))
    }
  }

  #addLane(id: number, account: OwnerAccount, sink: string): Lane {
    const { uid: ownerUid, namespace } = account
    const names = { key: `${ownerUid}/${sink}`, ownerUid, namespace }
    const lane: Lane = { id, account, sink, ...names, pending: 0, deadLetters: 0, kept: 0, headDueMs: undefined }
    this.#lanes.set(laneKey(account.id, sink), lane)
    this.#lanesById.set(id, lane)
    account.lanes.add(lane)
    return lane
  }
}

function accountKey({ uid, namespace, name }: Readonly<InboxOwner>): string {
  return `${uid}/${namespace}/${name}`
}

function laneKey(accountId: number, sink: string): string {
  return `${accountId}/${sink}`
}

/** Accounts with nothing left, of objects that are gone; asked once, before the ledger is read. */
export function forgetEmptyOwners(database: DatabaseSync): void {
  database.exec('DELETE FROM owners WHERE events = 0 AND pending = 0 AND dead_letters = 0 AND remembered_ids = 0')
  database.exec('DELETE FROM lanes WHERE owner NOT IN (SELECT id FROM owners)')
}
