import { signingSecretNameOf } from '../../../api/defaults.ts'
import type { ActionState, ActionStep } from '../action-state.ts'
import type { Action } from '../../facts/action.ts'
import type { PassContext } from '../pass-context.ts'
import { missing } from '../../facts/lookup.ts'
import { deleteSecretOf } from '../../secrets/delete-secret.ts'

/** Deletes the object's Secrets, the one under a former name too. A stranger's is never touched. */
export const deleteTargetSecret: ActionStep = async (state, ctx) => {
  const names = new Set([signingSecretNameOf(state.webhook), state.webhook.status?.signingSecret?.name])
  for (const name of names) if (name !== undefined) await deleteSecretOf(state.webhook.metadata, name, ctx)
  return { ...state, observed: { ...state.observed, secret: missing } }
}

/**
 * The Secret was renamed and the new one is in place: deletes the one under the former name, which the status of the
 * same pass no longer names.
 */
export async function deleteOldSecret(
  state: ActionState,
  ctx: PassContext,
  { name }: Extract<Action, { type: 'DeleteOldSecret' }>,
): Promise<ActionState> {
  await deleteSecretOf(state.webhook.metadata, name, ctx)
  const signingSecret = { ...state.draft.signingSecret, name: signingSecretNameOf(state.webhook) }
  return { ...state, draft: { ...state.draft, signingSecret } }
}
