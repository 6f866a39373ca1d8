import type { DatabaseSync, StatementSync } from 'node:sqlite'

import { endedPage } from '../ended-page.ts'
import type { KeptDelivery, KeptPage, KeptQuery } from '../port.ts'
import type { Lane, OwnerAccount } from './accounts.ts'
import type { EventsTable } from './events-table.ts'
import type { Ledger } from './ledger.ts'

interface Succeeded {
  id: number
  event: number
  lane: Lane
  keepUntilMs: number
}

/**
 * Deliveries that succeeded, of events that are kept. Bounded by what all else leaves of the inbox and of the share of
 * their object; the one that has most loses its oldest event. Everything here is part of the running transaction.
 */
export class KeptTable {
  readonly #ledger: Ledger
  readonly #events: EventsTable
  readonly #ownerShare: number
  readonly #insert: StatementSync
  readonly #find: StatementSync
  readonly #delete: StatementSync
  readonly #deleteOfEvent: StatementSync
  readonly #oldestOfOwner: StatementSync
  readonly #expired: StatementSync
  readonly #newestFirst: StatementSync
  #count = 0

  constructor(database: DatabaseSync, ledger: Ledger, events: EventsTable, { ownerShare }: { ownerShare: number }) {
    this.#ledger = ledger
    this.#events = events
    this.#ownerShare = ownerShare
    this.#insert = database.prepare(
      `INSERT INTO kept (id, event, lane, ended_at_ms, keep_until_ms, event_type)
       VALUES (?1, ?2, ?3, ?4, ?5, gwh_event_type((SELECT body FROM events WHERE seq = ?2)))`,
    )
    this.#find = database.prepare('SELECT event, lane FROM kept WHERE id = ?')
    this.#delete = database.prepare('DELETE FROM kept WHERE id = ?')
    this.#deleteOfEvent = database.prepare('DELETE FROM kept WHERE event = ? RETURNING lane')
    this.#oldestOfOwner = database.prepare(
      'SELECT seq FROM events WHERE owner = ? AND kept > 0 AND open = 0 ORDER BY seq LIMIT 1',
    )
    this.#expired = database.prepare('SELECT id, event, lane FROM kept WHERE keep_until_ms <= ? LIMIT ?')
    // CROSS JOIN keeps the order of the tables: rows come by the index, one by one, only as far as the caller reads.
    this.#newestFirst = database.prepare(
      `SELECT k.*, l.sink, e.event_id, o.uid, o.namespace, o.name
       FROM kept k CROSS JOIN events e ON e.seq = k.event CROSS JOIN lanes l ON l.id = k.lane CROSS JOIN owners o ON o.id = l.owner
       WHERE (k.ended_at_ms, k.id) < (?, ?) ORDER BY k.ended_at_ms DESC, k.id DESC`,
    )
    this.reload()
  }

  /** So many can be replayed. */
  get count(): number {
    return this.#count
  }

  /** After the ledger, whose lanes are new ones then. */
  reload(): void {
    this.#count = [...this.#ledger.lanes].reduce((sum, { kept }) => sum + kept, 0)
  }

  /** Before the event is closed for this delivery. */
  add({ id, event, lane, keepUntilMs }: Succeeded, nowMs: number): void {
    this.#insert.run(id, event, lane.id, nowMs, Math.ceil(keepUntilMs))
    this.#events.keep(event)
    this.#countIn(lane, 1)
  }

  /** Drops what is too much, oldest events first: of the account with what it has, or of whoever has most. */
  trim(account: OwnerAccount, nowMs: number): void {
    const { taker } = account
    for (;;) {
      const over = this.#ledger.rooms.overKept({ keeper: taker, taker }, this.#ownerShare)
      const loser = over && this.#ledger.accountByTaker(over)
      const oldest = loser && this.#oldestOfOwner.get(loser.id)
      if (loser === undefined || oldest === undefined) return
      this.#dropEvent(Number(oldest['seq']), loser, nowMs)
    }
  }

  /** Drops at most `limit` whose time is over; returns how many. */
  dropExpired(nowMs: number, limit: number): number {
    const rows = this.#expired.all(nowMs, limit)
    for (const row of rows) {
      const lane = this.#ledger.laneById(Number(row['lane']))
      this.#delete.run(Number(row['id']))
      this.#countIn(lane, -1)
      this.#events.endKept(Number(row['event']), lane.account, 1, nowMs)
    }
    return rows.length
  }

  /** Takes one out because it is about to be delivered again; undefined without it, or without room for that. */
  take(id: number): { event: number; lane: Lane } | undefined {
    const row = this.#find.get(id)
    if (row === undefined) return undefined
    const [event, lane] = [Number(row['event']), this.#ledger.laneById(Number(row['lane']))]
    if (!this.#events.revive(event, lane.account)) return undefined
    this.#delete.run(id)
    this.#countIn(lane, -1)
    return { event, lane }
  }

  page(query: KeptQuery): KeptPage {
    const { untilMs = Infinity, after } = query
    // Ids begin with 1: what ended at that very moment is left out.
    const until = { endedAtMs: Math.min(untilMs, Number.MAX_SAFE_INTEGER), id: 0 }
    const from = after === undefined ? until : { endedAtMs: after.endedAtMs, id: Number(after.deliveryId) }
    const { endedAtMs, id } = from.endedAtMs < until.endedAtMs ? from : until
    const rows = this.#newestFirst.iterate(endedAtMs, Number.isSafeInteger(id) ? id : 0)
    const { found, ...more } = endedPage(keptOf(rows), query)
    return { kept: found, ...more }
  }

  #dropEvent(event: number, account: OwnerAccount, nowMs: number): void {
    const rows = this.#deleteOfEvent.all(event)
    for (const row of rows) this.#countIn(this.#ledger.laneById(Number(row['lane'])), -1)
    this.#events.endKept(event, account, rows.length, nowMs)
  }

  #countIn(lane: Lane, by: 1 | -1): void {
    lane.kept += by
    this.#count += by
  }
}

function* keptOf(rows: Iterable<Record<string, unknown>>): Generator<KeptDelivery> {
  for (const row of rows) {
    yield {
      deliveryId: String(row['id']),
      owner: { uid: String(row['uid']), namespace: String(row['namespace']), name: String(row['name']) },
      eventId: String(row['event_id']),
      eventType: String(row['event_type']),
      sink: String(row['sink']),
      endedAtMs: Number(row['ended_at_ms']),
      keepUntilMs: Number(row['keep_until_ms']),
    }
  }
}
