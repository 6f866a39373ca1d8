import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { Action } from '../facts/action.ts'
import type { Failure } from '../facts/failure-class.ts'
import { oneMoreTry, type Retry } from './retry.ts'

/**
 * What Google refused, and nothing has been accepted since. A changed spec is another request: it begins anew. When it
 * is asked again is up to the queue.
 */
export interface Refusal extends Retry {
  readonly failure: Readonly<Failure>
  /** What was refused; undefined where only status tells of it. */
  readonly action?: Action['type']
}

interface Spec {
  generation: number
}

/** A refusal may be a rollout at Google passing by: this many in a row are tried again before a human is asked. */
const toleratedRefusals = 5

/** The refusal that stands: often enough repeated to be believed, and not contradicted since. */
export function standingRefusal(refusal: Refusal | undefined, spec: Spec): Failure | undefined {
  return isOf(refusal, spec) && refusal.row >= toleratedRefusals ? refusal.failure : undefined
}

/** What Google refused for this spec, once or more often, and has accepted nothing since. */
export function refusedAction(refusal: Refusal | undefined, spec: Spec): Action['type'] | undefined {
  return isOf(refusal, spec) ? refusal.action : undefined
}

/**
 * The refusal that an earlier process has told, and that stands until Google says otherwise: a restart must not turn
 * the health of what it refuses.
 */
export function refusalInStatus({ metadata, status }: GeminiWebhook): Refusal | undefined {
  const stalled = status?.conditions?.find(({ type }) => type === 'Stalled')
  if (stalled?.reason !== 'RemoteRejected' || stalled.observedGeneration !== metadata.generation) return undefined
  const { message } = stalled
  const failure = { class: 'terminal', reason: 'RemoteRejected', message, mayHaveCommitted: false } as const
  return { occasion: occasionOf(metadata), row: toleratedRefusals, untilMs: 0, failure }
}

/** One refusal more. */
export function afterRefusal(
  before: Refusal | undefined,
  spec: Spec,
  refused: { failure: Failure; action: Action['type'] },
  nowMs: number,
): Refusal {
  return { ...oneMoreTry(before, { occasion: occasionOf(spec), nowMs, pauseMs: () => 0 }), ...refused }
}

/** What the last refusal is: passing, or standing. */
export function judgeRefusal({ row, failure }: Refusal): Failure {
  return row < toleratedRefusals ? { ...failure, class: 'transient' } : failure
}

function isOf(refusal: Refusal | undefined, spec: Spec): refusal is Refusal {
  return refusal?.occasion === occasionOf(spec)
}

function occasionOf({ generation }: Spec): string {
  return String(generation)
}
