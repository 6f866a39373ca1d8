import { readFileSync } from 'node:fs'

import { parseSettings, type ParsedSettings } from './parse-settings.ts'
import type { ConfigOf, RoleSettings, SettingsTable } from './setting.ts'
import { configFilePath, type Environment } from './sources.ts'

/**
 * Reads the file that `--config` or GWH_CONFIG names, if any, and parses everything. Read once, at start; a file that
 * cannot be read is an error.
 */
export function loadConfig<Table extends SettingsTable>(
  role: RoleSettings<Table>,
  { flags, env }: { flags: readonly string[]; env: Environment },
): ParsedSettings<ConfigOf<Table>> {
  const path = configFilePath(flags, env)
  if (path === undefined) return parseSettings(role, { flags, env })
  const text = readText(path)
  return 'error' in text
    ? { type: 'errors', errors: [text.error] }
    : parseSettings(role, { flags, env, file: { path, text: text.content } })
}

function readText(path: string): { content: string } | { error: string } {
  try {
    return { content: readFileSync(path, 'utf8') }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    return { error: `--config ${path}: cannot be read (${code}); give a file that exists and is readable` }
  }
}
