import { controllerSettings } from '../../../src/config/controller-config.ts'
import { parseSettings } from '../../../src/config/parse-settings.ts'
import { fixedNumbers, type WorkingConfig } from '../../../src/controller/config.ts'

/**
 * What a controller works by that is told nothing but its base URL; a test's is one that no real controller would
 * start with.
 */
export const shippedConfig: WorkingConfig = {
  ...settingsFrom(['--base-url=https://192.0.2.1']),
  baseUrl: 'https://hooks.example.com',
  ...fixedNumbers,
}

function settingsFrom(flags: readonly string[]) {
  const parsed = parseSettings(controllerSettings, { flags, env: {} })
  if (parsed.type === 'config') return parsed.config
  throw new Error(`shipped configuration: ${JSON.stringify(parsed)}`)
}
