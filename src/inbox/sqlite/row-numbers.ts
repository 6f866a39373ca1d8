import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** As many numbers are lost at most when the process ends. */
const blockSize = 10_000

/**
 * Numbers for new rows of a table that was made with AUTOINCREMENT: none is given twice, not even after its row is
 * gone. They are taken from the table's sequence in blocks; left to SQLite, each commit would write the page of the
 * sequence.
 */
export class RowNumbers {
  readonly #table: string
  readonly #read: StatementSync
  readonly #insert: StatementSync
  readonly #update: StatementSync
  #next = 1
  #blockEnd = 0

  constructor(database: DatabaseSync, table: 'events' | 'deliveries') {
    this.#table = table
    this.#read = database.prepare('SELECT seq FROM sqlite_sequence WHERE name = ?')
    this.#insert = database.prepare('INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)')
    this.#update = database.prepare('UPDATE sqlite_sequence SET seq = ? WHERE name = ?')
  }

  /** Part of the running transaction. */
  next(): number {
    if (this.#next > this.#blockEnd) this.#takeBlock()
    const number = this.#next
    this.#next += 1
    return number
  }

  /** The running transaction was rolled back, and with it perhaps the block: the next number begins one. */
  reset(): void {
    this.#blockEnd = 0
    this.#next = 1
  }

  #takeBlock(): void {
    const last = this.#read.get(this.#table)?.['seq']
    const from = Number(last ?? 0)
    this.#next = from + 1
    this.#blockEnd = from + blockSize
    if (last === undefined) this.#insert.run(this.#table, this.#blockEnd)
    else this.#update.run(this.#blockEnd, this.#table)
  }
}
