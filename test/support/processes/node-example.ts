import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'

/**
 * A copy of an example with the packages of its lockfile, made once for each content of that and kept in `.cache`; its
 * own files are those of today. Where the packages cannot be had: why, and an error where GWH_REQUIRE_EXAMPLES=1
 * forbids to go on without.
 */
export function installedExample(name: string): { folder: string } | { missing: string } {
  const source = join('examples', name)
  const lock = readFileSync(join(source, 'package-lock.json'))
  const folder = resolve('.cache/examples', `${name}-${createHash('sha256').update(lock).digest('hex').slice(0, 16)}`)
  const unfinished = `${folder}-${process.pid}`
  if (!existsSync(folder)) {
    cpSync(source, unfinished, { recursive: true, filter: (path) => !path.includes('node_modules') })
    const options = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline']
    const { status, stderr } = spawnSync('npm', options, { cwd: unfinished, encoding: 'utf8' })
    if (status !== 0) {
      rmSync(unfinished, { recursive: true, force: true })
      if (process.env['GWH_REQUIRE_EXAMPLES'] === '1') throw new Error(`npm ci of ${source}: ${stderr}`)
      return { missing: `the packages of ${source} cannot be installed` }
    }
    renameSync(unfinished, folder)
  }
  cpSync(source, folder, { recursive: true, filter: (path) => !path.includes('node_modules') })
  return { folder }
}
