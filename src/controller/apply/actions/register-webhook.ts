import type { GeminiWebhookStatus } from '../../../api/status.ts'
import { keyIdOf } from '../../../contract/keyring/shard.ts'
import type { RemoteWebhook } from '../../../gemini/webhook-service.ts'
import { accessOf, operationOf, withEvent, withRemote, type ActionState, type ActionStep } from '../action-state.ts'
import { withoutKey } from '../../facts/without-key.ts'
import { formatTime } from '../../../format-time.ts'
import type { PassContext } from '../pass-context.ts'
import { FailedCall } from '../../facts/failure-class.ts'
import { findRival } from '../../observe/find-rival.ts'
import { isOfThisInstallation } from '../../facts/object-of-marker.ts'
import { carriedBy, listFor } from '../../observe/observe-remote.ts'
import { desiredFor } from '../../facts/desired-remote.ts'
import type { DesiredRemote } from '../../facts/differences.ts'
import { makeCall } from './make-call.ts'
import { replacedBy } from './put-target.ts'
import { rehearseTarget } from './rehearse.ts'

/**
 * Fresh list, by marker and by URL, then one POST. What the answer reveals is kept in memory until the next action has
 * stored it.
 */
export const registerWebhook: ActionStep = async (state, ctx) => {
  const access = accessOf(ctx)
  const { service, fingerprint, identity } = access
  const desired = desiredFor(state.webhook, state.observed)
  if (desired === undefined)
    throw new Error('a registration without a known endpoint was planned: a defect of the plan')
  const party = state.webhook.metadata.namespace
  const listing = await listFor(access, { notBeforeMs: ctx.memory.view.intent?.sinceMs ?? 0, party }, ctx)
  if ('class' in listing) throw new FailedCall(listing)
  if (carriedBy(listing, identity).length > 0) return alreadyThere(state, ctx)
  if (findRival(listing, state.observed.endpoint, identity, isOfThisInstallation(ctx)) !== undefined)
    return standBack(state, ctx)
  await rehearseTarget(state, ctx, operationOf(state).attemptID)
  const { name, uri, subscribedEvents } = desired
  const created = await makeCall(ctx, () => service.create({ name, uri, subscribedEvents }))
  const { webhook, signingSecret } = created
  ctx.observer.learn(fingerprint, webhook.id, webhook)
  ctx.memory.revealed({
    attemptID: operationOf(state).attemptID,
    secrets: [{ keyId: keyIdOf(signingSecret), secret: signingSecret }],
    ...replacedBy(state),
  })
  const draft = withBackfillBegun(withApplied(state.draft, webhook, desired), state, ctx.clock.now())
  const registered = withRemote({ ...state, draft }, webhook, ctx)
  const note = `webhook ${webhook.id} was registered for ${uri}`
  return withEvent(registered, { type: 'Normal', reason: 'Registered', action: 'Register', note })
}

/** A predecessor's POST did arrive after all: nothing is created; the next pass takes over what is there. */
function alreadyThere(state: ActionState, { memory }: PassContext): ActionState {
  memory.answered()
  return { ...state, halted: true }
}

/**
 * The same object of another installation was faster: nothing was called, so the intent is withdrawn; the next pass
 * says why.
 */
function standBack(state: ActionState, { memory }: PassContext): ActionState {
  memory.forgotIntent()
  return { ...state, draft: withoutKey(state.draft, 'operation'), halted: true }
}

function withApplied(
  draft: GeminiWebhookStatus,
  { id }: RemoteWebhook,
  { name, uri, subscribedEvents }: DesiredRemote,
) {
  // A create cannot ask for another state.
  const appliedState = 'enabled' as const
  return { ...draft, webhook: { ...draft.webhook, id, name, uri, events: subscribedEvents, appliedState } }
}

/** Receivers have had nothing of it yet, so they will know of everything that ends from now on. */
function withBackfillBegun(
  draft: GeminiWebhookStatus,
  { observed: { foldJobsForSeconds, keyring } }: ActionState,
  nowMs: number,
): GeminiWebhookStatus {
  if (foldJobsForSeconds === undefined || keyring !== undefined) return draft
  return { ...draft, backfill: { ...draft.backfill, since: formatTime(nowMs) } }
}
