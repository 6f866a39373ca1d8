import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite'

import { attemptsAtEnd } from '../../contract/dead-letter-reasons.ts'
import { unreachable } from '../../unreachable.ts'
import type { ClaimedDelivery, ClaimTerms, DeadLetterReason, HandedDelivery, NextStep } from '../port.ts'
import type { DeadLettersTable } from './dead-letters-table.ts'
import { toEvent } from './event-row.ts'
import type { EventsTable } from './events-table.ts'
import type { Lane, OwnerAccount } from './accounts.ts'
import { FirstClaims } from './first-claims.ts'
import type { KeptTable } from './kept-table.ts'
import type { Ledger } from './ledger.ts'
import { RowNumbers } from './row-numbers.ts'
import type { PackedClaim } from './worker-protocol.ts'

/** Claims without a record after which a delivery is taken for what brings the process down. */
const maxUnrecordedClaims = 3
/**
 * From this many on a delivery is tried alone among its like, so that the one to blame does not take its neighbours
 * along.
 */
const isolateFromUnrecorded = 2
/**
 * What an attempt takes when all is well: suspects follow each other closely, or hundreds of them would wait for
 * minutes after two crashes.
 */
const isolationDelayMs = 50
type Row = Record<string, SQLOutputValue>

interface DeliveryRow {
  id: number
  event: number
  lane: number
  attempts: number
  claims: number
  unrecorded: number
}

export interface ClaimRequest extends ClaimTerms {
  limit: number
  leaseMs: number
}

interface DeliveriesTableDeps {
  ledger: Ledger
  events: EventsTable
  deadLetters: DeadLettersTable
  kept: KeptTable
}

/** Deliveries that have not ended. Everything here is part of the running transaction. */
export class DeliveriesTable {
  readonly #ledger: Ledger
  readonly #events: EventsTable
  readonly #deadLetters: DeadLettersTable
  readonly #kept: KeptTable
  readonly #numbers: RowNumbers
  readonly #firstClaims = new FirstClaims()
  readonly #insert: StatementSync
  readonly #insertClaimed: StatementSync
  readonly #insertHanded: StatementSync
  readonly #ofEvent: StatementSync
  readonly #due: StatementSync
  readonly #body: StatementSync
  readonly #lease: StatementSync
  readonly #postpone: StatementSync
  readonly #find: StatementSync
  readonly #delete: StatementSync
  readonly #take: StatementSync
  readonly #wait: StatementSync
  readonly #oldest: StatementSync
  readonly #inFirstClaim: StatementSync
  readonly #endFirstClaim: StatementSync
  /** The suspect that is being tried alone now. */
  #isolated: { id: number; untilMs: number } | undefined

  constructor(database: DatabaseSync, { ledger, events, deadLetters, kept }: DeliveriesTableDeps) {
    this.#ledger = ledger
    this.#events = events
    this.#deadLetters = deadLetters
    this.#kept = kept
    this.#numbers = new RowNumbers(database, 'deliveries')
    this.#insert = database.prepare(
      'INSERT INTO deliveries (id, event, lane, due_at_ms, first_due_ms, replayed) VALUES (?, ?, ?, ?, ?, ?)',
    )
    this.#insertClaimed = database.prepare(
      `INSERT INTO deliveries (id, event, lane, due_at_ms, first_due_ms, claims, unrecorded, first_claim)
       VALUES (?, ?, ?, ?, ?, 1, 1, 1)`,
    )
    this.#insertHanded = database.prepare(
      `INSERT INTO deliveries (id, event, lane, due_at_ms, first_due_ms, attempts, replayed, last_cause)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#ofEvent = database.prepare('SELECT id, lane FROM deliveries WHERE event = ?')
    this.#due = database.prepare(
      `SELECT d.*, e.event_id, e.sent_at_s, e.received_at_ms, e.mode, e.content_type, e.signature, e.trace,
         e.dedupe_key, e.remember_ms, o.uid, o.namespace, o.name
       FROM deliveries d JOIN events e ON e.seq = d.event JOIN owners o ON o.id = e.owner
       WHERE d.lane = ? AND d.first_claim = 0 AND d.due_at_ms <= ? ORDER BY d.due_at_ms LIMIT ?`,
    )
    this.#body = database.prepare('SELECT body FROM events WHERE seq = ?')
    this.#lease = database.prepare(
      'UPDATE deliveries SET due_at_ms = ?, claims = claims + 1, unrecorded = unrecorded + 1 WHERE id = ?',
    )
    this.#postpone = database.prepare('UPDATE deliveries SET due_at_ms = ? WHERE id = ?')
    this.#find = database.prepare('SELECT id, event, lane, attempts, claims, unrecorded FROM deliveries WHERE id = ?')
    this.#delete = database.prepare('DELETE FROM deliveries WHERE id = ?')
    this.#take = database.prepare('DELETE FROM deliveries WHERE id = ? RETURNING first_due_ms, last_cause')
    this.#wait = database.prepare(
      `UPDATE deliveries SET due_at_ms = ?, attempts = attempts + ?, unrecorded = 0, first_claim = 0, last_step_ms = ?,
         last_cause = coalesce(nullif(?, ''), last_cause) WHERE id = ?`,
    )
    this.#oldest = database.prepare('SELECT first_due_ms FROM deliveries ORDER BY id LIMIT 1')
    this.#inFirstClaim = database.prepare('SELECT id, event, lane, due_at_ms FROM deliveries WHERE first_claim = 1')
    this.#endFirstClaim = database.prepare('UPDATE deliveries SET first_claim = 0 WHERE id = ?')
    this.reload()
  }

  /** Reads from the file what is kept in memory; after the ledger, whose lanes are new ones then. */
  reload(): void {
    this.#numbers.reset()
    this.#firstClaims.clear()
    for (const row of this.#inFirstClaim.all()) {
      const [event, lane] = [Number(row['event']), this.#ledger.laneById(Number(row['lane']))]
      this.#firstClaims.add(Number(row['id']), { event, lane, untilMs: Number(row['due_at_ms']) })
    }
  }

  /** First claims that nobody recorded in time become like all others: found by their lanes, and claimed again. */
  endFirstClaims(nowMs: number): void {
    for (const id of this.#firstClaims.endedBy(nowMs)) {
      const claim = this.#firstClaims.get(id)
      if (claim === undefined) continue
      const { event, lane, untilMs } = claim
      this.#firstClaims.delete(id)
      this.#endFirstClaim.run(id)
      this.#events.keepId(event, lane.account)
      this.#ledger.noteDue(lane, untilMs)
    }
  }

  add(event: number, lane: Lane, nowMs: number, replayed: boolean): void {
    this.#insert.run(this.#numbers.next(), event, lane.id, nowMs, nowMs, replayed ? 1 : 0)
    this.#ledger.countDelivery(lane, 'pending', 1)
    this.#ledger.noteDue(lane, nowMs)
  }

  /** Claimed from the beginning; undefined, and nothing was added, where something of its lane is due before it. */
  addClaimed(event: number, lane: Lane, leaseMs: number, nowMs: number): PackedClaim | undefined {
    this.endFirstClaims(nowMs)
    if (this.#hasDue(lane, nowMs)) return undefined
    const id = this.#numbers.next()
    const untilMs = nowMs + leaseMs
    this.#insertClaimed.run(id, event, lane.id, untilMs, nowMs)
    this.#firstClaims.add(id, { event, lane, untilMs })
    this.#ledger.countDelivery(lane, 'pending', 1)
    return { deliveryId: `${id}.1`, sink: lane.sink, attempts: 0, firstDueMs: nowMs, replayed: false }
  }

  /** Given up from the beginning. Returns how many dead letters were dropped for it. */
  addGivenUp(event: number, lane: Lane, reason: DeadLetterReason, nowMs: number): number {
    const ended = { id: this.#numbers.next(), event, lane, reason, attempts: 0, firstDueMs: nowMs, lastCause: '' }
    return this.#deadLetters.add(ended, nowMs)
  }

  /** As another inbox had it. Returns how many dead letters were dropped for it. */
  takeOver(event: number, lane: Lane, handed: HandedDelivery, nowMs: number): number {
    const { attempts, firstDueMs, dueMs, replayed, lastCause = '', deadLetter } = handed
    const id = this.#numbers.next()
    if (deadLetter !== undefined) {
      return this.#deadLetters.add({ id, event, lane, attempts, firstDueMs, lastCause, ...deadLetter }, nowMs)
    }
    const counts = [attempts, replayed ? 1 : 0, lastCause] as const
    this.#insertHanded.run(id, event, lane.id, dueMs, firstDueMs, ...counts)
    this.#ledger.countDelivery(lane, 'pending', 1)
    this.#ledger.noteDue(lane, dueMs)
    return 0
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
    const { limit, maxBytes, leaseMs, leaseMsByLane, limitByLane, except } = request
    this.endFirstClaims(nowMs)
    const claimed: ClaimedDelivery[] = []
    let dropped = 0
    const read = new Map<Lane, Row[]>()
    this.#ledger.due.claim({ limit, maxBytes, nowMs, except, limitByLane }, (lane) => {
      let rows = read.get(lane)
      if (rows === undefined || rows.length === 0) read.set(lane, (rows = this.#readDue(lane, nowMs, limit)))
      const row = rows.shift()
      if (row === undefined) {
        this.#ledger.refreshHead(lane)
        return 'none'
      }
      const outcome = this.#claimRow(row, lane, leaseMsByLane?.get(lane.key) ?? leaseMs, nowMs)
      const delivery = typeof outcome === 'number' ? undefined : outcome
      if (typeof outcome === 'number') dropped += outcome
      if (delivery !== undefined) claimed.push(delivery)
      if (rows.length === 0) this.#ledger.refreshHead(lane)
      return { bytes: delivery?.event.body.length ?? 0, hasMore: (lane.headDueMs ?? Infinity) <= nowMs }
    })
    return { claimed, dropped }
  }

  /**
   * Some that are due, oldest first; as many as the lane will about be given. Without their bodies, which may be too
   * large for all of them to be taken.
   */
  #readDue(lane: Lane, nowMs: number, limit: number): Row[] {
    const share = Math.ceil(limit / Math.max(this.#ledger.due.dueCount, 1))
    return this.#due.all(lane.id, nowMs, share)
  }

  /** The claimed delivery; undefined when it has to wait; the number of dropped dead letters when it became one. */
  #claimRow(
    row: Record<string, unknown>,
    lane: Lane,
    leaseMs: number,
    nowMs: number,
  ): ClaimedDelivery | number | undefined {
    const delivery = readRow(row)
    if (delivery.unrecorded >= maxUnrecordedClaims) {
      return this.#giveUp(delivery, lane, { reason: 'CrashedRepeatedly' }, nowMs)
    }
    if (delivery.unrecorded >= isolateFromUnrecorded) {
      if (this.#isolated !== undefined && this.#isolated.untilMs > nowMs) {
        this.#postpone.run(nowMs + isolationDelayMs, delivery.id)
        return undefined
      }
      this.#isolated = { id: delivery.id, untilMs: nowMs + leaseMs }
    }
    this.#lease.run(nowMs + leaseMs, delivery.id)
    return toClaimed({ ...row, ...this.#body.get(delivery.event) }, delivery, lane.sink)
  }

  /**
   * Ignores a delivery whose lease was lost: by then it is another claim's. Returns how many dead letters were dropped.
   */
  record(id: number, claim: number, next: NextStep, nowMs: number): number {
    const delivery = this.#claimed(id, claim)
    if (delivery === undefined) return 0
    if (this.#isolated?.id === id) this.#isolated = undefined
    const lane = this.#ledger.laneById(delivery.lane)
    const isLast = next.type === 'Skip' || (next.type === 'Succeed' && next.keepUntilMs === undefined)
    if (!isLast && this.#firstClaims.get(id) !== undefined) this.#events.keepId(delivery.event, lane.account)
    this.#firstClaims.delete(id)
    switch (next.type) {
      case 'Succeed':
        if (next.keepUntilMs !== undefined) return this.#keep(delivery, lane, next.keepUntilMs, nowMs)
        return this.#finish(delivery, lane, nowMs)
      case 'Skip':
        return this.#finish(delivery, lane, nowMs)
      case 'RetryAt':
        return this.#waitUntil(next.atMs, { id, lane, spent: 1, cause: next.cause, nowMs })
      case 'Hold':
        return this.#waitUntil(next.untilMs, { id, lane, spent: 0, cause: next.cause, nowMs })
      case 'DeadLetter': {
        const attempts = attemptsAtEnd(delivery.attempts, next)
        return this.#giveUp({ ...delivery, attempts }, lane, next, nowMs)
      }
      default:
        return unreachable(next)
    }
  }

  /** What the claim is of; undefined once it was lost. A first claim is known without a look into the file. */
  #claimed(id: number, claim: number): DeliveryRow | undefined {
    const first = this.#firstClaims.get(id)
    if (first !== undefined && claim === 1) {
      return { id, event: first.event, lane: first.lane.id, attempts: 0, claims: 1, unrecorded: 1 }
    }
    const row = this.#find.get(id)
    const delivery = row && readRow(row)
    return delivery?.claims === claim ? delivery : undefined
  }

  #waitUntil(
    dueMs: number,
    step: { id: number; lane: Lane; spent: 0 | 1; cause: string | undefined; nowMs: number },
  ): 0 {
    const { id, lane, spent, cause = '', nowMs } = step
    this.#wait.run(Math.ceil(dueMs), spent, nowMs, cause, id)
    this.#ledger.noteDue(lane, Math.ceil(dueMs))
    return 0
  }

  /** Age of the oldest, by the order in which they came. */
  oldestMs(nowMs: number): number {
    const firstDue = this.#oldest.get()?.['first_due_ms']
    return typeof firstDue === 'number' ? Math.max(0, nowMs - firstDue) : 0
  }

  nextDueMs(): number | undefined {
    const [indexed, firstEnd] = [this.#nextIndexedMs(), this.#firstClaims.nextEndMs()]
    return indexed === undefined || firstEnd === undefined ? (indexed ?? firstEnd) : Math.min(indexed, firstEnd)
  }

  #nextIndexedMs(): number | undefined {
    for (let lane = this.#ledger.due.next(); lane !== undefined; lane = this.#ledger.due.next()) {
      const known = lane.headDueMs
      // Heads may be too early: a delivery that ended leaves its own behind.
      if (this.#ledger.refreshHead(lane) === known) return known
    }
    return undefined
  }

  /** Heads may be too early, so one that says yes is read again. */
  #hasDue(lane: Lane, nowMs: number): boolean {
    return (lane.headDueMs ?? Infinity) <= nowMs && (this.#ledger.refreshHead(lane) ?? Infinity) <= nowMs
  }

  #finish(delivery: DeliveryRow, lane: Lane, nowMs: number): 0 {
    this.#end(delivery, lane)
    this.#events.close(delivery.event, lane.account, nowMs)
    return 0
  }

  #keep(delivery: DeliveryRow, lane: Lane, keepUntilMs: number, nowMs: number): 0 {
    const { id, event } = delivery
    this.#kept.add({ id, event, lane, keepUntilMs }, nowMs)
    this.#finish(delivery, lane, nowMs)
    this.#kept.trim(lane.account, nowMs)
    return 0
  }

  /** Without a cause of its own it has that of the step before. */
  #giveUp(
    { id, event, attempts }: DeliveryRow,
    lane: Lane,
    { reason, cause }: { reason: DeadLetterReason; cause?: string },
    nowMs: number,
  ): number {
    const row = this.#take.get(id)
    this.#noteEnded(id, lane)
    const firstDueMs = Number(row?.['first_due_ms'] ?? 0)
    const lastCause = cause ?? String(row?.['last_cause'] ?? '')
    return this.#deadLetters.add({ id, event, lane, reason, attempts, firstDueMs, lastCause }, nowMs)
  }

  #end({ id }: Pick<DeliveryRow, 'id'>, lane: Lane): void {
    this.#delete.run(id)
    this.#noteEnded(id, lane)
  }

  #noteEnded(id: number, lane: Lane): void {
    this.#firstClaims.delete(id)
    this.#ledger.countDelivery(lane, 'pending', -1)
  }
}

/**
 * Leases do not outlive the process that held them: the file is locked by us alone, so every open one is a
 * predecessor's.
 */
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
    ...(row['last_cause'] !== '' && { lastCause: String(row['last_cause']) }),
    event: toEvent(row, sink),
  }
}
