import type { DatabaseSync, StatementSync } from 'node:sqlite'

import { eventIdHash } from './event-id-hash.ts'
import type { OwnerAccount } from './accounts.ts'
import type { Ledger } from './ledger.ts'

/**
 * What an id takes: its row, and its place in the index by time, in pages that are never quite full. 58 were measured
 * where ids only came.
 */
export const rememberedIdBytes = 80

/**
 * The memory of ids: of events that are kept, and for `dedupeMs` after each of them. Charged to their object, so that
 * ids never take room from others. Everything here is part of the running transaction.
 */
export class IdsTable {
  readonly #ledger: Ledger
  readonly #dedupeMs: number
  readonly #insert: StatementSync
  readonly #find: StatementSync
  readonly #startForgetting: StatementSync
  readonly #forget: StatementSync

  constructor(database: DatabaseSync, ledger: Ledger, dedupeMs: number) {
    this.#ledger = ledger
    this.#dedupeMs = dedupeMs
    this.#insert = database.prepare(
      'INSERT INTO ids (hash, owner, forget_at_s) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    )
    this.#find = database.prepare('SELECT 1 AS found FROM ids WHERE hash = ?')
    this.#startForgetting = database.prepare('UPDATE ids SET forget_at_s = ? WHERE hash = ?')
    this.#forget = database.prepare(
      `DELETE FROM ids WHERE hash IN
         (SELECT hash FROM ids WHERE forget_at_s > 0 AND forget_at_s <= ? ORDER BY forget_at_s LIMIT ?) RETURNING owner`,
    )
  }

  has({ object }: OwnerAccount, eventId: string): boolean {
    return this.#find.get(eventIdHash(object, eventId)) !== undefined
  }

  /** For as long as its event is kept; false when it is known already. */
  remember(account: OwnerAccount, eventId: string): boolean {
    return this.#add(account, eventIdHash(account.object, eventId), 0)
  }

  /**
   * For an event that is not kept (any more): from now on for `dedupeMs`. False when the id is known already, and is
   * left as it is.
   */
  rememberFrom(account: OwnerAccount, eventId: string, nowMs: number): boolean {
    return this.rememberUntil(account, eventId, nowMs + this.#dedupeMs)
  }

  rememberUntil(account: OwnerAccount, eventId: string, atMs: number): boolean {
    return this.#add(account, eventIdHash(account.object, eventId), forgetSecondsOf(atMs))
  }

  /** The event of this id is gone: its time begins. */
  startForgetting(account: OwnerAccount, eventId: string, nowMs: number): void {
    const hash = eventIdHash(account.object, eventId)
    const forgetAtS = forgetSecondsOf(nowMs + this.#dedupeMs)
    const { changes } = this.#startForgetting.run(forgetAtS, hash)
    if (changes === 0) this.#add(account, hash, forgetAtS) // of an event that a version before kept
  }

  /** Deletes at most `limit` whose time has come; returns how many. */
  forget(nowMs: number, limit: number): number {
    const forgotten = this.#forget.all(Math.floor(nowMs / 1000), limit)
    const owners = new Set<OwnerAccount>()
    for (const row of forgotten) {
      const account = this.#ledger.accountById(Number(row['owner']))
      if (account === undefined) continue
      this.#ledger.count(account, 'rememberedIds', -1)
      owners.add(account)
    }
    for (const account of owners) this.#ledger.dropIfEmpty(account)
    return forgotten.length
  }

  #add(account: OwnerAccount, hash: Uint8Array, forgetAtS: number): boolean {
    const { changes } = this.#insert.run(hash, account.id, forgetAtS)
    if (changes === 0) return false
    this.#ledger.count(account, 'rememberedIds', 1)
    return true
  }
}

/** Seconds since the epoch, four bytes in a row; never too early. */
function forgetSecondsOf(atMs: number): number {
  return Math.ceil(atMs / 1000)
}
