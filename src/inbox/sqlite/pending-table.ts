import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite'

import { pendingPage, type PendingCandidate } from '../pending-page.ts'
import type { HurryRequest, PendingPage, PendingQuery } from '../port.ts'
import type { Lane } from './accounts.ts'
import type { Ledger } from './ledger.ts'

type Row = Record<string, SQLOutputValue>

/**
 * The look at what is pending, and making it due before its time. Claims and records are the business of the deliveries
 * table.
 */
export class PendingTable {
  readonly #ledger: Ledger
  readonly #oldestFirst: StatementSync
  readonly #eventType: StatementSync
  readonly #find: StatementSync
  readonly #makeDue: StatementSync
  readonly #notDueYet: StatementSync

  constructor(database: DatabaseSync, ledger: Ledger) {
    this.#ledger = ledger
    // CROSS JOIN keeps the order of the tables: rows come by the id, one by one, only as far as the caller reads.
    this.#oldestFirst = database.prepare(
      `SELECT d.*, l.sink, e.event_id, e.body_bytes, o.uid, o.namespace, o.name
       FROM deliveries d CROSS JOIN events e ON e.seq = d.event CROSS JOIN lanes l ON l.id = d.lane CROSS JOIN owners o ON o.id = e.owner
       WHERE d.id > ? ORDER BY d.id`,
    )
    this.#eventType = database.prepare('SELECT gwh_event_type(body) AS type FROM events WHERE seq = ?')
    this.#find = database.prepare('SELECT lane, due_at_ms, unrecorded FROM deliveries WHERE id = ?')
    this.#makeDue = database.prepare('UPDATE deliveries SET due_at_ms = ? WHERE id = ?')
    // Claimed ones have a claim without a record; what is left of claims by a life before is due already.
    this.#notDueYet = database.prepare(
      `SELECT id FROM deliveries
       WHERE lane = ? AND first_claim = 0 AND due_at_ms > ? AND unrecorded = 0 AND last_step_ms < ? ORDER BY due_at_ms LIMIT ?`,
    )
  }

  page(query: PendingQuery, nowMs: number): PendingPage {
    const after = Number(query.after?.deliveryId ?? 0)
    const rows = this.#oldestFirst.iterate(Number.isSafeInteger(after) ? after : 0)
    return pendingPage(this.#candidates(rows, nowMs), query)
  }

  /** The lane of what is due now; undefined when it is unknown, has ended or is claimed. */
  retryNow(id: number, nowMs: number): string | undefined {
    const row = this.#find.get(id)
    if (row === undefined || isClaimed(row, nowMs)) return undefined
    const lane = this.#ledger.laneById(Number(row['lane']))
    if (Number(row['due_at_ms']) > nowMs) this.#becomeDue(id, lane, nowMs)
    return lane.key
  }

  hurry({ lane: key, limit, recordedBeforeMs }: HurryRequest, nowMs: number): number {
    let hurried = 0
    for (const lane of this.#ledger.lanes) {
      if (lane.key !== key) continue
      const rows = this.#notDueYet.all(lane.id, nowMs, recordedBeforeMs, limit - hurried)
      for (const row of rows) this.#becomeDue(Number(row['id']), lane, nowMs)
      hurried += rows.length
    }
    return hurried
  }

  #becomeDue(id: number, lane: Lane, nowMs: number): void {
    this.#makeDue.run(nowMs, id)
    this.#ledger.noteDue(lane, nowMs)
  }

  *#candidates(rows: Iterable<Row>, nowMs: number): Generator<PendingCandidate> {
    for (const row of rows) {
      const cause = String(row['last_cause'])
      const stepMs = Number(row['last_step_ms'])
      yield {
        deliveryId: String(row['id']),
        owner: { uid: String(row['uid']), namespace: String(row['namespace']), name: String(row['name']) },
        eventId: String(row['event_id']),
        sink: String(row['sink']),
        state: isClaimed(row, nowMs) ? 'claimed' : 'waiting',
        attempts: Number(row['attempts']),
        firstDueMs: Number(row['first_due_ms']),
        dueMs: Number(row['due_at_ms']),
        ...(cause !== '' && { lastCause: cause }),
        ...(stepMs > 0 && { lastStepMs: stepMs }),
        replayed: row['replayed'] === 1,
        readType: () => String(this.#eventType.get(row['event'] ?? null)?.['type'] ?? 'unknown'),
        bytesToRead: Number(row['body_bytes']),
      }
    }
  }
}

/** A lease that has not run out. */
function isClaimed(row: Row, nowMs: number): boolean {
  return Number(row['unrecorded']) > 0 && Number(row['due_at_ms']) > nowMs
}
