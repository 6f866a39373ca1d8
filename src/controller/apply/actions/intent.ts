import type { ActionState, ActionStep } from '../action-state.ts'
import { withoutKey } from '../../facts/without-key.ts'
import type { Action } from '../../facts/action.ts'
import type { PassContext } from '../pass-context.ts'
import { formatTime } from '../../../format-time.ts'
import { valueOf } from '../../facts/lookup.ts'
import { randomHex } from '../../facts/random-id.ts'
import { rehearseStore } from './rehearse.ts'
import { withRepair } from './store-secret.ts'

const attemptIdDigits = 16
/** Request ids that are remembered. */
const maxHandledRequests = 16

/**
 * Writes down what is about to be called, once it is clear that what it reveals could be stored. The status write at
 * the end of this pass is what makes it count; the call belongs to the next.
 */
export async function recordIntent(
  state: ActionState,
  ctx: PassContext,
  action: Extract<Action, { type: 'RecordIntent' }>,
): Promise<ActionState> {
  const attemptID = randomHex(attemptIdDigits, ctx.random)
  await rehearseStore(state, ctx, attemptID)
  const operation = {
    type: action.operation,
    attemptID,
    startTime: formatTime(ctx.clock.now()),
    cause: action.operation === 'Create' ? 'Registration' : action.cause,
    ...(action.operation === 'Rotate' && action.requestID !== undefined && { requestID: action.requestID }),
  }
  ctx.memory.announced(attemptID)
  const next = { ...state, draft: { ...state.draft, operation } }
  return action.operation === 'Rotate' && action.cause === 'Repair' ? withRepair(next, ctx) : next
}

/** The call is over and its secret is stored, or nothing came of it. */
export const closeIntent: ActionStep = async (state, ctx) => {
  const { operation } = state.draft
  ctx.memory.forgotIntent()
  if (state.observed.remote.state === 'found') ctx.memory.forgotRevealed()
  const draft = withoutKey(state.draft, 'operation')
  if (operation === undefined) return { ...state, draft }
  // Written along with the secret, so it tells after a crash whether the call was made.
  const wasMade = valueOf(state.observed.secret)?.attemptID === operation.attemptID
  const cleared: ActionState = { ...state, draft }
  if (!wasMade) return cleared
  return operation.type === 'Create' ? withFirstSecret(cleared, ctx) : withRotation(cleared, ctx, operation.requestID)
}

/** A registration counts as a rotation, and a request that came with it as handled: it has its fresh secret. */
export function withFirstSecret(state: ActionState, ctx: PassContext): ActionState {
  return withRotation(state, ctx, state.webhook.spec.rotation?.request?.id)
}

function withRotation(state: ActionState, { clock }: PassContext, requestID: string | undefined): ActionState {
  const { rotation = {} } = state.draft
  const handled = rotation.handledRequestIDs ?? []
  const ids = requestID === undefined || handled.includes(requestID) ? handled : [...handled, requestID]
  return {
    ...state,
    draft: {
      ...state.draft,
      rotation: {
        ...rotation,
        lastRotationTime: formatTime(clock.now()),
        ...(ids.length > 0 && { handledRequestIDs: ids.slice(-maxHandledRequests) }),
      },
    },
  }
}
