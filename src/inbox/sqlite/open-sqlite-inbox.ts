import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

import type { Clock } from '../../clock.ts'
import { equalQuotas, type Quotas } from '../../fairness/quotas.ts'
import type { Logger } from '../../observability/logger.ts'
import type { Metrics } from '../../observability/metrics.ts'
import { workerUrl } from '../../program-file.ts'
import { InboxUnavailableError, type Inbox } from '../port.ts'
import { defaultInboxBounds, problemsOf, type InboxBounds } from '../bounds.ts'
import { createInboxInstruments } from './inbox-instruments.ts'
import { SqliteInbox } from './sqlite-inbox.ts'
import { QuotaTeller } from './told-quotas.ts'
import type { FromWorker, WorkerSettings } from './worker-protocol.ts'

const workerProgram = { source: new URL('./worker.ts', import.meta.url), bundled: 'inbox-worker.mjs' }

/**
 * How long one of a few appends waits for others, at most, in milliseconds. It is added to the time of its answer, and
 * at 500 events a second five share a batch.
 */
export const shippedAppendIntervalMs = 10

export interface SqliteInboxOptions {
  /** The database file; its folder is made where missing and holds the log and the ballast too. */
  path: string
  clock: Clock
  logger: Logger
  metrics: Metrics
  bounds?: Partial<InboxBounds>
  /** What each namespace gets of what all share; all alike where absent. */
  quotas?: Quotas
  /** Between two batches of appends, in milliseconds, while fewer than eight wait. Absent: none waits for others. */
  appendIntervalMs?: number
  /** A damaged file is moved aside, with an error in the log, and an empty one begun. Absent: it is refused. */
  setAsideDamaged?: boolean
  /** The worker's program; by default the one that the build made of `worker.ts`, or this source itself. */
  workerUrl?: URL
  /**
   * Called once when the inbox ended by itself (its thread died): every operation fails from then on, so the process
   * should end and start again.
   */
  onEnded?: (why: string) => void
}

/**
 * Opens the embedded inbox: one file, one worker thread, durable at every answer. Rejects with an error that says what
 * to do when the file is held by another process, damaged, of a newer version, or on a file system that cannot keep it
 * safe.
 */
export async function openSqliteInbox(options: SqliteInboxOptions): Promise<Inbox> {
  const { path, clock, logger, metrics } = options
  const bounds = { ...defaultInboxBounds, ...options.bounds }
  const problems = problemsOf(bounds)
  if (problems.length > 0) throw new Error(`inbox bounds: ${problems.join('; ')}`)

  const settings: WorkerSettings = {
    path,
    bounds,
    setAsideDamaged: options.setAsideDamaged ?? false,
    nowMs: clock.now(),
  }
  const worker = new Worker(options.workerUrl ?? workerUrl(workerProgram), { workerData: settings })
  const [opened] = (await once(worker, 'message')) as [FromWorker]
  if (opened.type !== 'opened') {
    await worker.terminate()
    throw new InboxUnavailableError(opened.type === 'refused' ? opened.problem : `inbox file ${path}: did not open`)
  }
  const { setAside } = opened
  if (setAside !== undefined) logger.error({ path, setAside }, 'inbox.damaged_file_set_aside')
  if (opened.warning !== undefined) logger.warn({ path, warning: opened.warning }, 'inbox.volume')
  const instruments = createInboxInstruments(metrics)
  instruments.budget.set(opened.maxBytes)
  instruments.note(opened.report)
  logger.info({ path, maxBytes: opened.maxBytes, ...opened.report.totals }, 'inbox.opened')
  return new SqliteInbox({
    worker,
    clock,
    logger,
    instruments,
    quotas: new QuotaTeller(options.quotas ?? equalQuotas, opened.namespaces),
    appendIntervalMs: options.appendIntervalMs ?? 0,
    onEnded: options.onEnded ?? (() => {}),
  })
}
