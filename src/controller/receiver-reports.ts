import { receiverReportSchema, reportLivenessMs, type EndpointReport, type ReceiverReport } from '../reports/report.ts'
import type { ConfigMap } from './kinds.ts'

/** Two writes that failed, and clocks that differ. */
const goneAfterMs = 3 * reportLivenessMs

/** The receivers' reports about one object, folded into one. */
export interface FoldedReport {
  echoes: { attemptID: string; keyID: string }[]
  lastVerifiedTime?: string
  refusingSince?: string
  lastDropTime?: string
  pending: number
}

/** Reads every receiver's part; one that cannot be read is left out, the others count. */
export function foldReports(configMap: Pick<ConfigMap, 'data'> | undefined): Map<string, FoldedReport> {
  const folded = new Map<string, FoldedReport>()
  for (const text of Object.values(configMap?.data ?? {})) {
    for (const [uid, report] of Object.entries(endpointsIn(text))) {
      folded.set(uid, fold(folded.get(uid) ?? { echoes: [], pending: 0 }, report))
    }
  }
  return folded
}

/** The uids about which the controller has something to do: an echo came, refusing began or ended, or dead letters were dropped. Traffic alone wakes nobody. */
export function noteworthyChanges(
  before: ReadonlyMap<string, FoldedReport>,
  after: ReadonlyMap<string, FoldedReport>,
): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((uid) => {
    const [old, now] = [before.get(uid), after.get(uid)]
    return (
      JSON.stringify(old?.echoes ?? []) !== JSON.stringify(now?.echoes ?? []) ||
      (old?.refusingSince === undefined) !== (now?.refusingSince === undefined) ||
      (now?.lastDropTime !== undefined && now.lastDropTime !== old?.lastDropTime)
    )
  })
}

/** The data keys of receivers that are gone: silent for longer than any that lives. One that never said when it wrote is not judged. */
export function staleReports(configMap: Pick<ConfigMap, 'data'> | undefined, nowMs: number): string[] {
  return Object.entries(configMap?.data ?? {}).flatMap(([pod, text]) => {
    const writtenMs = Date.parse(read(text)?.time ?? '')
    return nowMs - writtenMs > goneAfterMs ? [pod] : []
  })
}

/** What is left of the report of a receiver that is gone: the deliveries that wait on its volume. Undefined where none do. */
export function whatIsStranded(text: string): string | undefined {
  const report = read(text)
  const waiting = Object.entries(report?.endpoints ?? {}).filter(([, { pending }]) => pending > 0)
  if (report?.ownInbox !== true || waiting.length === 0) return undefined
  const endpoints = Object.fromEntries(waiting.map(([uid, { pending }]) => [uid, { pending }]))
  return JSON.stringify({ time: report.time, ownInbox: true, stopped: true, endpoints })
}

/** Longer than a restart or the move to another node takes. */
const strandedAfterMs = 15 * 60_000

/** Receivers that ended with deliveries on a volume of their own and did not come back, or fell silent so: nobody delivers these. */
export function strandedInboxes(
  configMap: Pick<ConfigMap, 'data'> | undefined,
  nowMs: number,
): { pod: string; pending: number }[] {
  return Object.entries(configMap?.data ?? {}).flatMap(([pod, text]) => {
    const report = read(text)
    const pending = Object.values(report?.endpoints ?? {}).reduce((sum, endpoint) => sum + endpoint.pending, 0)
    const silentMs = nowMs - Date.parse(report?.time ?? '')
    const isGone = silentMs > (report?.stopped === true ? strandedAfterMs : goneAfterMs)
    return report?.ownInbox === true && pending > 0 && isGone ? [{ pod, pending }] : []
  })
}

function endpointsIn(text: string): Record<string, EndpointReport> {
  return read(text)?.endpoints ?? {}
}

function read(text: string): ReceiverReport | undefined {
  try {
    return receiverReportSchema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** Latest success, earliest trouble, all of what is pending. */
function fold(into: FoldedReport, report: EndpointReport): FoldedReport {
  const lastVerifiedTime = later(into.lastVerifiedTime, report.lastVerifiedTime)
  const refusingSince = earlier(into.refusingSince, report.refusingSince)
  const lastDropTime = later(into.lastDropTime, report.lastDropTime)
  return {
    echoes: report.check === undefined ? into.echoes : [...into.echoes, report.check],
    pending: into.pending + report.pending,
    ...(lastVerifiedTime !== undefined && { lastVerifiedTime }),
    ...(refusingSince !== undefined && { refusingSince }),
    ...(lastDropTime !== undefined && { lastDropTime }),
  }
}

function later(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return Date.parse(a) >= Date.parse(b) ? a : b
}

function earlier(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return Date.parse(a) <= Date.parse(b) ? a : b
}
