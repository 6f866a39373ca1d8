import { type LogLevel, createLogger, defaultLogKeys } from '../observability/logger.ts'
import { createMetrics } from '../observability/metrics.ts'
import { useOwnResolver } from '../names/use-for-process.ts'
import type { ProcessDeps, RoleDeps } from './process-deps.ts'
import { runUntilStopped, type RunningRole } from './run-until-stopped.ts'

interface RoleRun {
  name: string
  /** How it logs. */
  log: { logLevel: LogLevel; logSeverityKey?: string; logMessageKey?: string; logTimeKey?: string }
  /** 1 = standard output. */
  logFd?: number
  /** What the log says about the configuration at start. */
  described: Readonly<Record<string, string>>
  start: (deps: RoleDeps, signal: AbortSignal) => Promise<RunningRole>
  stopWithinMs: number
}

/** Runs one role as this process, from the first line of the log to the exit code, with log and metrics. */
export async function runRole(run: RoleRun, context: ProcessDeps): Promise<number> {
  const { clock, random, version, hostname, pod, host } = context
  const {
    logLevel: level,
    logSeverityKey: severity = defaultLogKeys.severity,
    logMessageKey: message = defaultLogKeys.message,
    logTimeKey: time = defaultLogKeys.time,
  } = run.log
  const logger = createLogger({ level, name: run.name, fd: run.logFd ?? 1, keys: { severity, message, time } })
  const metrics = createMetrics({ processClock: clock })
  const buildInfo = { name: 'gwh_build_info', help: 'Always 1; the version is the label.', labels: ['version', 'role'] }
  metrics.gauge(buildInfo).set(1, { version, role: run.name })
  logger.info({ version, node: process.version, settings: run.described }, 'role.starting')
  const deps: RoleDeps = { clock, random, logger, metrics, version, hostname, pod }
  const stopResolving = useOwnResolver(clock)
  try {
    return await runUntilStopped({
      start: (signal) => run.start(deps, signal),
      host,
      logger,
      clock,
      stopWithinMs: run.stopWithinMs,
    })
  } finally {
    stopResolving()
  }
}
