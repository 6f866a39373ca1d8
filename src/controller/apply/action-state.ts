import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { GeminiWebhookStatus, Operation } from '../../api/status.ts'
import type { RemoteWebhook } from '../../gemini/webhook-service.ts'
import type { RemoteAccess } from '../observe/context.ts'
import type { PassContext } from './pass-context.ts'
import type { ControllerEvent } from '../facts/controller-event.ts'
import { found } from '../facts/lookup.ts'
import type { ObservedWebhook } from '../facts/observed.ts'
import { ownerOfRemote } from '../facts/ownership.ts'

/** The state that the actions of a pass pass on: each advances what is observed and what status will say. */
export interface ActionState {
  /** The newest version known; a write of an action replaces it. */
  webhook: GeminiWebhook
  observed: ObservedWebhook
  /** The status to be written, without conditions, which are derived at the end. */
  draft: GeminiWebhookStatus
  events: ControllerEvent[]
  /** What the action found makes the rest of the plan obsolete: plan again. */
  halted?: true
  /** The finalizer is gone, and so is the object perhaps. */
  released?: true
}

export type ActionStep = (state: ActionState, ctx: PassContext) => Promise<ActionState>

/** Actions that call Google are only planned when there is a way to reach it. */
export function accessOf({ access }: PassContext): RemoteAccess {
  if (access === undefined)
    throw new Error('an action that needs Google was planned without access: a defect of the plan')
  return access
}

export function operationOf({ draft }: ActionState): Operation {
  if (draft.operation === undefined)
    throw new Error('an action that needs an intent was planned without one: a defect of the plan')
  return draft.operation
}

export function withEvent(state: ActionState, event: ControllerEvent): ActionState {
  return { ...state, events: [...state.events, event] }
}

/** The observation after a call of ours returned the webhook as it is now. */
export function withRemote(state: ActionState, webhook: RemoteWebhook, { access }: PassContext): ActionState {
  const owner = access === undefined ? 'nobody' : ownerOfRemote(webhook, access.identity)
  return {
    ...state,
    observed: { ...state.observed, remote: found({ webhook, owner, confirmed: false, confirmInMs: 0 }) },
  }
}
