import type { EndpointReport, ReceiverReport } from '../reports/report.ts'
import type { Activity } from './endpoint-activity.ts'

/** Bounds one receiver's share of the reports ConfigMap (1 MiB for all): some 110 bytes an endpoint, 40 more while dead letters are dropped. */
export const maxReportedEndpoints = 2_000

const minuteMs = 60_000
const hourMs = 60 * minuteMs

export interface ReportInput {
  readonly activity: Iterable<[uid: string, activity: Activity]>
  /** Deliveries stored and not yet ended, by uid. */
  readonly pending: ReadonlyMap<string, number>
  /** When dead letters were last dropped for good, by uid. */
  readonly lastDropMs: ReadonlyMap<string, number>
  /** An echo is of use only while its check is open. */
  readonly isCheckOpen: (uid: string, attemptId: string) => boolean
}

/** Pure. The same state gives the same report, to the byte: what did not change is not written. */
export function buildReport(input: ReportInput): ReceiverReport {
  const activity = new Map(input.activity)
  const uids = new Set([...activity.keys(), ...input.pending.keys(), ...input.lastDropMs.keys()])
  const reports = [...uids].map((uid) => ({ uid, report: endpointReport(uid, activity.get(uid), input) }))
  const kept = reports
    .filter(({ report }) => Object.keys(report).length > 1 || report.pending > 0)
    .toSorted((a, b) => urgency(b.report) - urgency(a.report) || compareText(a.uid, b.uid))
    .slice(0, maxReportedEndpoints)
    .toSorted((a, b) => compareText(a.uid, b.uid))
  return { endpoints: Object.fromEntries(kept.map(({ uid, report }) => [uid, report])) }
}

function endpointReport(uid: string, activity: Activity | undefined, input: ReportInput): EndpointReport {
  const { check, lastVerifiedMs, refusingSinceMs } = activity ?? {}
  const lastDropMs = input.lastDropMs.get(uid)
  return {
    ...(check !== undefined && input.isCheckOpen(uid, check.attemptID) && { check }),
    ...(lastVerifiedMs !== undefined && { lastVerifiedTime: toMinute(lastVerifiedMs) }),
    ...(refusingSinceMs !== undefined && { refusingSince: toSecond(refusingSinceMs) }),
    // So coarse that a sink that fails for weeks causes a write an hour, not one for each event.
    ...(lastDropMs !== undefined && { lastDropTime: toSecond(Math.floor(lastDropMs / hourMs) * hourMs) }),
    pending: input.pending.get(uid) ?? 0,
  }
}

/** What the controller waits for comes first, should there ever be too many. */
function urgency({ check, refusingSince, lastDropTime, pending }: EndpointReport): number {
  if (check !== undefined) return 4
  if (refusingSince !== undefined) return 3
  if (lastDropTime !== undefined) return 2
  return pending > 0 ? 1 : 0
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** RFC 3339, so coarse that traffic alone causes few writes. */
export function toMinute(ms: number): string {
  return toSecond(Math.floor(ms / minuteMs) * minuteMs)
}

function toSecond(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 'YYYY-MM-DDTHH:MM:SS'.length)}Z`
}
