import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'

import type { DeadLetter, DeadLetterQuery, DeadLetterReason } from '../port.ts'
import type { InboxBounds } from '../bounds.ts'
import type { EventsTable } from './events-table.ts'
import type { Lane, Ledger, OwnerAccount } from './ledger.ts'

const maxListed = 1_000

interface EndedDelivery {
  id: number
  event: number
  lane: Lane
  attempts: number
}

/** Deliveries that were given up. Bounded by age and number; what makes room is an object's own oldest first. */
export class DeadLettersTable {
  readonly #database: DatabaseSync
  readonly #ledger: Ledger
  readonly #events: EventsTable
  readonly #bounds: InboxBounds
  readonly #insert: StatementSync
  readonly #oldestOfOwner: StatementSync
  readonly #oldest: StatementSync
  readonly #expired: StatementSync
  readonly #find: StatementSync
  readonly #delete: StatementSync

  constructor(database: DatabaseSync, ledger: Ledger, events: EventsTable, bounds: InboxBounds) {
    this.#database = database
    this.#ledger = ledger
    this.#events = events
    this.#bounds = bounds
    this.#insert = database.prepare(
      'INSERT INTO dead_letters (id, event, lane, owner, reason, attempts, ended_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)',
    )
    this.#oldestOfOwner = database.prepare(
      'SELECT id, event, lane FROM dead_letters WHERE owner = ? ORDER BY id LIMIT 1',
    )
    this.#oldest = database.prepare('SELECT id, event, lane FROM dead_letters ORDER BY ended_at_ms LIMIT 1')
    this.#expired = database.prepare(
      'SELECT id, event, lane FROM dead_letters WHERE ended_at_ms <= ? ORDER BY ended_at_ms LIMIT ?',
    )
    this.#find = database.prepare('SELECT event, lane FROM dead_letters WHERE id = ?')
    this.#delete = database.prepare('DELETE FROM dead_letters WHERE id = ?')
  }

  /** Keeps the delivery as a dead letter. Returns how many older ones were dropped for it. */
  add({ id, event, lane, attempts }: EndedDelivery, reason: DeadLetterReason, nowMs: number): number {
    const { account } = lane
    this.#insert.run(id, event, lane.id, account.id, reason, attempts, nowMs)
    this.#ledger.count(account, 'deadLetters', 1)
    const { maxDeadLetters, deadLetterShare } = this.#bounds
    if (account.deadLetters > maxDeadLetters * deadLetterShare)
      return this.#drop(this.#oldestOfOwner.all(account.id), nowMs)
    if (this.#ledger.totals.deadLetters > maxDeadLetters) return this.#drop(this.#oldest.all(), nowMs)
    return 0
  }

  /** Drops at most `limit` that are past their time; returns how many. */
  dropExpired(nowMs: number, limit: number): number {
    return this.#drop(this.#expired.all(nowMs - this.#bounds.deadLetterKeepMs, limit), nowMs)
  }

  /** Takes a dead letter out without ending its event: it is about to be delivered again. */
  take(id: number): { event: number; lane: Lane } | undefined {
    const row = this.#find.get(id)
    if (row === undefined) return undefined
    const lane = this.#ledger.laneById(Number(row['lane']))
    this.#remove(id, lane.account)
    return { event: Number(row['event']), lane }
  }

  /** Newest first, at most 1,000. */
  list(query: DeadLetterQuery): DeadLetter[] {
    const where: string[] = []
    const values: SQLInputValue[] = []
    const need = (condition: string, ...given: SQLInputValue[]) => {
      where.push(condition)
      values.push(...given)
    }
    if (query.owner !== undefined) need('o.namespace = ? AND o.name = ?', query.owner.namespace, query.owner.name)
    if (query.sink !== undefined) need('l.sink = ?', query.sink)
    if (query.eventId !== undefined) need('e.event_id = ?', query.eventId)
    const rows = this.#database
      .prepare(
        `SELECT d.id, d.reason, d.attempts, d.ended_at_ms, l.sink, e.event_id, o.uid, o.namespace, o.name
         FROM dead_letters d JOIN events e ON e.seq = d.event JOIN lanes l ON l.id = d.lane JOIN owners o ON o.id = d.owner
         ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''} ORDER BY d.ended_at_ms DESC, d.id DESC LIMIT ?`,
      )
      .all(...values, Math.max(0, Math.min(query.limit, maxListed)))
    return rows.map((row) => ({
      deliveryId: String(row['id']),
      owner: { uid: String(row['uid']), namespace: String(row['namespace']), name: String(row['name']) },
      eventId: String(row['event_id']),
      sink: String(row['sink']),
      // Only this program writes the column, from the same closed list.
      reason: String(row['reason']) as DeadLetterReason,
      attempts: Number(row['attempts']),
      endedAtMs: Number(row['ended_at_ms']),
    }))
  }

  #drop(rows: readonly Record<string, unknown>[], nowMs: number): number {
    for (const row of rows) {
      const { account } = this.#ledger.laneById(Number(row['lane']))
      this.#remove(Number(row['id']), account)
      this.#events.close(Number(row['event']), account, nowMs)
    }
    return rows.length
  }

  #remove(id: number, account: OwnerAccount): void {
    this.#delete.run(id)
    this.#ledger.count(account, 'deadLetters', -1)
  }
}
