import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import type { RemoteWebhook } from '../gemini/webhook-service.ts'
import { holdsSecretOf } from './held-secret.ts'
import type { ObservedWebhook } from './observed.ts'
import { act, type Plan } from './plan-result.ts'

/**
 * At rest exactly one: the webhook whose secret we hold stays, of several that seem so (hints are four characters) the one in status; else the one with the
 * lowest id, which every observer would choose.
 */
export function planDuplicates(
  webhook: GeminiWebhook,
  observed: Pick<ObservedWebhook, 'secret' | 'keyring' | 'revealed'>,
  webhooks: RemoteWebhook[],
): Plan {
  const sorted = webhooks.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const held = sorted.filter((remote) => holdsSecretOf(remote, observed))
  const keep = held.find(({ id }) => id === webhook.status?.webhook?.id) ?? held[0] ?? sorted[0]
  if (keep === undefined) throw new Error('planDuplicates needs at least one webhook: a defect of the observer')
  const ids = sorted.filter(({ id }) => id !== keep.id).map(({ id }) => id)
  const adopts = webhook.status?.webhook?.id !== keep.id
  return act(
    [
      ...(adopts ? ([{ type: 'AdoptWebhook', id: keep.id }] as const) : []),
      { type: 'DeleteWebhooks', ids, cause: 'Twin' },
    ],
    'Progressing',
    `${webhooks.length} webhooks at Google carry the marker of this object: keeping ${keep.id}`,
  )
}
