import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'

import { bundle } from '../../../tools/bundle.ts'

/**
 * The program as it ships, built before the tests of a file and removed after them. It starts in a third of the time
 * that the sources take.
 */
export function bundledProgram(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gwh-bundle-'))
  before(async () => {
    await bundle({ outdir: folder, sourceMaps: false })
  })
  after(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'gwh.mjs')
}
