import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'

/**
 * A virtual environment with what a requirements.txt names, made once for each content of it and kept in `.cache`; the
 * folder of its programs. Where Python or its packages are missing: why, and an error where GWH_REQUIRE_EXAMPLES=1
 * forbids to go on without.
 */
export function pythonEnvironment(requirements: string): { bin: string } | { missing: string } {
  const name = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 16)
  const folder = resolve('.cache/python', name)
  const found = { bin: join(folder, 'bin') }
  if (existsSync(folder)) return found
  const unfinished = `${folder}-${process.pid}`
  const problem =
    problemOf('python3', ['-m', 'venv', unfinished]) ??
    problemOf(join(unfinished, 'bin/python'), ['-m', 'pip', 'install', '--quiet', '--requirement', requirements])
  if (problem === undefined) {
    // Programs in it name their interpreter by its path, so they are run as modules of it.
    renameSync(unfinished, folder)
    return found
  }
  rmSync(unfinished, { recursive: true, force: true })
  if (process.env['GWH_REQUIRE_EXAMPLES'] === '1') throw new Error(`no Python environment: ${problem}`)
  return { missing: `no Python environment (${problem.split('\n')[0] ?? ''})` }
}

function problemOf(program: string, args: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  if (error !== undefined) return error.message
  return status === 0 ? undefined : stderr.trim()
}
