import type { ReceiverReport, SinkReport } from '../../contract/receiver-report/report.ts'
import type { ConfigMap } from '../../kubernetes/core-kinds.ts'
import { readReport } from './read-report.ts'

export interface PodReport {
  pod: string
  report: ReceiverReport
  /** When it was written; undefined where it does not say so in a way that can be believed. */
  writtenMs: number | undefined
}

/** What was read already, or a ConfigMap to read: by the name of the receiver, what it says. */
export type ReportSource = Pick<ConfigMap, 'data'> | readonly PodReport[] | undefined

/** Every receiver's report that can be read as one. */
export function readReports(source: ReportSource, nowMs = Infinity): readonly PodReport[] {
  if (isRead(source)) return source
  return Object.entries(source?.data ?? {}).flatMap(([pod, text]) => {
    const read = readReport(text, nowMs)
    return read === undefined ? [] : [toPodReport(pod, read.report)]
  })
}

export function toPodReport(pod: string, report: ReceiverReport): PodReport {
  return { pod, report, writtenMs: report.time === undefined ? undefined : Date.parse(report.time) }
}

function isRead(source: ReportSource): source is readonly PodReport[] {
  return Array.isArray(source)
}

/** The sinks of one endpoint, by name. */
export function sinksIn(report: ReceiverReport, uid: string): ReadonlyMap<string, SinkReport> {
  const named = report.sinks !== undefined && Object.hasOwn(report.sinks, uid) ? report.sinks[uid] : undefined
  return new Map(Object.entries(named ?? {}))
}
