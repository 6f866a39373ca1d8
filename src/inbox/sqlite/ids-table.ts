import type { DatabaseSync, StatementSync } from 'node:sqlite'

import type { Recognition } from '../recognition.ts'
import { eventIdHash } from './event-id-hash.ts'
import type { OwnerAccount } from './accounts.ts'
import type { Ledger } from './ledger.ts'

/** What an id takes: its row, in pages that are never quite full. 43 were measured where ids only came. */
export const rememberedIdBytes = 60

/**
 * An id whose event will end soon has its time from the beginning, longer by this: an event that ends within it leaves
 * its id as it is. A random page less is written for each.
 */
const soonMs = 60_000
/**
 * So often those are looked for whose time has come. There is no index by time: it would take as much room as the ids.
 */
const sweepIntervalMs = 30 * 60_000
/** Of ids that are looked at in one slice, which takes about a millisecond. */
const maxLookedAt = 4_000
const beforeAllHashes = new Uint8Array()
const afterAllHashes = new Uint8Array(17).fill(0xff)

/**
 * The memory of ids, and of what else events are recognised by: of events that are kept, and for a time of its own
 * after each of them. Charged to their object, so that ids never take room from others. Everything here is part of the
 * running transaction.
 */
export class IdsTable {
  readonly #ledger: Ledger
  readonly #insert: StatementSync
  readonly #find: StatementSync
  readonly #setTime: StatementSync
  readonly #endOfSlice: StatementSync
  readonly #forget: StatementSync
  /** Up to where the running sweep has come; undefined between two. */
  #sweptTo: Uint8Array | undefined
  #sweptMs = -Infinity

  constructor(database: DatabaseSync, ledger: Ledger) {
    this.#ledger = ledger
    this.#insert = database.prepare(
      'INSERT INTO ids (hash, owner, forget_at_s) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    )
    this.#find = database.prepare('SELECT 1 AS found FROM ids WHERE hash = ?')
    this.#setTime = database.prepare('UPDATE ids SET forget_at_s = ? WHERE hash = ?')
    this.#endOfSlice = database.prepare(
      `SELECT hash FROM ids WHERE hash > ? ORDER BY hash LIMIT 1 OFFSET ${maxLookedAt - 1}`,
    )
    this.#forget = database.prepare(
      `DELETE FROM ids WHERE hash IN
         (SELECT hash FROM ids WHERE hash > ? AND hash <= ? AND forget_at_s BETWEEN 1 AND ? ORDER BY hash LIMIT ?)
       RETURNING owner`,
    )
  }

  has({ object }: OwnerAccount, key: string): boolean {
    return this.#find.get(eventIdHash(object, key)) !== undefined
  }

  /** The time of an id whose event is kept and will end soon, as `remember` takes it. */
  timeOfSoonEnded({ rememberMs }: Recognition, nowMs: number): number {
    return forgetSecondsOf(nowMs + soonMs + rememberMs)
  }

  /** Of an event that is kept, 0 where nobody knows for how long; false when it is known already. */
  remember(account: OwnerAccount, key: string, forgetAtS = 0): boolean {
    return this.#add(account, eventIdHash(account.object, key), forgetAtS)
  }

  /** The event of this id did not end soon: it is kept for as long as its event. */
  keep({ object }: OwnerAccount, eventId: string): void {
    this.#setTime.run(0, eventIdHash(object, eventId))
  }

  /**
   * For an event that is not kept (any more): from now on for its time. False when it is known already, and is left as
   * it is.
   */
  rememberFrom(account: OwnerAccount, { key, rememberMs }: Recognition, nowMs: number): boolean {
    return this.rememberUntil(account, key, nowMs + rememberMs)
  }

  rememberUntil(account: OwnerAccount, key: string, atMs: number): boolean {
    return this.#add(account, eventIdHash(account.object, key), forgetSecondsOf(atMs))
  }

  /** The event is gone: the time of what it is recognised by begins, unless the one that it has is long enough. */
  startForgetting(
    account: OwnerAccount,
    { key, rememberMs }: Recognition,
    knownForgetAtS: number,
    nowMs: number,
  ): void {
    const forgetAtS = forgetSecondsOf(nowMs + rememberMs)
    if (knownForgetAtS >= forgetAtS) return
    const hash = eventIdHash(account.object, key)
    const { changes } = this.#setTime.run(forgetAtS, hash)
    if (changes === 0) this.#add(account, hash, forgetAtS) // a version before kept its event, or its time was over
  }

  /**
   * A slice of the look through all ids, which begins every half an hour: deletes at most `limit` whose time has come.
   * True while there is more to do.
   */
  forget(nowMs: number, limit: number): boolean {
    const sinceMs = nowMs - this.#sweptMs
    // Less than none: the clock was set back, and by it nothing would be forgotten for as long.
    if (this.#sweptTo === undefined && sinceMs >= 0 && sinceMs < sweepIntervalMs) return false
    if (this.#sweptTo === undefined) this.#sweptMs = nowMs
    const from = this.#sweptTo ?? beforeAllHashes
    const end = this.#endOfSlice.get(from)?.['hash']
    const to = end instanceof Uint8Array ? end : afterAllHashes
    const forgotten = this.#forget.all(from, to, Math.floor(nowMs / 1000), limit)
    this.#countForgotten(forgotten)
    const isSliceDone = forgotten.length < limit
    if (!isSliceDone) this.#sweptTo = from
    else this.#sweptTo = to === afterAllHashes ? undefined : to
    return this.#sweptTo !== undefined
  }

  #countForgotten(forgotten: readonly Record<string, unknown>[]): void {
    const owners = new Set<OwnerAccount>()
    for (const row of forgotten) {
      const account = this.#ledger.accountById(Number(row['owner']))
      if (account === undefined) continue
      this.#ledger.count(account, 'rememberedIds', -1)
      owners.add(account)
    }
    for (const account of owners) this.#ledger.dropIfEmpty(account)
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
