import type { Reason } from '../../api/reasons.ts'
import type { Condition } from '../../api/status.ts'
import type { Judgement } from '../facts/judgement.ts'

/**
 * How long what others have to do, such as creating the webhook or allowing the route, counts as still to come. Health
 * checks of GitOps tools wait about as long.
 */
const waitForOthersMs = 5 * 60_000

/** What other people may be about to do, in whatever order they apply their manifests. */
const ofOwners: ReadonlySet<Reason> = new Set(['WebhookNotFound', 'WebhookNotServing', 'NotAllowed'])
const ofSinks: ReadonlySet<Reason> = new Set(['SinkInvalid', 'SinkNotReady'])

interface Waiting {
  /** The condition that explains it, as the pass before told it. */
  before: Condition | undefined
  /** Something that a sink names is looked for again. */
  awaitsOthers: boolean
  nowMs: number
}

/**
 * Which condition a route has besides Ready: tools that read conditions wait for ever for what is neither. `Stalled`
 * when a person has to act. Pure.
 */
export function findingOf(ready: Judgement, waiting: Waiting): 'Reconciling' | 'Stalled' | undefined {
  if (ready.status === 'True') return undefined
  if (ready.reason === 'Progressing') return 'Reconciling'
  return remainingMs(ready.reason, waiting) > 0 ? 'Reconciling' : 'Stalled'
}

/** How much longer it counts as still to come; 0: it does not. */
export function remainingMs(reason: Reason, { before, awaitsOthers, nowMs }: Waiting): number {
  if (!ofOwners.has(reason) && !(ofSinks.has(reason) && awaitsOthers)) return 0
  if (before?.status !== 'False') return waitForOthersMs
  return Math.max(Date.parse(before.lastTransitionTime) + waitForOthersMs - nowMs, 0)
}
