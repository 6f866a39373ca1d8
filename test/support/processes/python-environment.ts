import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

/**
 * A virtual environment with what a requirements.txt names, made once for each content of it and kept in `.cache`; the
 * folder of its programs. Where Python or its packages are missing: why, and an error where GWH_REQUIRE_EXAMPLES=1
 * forbids to go on without.
 */
export async function pythonEnvironment(requirements: string): Promise<{ bin: string } | { missing: string }> {
  const name = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 16)
  const folder = resolve('.cache/python', name)
  const found = { bin: join(folder, 'bin') }
  if (existsSync(folder)) return found
  const unfinished = `${folder}-${process.pid}`
  // Python's own pip installs into it: one more of these in it takes seconds.
  const pip = ['-m', 'pip', '--python', join(unfinished, 'bin/python'), 'install', '--quiet']
  const problem =
    (await problemOf(['-m', 'venv', '--without-pip', unfinished])) ??
    (await problemOf([...pip, '--requirement', requirements]))
  if (problem === undefined) {
    // Programs in it name their interpreter by its path, so they are run as modules of it.
    renameSync(unfinished, folder)
    return found
  }
  rmSync(unfinished, { recursive: true, force: true })
  if (process.env['GWH_REQUIRE_EXAMPLES'] === '1') throw new Error(`no Python environment: ${problem}`)
  return { missing: `no Python environment (${problem.split('\n')[0] ?? ''})` }
}

async function problemOf(args: readonly string[]): Promise<string | undefined> {
  try {
    await promisify(execFile)('python3', args)
    return undefined
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string }
    return stderr?.trim() || message
  }
}
