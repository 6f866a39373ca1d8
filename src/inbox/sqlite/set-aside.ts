import { existsSync, renameSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'

import { DamagedFileError, isDamage, type openDatabase } from './open-database.ts'
import type { WorkerSettings } from './worker-protocol.ts'

interface OpenedFile {
  database: DatabaseSync
  /** Where the damaged file is now. */
  setAside: string | undefined
}

/**
 * Opens the file. A damaged one is an error, unless the setting says that an empty inbox is better than none: then it
 * is moved aside with its log, never deleted, and a new one begins. Only with that setting is the whole file checked at
 * the start, which takes seconds for a large one.
 */
export function openOrSetAside(settings: WorkerSettings, open: typeof openDatabase): OpenedFile {
  const { path, setAsideDamaged, nowMs } = settings
  try {
    const database = open(path)
    if (setAsideDamaged) requireSound(database, path)
    return { database, setAside: undefined }
  } catch (error) {
    if (!setAsideDamaged || !(error instanceof DamagedFileError)) throw error
    const setAside = `${path}.damaged-${new Date(nowMs).toISOString().replaceAll(':', '-')}`
    for (const suffix of ['', '-wal', '-shm']) {
      if (existsSync(`${path}${suffix}`)) renameSync(`${path}${suffix}`, `${setAside}${suffix}`)
    }
    return { database: open(path), setAside }
  }
}

function requireSound(database: DatabaseSync, path: string): void {
  let problem: unknown
  try {
    problem = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check']
  } catch (error) {
    if (!isDamage(error)) throw error
  }
  if (problem === 'ok') return
  database.close()
  throw new DamagedFileError(path)
}
