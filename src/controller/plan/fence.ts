import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { differencesOf } from '../facts/differences.ts'
import { heldSecretOf } from '../facts/held-secret.ts'
import type { ObservedWebhook, RemoteView } from '../facts/observed.ts'
import { desiredFor } from '../facts/desired-remote.ts'
import { actQuietly, type Plan } from './result.ts'

/**
 * The whole marker and the token of this installation go into the name of a webhook that an earlier version registered
 * without them. It is not urgent, so an upgrade spreads these calls over time; only a webhook that is about to be
 * rotated because its secret is lost is fenced first: of two clusters with one installation id, the second would take
 * it from the first.
 */
export function planFence(webhook: GeminiWebhook, observed: ObservedWebhook, remote: RemoteView): Plan | undefined {
  const desired = desiredFor(webhook, observed)
  const isOfOldForm =
    desired !== undefined && differencesOf(webhook, desired, remote.webhook).some(({ cause }) => cause === 'Fence')
  if (!isOfOldForm) return undefined
  if (!observed.fenceDue && heldSecretOf(remote.webhook, observed) !== undefined) return undefined
  const { id } = remote.webhook
  return actQuietly([{ type: 'UpdateWebhook', id, changes: { name: desired.name }, field: 'name', cause: 'Spec' }])
}
