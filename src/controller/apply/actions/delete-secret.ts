import { signingSecretNameOf } from '../../../api/defaults.ts'
import { isNotFound } from '../../../kubernetes/client.ts'
import type { ActionState, ActionStep } from '../action-state.ts'
import type { Action } from '../../facts/action.ts'
import type { PassContext } from '../pass-context.ts'
import { secretKind, type Secret } from '../../../kubernetes/core-kinds.ts'
import { missing } from '../../facts/lookup.ts'
import { readTargetSecret } from '../../secrets/target-secret.ts'

/** Deletes the object's Secrets, the one under a former name too. A stranger's is never touched. */
export const deleteTargetSecret: ActionStep = async (state, ctx) => {
  const names = new Set([signingSecretNameOf(state.webhook), state.webhook.status?.signingSecret?.name])
  for (const name of names) if (name !== undefined) await deleteIfOurs(name, state, ctx)
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
  await deleteIfOurs(name, state, ctx)
  const signingSecret = { ...state.draft.signingSecret, name: signingSecretNameOf(state.webhook) }
  return { ...state, draft: { ...state.draft, signingSecret } }
}

/** A Secret that does not exist, or is not ours, is left as it is. */
export async function deleteIfOurs(
  name: string,
  { webhook }: ActionState,
  { client, secrets }: PassContext,
): Promise<void> {
  const { namespace } = webhook.metadata
  const key = { namespace, name }
  const secret = await client.get<Secret>(secretKind, key)
  if (secret === undefined) return
  const target = readTargetSecret(secret, webhook.metadata)
  if (target.ownership !== 'ours') return
  const { resourceVersion } = target
  try {
    await client.delete(secretKind, key, { preconditions: { uid: target.uid, resourceVersion } })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
  secrets.forget(key)
}
