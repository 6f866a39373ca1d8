import { systemClock } from '../../../src/clock.ts'
import type { Logger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import type { RoleDeps } from '../../../src/roles/process-deps.ts'
import { recordedLogger } from '../doubles/recorded-logger.ts'

/** What a role gets from main.ts, with its log kept: real time, because real sockets are involved. */
export function roleDeps(hostname = 'test-host'): { deps: RoleDeps; messages: string[] } {
  const messages: string[] = []
  const record = recordedLogger('roles')
  const noting =
    (level: 'info' | 'warn' | 'error'): Logger['info'] =>
    (details, message) => {
      messages.push(message)
      record[level](details, message)
    }
  const logger: Logger = {
    debug: record.debug.bind(record),
    info: noting('info'),
    warn: noting('warn'),
    error: noting('error'),
    child: () => logger,
  }
  const deps = { clock: systemClock, random: Math.random, logger, metrics: createMetrics(), version: '0.0.0', hostname }
  return { deps, messages }
}
