import { systemClock } from '../../src/clock.ts'
import type { SettingsTable } from '../../src/config/setting.ts'
import type { ConfigOf, RoleSettings } from '../../src/config/setting.ts'
import { parseSettings } from '../../src/config/parse-settings.ts'
import { createLogger } from '../../src/observability/logger.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import type { RoleDeps } from '../../src/roles/role-context.ts'

/** What main.ts hands to a role. */
export function benchRoleDeps(name: string): RoleDeps {
  return {
    clock: systemClock,
    random: Math.random,
    logger: createLogger({ level: 'error', name, fd: 2 }),
    metrics: createMetrics({ processMetrics: true }),
    version: 'bench',
    hostname: name,
  }
}

/** The role's settings from flags, as its command reads them. */
export function settingsFrom<Table extends SettingsTable>(
  role: RoleSettings<Table>,
  flags: readonly string[],
): ConfigOf<Table> {
  const parsed = parseSettings(role, { flags, env: {} })
  if (parsed.type === 'config') return parsed.config
  throw new Error(`bench ${role.role}: ${parsed.type === 'errors' ? parsed.errors.join('; ') : 'asked for help'}`)
}
