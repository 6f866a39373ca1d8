import { accessOf, withEvent, withRemote, type ActionState } from '../action-state.ts'
import type { WebhookChanges } from '../../../gemini/webhook-service.ts'
import type { Action } from '../../facts/action.ts'
import type { PassContext } from '../pass-context.ts'
import { changesFor, differencesOf } from '../../facts/differences.ts'
import { FailedCall } from '../../facts/failure-class.ts'
import { desiredFor } from '../../facts/desired-remote.ts'
import { readOwned } from './read-owned.ts'

/** Corrects exactly the fields that still differ when the webhook is read live: a lagging list causes no call. */
export async function updateWebhook(
  state: ActionState,
  ctx: PassContext,
  { id, changes: planned, cause }: Extract<Action, { type: 'UpdateWebhook' }>,
): Promise<ActionState> {
  const { service, fingerprint } = accessOf(ctx)
  const { eventAliases } = state.observed
  const desired = desiredFor(state.webhook, state.observed)
  const live = await readOwned(id, state, ctx)
  if (live === undefined || desired === undefined) return { ...state, halted: true }
  const differing = differencesOf(state.webhook, desired, live, eventAliases).filter(({ field }) => field in planned)
  if (differing.length === 0) return withApplied(withRemote(state, live, ctx), planned)
  ctx.memory.sent()
  const updated = await service.update(id, changesFor(differing, desired))
  ctx.observer.learn(fingerprint, id, updated)
  const next = withApplied(withRemote(state, updated, ctx), planned)
  const asApplied = { ...state.webhook, status: { ...state.webhook.status, webhook: next.draft.webhook } }
  const left = differencesOf(asApplied, desired, updated, eventAliases).find(({ field }) => field in planned)
  if (left !== undefined) {
    throw new FailedCall({
      class: 'terminal',
      reason: left.field === 'name' ? 'MarkerNotEchoed' : 'RemoteRejected',
      message: `Google accepted a change of ${left.field} of webhook ${id} and did not make it; tried again at the next resync`,
      mayHaveCommitted: true,
    })
  }
  for (const { field } of differing.filter((one) => one.cause === 'Drift')) {
    ctx.instruments.driftCorrections.add(1, { field })
  }
  const fields = differing.map(({ field }) => field).join(', ')
  const note =
    cause === 'Spec' ? `${fields} updated at Google` : `${fields} had been changed by another hand and was put back`
  return withEvent(next, { type: 'Normal', reason: 'Updated', action: 'Update', note })
}

/** What was applied, not what was answered: the three-way comparison needs to know what we wanted last. */
function withApplied(state: ActionState, { name, uri, subscribedEvents, state: applied }: WebhookChanges): ActionState {
  const webhook = {
    ...state.draft.webhook,
    ...(name !== undefined && { name }),
    ...(uri !== undefined && { uri }),
    ...(subscribedEvents !== undefined && { events: subscribedEvents }),
    ...(applied !== undefined && { appliedState: applied }),
  }
  return { ...state, draft: { ...state.draft, webhook } }
}
