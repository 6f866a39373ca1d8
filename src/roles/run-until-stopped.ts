import type { Clock } from '../clock.ts'
import type { Logger } from '../observability/logger.ts'

/** A role that has started. */
export interface RunningRole {
  /** Orderly: stop accepting, finish what is held, give back what is borrowed. Called once. */
  stop(): Promise<void>
  /** Resolves with the reason when the role cannot continue, such as a leader that lost its Lease; otherwise never. */
  readonly ended: Promise<string>
}

/** The part of `process` that is needed, so that a test can replace it. */
export interface HostProcess {
  on(event: string, listener: (argument: unknown) => void): unknown
  off(event: string, listener: (argument: unknown) => void): unknown
  /** Ends at once. */
  exit(code: number): void
}

export interface RunOptions {
  /** Rejects when it cannot start. May give up when `signal` aborts; a start that continues nevertheless is cut off. */
  start: (signal: AbortSignal) => Promise<RunningRole>
  host: HostProcess
  logger: Logger
  clock: Clock
  /** Longest time for `stop`; then the process ends anyway, with 1. */
  stopWithinMs: number
}

/**
 * Runs a role until SIGTERM or SIGINT (exit code 0), or until it ends by itself or cannot start (1). A second signal,
 * or an uncaught error, ends the process at once: every part is built to survive being killed, and after an unforeseen
 * error nothing can be trusted to stop in order.
 */
export async function runUntilStopped(options: RunOptions): Promise<number> {
  const { host, logger } = options
  const stopping = new AbortController()
  const onSignal = (signal: unknown) => {
    if (stopping.signal.aborted) return host.exit(1)
    logger.info({ signal }, 'role.stopping')
    stopping.abort()
  }
  const onFault = (error: unknown) => {
    logger.error({ error }, 'role.fault')
    host.exit(1)
  }
  const listeners = [
    ['SIGTERM', onSignal],
    ['SIGINT', onSignal],
    ['unhandledRejection', onFault],
    ['uncaughtException', onFault],
  ] as const
  for (const [event, listener] of listeners) host.on(event, listener)
  try {
    return await run(options, stopping.signal)
  } finally {
    for (const [event, listener] of listeners) host.off(event, listener)
  }
}

async function run(options: RunOptions, stopping: AbortSignal): Promise<number> {
  const { logger } = options
  const starting = options.start(stopping).catch((error: unknown) => {
    if (!stopping.aborted) logger.error({ error }, 'role.start_failed')
    return undefined
  })
  const role = await Promise.race([starting, cutOff(options, stopping)])
  if (role === 'cut off') return endWhileStarting(options)
  if (role === undefined) return stopping.aborted ? 0 : 1
  const why = await Promise.race([role.ended, aborted(stopping)])
  if (why !== undefined) logger.error({ why }, 'role.ended')
  const stopped = await stopInTime(role, options)
  return stopped && why === undefined ? 0 : 1
}

/** A start may wait for what is away, a NATS server for example: nothing is served yet, so waiting has no use. */
const startCutOffMs = 500

async function cutOff({ clock }: RunOptions, stopping: AbortSignal): Promise<'cut off'> {
  await aborted(stopping)
  const { promise, resolve } = Promise.withResolvers<'cut off'>()
  clock.after(startCutOffMs, () => resolve('cut off'))
  return promise
}

/** What was opened so far is built to survive being killed. */
function endWhileStarting({ host, logger }: RunOptions): number {
  logger.info({ whileStarting: true }, 'role.stopped')
  host.exit(0)
  return 0
}

/** Resolves when the signal aborts, at once if it has. */
export function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(undefined)
    signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
}

async function stopInTime(role: RunningRole, { clock, logger, stopWithinMs }: RunOptions): Promise<boolean> {
  const { promise: tooLate, resolve: giveUp } = Promise.withResolvers<{ stopWithinMs: number }>()
  const cancel = clock.after(stopWithinMs, () => giveUp({ stopWithinMs }))
  const stopped = role.stop().then(
    () => undefined,
    (error: unknown) => ({ error }),
  )
  const problem = await Promise.race([stopped, tooLate])
  cancel()
  if (problem === undefined) logger.info({}, 'role.stopped')
  else logger.error(problem, 'role.stop_failed')
  return problem === undefined
}
