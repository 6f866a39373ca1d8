import { packEndpoint } from '../../contract/receiver-report/packed.ts'
import {
  maxReportedCount,
  reportLivenessMs,
  type EndpointReport,
  type SinkReport,
} from '../../contract/receiver-report/report.ts'
import type { ReceiverPresence } from '../facts/receiver-presence.ts'
import { foldProblemOf } from './fold-problem.ts'
import { readReports, sinksIn, type PodReport, type ReportSource } from './read-reports.ts'

/** Two writes that failed, and clocks that differ. */
export const goneAfterMs = 3 * reportLivenessMs

/** The receivers' reports about one object, folded into one. */
export interface FoldedReport {
  echoes: { attemptID: string; keyID: string }[]
  lastVerifiedTime?: string
  refusingSince?: string
  lastDropTime?: string
  pending: number
}

/**
 * Folds every receiver's part; one that cannot be read is left out, the others count. `nowMs`: what lies ahead of it is
 * no time.
 */
export function foldReports(source: ReportSource, nowMs = Infinity): Map<string, FoldedReport> {
  const folded = new Map<string, FoldedReport>()
  const reports = readReports(source, nowMs)
  const counted = new Set(countedReports(reports))
  for (const pod of reports) {
    const counts = counted.has(pod)
    for (const [uid, report] of Object.entries(pod.report.endpoints)) {
      let into = folded.get(uid)
      if (into === undefined) folded.set(uid, (into = { echoes: [], pending: 0 }))
      fold(into, report, counts ? report.pending : 0)
    }
  }
  return folded
}

/** What many receivers say together is bounded as what one says: all of it has to fit into a status. */
export function sumOfCounts(counts: readonly number[]): number {
  return Math.min(
    counts.reduce((sum, count) => sum + count, 0),
    maxReportedCount,
  )
}

/**
 * The reports whose counts are added up: those about an inbox of the receiver's own, also of one that is gone, since
 * its deliveries wait on its volume. Of a shared inbox each tells the whole, and the newest counts; at the same minute
 * one that still runs. A report without a time of writing is of a version without shared inboxes.
 */
export function countedReports(reports: readonly PodReport[]): PodReport[] {
  const [newest] = reports.filter(isShared).toSorted(byNewness)
  return [...reports.filter((report) => !isShared(report)), ...(newest === undefined ? [] : [newest])]
}

function isShared({ report, writtenMs }: PodReport): boolean {
  return report.ownInbox !== true && writtenMs !== undefined
}

function byNewness(a: PodReport, b: PodReport): number {
  return (
    (b.writtenMs ?? 0) - (a.writtenMs ?? 0) || Number(a.report.stopped ?? false) - Number(b.report.stopped ?? false)
  )
}

/** Silent for longer than any running receiver. A report without a time of writing is not judged. */
export function isGone({ writtenMs }: Pick<PodReport, 'writtenMs'>, nowMs: number): boolean {
  return writtenMs !== undefined && nowMs - writtenMs > goneAfterMs
}

/**
 * The uids about which the controller has something to do: an echo came, refusing began or ended, or dead letters were
 * dropped. Traffic alone causes no pass.
 */
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

/** Longer than a restart or the move to another node takes. */
const strandedAfterMs = 15 * 60_000

/**
 * The receivers that are gone: silent for longer than any that runs. One that ended in good order and left nothing
 * behind counts as gone sooner, because its report takes room from that of its successor. A report without a time of
 * writing is not judged.
 */
export function staleReports(source: ReportSource, nowMs: number): string[] {
  return readReports(source, nowMs).flatMap((pod) => {
    const { stopped = false, ownInbox = false } = pod.report
    const isOver = stopped && !ownInbox && nowMs - (pod.writtenMs ?? nowMs) > strandedAfterMs
    return isOver || isGone(pod, nowMs) ? [pod.pod] : []
  })
}

/**
 * What is left of the report of a receiver that is gone: the deliveries that wait on its volume. Undefined where none
 * do.
 */
export function whatIsStranded(text: string): string | undefined {
  const [pod] = readReports({ data: { pod: text } })
  const { report } = pod ?? {}
  const waiting = Object.entries(report?.endpoints ?? {}).filter(([, { pending }]) => pending > 0)
  if (report?.ownInbox !== true || waiting.length === 0) return undefined
  const kept = waiting.map(([uid, { pending }]) => ({ uid, report: { pending } }))
  // Many are packed, as the receiver itself does, or they would not fit into a ConfigMap.
  const packed =
    kept.length > maxStrandedInFull ? kept.flatMap(({ uid, report: each }) => packEndpoint(uid, each) ?? []) : []
  const inFull =
    packed.length > 0 ? kept.filter(({ uid, report: each }) => packEndpoint(uid, each) === undefined) : kept
  const endpoints = Object.fromEntries(inFull.map(({ uid, report: each }) => [uid, each]))
  const sinks = strandedSinks(report)
  const { time } = report
  return JSON.stringify({
    time,
    ownInbox: true,
    stopped: true,
    endpoints,
    ...(packed.length > 0 && { packed: packed.join('') }),
    ...(sinks && { sinks }),
  })
}

/**
 * What stays of the last report of all, where nothing else of it does: since when nobody receives, and when that was
 * so before.
 */
export function lastSign(text: string): string {
  const [pod] = readReports({ data: { pod: text } })
  const { time, away } = pod?.report ?? {}
  return JSON.stringify({ time, stopped: true, ...(away !== undefined && { away }), endpoints: {} })
}

/** When receivers ran, and whether they fold, as reports tell. Of one without a time it is not known. Pure. */
export function presenceOf(reports: readonly PodReport[], { oneReceives = false } = {}): ReceiverPresence {
  const heardMs = reports.reduce((newest, { writtenMs = -Infinity }) => Math.max(newest, writtenMs), -Infinity)
  const [away] = reports
    .flatMap(({ report }) => report.away ?? [])
    .map(({ since, until }) => ({ sinceMs: Date.parse(since), untilMs: Date.parse(until) }))
    .toSorted((a, b) => b.untilMs - a.untilMs)
  const foldProblem = foldProblemOf(reports, { oneReceives })
  return {
    ...(Number.isFinite(heardMs) && { heardMs }),
    ...(away !== undefined && { away }),
    ...(foldProblem !== undefined && { foldProblem }),
  }
}

/** So many still fit in full, some 55 bytes each. */
const maxStrandedInFull = 2_000

/** The health of sinks ends with the receiver; the deliveries that wait for them remain. */
function strandedSinks(report: PodReport['report']): Record<string, Record<string, SinkReport>> | undefined {
  const sinks = Object.keys(report.sinks ?? {}).flatMap((uid) => {
    const waiting = [...sinksIn(report, uid)].filter(([, { pending = 0 }]) => pending > 0)
    const left = waiting.map(([name, { pending }]) => [name, { unseen: true as const, pending }] as const)
    return left.length === 0 ? [] : [[uid, Object.fromEntries(left)] as const]
  })
  return sinks.length === 0 ? undefined : Object.fromEntries(sinks)
}

/**
 * Receivers that ended with deliveries on a volume of their own and did not come back, or fell silent with them: no
 * other receiver delivers these.
 */
export function strandedInboxes(source: ReportSource, nowMs: number): { pod: string; pending: number }[] {
  return readReports(source, nowMs).flatMap(({ pod, report, writtenMs }) => {
    const pending = sumOfCounts(Object.values(report.endpoints).map((endpoint) => endpoint.pending))
    const isAway =
      writtenMs !== undefined && nowMs - writtenMs > (report.stopped === true ? strandedAfterMs : goneAfterMs)
    return report.ownInbox === true && pending > 0 && isAway ? [{ pod, pending }] : []
  })
}

/**
 * Latest success, earliest trouble, all of what is pending. In place: a dozen receivers may tell of 20,000 objects
 * each.
 */
function fold(into: FoldedReport, report: EndpointReport, pending: number): void {
  const { check, lastVerifiedTime, refusingSince, lastDropTime } = report
  if (check !== undefined) into.echoes.push(check)
  into.pending = Math.min(into.pending + pending, maxReportedCount)
  if (isLater(lastVerifiedTime, into.lastVerifiedTime)) into.lastVerifiedTime = lastVerifiedTime
  if (isLater(lastDropTime, into.lastDropTime)) into.lastDropTime = lastDropTime
  if (refusingSince !== undefined && !isLater(refusingSince, into.refusingSince ?? refusingSince))
    into.refusingSince = refusingSince
}

/** Of two times as receivers write them, to the second, the texts can be compared. */
function isLater(time: string | undefined, than: string | undefined): time is string {
  if (time === undefined || than === undefined) return time !== undefined
  const areSeconds = time.length === secondsLength && than.length === secondsLength
  return areSeconds ? time > than : Date.parse(time) > Date.parse(than)
}

const secondsLength = 'YYYY-MM-DDTHH:MM:SSZ'.length
