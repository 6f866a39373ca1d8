import { writeCause } from '../contract/delivery-cause.ts'
import type { NextStep } from '../inbox/port.ts'
import type { SendOutcome } from '../sinks/port.ts'

/** Why a delivery waits, or was given up, though nothing was sent. */
export const holdCauses = {
  notSynced: 'sinksNotSynced',
  unresolved: 'sinkUnresolved',
  suspended: 'suspended',
  filterFailed: 'filterFailed',
  invalidFilter: 'filterInvalid',
  invalidTransform: 'transformInvalid',
  filterWaits: 'filterWaits',
  filterInterrupted: 'filterInterrupted',
  circuitOpen: 'circuitOpen',
} as const

/**
 * The step with why it is no success, as it stands in the inbox: the word of the sink and the status, such as
 * `timeout` or `status 503`.
 */
export function withCause(next: NextStep, outcome: SendOutcome): NextStep {
  if (next.type === 'Succeed' || next.type === 'Skip') return next
  const word = outcome.type === 'unauthorized' ? 'unauthorized' : 'cause' in outcome ? outcome.cause : undefined
  if (word === undefined) return next
  const { status } = outcome
  return { ...next, cause: writeCause({ word, ...(status !== undefined && { status }) }) }
}
