import { suspendedSink, type SinkStatus } from '../../api/status.ts'
import { explainSinkFailure } from '../../contract/receiver-report/sink-failure.ts'
import type { Judgement } from '../facts/judgement.ts'
import type { FoldedSink, FoldedSinks } from '../facts/folded-sinks.ts'
import { labelOf } from './routing-step.ts'

/** No receiver reports anything of sinks. */
export const noSinkReports: FoldedSinks = { isReported: false, isPartial: false, byName: new Map() }

/**
 * The sinks as they resolved, with what the receivers say of them. That a sink fails or has recovered is written at
 * once; counts and reasons only where `countsDue`, so that a backlog that grows every second costs one write a minute.
 * What is unknown stays as it was.
 */
export function foldSinkStatus(
  resolved: readonly SinkStatus[],
  before: readonly SinkStatus[] | undefined,
  reports: FoldedSinks,
  countsDue: boolean,
): SinkStatus[] {
  return resolved.map(({ failingSince: _since, lastFailure: _why, pending: _pending, deadLetters: _dead, ...sink }) => {
    const told = before?.find(({ name }) => name === sink.name)
    const said = reports.byName.get(sink.name)
    // A sink without counts in status gets them now, however recently others were written.
    const isDue = countsDue || told === undefined
    // Nothing is sent to one that is suspended: whether it failed before says nothing.
    const failure = sink.reason === suspendedSink ? {} : failureOf({ told, said }, reports, isDue)
    return { ...sink, ...failure, ...countsOf({ told, said }, reports, isDue) }
  })
}

interface Views {
  told: SinkStatus | undefined
  said: FoldedSink | undefined
}

type Health = Pick<SinkStatus, 'failingSince' | 'lastFailure' | 'pending' | 'deadLetters'>

function failureOf({ told, said }: Views, reports: FoldedSinks, countsDue: boolean): Health {
  const { failing } = said ?? {}
  const wasFailing = told?.failingSince !== undefined
  if (failing === undefined) return wasFailing && isUnknown(said, reports) ? failureAsReported(told) : {}
  if (wasFailing && !countsDue) return failureAsReported(told)
  // A receiver that began anew sees the failure begin anew.
  const failingSince = wasFailing ? earlier(told.failingSince, failing.since) : failing.since
  const lastFailure = explainSinkFailure({ cause: failing.cause ?? '', status: failing.status })
  return { failingSince, lastFailure }
}

/** No success is known either. */
function isUnknown(said: FoldedSink | undefined, { isReported, isPartial }: FoldedSinks): boolean {
  if (!isReported) return true
  return said === undefined ? isPartial : said.isUnseen
}

function failureAsReported({ failingSince, lastFailure }: SinkStatus): Health {
  return { ...(failingSince && { failingSince }), ...(lastFailure && { lastFailure }) }
}

function countsOf({ told, said }: Views, reports: FoldedSinks, countsDue: boolean): Health {
  const isLeftOut = said === undefined && reports.isPartial
  const { pending = 0, deadLetters = 0 } = countsDue && !isLeftOut ? (said ?? {}) : (told ?? {})
  return { ...(pending > 0 && { pending }), ...(deadLetters > 0 && { deadLetters }) }
}

function earlier(a: string | undefined, b: string): string {
  return a !== undefined && Date.parse(a) <= Date.parse(b) ? a : b
}

/** Longest list of sinks in a message: the others are in the status. */
const namedSinks = 4

/**
 * Whether every sink takes what it is sent. Ready does not depend on it: the webhook works, and what fails is kept and
 * tried again.
 */
export function judgeSinkHealth(sinks: readonly SinkStatus[], { isReported }: FoldedSinks): Judgement {
  const failing = sinks.filter(({ failingSince }) => failingSince !== undefined)
  if (sinks.length === 0) return { status: 'True', reason: 'Succeeded', message: 'there are no sinks' }
  if (failing.length > 0) {
    const named = failing.slice(0, namedSinks).map(explain).join('; ')
    const more = failing.length > namedSinks ? `; and ${failing.length - namedSinks} more` : ''
    const message = `${failing.length} of ${sinks.length} sinks take nothing: ${named}${more}; what is kept for them is tried again as spec.sinks[].delivery says`
    return { status: 'False', reason: 'SinkFailing', message }
  }
  if (!isReported) return { status: 'Unknown', reason: 'NotReported', message: 'no receiver has reported on sinks yet' }
  return { status: 'True', reason: 'Succeeded', message: 'no sink is known to fail' }
}

/** For people: since when a sink fails, and why. */
export function explain({ name, failingSince = '', lastFailure = '' }: SinkStatus): string {
  return `${labelOf(name)} since ${failingSince}: ${lastFailure}`
}
