import type { GeminiWebhookStatus } from '../../api/status.ts'
import { keyIdOf } from '../../keyring/shard.ts'
import type { RemoteWebhook } from '../../gemini/webhook-service.ts'
import { accessOf, operationOf, withEvent, withoutKey, withRemote } from '../action-state.ts'
import type { ActionState, ActionStep } from '../action-state.ts'
import type { PassContext } from '../context.ts'
import { FailedCall } from '../failure-class.ts'
import { findRival } from '../find-rival.ts'
import { listFor } from '../observe-remote.ts'
import { desiredFor } from '../plan-drift.ts'
import type { DesiredRemote } from '../differences.ts'
import { makeCall } from './make-call.ts'

/** Fresh list, by marker and by URL, then one POST. What the answer reveals is kept in memory until the next action has stored it. */
export const registerWebhook: ActionStep = async (state, ctx) => {
  const access = accessOf(ctx)
  const { service, fingerprint, marker } = access
  const desired = desiredFor(state.webhook, state.observed)
  if (desired === undefined)
    throw new Error('a registration without a known endpoint was planned: a defect of the plan')
  const listing = await listFor(access, { notBeforeMs: ctx.recollection.intent?.sinceMs ?? 0 }, ctx)
  if ('class' in listing) throw new FailedCall(listing)
  if (listing.byMarker(marker).length > 0) return alreadyThere(state, ctx)
  if (findRival(listing, state.observed.endpoint, marker) !== undefined) return standBack(state, ctx)
  const { name, uri, subscribedEvents } = desired
  const created = await makeCall(ctx, () => service.create({ name, uri, subscribedEvents }))
  const { webhook, signingSecret } = created
  ctx.observer.learn(fingerprint, webhook.id, webhook)
  ctx.recollection.revealed = {
    attemptID: operationOf(state).attemptID,
    secrets: [{ keyId: keyIdOf(signingSecret), secret: signingSecret }],
  }
  const registered = withRemote({ ...state, draft: withApplied(state.draft, webhook, desired) }, webhook, ctx)
  const note = `webhook ${webhook.id} was registered for ${uri}`
  return withEvent(registered, { type: 'Normal', reason: 'Registered', action: 'Register', note })
}

/** A predecessor's POST did arrive after all: nothing is created; the next pass takes over what is there. */
function alreadyThere(state: ActionState, { recollection, clock }: PassContext): ActionState {
  if (recollection.intent !== undefined) {
    recollection.intent = { ...recollection.intent, call: 'answered', sinceMs: clock.monotonic() }
  }
  return { ...state, halted: true }
}

/** The same object of another installation was faster: nothing was called, so the intent is withdrawn; the next pass says why. */
function standBack(state: ActionState, { recollection }: PassContext): ActionState {
  delete recollection.intent
  return { ...state, draft: withoutKey(state.draft, 'operation'), halted: true }
}

function withApplied(
  draft: GeminiWebhookStatus,
  { id }: RemoteWebhook,
  { name, uri, subscribedEvents }: DesiredRemote,
) {
  return { ...draft, webhook: { ...draft.webhook, id, name, uri, events: subscribedEvents } }
}
