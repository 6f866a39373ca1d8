import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite'

import type { IdsTable } from './ids-table.ts'
import type { OwnerAccount } from './accounts.ts'
import type { Ledger } from './ledger.ts'
import { dropOldIdIndexes, oldIdIndex } from './schema.ts'

/**
 * Ids as files before the fourth schema have them: as text, in the rows of their events, which stayed for it when the
 * event had ended. They are moved in slices, while the inbox serves; until then an id is looked for in both places. The
 * old index says by being there that something may be left to move.
 */
export class UnmovedIds {
  readonly #database: DatabaseSync
  readonly #ledger: Ledger
  readonly #ids: IdsTable
  readonly #find: StatementSync
  readonly #next: StatementSync
  readonly #delete: StatementSync
  #isLeft: boolean
  #movedTo = 0

  constructor(database: DatabaseSync, ledger: Ledger, ids: IdsTable) {
    this.#database = database
    this.#ledger = ledger
    this.#ids = ids
    this.#find = database.prepare('SELECT 1 AS found FROM events WHERE object = ? AND event_id = ?')
    this.#next = database.prepare(
      'SELECT seq, owner, object, event_id, forget_at_ms FROM events WHERE seq > ? ORDER BY seq LIMIT ?',
    )
    this.#delete = database.prepare('DELETE FROM events WHERE seq = ?')
    this.#isLeft = database.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(oldIdIndex) !== undefined
  }

  get isLeft(): boolean {
    return this.#isLeft
  }

  has({ object }: OwnerAccount, eventId: string): boolean {
    return this.#isLeft && this.#find.get(object, eventId) !== undefined
  }

  /** Of the events after those that were looked at before. True while there is more to do. */
  move(limit: number): boolean {
    if (!this.#isLeft) return false
    const rows = this.#next.all(this.#movedTo, limit)
    for (const row of rows) this.#move(row)
    if (rows.length === limit) return true
    this.#isLeft = false
    this.#database.exec(dropOldIdIndexes)
    return false
  }

  /** The transaction that moved some, or all, was rolled back: begins anew. */
  reset(): void {
    this.#movedTo = 0
    this.#isLeft = this.#database.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(oldIdIndex) !== undefined
  }

  #move(row: Record<string, SQLOutputValue>): void {
    const [seq, eventId, forgetAtMs] = [Number(row['seq']), String(row['event_id']), row['forget_at_ms']]
    this.#movedTo = seq
    const account = this.#ledger.accountById(Number(row['owner'])) ?? this.#accountOf(String(row['object']))
    if (forgetAtMs === null) {
      this.#ids.remember(account, eventId)
      return
    }
    this.#ids.rememberUntil(account, eventId, Number(forgetAtMs))
    this.#delete.run(seq)
  }

  /** Versions before forgot objects of which nothing but ids was left. */
  #accountOf(object: string): OwnerAccount {
    const [namespace = '', name = ''] = object.split('/')
    return this.#ledger.accountOf({ uid: '', namespace, name })
  }
}
