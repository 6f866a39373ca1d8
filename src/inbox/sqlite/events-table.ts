import type { DatabaseSync, StatementSync } from 'node:sqlite'

import type { NewEvent } from '../port.ts'
import { chargedBytesOf } from '../rooms.ts'
import type { IdsTable } from './ids-table.ts'
import type { OwnerAccount } from './accounts.ts'
import type { Ledger } from './ledger.ts'
import { RowNumbers } from './row-numbers.ts'
import type { UnmovedIds } from './unmoved-ids.ts'

interface EventsTableDeps {
  ledger: Ledger
  ids: IdsTable
  unmovedIds: UnmovedIds
}

/** Events, each until its last delivery or dead letter is gone; then its id alone is remembered. */
export class EventsTable {
  readonly #deps: EventsTableDeps
  readonly #numbers: RowNumbers
  readonly #insert: StatementSync
  readonly #delete: StatementSync
  readonly #close: StatementSync
  readonly #keepOne: StatementSync
  readonly #keepId: StatementSync

  constructor(database: DatabaseSync, deps: EventsTableDeps) {
    this.#deps = deps
    this.#numbers = new RowNumbers(database, 'events')
    this.#insert = database.prepare(
      `INSERT INTO events (seq, owner, object, event_id, open, sent_at_s, received_at_ms, mode, content_type, signature, body_bytes, charged_bytes, forget_at_s, body)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#delete = database.prepare(
      `DELETE FROM events WHERE seq = ? AND open = 1
       RETURNING event_id, forget_at_s, body_bytes, coalesce(nullif(charged_bytes, 0), body_bytes) AS charged_bytes`,
    )
    this.#close = database.prepare('UPDATE events SET open = open - 1 WHERE seq = ?')
    this.#keepId = database.prepare(
      'UPDATE events SET forget_at_s = 0 WHERE seq = ? AND forget_at_s > 0 RETURNING event_id',
    )
    this.#keepOne = database.prepare('UPDATE events SET open = 1 WHERE seq = ? AND open > 0')
  }

  has(account: OwnerAccount, eventId: string): boolean {
    return this.#deps.ids.has(account, eventId) || this.#deps.unmovedIds.has(account, eventId)
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
    const { ids, unmovedIds } = this.#deps
    const { eventId, sinks } = event
    if (unmovedIds.has(account, eventId)) return 'duplicate'
    if (sinks.length === 0) return ids.rememberFrom(account, eventId, nowMs) ? 'remembered' : 'duplicate'
    const forgetAtS = ids.timeOfKept(endsSoon, nowMs)
    return ids.remember(account, eventId, forgetAtS) ? this.#insertRow(event, account, forgetAtS) : 'duplicate'
  }

  /** It did not end as soon as it was expected: its id is kept for as long as it is. */
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
    if (deleted === undefined) {
      this.#close.run(seq)
      return
    }
    const { ledger, ids } = this.#deps
    ledger.count(account, 'events', -1)
    ledger.count(account, 'bodyBytes', -Number(deleted['body_bytes']))
    ledger.count(account, 'chargedBytes', -Number(deleted['charged_bytes']))
    ids.startForgetting(account, String(deleted['event_id']), Number(deleted['forget_at_s']), nowMs)
  }

  /** Nothing here needs the body any more, however many did. */
  closeWholly(seq: number, account: OwnerAccount, nowMs: number): void {
    this.#keepOne.run(seq)
    this.close(seq, account, nowMs)
  }
}
