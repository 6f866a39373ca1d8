import type { RemoteWebhook } from '../../../gemini/webhook-service.ts'
import { accessOf, type ActionState } from '../action-state.ts'
import type { PassContext } from '../pass-context.ts'
import { ownerOfRemote } from '../../facts/ownership.ts'
import { mayTouch } from '../../facts/may-touch.ts'

/**
 * The webhook as it is right now, read by id; undefined when it is gone or not ours to touch. Asked before every change
 * of an existing webhook.
 */
export async function readOwned(
  id: string,
  { webhook, observed }: ActionState,
  ctx: PassContext,
): Promise<RemoteWebhook | undefined> {
  const { service, fingerprint, identity } = accessOf(ctx)
  const remote = await ctx.observer.get(fingerprint, service, id)
  if (remote === undefined) return undefined
  const view = { webhook: remote, owner: ownerOfRemote(remote, identity), confirmed: true, confirmInMs: 0 }
  return mayTouch(webhook, observed, view) ? remote : undefined
}
