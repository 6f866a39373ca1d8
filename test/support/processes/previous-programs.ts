import { existsSync } from 'node:fs'
import { basename, delimiter, join } from 'node:path'

/** The program of an earlier version. */
export interface PreviousProgram {
  /** Which, for the names of tests and logs: its commit. */
  readonly version: string
  /** The file to start. */
  readonly program: string
}

/**
 * Those in the folders of GWH_PREVIOUS_PROGRAMS, which `.ci/build-previous` makes; none where it is not set. Throws
 * where GWH_REQUIRE_PREVIOUS=1 forbids to go on without, and for a folder without a program.
 */
export function previousPrograms(environment = process.env): readonly PreviousProgram[] {
  const { GWH_PREVIOUS_PROGRAMS: given = '', GWH_REQUIRE_PREVIOUS: required } = environment
  const folders = given.split(delimiter).filter((folder) => folder !== '')
  if (folders.length === 0 && required === '1')
    throw new Error('GWH_REQUIRE_PREVIOUS=1, but GWH_PREVIOUS_PROGRAMS names no folder: run .ci/upgrade')
  return folders.map((folder) => {
    const program = join(folder, 'gwh.mjs')
    if (!existsSync(program)) throw new Error(`GWH_PREVIOUS_PROGRAMS: ${folder} has no gwh.mjs: run .ci/upgrade`)
    return { version: basename(folder), program }
  })
}

/** Why there is nothing to try, for `skip`. */
export const withoutPrevious = 'no program of an earlier version: .ci/upgrade builds them and runs this'
