import { execFileSync, spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where programs are looked for: HELM_BIN_DIR, then PATH. */
export function findProgram(name: string, env: Readonly<Record<string, string | undefined>>): string | undefined {
  const folders = [env['HELM_BIN_DIR'], ...(env['PATH'] ?? '').split(delimiter)].filter(
    (folder) => folder !== undefined,
  )
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

/** The Helm programs that can be had, by major version: named `helm3` and `helm4`, or one named `helm`. */
export function findHelms(env: Readonly<Record<string, string | undefined>>): Map<number, string> {
  const found = new Map<number, string>()
  for (const name of ['helm3', 'helm4', 'helm']) {
    const path = findProgram(name, env)
    const major = path === undefined ? undefined : majorOf(path)
    if (path !== undefined && major !== undefined && !found.has(major)) found.set(major, path)
  }
  return found
}

function majorOf(helm: string): number | undefined {
  const { stdout } = spawnSync(helm, ['version', '--template', '{{.Version}}'], { encoding: 'utf8' })
  const major = /^v(\d+)\./.exec(stdout)?.[1]
  return major === undefined ? undefined : Number(major)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * What an installation in this namespace renders to without a cluster; hooks ("helm test") are left out. Throws with
 * Helm's own words.
 */
export function helmTemplate(helm: string, args: readonly string[]): string {
  return execFileSync(helm, ['template', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
  })
}
