import type { SinkReport } from '../../contract/receiver-report/report.ts'
import { readReports, sinksIn, type PodReport, type ReportSource } from './read-reports.ts'
import { countedReports, isGone, sumOfCounts } from './receiver-reports.ts'
import type { FoldedSink, FoldedSinks } from '../facts/folded-sinks.ts'

export interface SinkReports {
  /** Of the objects of which something is said. */
  uids: readonly string[]
  of(uid: string): FoldedSinks
}

const nothingSaid: ReadonlyMap<string, FoldedSink> = new Map()

/** Folds the reports of all receivers about sinks; what cannot be read is left out, sink by sink. */
export function foldSinkReports(source: ReportSource, nowMs: number): SinkReports {
  const reports = readReports(source, nowMs)
  const counted = new Set(countedReports(reports))
  const telling = reports.filter(({ report }) => report.sinks !== undefined)
  const running = telling.filter((pod) => pod.report.stopped !== true && !isGone(pod, nowMs))
  const uids = new Set(telling.flatMap(({ report }) => Object.keys(report.sinks ?? {})))
  const folded = new Map([...uids].map((uid) => [uid, foldOne(uid, { telling, running, counted })]))
  // A receiver that has just ended counts as well: a restart must not reset what the status of every object says.
  const isReported = telling.some((pod) => !isGone(pod, nowMs))
  const isPartial = running.some(({ report }) => report.sinksLeftOut !== undefined)
  return { uids: [...uids], of: (uid) => ({ isReported, isPartial, byName: folded.get(uid) ?? nothingSaid }) }
}

interface Sources {
  /** All that say something of sinks. */
  telling: readonly PodReport[]
  /** Those of them whose receivers run. */
  running: readonly PodReport[]
  /** Those whose counts are to be added. */
  counted: ReadonlySet<PodReport>
}

function foldOne(uid: string, { telling, running, counted }: Sources): Map<string, FoldedSink> {
  const read = new Map<PodReport, ReadonlyMap<string, SinkReport>>(
    telling.map((pod) => [pod, sinksIn(pod.report, uid)]),
  )
  const names = new Set(read.values().flatMap((sinks) => sinks.keys()))
  const folded = new Map<string, FoldedSink>()
  for (const name of names) {
    const said = running.map((pod) => ({ pod, sink: read.get(pod)?.get(name) }))
    const heard = said.flatMap(({ sink }) => (sink === undefined ? [] : [sink]))
    const counts = telling.flatMap((pod) => (counted.has(pod) ? (read.get(pod)?.get(name) ?? []) : []))
    folded.set(name, {
      ...failingIn(heard),
      isUnseen: !said.some((one) => isWitness(uid, one)) && heard.every(({ since }) => since === undefined),
      pending: sumOfCounts(counts.map(({ pending = 0 }) => pending)),
      deadLetters: sumOfCounts(counts.map(({ deadLetters = 0 }) => deadLetters)),
    })
  }
  return folded
}

/**
 * Whether a receiver has seen the sink take something: it says so, or takes deliveries of the object and reports no
 * failure.
 */
function isWitness(uid: string, { pod, sink }: { pod: PodReport; sink: SinkReport | undefined }): boolean {
  if (sink !== undefined) return sink.since === undefined && sink.unseen !== true
  return pod.report.endpoints[uid]?.lastVerifiedTime !== undefined
}

/** The earliest start, with the cause that the receiver reports which saw it fail first. */
function failingIn(sinks: readonly SinkReport[]): Pick<FoldedSink, 'failing'> {
  const [first] = sinks
    .flatMap(({ since, cause, status }) => (since === undefined ? [] : [{ since, cause, status }]))
    .toSorted((a, b) => Date.parse(a.since) - Date.parse(b.since))
  return first === undefined ? {} : { failing: first }
}
