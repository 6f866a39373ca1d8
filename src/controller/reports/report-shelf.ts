import type { Clock } from '../../clock.ts'
import type { CounterHandle, Metrics } from '../../observability/metrics.ts'
import type { ConfigMap } from '../../kubernetes/core-kinds.ts'
import { readReport, reportParts } from './read-report.ts'
import { toPodReport, type PodReport } from './read-reports.ts'

/** The most receivers that are read from one ConfigMap: further keys are not read. */
export const maxPodsEach = 32

/** One report where it was found. */
export interface ShelvedReport extends PodReport {
  configMap: string
  text: string
  /** When this process first saw this text, on the monotonic clock. */
  seenMs: number
}

interface Read {
  text: string
  report: ShelvedReport | undefined
}

/** The receivers' reports, read once for each time that they change: a report of 20,000 objects is large. */
export class ReportShelf {
  readonly #clock: Clock
  readonly #refused: CounterHandle
  #read: ReadonlyMap<string, Read> = new Map()

  constructor({ clock, metrics }: { clock: Clock; metrics: Metrics }) {
    this.#clock = clock
    this.#refused = metrics.counter({
      name: 'gwh_controller_reports_refused_total',
      help: 'Implausible parts of reports from receivers, by part. They are ignored; the rest of the report counts.',
      labels: ['part'],
      known: reportParts.map((part) => ({ part })),
    })
  }

  /** Every report that can be read, where it stands. */
  all(configMaps: readonly ConfigMap[]): ShelvedReport[] {
    const read = new Map<string, Read>()
    for (const { metadata, data = {} } of configMaps) {
      for (const [pod, text] of Object.entries(data).slice(0, maxPodsEach)) {
        const key = `${metadata.name}/${pod}`
        const before = this.#read.get(key)
        read.set(key, before?.text === text ? before : { text, report: this.#readOne(metadata.name, pod, text) })
      }
    }
    this.#read = read
    return [...read.values()].flatMap(({ report }) => report ?? [])
  }

  #readOne(configMap: string, pod: string, text: string): ShelvedReport | undefined {
    const read = readReport(text, this.#clock.now())
    if (read === undefined) {
      this.#refused.add(1, { part: 'report' })
      return undefined
    }
    for (const [part, count] of read.refused) this.#refused.add(count, { part })
    return { ...toPodReport(pod, read.report), configMap, text, seenMs: this.#clock.monotonic() }
  }
}

/**
 * One of each receiver, the newest: it may have moved on, and what it left behind is not to be counted twice. Times
 * have minutes only; within one minute it is the one that came later, and of those that were there from the start the
 * first.
 */
export function newestOfEach(reports: readonly ShelvedReport[]): ShelvedReport[] {
  const newest = new Map<string, ShelvedReport>()
  for (const report of reports) {
    const other = newest.get(report.pod)
    if (other === undefined || isNewer(report, other)) newest.set(report.pod, report)
  }
  return [...newest.values()]
}

function isNewer(report: ShelvedReport, other: ShelvedReport): boolean {
  const byTimeMs = (report.writtenMs ?? 0) - (other.writtenMs ?? 0)
  return byTimeMs > 0 || (byTimeMs === 0 && report.seenMs > other.seenMs)
}
