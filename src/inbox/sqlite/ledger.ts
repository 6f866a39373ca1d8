import type { DatabaseSync, StatementSync } from 'node:sqlite'

import type { InboxOwner } from '../port.ts'

/** What one object has in the inbox. */
export interface OwnerAccount {
  readonly id: number
  readonly uid: string
  events: number
  bodyBytes: number
  pending: number
  deadLetters: number
}

/** The deliveries of one object for one sink. */
export interface Lane {
  readonly id: number
  readonly account: OwnerAccount
  readonly sink: string
  /** `ownerUid/sink`, as the port names it. */
  readonly key: string
  /** Not later than the earliest due delivery; undefined without one. */
  headDueMs: number | undefined
}

export interface Totals {
  events: number
  bodyBytes: number
  pending: number
  deadLetters: number
}

type Count = 'events' | 'bodyBytes' | 'pending' | 'deadLetters'

/**
 * Counts and lanes in memory, so that no question about fullness, fairness or the next due time scans a table. Written back once per transaction and
 * account; read again after a rollback.
 */
export class Ledger {
  readonly #accounts = new Map<string, OwnerAccount>()
  readonly #lanes = new Map<string, Lane>()
  readonly #lanesById = new Map<number, Lane>()
  readonly #changed = new Set<OwnerAccount>()
  #totals: Totals = { events: 0, bodyBytes: 0, pending: 0, deadLetters: 0 }
  readonly #database: DatabaseSync
  readonly #insertOwner: StatementSync
  readonly #insertLane: StatementSync
  readonly #writeOwner: StatementSync
  readonly #readHead: StatementSync

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#insertOwner = database.prepare('INSERT INTO owners (uid, namespace, name) VALUES (?, ?, ?)')
    this.#insertLane = database.prepare('INSERT INTO lanes (owner, sink) VALUES (?, ?)')
    this.#writeOwner = database.prepare(
      'UPDATE owners SET events = ?, body_bytes = ?, pending = ?, dead_letters = ? WHERE id = ?',
    )
    this.#readHead = database.prepare('SELECT min(due_at_ms) AS head FROM deliveries WHERE lane = ?')
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

  /** Reads everything from the file. */
  reload(): void {
    this.#accounts.clear()
    this.#lanes.clear()
    this.#lanesById.clear()
    this.#changed.clear()
    this.#totals = { events: 0, bodyBytes: 0, pending: 0, deadLetters: 0 }
    const byId = new Map<number, OwnerAccount>()
    for (const row of this.#database.prepare('SELECT * FROM owners').iterate()) {
      const account: OwnerAccount = {
        id: Number(row['id']),
        uid: String(row['uid']),
        events: Number(row['events']),
        bodyBytes: Number(row['body_bytes']),
        pending: Number(row['pending']),
        deadLetters: Number(row['dead_letters']),
      }
      byId.set(account.id, account)
      const owner = { uid: account.uid, namespace: String(row['namespace']), name: String(row['name']) }
      this.#accounts.set(accountKey(owner), account)
      for (const count of ['events', 'bodyBytes', 'pending', 'deadLetters'] as const)
        this.#totals[count] += account[count]
    }
    for (const row of this.#database.prepare('SELECT * FROM lanes').all()) {
      const account = byId.get(Number(row['owner']))
      if (account === undefined) continue
      const lane = this.#addLane(Number(row['id']), account, String(row['sink']))
      if (account.pending > 0) this.refreshHead(lane)
    }
  }

  accountOf(owner: InboxOwner): OwnerAccount {
    const key = accountKey(owner)
    const known = this.#accounts.get(key)
    if (known !== undefined) return known
    const id = Number(this.#insertOwner.run(owner.uid, owner.namespace, owner.name).lastInsertRowid)
    const account = { id, uid: owner.uid, events: 0, bodyBytes: 0, pending: 0, deadLetters: 0 }
    this.#accounts.set(key, account)
    return account
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

  count(account: OwnerAccount, what: Count, by: number): void {
    account[what] += by
    this.#totals[what] += by
    this.#changed.add(account)
  }

  /** A delivery of the lane falls due then. */
  noteDue(lane: Lane, atMs: number): void {
    lane.headDueMs = Math.min(lane.headDueMs ?? atMs, atMs)
  }

  refreshHead(lane: Lane): number | undefined {
    const head = this.#readHead.get(lane.id)?.['head']
    lane.headDueMs = typeof head === 'number' ? head : undefined
    return lane.headDueMs
  }

  /** Part of the running transaction. */
  writeChanges(): void {
    for (const account of this.#changed) {
      const { events, bodyBytes, pending, deadLetters, id } = account
      this.#writeOwner.run(events, bodyBytes, pending, deadLetters, id)
    }
    this.#changed.clear()
  }

  #addLane(id: number, account: OwnerAccount, sink: string): Lane {
    const lane: Lane = { id, account, sink, key: `${account.uid}/${sink}`, headDueMs: undefined }
    this.#lanes.set(laneKey(account.id, sink), lane)
    this.#lanesById.set(id, lane)
    return lane
  }
}

function accountKey({ uid, namespace, name }: InboxOwner): string {
  return `${uid}/${namespace}/${name}`
}

function laneKey(accountId: number, sink: string): string {
  return `${accountId}/${sink}`
}

/** Accounts with nothing left, of objects that are gone; asked once, before the ledger is read. */
export function forgetEmptyOwners(database: DatabaseSync): void {
  database.exec('DELETE FROM owners WHERE events = 0 AND pending = 0 AND dead_letters = 0')
  database.exec('DELETE FROM lanes WHERE owner NOT IN (SELECT id FROM owners)')
}
