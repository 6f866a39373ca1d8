import { packEndpoint } from '../contract/receiver-report/packed.ts'
import type { EndpointReport, ReceiverReport } from '../contract/receiver-report/report.ts'
import { formatTime } from '../format-time.ts'
import type { Activity } from './endpoint-activity.ts'
import { inTurns } from '../fairness/in-turn.ts'

/**
 * How many endpoints are reported in full, some 110 bytes each. The others are packed: 20,000 that all have deliveries
 * pending take 800 KiB together, and a ConfigMap holds 1 MiB.
 */
export const maxReportedEndpoints = 2_000
/** Of those in full and of the packed ones: with the sinks beside them they fit into a ConfigMap. */
const maxFullBytes = 288 * 1024
export const maxPackedBytes = 640 * 1024

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
  /** Of an object. */
  readonly namespaceOf: (uid: string) => string | undefined
}

/**
 * Pure. The same state gives the same report, to the byte: what did not change is not written. Where not all have room,
 * namespaces take turns, and in each what the controller waits for comes first: a namespace with thousands never hides
 * those of others.
 */
export function buildReport(input: ReportInput): ReceiverReport {
  const activity = new Map(input.activity)
  const uids = new Set([...activity.keys(), ...input.pending.keys(), ...input.lastDropMs.keys()])
  const reports = [...uids].map((uid) => ({ uid, report: endpointReport(uid, activity.get(uid), input) }))
  const said = reports
    .filter(({ report }) => Object.keys(report).length > 1 || report.pending > 0)
    .toSorted((a, b) => urgency(b.report) - urgency(a.report) || compareText(a.uid, b.uid))
  const { full, packed, leftOut } = within(inTurns(said, ({ uid }) => input.namespaceOf(uid) ?? ''))
  return {
    endpoints: Object.fromEntries(full.toSorted((a, b) => compareText(a.uid, b.uid)).map(toEntry)),
    ...(packed.length > 0 && { packed: packed.toSorted(compareText).join('') }),
    ...(leftOut > 0 && { endpointsLeftOut: leftOut }),
  }
}

interface Said {
  uid: string
  report: EndpointReport
}

const toEntry = ({ uid, report }: Said): [string, EndpointReport] => [uid, report]

/** The first in full, the next packed, until there is no room. */
function within(said: readonly Said[]): { full: Said[]; packed: string[]; leftOut: number } {
  const full: Said[] = []
  const packed: string[] = []
  let [fullBytes, packedBytes, leftOut] = [0, 0, 0]
  for (const each of said) {
    fullBytes += JSON.stringify(toEntry(each)).length
    if (full.length < maxReportedEndpoints && fullBytes <= maxFullBytes) {
      full.push(each)
      continue
    }
    const text = packEndpoint(each.uid, each.report)
    if (text === undefined || packedBytes + text.length > maxPackedBytes) {
      leftOut += 1
      continue
    }
    packedBytes += text.length
    packed.push(text)
  }
  return { full, packed, leftOut }
}

function endpointReport(uid: string, activity: Activity | undefined, input: ReportInput): EndpointReport {
  const { check, lastVerifiedMs, refusingSinceMs } = activity ?? {}
  const lastDropMs = input.lastDropMs.get(uid)
  return {
    ...(check !== undefined && input.isCheckOpen(uid, check.attemptID) && { check }),
    ...(lastVerifiedMs !== undefined && { lastVerifiedTime: toMinute(lastVerifiedMs) }),
    ...(refusingSinceMs !== undefined && { refusingSince: formatTime(refusingSinceMs) }),
    // So coarse that a sink that fails for weeks causes a write an hour, not one for each event.
    ...(lastDropMs !== undefined && { lastDropTime: formatTime(Math.floor(lastDropMs / hourMs) * hourMs) }),
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
  return formatTime(Math.floor(ms / minuteMs) * minuteMs)
}
