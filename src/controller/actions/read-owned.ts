import type { RemoteWebhook } from '../../gemini/webhook-service.ts'
import { accessOf, type ActionState } from '../action-state.ts'
import type { PassContext } from '../context.ts'
import { ownerOf } from '../ownership.ts'
import { mayTouch } from '../plan-ownership.ts'

/** The webhook as it is right now, read by id; undefined when it is gone or not ours to touch. Asked before every change of an existing webhook. */
export async function readOwned(
  id: string,
  { webhook, observed }: ActionState,
  ctx: PassContext,
): Promise<RemoteWebhook | undefined> {
  const { service, fingerprint, marker } = accessOf(ctx)
  const remote = await ctx.observer.get(fingerprint, service, id)
  if (remote === undefined) return undefined
  const view = { webhook: remote, owner: ownerOf(remote.name, marker), confirmed: true, confirmInMs: 0 }
  return mayTouch(webhook, observed, view) ? remote : undefined
}
