import type { Change, ConformanceReport } from '../../conformance/report.ts'
import { cellOf, table } from '../table.ts'

/** The findings for people; `since`: the time of the report that the changes are about. */
export function reportText(report: ConformanceReport, changes: readonly Change[], since: string | undefined): string {
  const { findings, promises } = report
  const rows = findings.map(({ switch: name, setting, seen }) => [name, shown(setting), seen].map(cellOf))
  const broken = promises.filter(({ problem }) => problem !== undefined)
  const found = findings.filter(({ setting }) => setting !== undefined).length
  return [
    table(['SWITCH', 'SETTING', 'WHAT THE SERVICE DID'], rows),
    '\n',
    ...broken.map(({ version, promise, problem = '' }) => `${cellOf(`/${version}: ${promise}: ${problem}`)}\n`),
    `${promises.length - broken.length} of ${promises.length} promises hold; ${found} of ${findings.length} switches were found out.\n`,
    ...(since === undefined ? [] : [changesText(changes, cellOf(since))]),
  ].join('')
}

function changesText(changes: readonly Change[], since: string): string {
  if (changes.length === 0) return `No answer has changed since ${since}.\n`
  const rows = changes.map(({ what, before, now }) => [what, before, now].map(cellOf))
  return `\nChanged since ${since}:\n${table(['WHAT', 'BEFORE', 'NOW'], rows)}`
}

/** An empty text is a setting, too. */
function shown(setting: string | number | undefined): string {
  if (setting === undefined) return '-'
  return setting === '' ? '""' : String(setting)
}
