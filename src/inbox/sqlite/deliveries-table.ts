import type { DatabaseSync, StatementSync } from 'node:sqlite'

import { unreachable } from '../../unreachable.ts'
import type { ClaimedDelivery, DeadLetterReason, HandedDelivery, NextStep } from '../port.ts'
import type { DeadLettersTable } from './dead-letters-table.ts'
import { toEvent } from './event-row.ts'
import type { EventsTable } from './events-table.ts'
import type { Lane, Ledger, OwnerAccount } from './ledger.ts'

/** Claims without a record after which a delivery is taken for what brings the process down. */
const maxUnrecordedClaims = 3
/** From this many on a delivery is tried alone among its like, so that the one to blame does not take its neighbours along. */
const isolateFromUnrecorded = 2
/** What an attempt takes when all is well: suspects follow each other closely, or hundreds of them would wait for minutes after two crashes. */
const isolationDelayMs = 50
/** With the other reasons nothing was sent. */
const endsAfterAttempt = new Set<DeadLetterReason>(['RetriesExhausted', 'Rejected', 'Unsendable'])

interface DeliveryRow {
  id: number
  event: number
  lane: number
  attempts: number
  claims: number
  unrecorded: number
}

export interface ClaimRequest {
  limit: number
  leaseMs: number
  /** `ownerUid/sink`: these stay where they are. */
  exceptSinks: ReadonlySet<string>
}

/** Deliveries that have not ended. Everything here is part of the running transaction. */
export class DeliveriesTable {
  readonly #ledger: Ledger
  readonly #events: EventsTable
  readonly #deadLetters: DeadLettersTable
  readonly #insert: StatementSync
  readonly #insertHanded: StatementSync
  readonly #ofEvent: StatementSync
  readonly #due: StatementSync
  readonly #lease: StatementSync
  readonly #postpone: StatementSync
  readonly #find: StatementSync
  readonly #delete: StatementSync
  readonly #retry: StatementSync
  readonly #hold: StatementSync
  readonly #oldest: StatementSync
  /** The suspect that is being tried alone now. */
  #isolated: { id: number; untilMs: number } | undefined

  constructor(database: DatabaseSync, ledger: Ledger, events: EventsTable, deadLetters: DeadLettersTable) {
    this.#ledger = ledger
    this.#events = events
    this.#deadLetters = deadLetters
    this.#insert = database.prepare(
      'INSERT INTO deliveries (event, lane, due_at_ms, first_due_ms, replayed) VALUES (?, ?, ?, ?, ?)',
    )
    this.#insertHanded = database.prepare(
      'INSERT INTO deliveries (event, lane, due_at_ms, first_due_ms, attempts, replayed) VALUES (?, ?, ?, ?, ?, ?)',
    )
    this.#ofEvent = database.prepare('SELECT id, lane FROM deliveries WHERE event = ?')
    this.#due = database.prepare(
      `SELECT d.*, e.event_id, e.sent_at_s, e.received_at_ms, e.mode, e.content_type, e.signature, e.body, o.uid, o.namespace, o.name
       FROM deliveries d JOIN events e ON e.seq = d.event JOIN owners o ON o.id = e.owner
       WHERE d.lane = ? AND d.due_at_ms <= ? ORDER BY d.due_at_ms LIMIT ?`,
    )
    this.#lease = database.prepare(
      'UPDATE deliveries SET due_at_ms = ?, claims = claims + 1, unrecorded = unrecorded + 1 WHERE id = ?',
    )
    this.#postpone = database.prepare('UPDATE deliveries SET due_at_ms = ? WHERE id = ?')
    this.#find = database.prepare('SELECT id, event, lane, attempts, claims, unrecorded FROM deliveries WHERE id = ?')
    this.#delete = database.prepare('DELETE FROM deliveries WHERE id = ?')
    this.#retry = database.prepare(
      'UPDATE deliveries SET due_at_ms = ?, attempts = attempts + 1, unrecorded = 0 WHERE id = ?',
    )
    this.#hold = database.prepare('UPDATE deliveries SET due_at_ms = ?, unrecorded = 0 WHERE id = ?')
    this.#oldest = database.prepare('SELECT first_due_ms FROM deliveries ORDER BY id LIMIT 1')
  }

  add(event: number, lane: Lane, nowMs: number, replayed: boolean): void {
    this.#insert.run(event, lane.id, nowMs, nowMs, replayed ? 1 : 0)
    this.#ledger.count(lane.account, 'pending', 1)
    this.#ledger.noteDue(lane, nowMs)
  }

  /** As another inbox had it. Returns how many dead letters were dropped for it. */
  takeOver(event: number, lane: Lane, handed: HandedDelivery, nowMs: number): number {
    const { attempts, firstDueMs, dueMs, replayed, deadLetter } = handed
    const { lastInsertRowid } = this.#insertHanded.run(event, lane.id, dueMs, firstDueMs, attempts, replayed ? 1 : 0)
    this.#ledger.count(lane.account, 'pending', 1)
    this.#ledger.noteDue(lane, dueMs)
    if (deadLetter === undefined) return 0
    const id = Number(lastInsertRowid)
    this.#end({ id }, lane)
    const { reason, endedAtMs } = deadLetter
    return this.#deadLetters.add({ id, event, lane, attempts, endedAtMs }, reason, nowMs)
  }

  /** Takes all of an event out: they go on elsewhere. Returns their account; undefined without any. */
  release(event: number): OwnerAccount | undefined {
    let account: OwnerAccount | undefined
    for (const row of this.#ofEvent.all(event)) {
      const lane = this.#ledger.laneById(Number(row['lane']))
      account = lane.account
      this.#end({ id: Number(row['id']) }, lane)
    }
    return account
  }

  claim(request: ClaimRequest, nowMs: number): { claimed: ClaimedDelivery[]; dropped: number } {
    const claimed: ClaimedDelivery[] = []
    let dropped = 0
    const lanes = [...this.#ledger.lanes]
      .filter((lane) => (lane.headDueMs ?? Infinity) <= nowMs && !request.exceptSinks.has(lane.key))
      .toSorted((a, b) => (a.headDueMs ?? 0) - (b.headDueMs ?? 0))
    for (const [at, lane] of lanes.entries()) {
      const left = request.limit - claimed.length
      if (left <= 0) break
      // What the lanes before did not take is shared among those that follow.
      const share = Math.ceil(left / (lanes.length - at))
      for (const row of this.#due.all(lane.id, nowMs, share)) {
        const outcome = this.#claimRow(row, lane, request.leaseMs, nowMs)
        if (typeof outcome === 'number') dropped += outcome
        else if (outcome !== undefined) claimed.push(outcome)
      }
      this.#ledger.refreshHead(lane)
    }
    return { claimed, dropped }
  }

  /** The claimed delivery; undefined when it has to wait; the number of dropped dead letters when it became one. */
  #claimRow(
    row: Record<string, unknown>,
    lane: Lane,
    leaseMs: number,
    nowMs: number,
  ): ClaimedDelivery | number | undefined {
    const delivery = readRow(row)
    if (delivery.unrecorded >= maxUnrecordedClaims) return this.#giveUp(delivery, lane, 'CrashedRepeatedly', nowMs)
    if (delivery.unrecorded >= isolateFromUnrecorded) {
      if (this.#isolated !== undefined && this.#isolated.untilMs > nowMs) {
        this.#postpone.run(nowMs + isolationDelayMs, delivery.id)
        return undefined
      }
      this.#isolated = { id: delivery.id, untilMs: nowMs + leaseMs }
    }
    this.#lease.run(nowMs + leaseMs, delivery.id)
    return toClaimed(row, delivery, lane.sink)
  }

  /** Ignores a delivery whose lease was lost: by then it is another claim's. Returns how many dead letters were dropped. */
  record(id: number, claim: number, next: NextStep, nowMs: number): number {
    const row = this.#find.get(id)
    if (row === undefined) return 0
    const delivery = readRow(row)
    if (delivery.claims !== claim) return 0
    if (this.#isolated?.id === id) this.#isolated = undefined
    const lane = this.#ledger.laneById(delivery.lane)
    switch (next.type) {
      case 'Succeed':
      case 'Skip':
        this.#end(delivery, lane)
        this.#events.close(delivery.event, lane.account, nowMs)
        return 0
      case 'RetryAt':
        this.#retry.run(Math.ceil(next.atMs), id)
        this.#ledger.noteDue(lane, Math.ceil(next.atMs))
        return 0
      case 'Hold':
        this.#hold.run(Math.ceil(next.untilMs), id)
        this.#ledger.noteDue(lane, Math.ceil(next.untilMs))
        return 0
      case 'DeadLetter': {
        const attempts = delivery.attempts + (endsAfterAttempt.has(next.reason) ? 1 : 0)
        return this.#giveUp({ ...delivery, attempts }, lane, next.reason, nowMs)
      }
      default:
        return unreachable(next)
    }
  }

  /** Age of the oldest, by the order in which they came. */
  oldestMs(nowMs: number): number {
    const firstDue = this.#oldest.get()?.['first_due_ms']
    return typeof firstDue === 'number' ? Math.max(0, nowMs - firstDue) : 0
  }

  nextDueMs(): number | undefined {
    for (;;) {
      let next: Lane | undefined
      for (const lane of this.#ledger.lanes) {
        if (lane.headDueMs !== undefined && (next?.headDueMs === undefined || lane.headDueMs < next.headDueMs))
          next = lane
      }
      if (next === undefined) return undefined
      // Heads may be too early: a delivery that ended leaves its own behind.
      const known = next.headDueMs
      if (this.#ledger.refreshHead(next) === known) return known
    }
  }

  #giveUp(delivery: DeliveryRow, lane: Lane, reason: DeadLetterReason, nowMs: number): number {
    this.#end(delivery, lane)
    return this.#deadLetters.add({ ...delivery, lane }, reason, nowMs)
  }

  #end(delivery: Pick<DeliveryRow, 'id'>, lane: Lane): void {
    this.#delete.run(delivery.id)
    this.#ledger.count(lane.account, 'pending', -1)
  }
}

/** Leases do not outlive the process that held them: the file is locked by us alone, so every open one is a predecessor's. */
export function releaseLeases(database: DatabaseSync, nowMs: number): void {
  database.prepare('UPDATE deliveries SET due_at_ms = ? WHERE unrecorded > 0 AND due_at_ms > ?').run(nowMs, nowMs)
}

function readRow(row: Record<string, unknown>): DeliveryRow {
  return {
    id: Number(row['id']),
    event: Number(row['event']),
    lane: Number(row['lane']),
    attempts: Number(row['attempts']),
    claims: Number(row['claims']),
    unrecorded: Number(row['unrecorded']),
  }
}

function toClaimed(row: Record<string, unknown>, { id, claims, attempts }: DeliveryRow, sink: string): ClaimedDelivery {
  return {
    deliveryId: `${id}.${claims + 1}`,
    sink,
    attempts,
    firstDueMs: Number(row['first_due_ms']),
    replayed: row['replayed'] === 1,
    event: toEvent(row, sink),
  }
}
