import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { RemoteWebhook } from '../../gemini/webhook-service.ts'
import { holdsSecretOf } from '../facts/held-secret.ts'
import type { ObservedWebhook } from '../facts/observed.ts'
import { act, type Plan } from './result.ts'

/**
 * At rest exactly one: the webhook whose secret we hold stays, of several that seem so (hints are four characters) the
 * one in status; else the one with the lowest id, which every observer would choose.
 */
export function planDuplicates(
  webhook: GeminiWebhook,
  observed: Pick<ObservedWebhook, 'secret' | 'keyring' | 'revealed'>,
  webhooks: RemoteWebhook[],
): Plan {
  const ids = sortedIds(webhooks)
  const held = sortedIds(webhooks.filter((remote) => holdsSecretOf(remote, observed)))
  const known = webhook.status?.webhook?.id
  const keep = held.find((id) => id === known) ?? held[0] ?? ids[0]
  if (keep === undefined) throw new Error('planDuplicates needs at least one webhook: a defect of the observer')
  return act(
    [
      ...(keep === known ? [] : ([{ type: 'AdoptWebhook', id: keep }] as const)),
      { type: 'DeleteWebhooks', ids: ids.filter((id) => id !== keep), cause: 'Twin' },
    ],
    'Progressing',
    `${webhooks.length} webhooks at Google carry the marker of this object: keeping ${keep}`,
  )
}

function sortedIds(webhooks: RemoteWebhook[]): string[] {
  return webhooks.map(({ id }) => id).toSorted()
}
