import { dynamicUrl } from '../../../contract/endpoint-path.ts'
import { withEvent, type ActionState } from '../action-state.ts'
import { withoutKey } from '../../facts/without-key.ts'
import type { Action } from '../../facts/action.ts'
import { storyOfToken } from '../../facts/token-story.ts'
import type { PassContext } from '../pass-context.ts'
import { dynamicEntryOf } from '../../observe/look-up-dynamic.ts'
import { found } from '../../facts/lookup.ts'
import { deleteSecretOf } from '../../secrets/delete-secret.ts'
import { writeDynamicSecret } from '../../secrets/write-dynamic-secret.ts'
import { rehearseTelling } from './rehearse.ts'

/** Writes the Secret that jobs mount; makes the token where the plan asks for a new one. */
export async function storeDynamicSecret(
  state: ActionState,
  ctx: PassContext,
  action: Extract<Action, { type: 'StoreDynamicSecret' }>,
): Promise<ActionState> {
  const { name, endpointUrl, cause } = action
  const { metadata, spec } = state.webhook
  // With a token that the keyring cannot hold, the deliveries of every job that uses it would be refused.
  if (action.token === undefined) await rehearseTelling(state, ctx)
  const { client, secrets, clock } = ctx
  const uriOf = (token: string) => dynamicUrl(endpointUrl, token)
  const secret = await writeDynamicSecret(metadata, action, { client, secrets, uriOf })
  const { dynamic } = state.observed
  const entry = dynamicEntryOf(secret, spec.dynamic?.audiences ?? [], state.observed.keyring, clock.now())
  const observed = { ...state.observed, dynamic: { ...dynamic, name, secret: found(secret), entry } }
  const story = storyOfToken(cause)
  return story === undefined ? { ...state, observed } : withEvent({ ...state, observed }, story)
}

/**
 * Deletes a Secret of the dynamic endpoint; a stranger's is never touched. Status then names the one that is left, if
 * any.
 */
export async function deleteDynamicSecret(
  state: ActionState,
  ctx: PassContext,
  { name }: Extract<Action, { type: 'DeleteDynamicSecret' }>,
): Promise<ActionState> {
  await deleteSecretOf(state.webhook.metadata, name, ctx)
  const { dynamic } = state.observed
  const left = dynamic?.name === name ? undefined : dynamic?.name
  const endpoint = withoutKey(state.draft.endpoint ?? {}, 'dynamicSecretName')
  const draft = { ...state.draft, endpoint: { ...endpoint, ...(left !== undefined && { dynamicSecretName: left }) } }
  if (dynamic === undefined) return { ...state, draft }
  const rest = withoutKey(dynamic, 'former')
  return { ...state, draft, observed: { ...state.observed, dynamic: rest } }
}
