import type { FoldProblem } from '../facts/receiver-presence.ts'
import type { PodReport } from './read-reports.ts'

/**
 * Why the receivers do not know together which events they have had. Each inbox of a receiver's own counts for as long
 * as its report is there, also of one that has ended: it may come back with what it stored. All shared ones are one.
 * `oneReceives`: what is in front of them sends every delivery to one, so it does not matter how many they are. Pure.
 */
export function foldProblemOf(reports: readonly PodReport[], { oneReceives = false } = {}): FoldProblem | undefined {
  const own = reports.filter(({ report }) => report.ownInbox === true).length
  if (!oneReceives && own + (reports.some(usesSharedInbox) ? 1 : 0) > 1) return 'SeveralInboxes'
  return reports.some(isOlder) ? 'OlderVersion' : undefined
}

/** A receiver that has ended and tells of nothing is the last sign of one that is gone. */
function usesSharedInbox({ report, writtenMs }: PodReport): boolean {
  const isLastSign = report.stopped === true && Object.keys(report.endpoints).length === 0
  return report.ownInbox !== true && writtenMs !== undefined && !isLastSign
}

/** Of a report without a time it is not known whether its receiver runs. */
function isOlder({ report, writtenMs }: PodReport): boolean {
  return report.foldsJobs !== true && report.stopped !== true && writtenMs !== undefined
}
