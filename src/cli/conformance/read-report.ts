import type { ConformanceReport } from '../../conformance/report.ts'
import { isRecord } from '../../is-record.ts'

/** What an earlier run wrote. Throws where it is something else. */
export function readReport(text: string): ConformanceReport {
  const wrong = new Error('--since-file: is not what "gwh conformance --file" writes: name such a file')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw wrong
  }
  const isReport =
    isRecord(value) &&
    typeof value['time'] === 'string' &&
    isRecord(value['switches']) &&
    (value['earlier'] === undefined || isRecord(value['earlier'])) &&
    Array.isArray(value['promises']) &&
    value['promises'].every(isRecord)
  if (!isReport) throw wrong
  return value as object as ConformanceReport
}
