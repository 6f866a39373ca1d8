import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { Action } from '../facts/action.ts'
import type { Failure } from '../facts/failure-class.ts'

/** What Google refused, and nothing has been accepted since. A changed spec is another request: it begins anew. */
export interface Refusals {
  generation: number
  row: number
  last: Failure
  /** What was refused; undefined where only status tells of it. */
  action?: Action['type']
}

interface Remembered {
  refusals?: Refusals
}

/** A refusal may be a rollout at Google passing by: this many in a row are tried again before a human is asked. */
const toleratedRefusals = 5

/** The refusal that stands: often enough repeated to be believed, and not contradicted since. */
export function standingRefusal({ refusals }: Remembered, { generation }: { generation: number }): Failure | undefined {
  const stands = refusals?.generation === generation && refusals.row >= toleratedRefusals
  return stands ? refusals.last : undefined
}

/** What Google refused for this spec, once or more often, and has accepted nothing since. */
export function refusedAction(
  { refusals }: Remembered,
  { generation }: { generation: number },
): Action['type'] | undefined {
  return refusals?.generation === generation ? refusals.action : undefined
}

/**
 * The refusal that an earlier process has told, and that stands until Google says otherwise: a restart must not turn
 * the health of what it refuses.
 */
export function refusalsTold({ metadata: { generation }, status }: GeminiWebhook): Refusals | undefined {
  const stalled = status?.conditions?.find(({ type }) => type === 'Stalled')
  if (stalled?.reason !== 'RemoteRejected' || stalled.observedGeneration !== generation) return undefined
  const last = {
    class: 'terminal',
    reason: 'RemoteRejected',
    message: stalled.message,
    mayHaveCommitted: false,
  } as const
  return { generation, row: toleratedRefusals, last }
}

/** One refusal more; tells what it is: passing, or standing. */
export function noteRefusal(
  recollection: Remembered,
  { generation }: { generation: number },
  { failure, action }: { failure: Failure; action: Action['type'] },
): Failure {
  const { refusals } = recollection
  const row = refusals?.generation === generation ? refusals.row + 1 : 1
  recollection.refusals = { generation, row, last: failure, action }
  return row < toleratedRefusals ? { ...failure, class: 'transient' } : failure
}
