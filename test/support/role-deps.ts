import { systemClock } from '../../src/clock.ts'
import type { Logger } from '../../src/observability/logger.ts'
import { silentLogger } from '../../src/observability/logger.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import type { RoleDeps } from '../../src/roles/role-context.ts'

/** What a role gets from main.ts, with its log kept: real time, because real sockets are involved. */
export function roleDeps(hostname = 'test-host'): { deps: RoleDeps; messages: string[] } {
  const messages: string[] = []
  const note = (_details: object, message: string) => void messages.push(message)
  const logger: Logger = { ...silentLogger, info: note, warn: note, error: note, child: () => logger }
  const deps = { clock: systemClock, random: Math.random, logger, metrics: createMetrics(), version: '0.0.0', hostname }
  return { deps, messages }
}
