import type { DatabaseSync, StatementSync } from 'node:sqlite'

import type { InboxBounds } from '../bounds.ts'
import type { NewEvent } from '../port.ts'
import { recognitionOf } from '../recognition.ts'
import { chargedBytesOf } from '../rooms.ts'
import { dedupeOf } from './event-row.ts'
import type { IdsTable } from './ids-table.ts'
import type { OwnerAccount } from './accounts.ts'
import type { Ledger } from './ledger.ts'
import { RowNumbers } from './row-numbers.ts'
import type { UnmovedIds } from './unmoved-ids.ts'

interface EventsTableDeps {
  ledger: Ledger
  ids: IdsTable
  unmovedIds: UnmovedIds
  bounds: Pick<InboxBounds, 'dedupeMs'>
}

/** Rows of a version before were charged for their body alone. */
const sizes = 'body_bytes, coalesce(nullif(charged_bytes, 0), body_bytes) AS charged_bytes'
/** What is remembered of an event. */
const memory = 'event_id, dedupe_key, remember_ms, forget_at_s'

/** Events, each until its last delivery or dead letter is gone; then its id alone is remembered. */
export class EventsTable {
  readonly #deps: EventsTableDeps
  readonly #numbers: RowNumbers
  readonly #insert: StatementSync
  readonly #delete: StatementSync
  readonly #close: StatementSync
  readonly #keepOne: StatementSync
  readonly #keep: StatementSync
  readonly #endKept: StatementSync
  readonly #drop: StatementSync
  readonly #size: StatementSync
  readonly #revive: StatementSync
  readonly #keepId: StatementSync

  constructor(database: DatabaseSync, deps: EventsTableDeps) {
    this.#deps = deps
    this.#numbers = new RowNumbers(database, 'events')
    this.#insert = database.prepare(
      `INSERT INTO events (seq, owner, object, event_id, open, sent_at_s, received_at_ms, mode, content_type, signature, body_bytes, charged_bytes, forget_at_s, trace, dedupe_key, remember_ms, body)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#delete = database.prepare(
      `DELETE FROM events WHERE seq = ? AND open = 1 AND kept = 0
       RETURNING ${memory}, ${sizes}`,
    )
    this.#close = database.prepare(`UPDATE events SET open = open - 1 WHERE seq = ? RETURNING open, ${sizes}`)
    this.#keepId = database.prepare(
      "UPDATE events SET forget_at_s = 0 WHERE seq = ? AND forget_at_s > 0 AND dedupe_key = '' RETURNING event_id",
    )
    this.#keep = database.prepare('UPDATE events SET kept = kept + 1 WHERE seq = ?')
    this.#endKept = database.prepare(
      `UPDATE events SET kept = kept - ? WHERE seq = ? RETURNING open, kept, ${memory}, ${sizes}`,
    )
    this.#drop = database.prepare('DELETE FROM events WHERE seq = ?')
    this.#size = database.prepare(`SELECT open, ${sizes} FROM events WHERE seq = ?`)
    this.#revive = database.prepare('UPDATE events SET open = open + 1, kept = kept - 1 WHERE seq = ?')
    this.#keepOne = database.prepare('UPDATE events SET open = 1 WHERE seq = ? AND open > 0')
  }

  /** By what recognises it, or by its id, under which it was stored before its object told of anything else. */
  has(account: OwnerAccount, { eventId, dedupe }: Pick<NewEvent, 'eventId' | 'dedupe'>): boolean {
    const { ids, unmovedIds } = this.#deps
    if (dedupe !== undefined && ids.has(account, dedupe.key)) return true
    return ids.has(account, eventId) || unmovedIds.has(account, eventId)
  }

  /**
   * The new row's number; `remembered` without sinks, because the body is not needed: the id alone is kept. `endsSoon`:
   * first attempts of all its deliveries are about to begin; where that turns out otherwise, it is told to `keepId`.
   */
  insert(
    event: NewEvent,
    account: OwnerAccount,
    nowMs: number,
    { endsSoon }: { endsSoon: boolean },
  ): number | 'remembered' | 'duplicate' {
    const { ids, unmovedIds, bounds } = this.#deps
    const { eventId, dedupe, sinks } = event
    if (unmovedIds.has(account, eventId)) return 'duplicate'
    if (dedupe !== undefined && ids.has(account, eventId)) return 'duplicate'
    const recognition = recognitionOf(event, bounds)
    if (sinks.length === 0) return ids.rememberFrom(account, recognition, nowMs) ? 'remembered' : 'duplicate'
    // A key has its time from the beginning, which is longer than anybody sends the same: a version before, which knows
    // of ids only, ends the event without it, and a key without a time would stay for ever.
    const forgetAtS = endsSoon || dedupe !== undefined ? ids.timeOfSoonEnded(recognition, nowMs) : 0
    return ids.remember(account, recognition.key, forgetAtS) ? this.#insertRow(event, account, forgetAtS) : 'duplicate'
  }

  /** It did not end as soon as it was expected: its id is kept for as long as it is; a key has its time already. */
  keepId(seq: number, account: OwnerAccount): void {
    const kept = this.#keepId.get(seq)
    if (kept !== undefined) this.#deps.ids.keep(account, String(kept['event_id']))
  }

  /** The running transaction was rolled back. */
  reset(): void {
    this.#numbers.reset()
  }

  #insertRow(event: NewEvent, account: OwnerAccount, forgetAtS: number): number {
    const { ledger, unmovedIds } = this.#deps
    const chargedBytes = chargedBytesOf(event)
    const seq = this.#numbers.next()
    this.#insert.run(
      seq,
      account.id,
      unmovedIds.isLeft ? account.object : '',
      event.eventId,
      event.sinks.length,
      event.sentAtSeconds,
      event.receivedAtMs,
      event.mode,
      event.contentType,
      event.signature,
      event.body.length,
      chargedBytes,
      forgetAtS,
      event.trace ?? '',
      event.dedupe?.key ?? '',
      event.dedupe?.rememberMs ?? 0,
      event.body,
    )
    ledger.count(account, 'events', 1)
    ledger.count(account, 'bodyBytes', event.body.length)
    ledger.count(account, 'chargedBytes', chargedBytes)
    return seq
  }

  /** One delivery or dead letter less needs the body; the last one takes it along. */
  close(seq: number, account: OwnerAccount, nowMs: number): void {
    const deleted = this.#delete.get(seq)
    if (deleted !== undefined) {
      this.#charge(account, deleted, -1)
      this.#forgetId(account, deleted, nowMs)
      return
    }
    const closed = this.#close.get(seq)
    if (closed?.['open'] !== 0) return
    this.#charge(account, closed, -1) // what is kept is charged to nobody
    this.#deps.ledger.countKeptBytes(account, Number(closed['charged_bytes']))
  }

  /** One delivery that succeeded keeps the body, before it is closed. */
  keep(seq: number): void {
    this.#keep.run(seq)
  }

  /** So many deliveries that succeeded keep it no longer; the last takes it along where nothing else needs it. */
  endKept(seq: number, account: OwnerAccount, count: number, nowMs: number): void {
    const row = this.#endKept.get(count, seq)
    if (row?.['open'] !== 0 || row['kept'] !== 0) return
    this.#drop.run(seq)
    this.#deps.ledger.countKeptBytes(account, -Number(row['charged_bytes']))
    this.#forgetId(account, row, nowMs)
  }

  /** A delivery that succeeded needs the body again: the event is charged as it was. False without room for that. */
  revive(seq: number, account: OwnerAccount): boolean {
    const { rooms } = this.#deps.ledger
    const row = this.#size.get(seq)
    if (row === undefined) return false
    if (row['open'] === 0) {
      const charge = { bytes: Number(row['charged_bytes']), idBytes: 0 }
      if (rooms.refusalOf(account.taker, charge) !== undefined) return false
      this.#charge(account, row, 1)
      this.#deps.ledger.countKeptBytes(account, -charge.bytes)
    }
    this.#revive.run(seq)
    return true
  }

  #charge(account: OwnerAccount, row: Record<string, unknown>, by: 1 | -1): void {
    const { ledger } = this.#deps
    ledger.count(account, 'events', by)
    ledger.count(account, 'bodyBytes', by * Number(row['body_bytes']))
    ledger.count(account, 'chargedBytes', by * Number(row['charged_bytes']))
  }

  #forgetId(account: OwnerAccount, row: Record<string, unknown>, nowMs: number): void {
    const { ids, bounds } = this.#deps
    const dedupe = dedupeOf(row)
    const named = { eventId: String(row['event_id']), ...(dedupe !== undefined && { dedupe }) }
    ids.startForgetting(account, recognitionOf(named, bounds), Number(row['forget_at_s']), nowMs)
  }

  /** Nothing here needs the body any more, however many did. */
  closeWholly(seq: number, account: OwnerAccount, nowMs: number): void {
    this.#keepOne.run(seq)
    this.close(seq, account, nowMs)
  }
}
