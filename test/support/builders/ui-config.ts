import { parseSettings } from '../../../src/config/parse-settings.ts'
import { uiSettings, type UiConfig } from '../../../src/config/ui-config.ts'

/** As its flags say. */
export function uiConfig(...flags: string[]): UiConfig {
  const role = { role: 'ui', about: '', example: '', settings: uiSettings, check: () => [] }
  const parsed = parseSettings(role, { flags, env: {} })
  if (parsed.type !== 'config') throw new Error(JSON.stringify(parsed))
  return parsed.config
}
