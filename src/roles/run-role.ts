import type { LogLevel } from '../observability/logger.ts'
import { createLogger } from '../observability/logger.ts'
import { createMetrics } from '../observability/metrics.ts'
import type { RoleContext, RoleDeps } from './role-context.ts'
import { runUntilStopped } from './run-until-stopped.ts'
import type { RunningRole } from './run-until-stopped.ts'

interface RoleRun {
  name: string
  logLevel: LogLevel
  /** 1 = standard output. */
  logFd?: number
  /** What the log says about the configuration at start. */
  described: Readonly<Record<string, string>>
  start: (deps: RoleDeps, signal: AbortSignal) => Promise<RunningRole>
  stopWithinMs: number
}

/** Runs one role as this process: its log, its metrics, its life from the first line to the exit code. */
export function runRole(run: RoleRun, context: RoleContext): Promise<number> {
  const { clock, random, version, hostname, host } = context
  const logger = createLogger({ level: run.logLevel, name: run.name, fd: run.logFd ?? 1 })
  const metrics = createMetrics({ processMetrics: true })
  const buildInfo = { name: 'gwh_build_info', help: 'Always 1; the version is the label.', labels: ['version', 'role'] }
  metrics.gauge(buildInfo).set(1, { version, role: run.name })
  logger.info({ version, node: process.version, settings: run.described }, 'role.starting')
  const deps: RoleDeps = { clock, random, logger, metrics, version, hostname }
  return runUntilStopped({
    start: (signal) => run.start(deps, signal),
    host,
    logger,
    clock,
    stopWithinMs: run.stopWithinMs,
  })
}
