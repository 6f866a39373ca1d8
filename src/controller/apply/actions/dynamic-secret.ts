import { randomBytes } from 'node:crypto'

import { dynamicUrl } from '../../../contract/endpoint-path.ts'
import { withEvent, type ActionState } from '../action-state.ts'
import { withoutKey } from '../../facts/without-key.ts'
import type { Action } from '../../facts/action.ts'
import type { PassContext } from '../pass-context.ts'
import { buildDynamicSecret, readDynamicSecret } from '../../secrets/dynamic-secret.ts'
import { secretKind, type Secret } from '../../../kubernetes/core-kinds.ts'
import { dynamicEntryOf } from '../../observe/look-up-dynamic.ts'
import { found } from '../../facts/lookup.ts'
import { withoutSecrets } from '../../secrets/without-secrets.ts'
import { rehearseTelling } from './rehearse.ts'
import { deleteIfOurs } from './delete-secret.ts'

/**
 * Twice the 128 bits that would suffice. From the operating system's source: a guessed token would allow sending events
 * as Google.
 */
const tokenBytes = 32

/**
 * Writes the Secret that jobs mount; makes the token where the plan asks for a new one. A POST never overwrites a
 * stranger's, a PUT is under optimistic lock.
 */
export async function storeDynamicSecret(
  state: ActionState,
  ctx: PassContext,
  action: Extract<Action, { type: 'StoreDynamicSecret' }>,
): Promise<ActionState> {
  const { name, existing, previous, handledRequestIDs, cause } = action
  const { metadata, spec } = state.webhook
  // With a token that the keyring cannot hold, the deliveries of every job that uses it would be refused.
  if (action.token === undefined) await rehearseTelling(state, ctx)
  const token = action.token ?? randomBytes(tokenBytes).toString('base64url')
  const content = { token, uri: dynamicUrl(action.endpointUrl, token), previous, handledRequestIDs }
  const wanted = buildDynamicSecret(metadata, name, content, existing)
  const { client, secrets, clock } = ctx
  const write =
    existing === undefined ? client.create<Secret>(secretKind, wanted) : client.replace<Secret>(secretKind, wanted)
  const written = await write.catch((error: unknown) => {
    throw withoutSecrets(error, [token, content.uri])
  })
  secrets.forget({ namespace: metadata.namespace, name })
  const secret = readDynamicSecret(written, metadata)
  const { dynamic } = state.observed
  const entry = dynamicEntryOf(secret, spec.dynamic?.audiences ?? [], state.observed.keyring, clock.now())
  const observed = { ...state.observed, dynamic: { ...dynamic, name, secret: found(secret), entry } }
  return withStoryOf(cause, { ...state, observed })
}

function withStoryOf(cause: Extract<Action, { type: 'StoreDynamicSecret' }>['cause'], state: ActionState): ActionState {
  switch (cause) {
    case 'Created':
    case 'Updated':
      return state
    case 'Requested':
      return withEvent(state, {
        type: 'Normal',
        reason: 'Rotated',
        action: 'Rotate',
        note: 'the token of the dynamic endpoint was replaced, as spec.dynamic.tokenRequest asks',
      })
    case 'Lost':
      return withEvent(state, {
        type: 'Normal',
        reason: 'SecretRepaired',
        action: 'Repair',
        note: 'the token of the dynamic endpoint was lost and replaced; the lost one opens it for a while',
      })
  }
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
  await deleteIfOurs(name, state, ctx)
  const { dynamic } = state.observed
  const left = dynamic?.name === name ? undefined : dynamic?.name
  const endpoint = withoutKey(state.draft.endpoint ?? {}, 'dynamicSecretName')
  const draft = { ...state.draft, endpoint: { ...endpoint, ...(left !== undefined && { dynamicSecretName: left }) } }
  if (dynamic === undefined) return { ...state, draft }
  const rest = withoutKey(dynamic, 'former')
  return { ...state, draft, observed: { ...state.observed, dynamic: rest } }
}
