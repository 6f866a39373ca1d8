import type { DatabaseSync, StatementSync } from 'node:sqlite'

import type { NewEvent } from '../port.ts'
import { chargedBytesOf } from '../rooms.ts'
import type { IdsTable } from './ids-table.ts'
import type { OwnerAccount } from './accounts.ts'
import type { Ledger } from './ledger.ts'
import type { UnmovedIds } from './unmoved-ids.ts'

interface EventsTableDeps {
  ledger: Ledger
  ids: IdsTable
  unmovedIds: UnmovedIds
}

/** Events, each until its last delivery or dead letter is gone; then its id alone is remembered. */
export class EventsTable {
  readonly #deps: EventsTableDeps
  readonly #insert: StatementSync
  readonly #delete: StatementSync
  readonly #close: StatementSync
  readonly #keepOne: StatementSync

  constructor(database: DatabaseSync, deps: EventsTableDeps) {
    this.#deps = deps
    this.#insert = database.prepare(
      `INSERT INTO events (owner, object, event_id, open, sent_at_s, received_at_ms, mode, content_type, signature, body_bytes, charged_bytes, body)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#delete = database.prepare(
      `DELETE FROM events WHERE seq = ? AND open = 1
       RETURNING event_id, body_bytes, coalesce(nullif(charged_bytes, 0), body_bytes) AS charged_bytes`,
    )
    this.#close = database.prepare('UPDATE events SET open = open - 1 WHERE seq = ?')
    this.#keepOne = database.prepare('UPDATE events SET open = 1 WHERE seq = ? AND open > 0')
  }

  has(account: OwnerAccount, eventId: string): boolean {
    return this.#deps.ids.has(account, eventId) || this.#deps.unmovedIds.has(account, eventId)
  }

  /** The new row's number; `remembered` without sinks, because the body is not needed: the id alone is kept. */
  insert(event: NewEvent, account: OwnerAccount, nowMs: number): number | 'remembered' | 'duplicate' {
    const { ids, unmovedIds } = this.#deps
    const { eventId, sinks } = event
    if (unmovedIds.has(account, eventId)) return 'duplicate'
    if (sinks.length === 0) return ids.rememberFrom(account, eventId, nowMs) ? 'remembered' : 'duplicate'
    return ids.remember(account, eventId) ? this.#insertRow(event, account) : 'duplicate'
  }

  #insertRow(event: NewEvent, account: OwnerAccount): number {
    const { ledger, unmovedIds } = this.#deps
    const chargedBytes = chargedBytesOf(event)
    const { lastInsertRowid } = this.#insert.run(
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
      event.body,
    )
    ledger.count(account, 'events', 1)
    ledger.count(account, 'bodyBytes', event.body.length)
    ledger.count(account, 'chargedBytes', chargedBytes)
    return Number(lastInsertRowid)
  }

  /** One delivery or dead letter less needs the body; the last one takes it along. */
  close(seq: number, account: OwnerAccount, nowMs: number): void {
    const deleted = this.#delete.get(seq)
    if (deleted === undefined) {
      this.#close.run(seq)
      return
    }
    const { ledger, ids } = this.#deps
    ledger.count(account, 'events', -1)
    ledger.count(account, 'bodyBytes', -Number(deleted['body_bytes']))
    ledger.count(account, 'chargedBytes', -Number(deleted['charged_bytes']))
    ids.startForgetting(account, String(deleted['event_id']), nowMs)
  }

  /** Nothing here needs the body any more, however many did. */
  closeWholly(seq: number, account: OwnerAccount, nowMs: number): void {
    this.#keepOne.run(seq)
    this.close(seq, account, nowMs)
  }
}
