import type { DatabaseSync, StatementSync } from 'node:sqlite'

import type { NewEvent } from '../port.ts'
import type { Ledger, OwnerAccount } from './ledger.ts'

/** Events and the memory of their ids. A body lives until its last delivery or dead letter is gone; the id is remembered for `dedupeMs` more. */
export class EventsTable {
  readonly #ledger: Ledger
  readonly #dedupeMs: number
  readonly #insert: StatementSync
  readonly #find: StatementSync
  readonly #dropBody: StatementSync
  readonly #close: StatementSync
  readonly #keepOne: StatementSync
  readonly #forget: StatementSync

  constructor(database: DatabaseSync, ledger: Ledger, dedupeMs: number) {
    this.#ledger = ledger
    this.#dedupeMs = dedupeMs
    this.#insert = database.prepare(
      `INSERT INTO events (owner, object, event_id, open, forget_at_ms, sent_at_s, received_at_ms, mode, content_type, signature, body_bytes, body)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    )
    this.#find = database.prepare('SELECT 1 AS found FROM events WHERE object = ? AND event_id = ?')
    this.#dropBody = database.prepare(
      `UPDATE events SET open = 0, body = NULL, signature = '', content_type = '', forget_at_ms = ?
       WHERE seq = ? AND open = 1 RETURNING body_bytes`,
    )
    this.#close = database.prepare('UPDATE events SET open = open - 1 WHERE seq = ?')
    this.#keepOne = database.prepare('UPDATE events SET open = 1 WHERE seq = ? AND open > 0')
    this.#forget = database.prepare(
      `DELETE FROM events WHERE seq IN
         (SELECT seq FROM events WHERE forget_at_ms <= ? ORDER BY forget_at_ms LIMIT ?)`,
    )
  }

  has(event: NewEvent): boolean {
    return this.#find.get(objectOf(event), event.eventId) !== undefined
  }

  /** The new row, or undefined when the id is known. Without sinks nobody will ask for the body: the id alone is kept. */
  insert(event: NewEvent, account: OwnerAccount, nowMs: number): number | undefined {
    const open = event.sinks.length
    const kept = open > 0
    const { changes, lastInsertRowid } = this.#insert.run(
      account.id,
      objectOf(event),
      event.eventId,
      open,
      kept ? null : nowMs + this.#dedupeMs,
      event.sentAtSeconds,
      event.receivedAtMs,
      event.mode,
      kept ? event.contentType : '',
      kept ? event.signature : '',
      event.body.length,
      kept ? event.body : null,
    )
    if (changes === 0) return undefined
    if (kept) {
      this.#ledger.count(account, 'events', 1)
      this.#ledger.count(account, 'bodyBytes', event.body.length)
    }
    return Number(lastInsertRowid)
  }

  /** One delivery or dead letter less needs the body; the last one takes it along. */
  close(seq: number, account: OwnerAccount, nowMs: number): void {
    const dropped = this.#dropBody.get(nowMs + this.#dedupeMs, seq)
    if (dropped === undefined) {
      this.#close.run(seq)
      return
    }
    this.#ledger.count(account, 'events', -1)
    this.#ledger.count(account, 'bodyBytes', -Number(dropped['body_bytes']))
  }

  /** Nothing here needs the body any more, however many did. */
  closeWholly(seq: number, account: OwnerAccount, nowMs: number): void {
    this.#keepOne.run(seq)
    this.close(seq, account, nowMs)
  }

  /** Deletes at most `limit` ids whose time has come; returns how many. */
  forget(nowMs: number, limit: number): number {
    return Number(this.#forget.run(nowMs, limit).changes)
  }
}

function objectOf({ owner }: NewEvent): string {
  return `${owner.namespace}/${owner.name}`
}
