import { accessOf, withEvent, type ActionState } from '../action-state.ts'
import type { Action } from '../action.ts'
import type { PassContext } from '../context.ts'
import { ownerOf } from '../ownership.ts'
import { recordOrphan } from './record-orphan.ts'

/** Deletes by id what carries our marker, or what `externalID` names unless somebody else's marker is on it; each is read live first. */
export async function deleteWebhooks(
  state: ActionState,
  ctx: PassContext,
  { ids, cause }: Extract<Action, { type: 'DeleteWebhooks' }>,
): Promise<ActionState> {
  const { service, fingerprint, marker } = accessOf(ctx)
  let next = state
  for (const id of ids) {
    const remote = await ctx.observer.get(fingerprint, service, id)
    if (remote === undefined) continue
    const owner = ownerOf(remote.name, marker)
    const isAdopted = state.webhook.spec.externalID === id && owner !== 'another'
    if (owner !== 'ours' && !isAdopted) continue
    ctx.recollection.lastMutationMs = ctx.clock.monotonic()
    await service.delete(id)
    ctx.recollection.lastMutationMs = ctx.clock.monotonic()
    ctx.observer.learn(fingerprint, id, undefined)
    if (id === state.webhook.status?.webhook?.id) ctx.recollection.deletedId = id
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

/** The API key moved to another project: the old webhook is deleted with the old key where it is still known, else noted for people. */
export async function leaveProject(
  state: ActionState,
  ctx: PassContext,
  { id }: Extract<Action, { type: 'LeaveProject' }>,
): Promise<ActionState> {
  const former = state.webhook.status?.webhook?.keyFingerprint
  const service = ctx.pool.known(former)
  if (service === undefined || former === undefined) return recordOrphan(state, ctx, { id, reason: 'ProjectChanged' })
  try {
    const remote = await service.get(id)
    if (remote !== undefined && ownerOf(remote.name, accessOf(ctx).marker) === 'ours') await service.delete(id)
    return state
  } catch {
    return recordOrphan(state, ctx, { id, reason: 'ProjectChanged' })
  }
}
