import type { ConditionType, ConditionStatus } from '../../api/conditions.ts'
import type { Reason } from '../../api/reasons.ts'
import type { Action } from '../facts/action.ts'
import type { WorkingConfig } from '../config.ts'
import type { Failure } from '../facts/failure-class.ts'

/** What a plan depends on besides the object and the observation. */
export interface PlanContext {
  config: WorkingConfig
  nowMs: number
}

/** Why the object is where it is; becomes Reconciling or Stalled, and the one condition that it is about. */
export interface Finding {
  type: 'AtRest' | 'Progressing' | 'Stalled'
  reason: Reason
  message: string
  /** The condition that this decides, over what the observation alone would say. */
  condition?: { type: ConditionType; status: ConditionStatus }
}

/** When to look again; a change of anything that was looked at comes sooner. */
export type Next =
  | { type: 'now' }
  /**
   * `spread`: up to a fifth later, so that objects that share a refused key do not ask together; so is every resync.
   * `rests`: all that can be done now is done, so a requested look is acknowledged.
   */
  | { type: 'after'; delayMs: number; spread?: true; rests?: true }
  | { type: 'resync' }
  | { type: 'retry' }

export interface Plan {
  actions: Action[]
  finding: Finding
  next: Next
}

const rateLimited = 'Google asked for a pause, or the call budget of the API key is used up; it goes on by itself'

type About = Finding['condition']

const atRest: Finding = { type: 'AtRest', reason: 'Succeeded', message: '' }

export function idle(next: Next = { type: 'resync' }): Plan {
  return { actions: [], finding: atRest, next }
}

/** Do these, then look again at once. */
export function act(actions: Action[], reason: Reason, message: string, condition?: About): Plan {
  return { actions, finding: finding('Progressing', reason, message, condition), next: { type: 'now' } }
}

/** Do these as part of being at rest: they are not urgent. */
export function actQuietly(actions: Action[]): Plan {
  return { actions, finding: atRest, next: { type: 'now' } }
}

export function waitMs(delayMs: number, reason: Reason, message: string, condition?: About): Plan {
  return {
    actions: [],
    finding: finding('Progressing', reason, message, condition),
    next: { type: 'after', delayMs: Math.max(delayMs, 1) },
  }
}

/** What can be done now is done, and failed; it is tried again by itself after a pause. */
export function restMs(delayMs: number, reason: Reason, message: string, condition?: About): Plan {
  return {
    ...waitMs(delayMs, reason, message, condition),
    next: { type: 'after', delayMs: Math.max(delayMs, 1), rests: true },
  }
}

/**
 * Whether a plan that was carried out leaves nothing to be done or waited for; then a request to look is answered,
 * provided that Google was asked. A step in between answers nothing, nor does a look that failed.
 */
export function isAnswer({ next, finding: { type } }: Plan): boolean {
  if (next.type === 'now' || next.type === 'retry') return false
  return type !== 'Progressing' || 'rests' in next
}

/** Only a person, or a change elsewhere, helps; the object is still reconciled every resync. */
export function stall(reason: Reason, message: string, condition?: About): Plan {
  return { actions: [], finding: finding('Stalled', reason, message, condition), next: { type: 'resync' } }
}

/** What a failed read or call means for the plan. */
export function afterFailure(failure: Failure, credentialsRetryMs: number, condition?: About): Plan {
  const { reason } = failure
  // How long the pause is changes with every look, and status must not.
  const message = reason === 'RateLimited' ? rateLimited : failure.message
  switch (failure.class) {
    case 'terminal':
      return stall(reason, message, condition)
    case 'refused':
      return { ...stall(reason, message, condition), next: { type: 'retry' } }
    case 'credentials':
      return {
        ...stall(reason, message, { type: 'CredentialsValid', status: 'False' }),
        next: { type: 'after', delayMs: credentialsRetryMs, spread: true },
      }
    case 'transient':
      return { actions: [], finding: finding('Progressing', reason, message, condition), next: { type: 'retry' } }
  }
}

function finding(type: Finding['type'], reason: Reason, message: string, condition: About): Finding {
  return { type, reason, message, ...(condition !== undefined && { condition }) }
}
