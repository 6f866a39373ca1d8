import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { migrate } from './schema.ts'

/** Older ones can corrupt the file when the write-ahead log is reset (fixed in 3.51.3). */
const minSqliteVersion = [3, 51, 3] as const
/** Long enough for a process that is just ending, short enough to say "taken" soon. */
const lockTimeoutMs = 1_000

const busyCode = 5
const corruptCode = 11
const notADatabaseCode = 26

export const damageAdvice =
  'it is damaged or not an inbox; restore it from a copy, or start once with --inbox-set-aside-damaged to begin with an empty one ' +
  '(the damaged file is kept beside it; what it held is not delivered)'

/** The file cannot be read as a database, wholly or in part. */
export class DamagedFileError extends Error {
  override readonly name = 'DamagedFileError'

  constructor(path: string, options?: ErrorOptions) {
    super(`inbox file ${path}: ${damageAdvice}`, options)
  }
}

export function isDamage(error: unknown): boolean {
  const code = sqliteCodeOf(error)
  return code === corruptCode || code === notADatabaseCode
}

/** SQLite's primary result code of an error of `node:sqlite`; undefined for any other error. */
export function sqliteCodeOf(error: unknown): number | undefined {
  const code: unknown = error instanceof Error && 'errcode' in error ? error.errcode : undefined
  return typeof code === 'number' ? code & 0xff : undefined
}

/**
 * Opens or makes the file, durable at every commit and locked against any other process. Throws an error that says what
 * to do when the file is taken, damaged, a stranger's or of a newer version.
 */
export function openDatabase(path: string): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  // Looked at before SQLite opens it, which throws the log of such a file away.
  if (!hasDatabaseHeader(path)) throw new DamagedFileError(path)
  const database = new DatabaseSync(path, { timeout: lockTimeoutMs, enableForeignKeyConstraints: false })
  try {
    requireVersion(database)
    // Before the first access: with it the log's index lives in memory, and a second process is refused for good.
    database.exec('PRAGMA locking_mode = EXCLUSIVE')
    database.exec('PRAGMA journal_mode = WAL')
    database.exec('PRAGMA synchronous = FULL')
    // SQLite would copy the log into the file inside of a commit, before it says that it is durable. The runner does it
    // after it has answered.
    database.exec('PRAGMA wal_autocheckpoint = 0')
    database.exec('PRAGMA temp_store = MEMORY')
    database.exec('PRAGMA cache_size = -32768')
    migrate(database)
    syncFolder(dirname(path))
    return database
  } catch (error) {
    database.close()
    if (isDamage(error)) throw new DamagedFileError(path, { cause: error })
    throw new Error(`inbox file ${path}: ${explain(error)}`, { cause: error })
  }
}

const databaseHeader = 'SQLite format 3\0'

/** True for a file that is missing or empty, too: that one is to be made. */
function hasDatabaseHeader(path: string): boolean {
  if (!existsSync(path)) return true
  const file = openSync(path, 'r')
  try {
    const start = Buffer.alloc(databaseHeader.length)
    const read = readSync(file, start)
    return read === 0 || start.toString('latin1') === databaseHeader
  } finally {
    closeSync(file)
  }
}

function requireVersion(database: DatabaseSync): void {
  const problem = problemOfVersion(String(database.prepare('SELECT sqlite_version() AS v').get()?.['v']))
  if (problem !== undefined) throw new Error(problem)
}

/** Pure: why this SQLite must not keep an inbox; undefined when it may. */
export function problemOfVersion(version: string): string | undefined {
  if (!isOlder(version.split('.').map(Number), minSqliteVersion)) return undefined
  return `this Node brings SQLite ${version}, which can corrupt a write-ahead log; use Node 24.15 or later with its own SQLite`
}

function isOlder(version: readonly number[], wanted: readonly number[]): boolean {
  for (const [at, want] of wanted.entries()) {
    const have = version[at] ?? 0
    if (have !== want) return have < want
  }
  return false
}

/** A new file's name is durable only once its folder is. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

function explain(error: unknown): string {
  const code = sqliteCodeOf(error)
  if (code === busyCode)
    return 'another process holds it; one inbox file serves one receiver, so stop the other one first'
  return error instanceof Error ? error.message : String(error)
}
