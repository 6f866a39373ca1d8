import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { WebhookContext } from '../observe/context.ts'
import { hasFinalizer, isDeleting } from '../facts/life-stage.ts'
import { claimedStatus, ownerOfObject } from '../installation/object-owner.ts'
import { writeStatus } from './status-writer.ts'

/** `webhook` is the version that a claim wrote, or the very one that was handed in. */
export type Claimed = { state: 'ours'; webhook: GeminiWebhook } | { state: 'left'; installation: string }

/**
 * The object, if it is this installation's to serve: claimed first where nobody has, before anything of its own is
 * written for it. `left`: it is another's, and nothing is read or written. Of two that claim at the same moment the API
 * server lets one through, the other throws and sees why.
 */
export async function claimObject(webhook: GeminiWebhook, ctx: WebhookContext): Promise<Claimed> {
  const owner = ownerOfObject(webhook, ctx)
  if (owner.type === 'another') return { state: 'left', installation: owner.name }
  const view = ctx.installation()
  if (owner.type === 'ours' || view.state === 'unconfirmed' || isClaimedByTheWay(webhook))
    return { state: 'ours', webhook }
  const { webhook: claimed } = await writeStatus(webhook, claimedStatus(webhook.status, view), ctx)
  return { state: 'ours', webhook: claimed }
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
