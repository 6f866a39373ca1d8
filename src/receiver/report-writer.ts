import { growingMs } from '../backoff.ts'
import type { Clock } from '../clock.ts'
import type { Inbox, SinkBacklog } from '../inbox/port.ts'
import type { KubernetesClient } from '../kubernetes/client.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'
import { reportLivenessMs, type Away } from '../contract/receiver-report/report.ts'
import { readAway } from './away-before.ts'
import { buildReport, toMinute } from './build-report.ts'
import { ReportPlace } from './report-place.ts'
import { reportSinks, type ReportedSinks, type SinkState } from './report-sinks.ts'
import type { EndpointActivity } from './endpoint-activity.ts'
import type { EndpointDirectory } from './endpoint-directory.ts'

export interface ReportWriterOptions {
  readonly client: Pick<KubernetesClient, 'get' | 'patch'>
  /** The operator's own namespace. */
  readonly namespace: string
  /** Our data key. */
  readonly podName: string
  readonly directory: EndpointDirectory
  readonly activity: EndpointActivity
  readonly inbox: Pick<Inbox, 'stats'>
  /** The state of the sinks to which this receiver delivers, and their backlog. Absent: the report has no sinks. */
  readonly sinks?: { states: () => readonly SinkState[]; backlog: () => Promise<readonly SinkBacklog[]> }
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  /** Whether only this receiver can deliver what its inbox holds. */
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
/** How often a report that did not change is looked for: others may have removed it, the controller among them. */
const lookIntervalMs = 60_000
/** The first time sooner: where a controller has just begun, it may be making the ConfigMap anew. */
const firstLookMs = 10_000
/** A report of 800 KiB is written every 25 s at the most: each write goes into the history of etcd whole. */
const bytesPerSecond = 32 * 1024
/** A failing API server is called less and less often, up to once in so many intervals. */
const maxBackoffIntervals = 12

/**
 * Reports to the controller what deliveries have shown: a merge patch of exactly our data key, at most once per
 * interval and only when it differs from what was written last, or is not there any more, or when that was an hour ago:
 * silence shows that a receiver is gone. Receivers write nothing else, so no stranger can cause a write.
 */
export function createReportWriter(options: ReportWriterOptions): ReportWriter {
  const { client, directory, activity, inbox, clock, logger, namespace, podName } = options
  const intervalMs = options.intervalMs ?? defaultIntervalMs
  const failures = options.metrics.counter({
    name: 'gwh_receiver_report_failures_total',
    help: 'Reports to the controller that could not be written; the next round tries again.',
  })
  const leftOut = options.metrics.gauge({
    name: 'gwh_receiver_report_left_out',
    help: 'Endpoints or sinks that did not fit into the last report to the controller.',
    labels: ['what'],
  })
  const place = new ReportPlace({ client, namespace, podName, now: () => clock.now() })
  let written: { text: string; atMs: number; lookedMs: number } | undefined
  /** Read once, before the first report takes the place of what was there. */
  let before: { away: Away | undefined } | undefined
  let failedRounds = 0
  let cancel: (() => void) | undefined
  let round: Promise<void> = Promise.resolve()
  let isStopped = false

  async function writeIfChanged(): Promise<void> {
    // Not even made: that takes time of the thread that answers deliveries.
    if (!isStopped && written !== undefined && clock.monotonic() - written.atMs < costMs(written.text)) return
    before ??= { away: await readAway(client, namespace, clock.now()) }
    forgetGoneEndpoints(directory, activity)
    activity.endFull(clock.now())
    // Read together, so that both are of the same moment: an object has no less pending than its sinks together.
    const [{ pendingByOwner, lastDropMsByOwner }, sinks] = await Promise.all([inbox.stats(), sinksNow(options)])
    const endpoints = buildReport({
      activity: activity.entries(),
      pending: pendingByOwner,
      lastDropMs: lastDropMsByOwner,
      isCheckOpen: (uid, attemptId) => directory.isCheckOpen(uid, attemptId),
      namespaceOf: (uid) => directory.entryOf(uid)?.namespace,
    })
    const report = {
      ...(options.ownInbox && { ownInbox: true }),
      foldsJobs: true,
      ...(isStopped && { stopped: true }),
      ...(before.away !== undefined && { away: before.away }),
      ...endpoints,
      ...sinks,
    }
    leftOut.set(endpoints.endpointsLeftOut ?? 0, { what: 'endpoints' })
    leftOut.set(sinks.sinksLeftOut ?? 0, { what: 'sinks' })
    const text = JSON.stringify(report)
    const atMs = clock.monotonic()
    if (await isSaid(text, atMs)) return
    await place.write(JSON.stringify({ time: toMinute(clock.now()), ...report }))
    written = { text, atMs, lookedMs: atMs + firstLookMs - lookIntervalMs }
  }

  /** Whether the report is there as it is. */
  async function isSaid(text: string, nowMs: number): Promise<boolean> {
    if (text !== written?.text || nowMs - written.atMs >= reportLivenessMs) return false
    if (nowMs - written.lookedMs < lookIntervalMs) return true
    written.lookedMs = nowMs
    return place.stands()
  }

  async function runRound(): Promise<void> {
    try {
      await writeIfChanged()
      failedRounds = 0
    } catch (error) {
      failedRounds++
      failures.add()
      logger.warn({ error: error, failedRounds }, 'report.write_failed')
    }
  }

  function scheduleNext(): void {
    const pauseMs = growingMs(failedRounds, { baseMs: intervalMs, maxMs: intervalMs * maxBackoffIntervals })
    cancel = clock.after(pauseMs, () => {
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

/** How long nothing more is written after a report. */
function costMs(text: string): number {
  return (text.length / bytesPerSecond) * 1_000
}

async function sinksNow({ sinks, directory, clock }: ReportWriterOptions): Promise<Partial<ReportedSinks>> {
  if (sinks === undefined) return {}
  const exists = ({ ownerUid }: { ownerUid: string }) => !directory.isSynced || directory.has(ownerUid)
  const backlog = (await sinks.backlog()).filter(exists)
  const namespaceOf = (uid: string) => directory.entryOf(uid)?.namespace
  return reportSinks({ backlog, states: sinks.states().filter(exists), nowMs: clock.now(), namespaceOf })
}

/** Only once the directory is complete: before that, what it does not know may still exist. */
function forgetGoneEndpoints(directory: EndpointDirectory, activity: EndpointActivity): void {
  if (!directory.isSynced) return
  for (const [uid] of activity.entries()) if (!directory.has(uid)) activity.forget(uid)
}
