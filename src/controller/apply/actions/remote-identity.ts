import { accessOf, withEvent, type ActionState, type ActionStep, withRemote } from '../action-state.ts'
import { withoutKey } from '../../facts/without-key.ts'
import type { Action } from '../../facts/action.ts'
import type { PassContext } from '../pass-context.ts'
import { readById } from '../../observe/observe-remote.ts'
import type { RemoteLookup } from '../../facts/observed.ts'
import { withFirstSecret } from './intent.ts'

/** Status takes over the webhook as it is now; what the spec wants otherwise is then a change like any other. */
export async function adoptWebhook(
  state: ActionState,
  ctx: PassContext,
  { id }: Extract<Action, { type: 'AdoptWebhook' }>,
): Promise<ActionState> {
  const remote = candidatesIn(state.observed.remote).find((webhook) => webhook.id === id)
  if (remote === undefined) return { ...state, halted: true }
  const { name, uri, subscribedEvents } = remote
  const appliedState = remote.state === 'disabled' ? ('disabled' as const) : ('enabled' as const)
  const seen = { id, uri, events: subscribedEvents, appliedState, ...(name !== undefined && { name }) }
  const webhook = { ...state.draft.webhook, ...seen }
  const adopted = withRemote({ ...state, draft: { ...state.draft, webhook } }, remote, ctx)
  const note = `webhook ${id} at Google is now this object's`
  const told = withEvent(adopted, { type: 'Normal', reason: 'Adopted', action: 'Adopt', note })
  return state.draft.rotation?.lastRotationTime === undefined ? withFirstSecret(told, ctx) : told
}

function candidatesIn(remote: RemoteLookup) {
  if (remote.state === 'several') return remote.webhooks
  return remote.state === 'found' ? [remote.value.webhook] : []
}

/** Reads by id what surprised in a list; the next pass judges it. */
export async function confirmRemote(
  state: ActionState,
  ctx: PassContext,
  { id }: Extract<Action, { type: 'ConfirmRemote' }>,
): Promise<ActionState> {
  const { noted } = await readById(id, accessOf(ctx), ctx)
  ctx.memory.noted(noted)
  return state
}

/** The id is gone for good: what was known about it goes too, so that registering starts afresh. */
export const forgetWebhook: ActionStep = async (state, ctx) => {
  ctx.memory.lostWebhook()
  const { signingSecret, ...rest } = withoutKey(withoutKey(state.draft, 'webhook'), 'check')
  const kept = signingSecret && withoutKey(withoutKey(signingSecret, 'hint'), 'previousExpireTime')
  return { ...state, draft: { ...rest, ...(kept !== undefined && { signingSecret: kept }) } }
}
