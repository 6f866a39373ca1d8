import type { DatabaseSync, StatementSync } from 'node:sqlite'

import type { InboxBounds } from '../bounds.ts'
import { deadLetterPage } from '../dead-letter-page.ts'
import { lookedAtForRoom } from '../given-up.ts'
import type { DeadLetter, DeadLetterPage, DeadLetterQuery, DeadLetterReason, NewEvent } from '../port.ts'
import { toEvent } from './event-row.ts'
import type { EventsTable } from './events-table.ts'
import type { Lane, OwnerAccount } from './accounts.ts'
import type { Ledger } from './ledger.ts'

interface EndedDelivery {
  id: number
  event: number
  lane: Lane
  reason: DeadLetterReason
  attempts: number
  /** 0 where it is not known. */
  firstDueMs: number
  /** Empty where there is none. */
  lastCause: string
  /** Where it ended before; absent: now. */
  endedAtMs?: number
}

/**
 * Deliveries that were given up. Bounded by age and number; the one that has most of them makes room, with its oldest.
 */
export class DeadLettersTable {
  readonly #ledger: Ledger
  readonly #events: EventsTable
  readonly #bounds: InboxBounds
  readonly #droppedOf: Set<string>
  readonly #insert: StatementSync
  readonly #oldestOfOwner: StatementSync
  readonly #expired: StatementSync
  readonly #find: StatementSync
  readonly #delete: StatementSync
  readonly #newestFirst: StatementSync
  readonly #event: StatementSync
  readonly #ofEvent: StatementSync
  readonly #oldestWithOpen: StatementSync

  /** `droppedOf` takes the uids of the objects whose dead letters are dropped. */
  constructor(
    database: DatabaseSync,
    ledger: Ledger,
    events: EventsTable,
    bounds: InboxBounds,
    droppedOf: Set<string>,
  ) {
    this.#ledger = ledger
    this.#events = events
    this.#bounds = bounds
    this.#droppedOf = droppedOf
    this.#insert = database.prepare(
      `INSERT INTO dead_letters (id, event, lane, owner, reason, attempts, first_due_ms, last_cause, ended_at_ms, event_type)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, gwh_event_type((SELECT body FROM events WHERE seq = ?2)))`,
    )
    this.#oldestOfOwner = database.prepare(
      'SELECT id, event, lane FROM dead_letters WHERE owner = ? ORDER BY id LIMIT 1',
    )
    this.#expired = database.prepare(
      'SELECT id, event, lane FROM dead_letters WHERE ended_at_ms <= ? ORDER BY ended_at_ms LIMIT ?',
    )
    this.#find = database.prepare('SELECT event, lane FROM dead_letters WHERE id = ?')
    this.#delete = database.prepare('DELETE FROM dead_letters WHERE id = ?')
    this.#ofEvent = database.prepare('SELECT id, lane FROM dead_letters WHERE event = ?')
    this.#oldestWithOpen = database.prepare(
      `SELECT d.id, d.event, d.lane, e.open FROM dead_letters d CROSS JOIN events e ON e.seq = d.event
       WHERE d.owner = ? ORDER BY d.id LIMIT ?`,
    )
    // CROSS JOIN keeps the order of the tables: rows come by the index, one by one, only as far as the caller reads.
    this.#newestFirst = database.prepare(
      `SELECT d.*, l.sink, e.event_id, o.uid, o.namespace, o.name
       FROM dead_letters d CROSS JOIN events e ON e.seq = d.event CROSS JOIN lanes l ON l.id = d.lane CROSS JOIN owners o ON o.id = d.owner
       WHERE (d.ended_at_ms, d.id) < (?, ?) ORDER BY d.ended_at_ms DESC, d.id DESC`,
    )
    this.#event = database.prepare(
      `SELECT l.sink, e.*, o.uid, o.namespace, o.name
       FROM dead_letters d JOIN events e ON e.seq = d.event JOIN lanes l ON l.id = d.lane JOIN owners o ON o.id = e.owner
       WHERE d.id = ?`,
    )
  }

  /** Keeps the delivery as a dead letter. Returns how many older ones were dropped for it. */
  add({ id, event, lane, reason, attempts, endedAtMs, ...story }: EndedDelivery, nowMs: number): number {
    const { account } = lane
    const told = [reason, attempts, story.firstDueMs, story.lastCause, endedAtMs ?? nowMs] as const
    this.#insert.run(id, event, lane.id, account.id, ...told)
    this.#ledger.countDelivery(lane, 'deadLetters', 1)
    const { maxDeadLetters, deadLetterShare } = this.#bounds
    const isOwnerOver = account.deadLetters > maxDeadLetters * deadLetterShare
    return isOwnerOver ? this.#dropOldestOf(account, nowMs) : this.trim(nowMs, 1)
  }

  /** Drops at most `limit` that are too many, each time of the object that has most; returns how many. */
  trim(nowMs: number, limit: number): number {
    let dropped = 0
    while (dropped < limit && this.#ledger.totals.deadLetters > this.#bounds.maxDeadLetters) {
      const account = this.#ledger.heaviestOfDeadLetters()
      if (account === undefined) break
      dropped += this.#dropOldestOf(account, nowMs)
    }
    return dropped
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
    this.#remove(id, lane)
    return { event: Number(row['event']), lane }
  }

  page(query: DeadLetterQuery): DeadLetterPage {
    const { untilMs = Infinity, after } = query
    // Ids begin with 1: what ended at that very moment is left out.
    const until = { endedAtMs: Math.min(untilMs, Number.MAX_SAFE_INTEGER), id: 0 }
    const from = after === undefined ? until : { endedAtMs: after.endedAtMs, id: Number(after.deliveryId) }
    const { endedAtMs, id } = from.endedAtMs < until.endedAtMs ? from : until
    return deadLetterPage(lettersOf(this.#newestFirst.iterate(endedAtMs, Number.isSafeInteger(id) ? id : 0)), query)
  }

  event(id: number): NewEvent | undefined {
    const row = this.#event.get(id)
    return row === undefined ? undefined : toEvent(row, String(row['sink']))
  }

  /** Takes all of an event out, wherever they are looked after now. Returns their account; undefined without any. */
  release(event: number): OwnerAccount | undefined {
    let account: OwnerAccount | undefined
    for (const row of this.#ofEvent.all(event)) {
      const lane = this.#ledger.laneById(Number(row['lane']))
      account = lane.account
      this.#remove(Number(row['id']), lane)
    }
    return account
  }

  /**
   * Drops of the owner's oldest until there `isRoom`: all of an event, where nothing else needs its body, for only that
   * leaves room. Returns how many.
   */
  makeRoom(account: OwnerAccount, isRoom: () => boolean, nowMs: number): number {
    const oldest = this.#oldestWithOpen.all(account.id, lookedAtForRoom)
    let dropped = 0
    for (const letters of Map.groupBy(oldest, ({ event }) => event).values()) {
      if (isRoom()) break
      if (letters.length === letters[0]?.['open']) dropped += this.#drop(letters, nowMs)
    }
    return dropped
  }

  #dropOldestOf(account: OwnerAccount, nowMs: number): number {
    return this.#drop(this.#oldestOfOwner.all(account.id), nowMs)
  }

  #drop(rows: readonly Record<string, unknown>[], nowMs: number): number {
    for (const row of rows) {
      const lane = this.#ledger.laneById(Number(row['lane']))
      const { account } = lane
      this.#remove(Number(row['id']), lane)
      this.#events.close(Number(row['event']), account, nowMs)
      this.#droppedOf.add(account.uid)
    }
    return rows.length
  }

  #remove(id: number, lane: Lane): void {
    this.#delete.run(id)
    this.#ledger.countDelivery(lane, 'deadLetters', -1)
  }
}

function* lettersOf(rows: Iterable<Record<string, unknown>>): Generator<DeadLetter> {
  for (const row of rows) {
    const [lastCause, firstDueMs] = [String(row['last_cause']), Number(row['first_due_ms'])]
    yield {
      deliveryId: String(row['id']),
      owner: { uid: String(row['uid']), namespace: String(row['namespace']), name: String(row['name']) },
      eventId: String(row['event_id']),
      eventType: String(row['event_type']),
      sink: String(row['sink']),
      // Only this program writes the column, from the same closed list.
      reason: String(row['reason']) as DeadLetterReason,
      attempts: Number(row['attempts']),
      ...(lastCause !== '' && { lastCause }),
      ...(firstDueMs > 0 && { firstDueMs }),
      endedAtMs: Number(row['ended_at_ms']),
    }
  }
}
