import type { Clock } from '../clock.ts'
import type { Inbox } from '../inbox/port.ts'
import type { KubernetesClient, ResourceKind } from '../kubernetes/client.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'
import { reportLivenessMs, reportsConfigMapName } from '../reports/report.ts'
import { buildReport, toMinute } from './build-report.ts'
import type { EndpointActivity } from './endpoint-activity.ts'
import type { EndpointDirectory } from './endpoint-directory.ts'

const configMapKind: ResourceKind = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
}

export interface ReportWriterOptions {
  readonly client: Pick<KubernetesClient, 'patch'>
  /** The operator's own namespace. */
  readonly namespace: string
  /** Our data key. */
  readonly podName: string
  readonly directory: EndpointDirectory
  readonly activity: EndpointActivity
  readonly inbox: Pick<Inbox, 'stats'>
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  /** Whether nobody but this receiver can deliver what its inbox holds. */
  readonly ownInbox: boolean
  /** Between two writes at the least. */
  readonly intervalMs?: number
}

export interface ReportWriter {
  start(): void
  /** Ends the rounds after one last write of what changed, bounded by a few seconds. */
  stop(): Promise<void>
}

const defaultIntervalMs = 5_000
/** Short, because the last report holds up the end of the process. */
const patchTimeoutMs = 5_000
/** A failing API server is asked less and less, up to once in so many intervals. */
const maxBackoffIntervals = 12

/**
 * Tells the controller what deliveries have shown: a merge patch of exactly our data key, at most once per interval and only when it differs from what was
 * written last, or when that was an hour ago: a receiver that is gone is known by its silence. Receivers write nothing else, so no stranger can cause a write.
 */
export function createReportWriter(options: ReportWriterOptions): ReportWriter {
  const { client, directory, activity, inbox, clock, logger } = options
  const intervalMs = options.intervalMs ?? defaultIntervalMs
  const failures = options.metrics.counter({
    name: 'gwh_receiver_report_failures_total',
    help: 'Reports to the controller that could not be written; the next round tries again.',
  })
  let written: { text: string; atMs: number } | undefined
  let failedRounds = 0
  let cancel: (() => void) | undefined
  let round: Promise<void> = Promise.resolve()
  let isStopped = false

  async function writeIfChanged(): Promise<void> {
    forgetGoneEndpoints(directory, activity)
    const { pendingByOwner, lastDropMsByOwner } = await inbox.stats()
    const endpoints = buildReport({
      activity: activity.entries(),
      pending: pendingByOwner,
      lastDropMs: lastDropMsByOwner,
      isCheckOpen: (uid, attemptId) => directory.isCheckOpen(uid, attemptId),
    })
    const report = { ...(options.ownInbox && { ownInbox: true }), ...(isStopped && { stopped: true }), ...endpoints }
    const text = JSON.stringify(report)
    const atMs = clock.monotonic()
    if (text === written?.text && atMs - written.atMs < reportLivenessMs) return
    const key = { namespace: options.namespace, name: reportsConfigMapName }
    const body = { data: { [options.podName]: JSON.stringify({ time: toMinute(clock.now()), ...report }) } }
    await client.patch(configMapKind, key, body, { type: 'merge', timeoutMs: patchTimeoutMs })
    written = { text, atMs }
  }

  async function runRound(): Promise<void> {
    try {
      await writeIfChanged()
      failedRounds = 0
    } catch (error) {
      failedRounds++
      failures.add()
      logger.warn({ err: error, failedRounds }, 'report.write-failed')
    }
  }

  function scheduleNext(): void {
    const backoff = Math.min(2 ** failedRounds, maxBackoffIntervals)
    cancel = clock.after(intervalMs * backoff, () => {
      round = runRound().then(() => {
        if (!isStopped) scheduleNext()
      })
    })
  }

  return {
    start: scheduleNext,
    async stop() {
      isStopped = true
      cancel?.()
      await round
      await runRound()
    },
  }
}

/** Only once the directory is complete: before that, what it does not know may still exist. */
function forgetGoneEndpoints(directory: EndpointDirectory, activity: EndpointActivity): void {
  if (!directory.isSynced) return
  for (const [uid] of activity.entries()) if (!directory.has(uid)) activity.forget(uid)
}
