import type { GeminiWebhookStatus, SinkStatus } from '../../api/status.ts'
import type { WorkingConfig } from '../config.ts'
import type { FoldedReport } from './receiver-reports.ts'
import type { FoldedSinks } from '../facts/folded-sinks.ts'
import { sinksWithStep } from './routing-step.ts'
import { noSinkReports } from './sink-status.ts'

/** Pending deliveries that come and go while all is well; they are not worth a write. */
const inFlight = 10
/** What has been waiting for so long without a break is not merely in flight. */
const waitingFromMs = 5 * 60_000
/** How often small changes of the pending counts are written. */
const smallCountsMs = 3_600_000

/** What the status of a webhook or of a route tells of its deliveries. */
export interface ToldCounts {
  delivery?: { pending?: number | undefined } | undefined
  sinks?: readonly SinkStatus[] | undefined
  routes?: GeminiWebhookStatus['routes']
}

/** Whether a write tells other counts than the status before it. */
export function areCountsNew(before: ToldCounts | undefined, after: ToldCounts): boolean {
  return JSON.stringify(countsIn(before)) !== JSON.stringify(countsIn(after))
}

/**
 * What the receivers say of the sinks of an object, and for how long something has been pending for them, milliseconds.
 */
export interface SinkReportSource {
  sinks: (uid: string) => FoldedSinks
  waitingMs: (uid: string) => number
}

/** Whether a pass may write counts: `sinceWrittenMs` after the last that did. Traffic alone writes none. */
export function areCountsDue(
  { metadata, status }: { metadata: { uid: string }; status?: ToldCounts | undefined },
  { reports, config }: { reports?: SinkReportSource; config: Pick<WorkingConfig, 'countsIntervalMs'> },
  { report, sinceWrittenMs }: { report: Pick<FoldedReport, 'pending'> | undefined; sinceWrittenMs: number },
): boolean {
  const { uid } = metadata
  const waitingMs = reports?.waitingMs(uid) ?? 0
  const isStale = areCountsStale({ status }, { report, sinks: reports?.sinks(uid) ?? noSinkReports, waitingMs })
  if (isStale) return sinceWrittenMs >= config.countsIntervalMs
  return waitingMs >= waitingFromMs && sinceWrittenMs >= smallCountsMs
}

export interface Counted {
  report: Pick<FoldedReport, 'pending'> | undefined
  sinks: FoldedSinks
  /** For how long something has been pending without a break. */
  waitingMs: number
}

/** Whether the status lags so far behind the reports that the object is worth a pass of its own. */
export function areCountsStale({ status }: { status?: ToldCounts | undefined }, counted: Counted): boolean {
  const { byName, isReported, isPartial } = counted.sinks
  const sinks = sinksWithStep(status ?? {})
  const isFailing = sinks.some(({ failingSince }) => failingSince !== undefined)
  const isFar = (told: number, now: number) =>
    told !== now &&
    (isFailing || now === 0 || Math.abs(told - now) >= inFlight || (told === 0 && counted.waitingMs >= waitingFromMs))
  const hasTurned = sinks.some(({ name, failingSince }) => {
    const said = byName.get(name)
    if (said?.failing !== undefined) return failingSince === undefined
    return failingSince !== undefined && (said === undefined ? isReported && !isPartial : !said.isUnseen)
  })
  const hasOtherDeadLetters = (status?.sinks ?? []).some(({ name, deadLetters = 0 }) => {
    const said = byName.get(name)
    // What had no room in a report may be as it was.
    return said === undefined && isPartial ? false : deadLetters !== (said?.deadLetters ?? 0)
  })
  return hasTurned || hasOtherDeadLetters || isFar(status?.delivery?.pending ?? 0, counted.report?.pending ?? 0)
}

/** Of sinks that have any: one that is new in the status tells nothing by that. */
function countsIn(status: ToldCounts = {}) {
  const { delivery } = status
  const told = sinksWithStep(status).flatMap(({ name, pending = 0, deadLetters = 0, lastFailure = '' }: SinkStatus) =>
    pending === 0 && deadLetters === 0 && lastFailure === '' ? [] : [[name, pending, deadLetters, lastFailure]],
  )
  return [delivery?.pending ?? 0, told]
}
