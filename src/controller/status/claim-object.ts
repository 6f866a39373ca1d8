import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { WebhookContext } from '../observe/context.ts'
import { hasFinalizer, isDeleting } from '../facts/life-stage.ts'
import { claimedStatus, ownerOfObject } from '../installation/object-owner.ts'
import { rememberWrite, type Recollection } from '../memory/recollection.ts'
import { writeStatus } from './status-writer.ts'

/**
 * The object, if it is this installation's to serve: claimed first where nobody has, before anything of its own is
 * written for it. Undefined: it is another's, and nothing is read or written; told once. Of two that claim at the same
 * moment the API server lets one through, the other throws and sees why.
 */
export async function claimObject(
  webhook: GeminiWebhook,
  recollection: Recollection,
  ctx: WebhookContext,
): Promise<GeminiWebhook | undefined> {
  const owner = ownerOfObject(webhook, ctx)
  if (owner.type === 'another') {
    leave(webhook, owner.name, ctx)
    return undefined
  }
  delete recollection.leftTo
  const view = ctx.installation()
  if (owner.type === 'ours' || view.state === 'unconfirmed' || isClaimedByTheWay(webhook)) return webhook
  const { webhook: claimed } = await writeStatus(webhook, claimedStatus(webhook.status, view), ctx)
  rememberWrite(claimed, recollection, ctx.webhooks)
  return claimed
}

/**
 * A new object is claimed by the first status that is written for it anyway, which is the intent of its registration:
 * all that comes before are the finalizer and an empty Secret, which are the same whoever writes them. A dynamic
 * endpoint is served before that.
 */
function isClaimedByTheWay(webhook: GeminiWebhook): boolean {
  const isNew = webhook.status === undefined && webhook.spec.dynamic === undefined
  return isNew || (isDeleting(webhook) && !hasFinalizer(webhook))
}

/** What is remembered of an object speaks of the time when it was ours. */
function leave({ metadata }: GeminiWebhook, installation: string, { recollections, logger }: WebhookContext): void {
  const { namespace, name, uid } = metadata
  const isTold = recollections.leftTo(uid) === installation
  recollections.leave(uid, installation)
  if (!isTold) logger.info({ namespace, name, installation }, 'webhook.left_to_another_installation')
}
