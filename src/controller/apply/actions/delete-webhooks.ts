import { accessOf, withEvent, type ActionState } from '../action-state.ts'
import type { Action } from '../../facts/action.ts'
import { callerFor } from '../../observe/caller.ts'
import type { PassContext } from '../pass-context.ts'
import { ownerOfRemote } from '../../facts/ownership.ts'
import { withBackfillBegunAnew } from '../backfill-begun-anew.ts'
import { recordOrphan } from './record-orphan.ts'

/**
 * Deletes by id what carries our marker, or what `externalID` names unless it carries a foreign marker; each is read
 * live first.
 */
export async function deleteWebhooks(
  state: ActionState,
  ctx: PassContext,
  { ids, cause }: Extract<Action, { type: 'DeleteWebhooks' }>,
): Promise<ActionState> {
  const { service, fingerprint, identity } = accessOf(ctx)
  let next = state
  for (const id of ids) {
    const remote = await ctx.observer.get(fingerprint, service, id)
    if (remote === undefined) {
      // A list lags for longer than was thought: it is left alone anew.
      if (ctx.memory.view.deleted?.has(id) === true) ctx.memory.deleted(id)
      continue
    }
    const owner = ownerOfRemote(remote, identity)
    const isAdopted = state.webhook.spec.externalID === id && owner !== 'another'
    if (owner !== 'ours' && !isAdopted) continue
    ctx.memory.sent()
    await service.delete(id)
    ctx.memory.sent()
    ctx.observer.learn(fingerprint, id, undefined)
    ctx.memory.deleted(id)
    next = withEvent(next, eventOf(id, cause))
  }
  return next
}

function eventOf(id: string, cause: 'Twin' | 'Deletion' | 'NotRequired') {
  const reason = cause === 'Twin' ? 'DuplicateRemoved' : 'Deleted'
  const note =
    cause === 'Twin'
      ? `webhook ${id}, a duplicate with this object's marker, was deleted`
      : `webhook ${id} was deleted at Google`
  return { type: 'Normal', reason, action: 'Delete', note } as const
}

/**
 * The API key moved to another project: the old webhook is deleted with the old key where it is still known, otherwise
 * recorded as an orphan.
 */
export async function leaveProject(
  state: ActionState,
  ctx: PassContext,
  { id }: Extract<Action, { type: 'LeaveProject' }>,
): Promise<ActionState> {
  const former = state.webhook.status?.webhook?.keyFingerprint
  const service = ctx.pool.known(former, callerFor(state.webhook, ctx))
  const left = withBackfillBegunAnew(state)
  if (service === undefined || former === undefined) return recordOrphan(left, ctx, { id, reason: 'ProjectChanged' })
  try {
    const remote = await service.get(id)
    if (remote !== undefined && ownerOfRemote(remote, accessOf(ctx).identity) === 'ours') await service.delete(id)
    return left
  } catch {
    return recordOrphan(left, ctx, { id, reason: 'ProjectChanged' })
  }
}
