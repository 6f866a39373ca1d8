import type { NextStep } from '../inbox/port.ts'
import type { SendOutcome } from '../sinks/port.ts'

/** Why a delivery waits though nothing was sent. */
export const holdCauses = {
  notSynced: 'sinksNotSynced',
  unresolved: 'sinkUnresolved',
  suspended: 'suspended',
  invalidFilter: 'filterInvalid',
  invalidTransform: 'transformInvalid',
  filterWaits: 'filterWaits',
  filterInterrupted: 'filterInterrupted',
  circuitOpen: 'circuitOpen',
} as const

/**
 * The step with why it is not the end, as it stands in the inbox: the word of the sink and the status, such as
 * `timeout` or `status 503`.
 */
export function withCause(next: NextStep, outcome: SendOutcome): NextStep {
  if (next.type !== 'RetryAt' && next.type !== 'Hold') return next
  const word = outcome.type === 'unauthorized' ? 'unauthorized' : 'cause' in outcome ? outcome.cause : undefined
  if (word === undefined) return next
  return { ...next, cause: outcome.status === undefined ? word : `${word} ${outcome.status}` }
}
