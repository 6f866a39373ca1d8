import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { Action } from '../facts/action.ts'
import type { Failure } from '../facts/failure-class.ts'

/** What Google refused, and nothing has been accepted since. A changed spec is another request: it begins anew. */
export interface Refusals {
  readonly generation: number
  readonly row: number
  readonly last: Readonly<Failure>
  /** What was refused; undefined where only status tells of it. */
  readonly action?: Action['type']
}

interface Remembered {
  readonly refusals?: Refusals | undefined
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

/** One refusal more. */
export function afterRefusal(
  { refusals: before }: Remembered,
  { generation }: { generation: number },
  { failure, action }: { failure: Failure; action: Action['type'] },
): Refusals {
  const row = before?.generation === generation ? before.row + 1 : 1
  return { generation, row, last: failure, action }
}

/** What the last refusal is: passing, or standing. */
export function judgeRefusal({ row, last }: Refusals): Failure {
  return row < toleratedRefusals ? { ...last, class: 'transient' } : last
}
