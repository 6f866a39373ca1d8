import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import type { ObjectStore } from '../kubernetes/store.ts'
import type { Claimant, RemoteLookup } from './observed.ts'
import { markerIn, markerOf } from './ownership.ts'
import { byExternalId } from './reflectors.ts'

/** Undefined when nobody is before this object. The oldest claim wins; a marker of a live object of ours is never taken, whatever the policy says. */
export function findClaimant(
  webhook: GeminiWebhook,
  remote: RemoteLookup,
  {
    webhooks,
    installationId,
  }: { webhooks: Pick<ObjectStore<GeminiWebhook>, 'list' | 'byIndex'>; installationId: string },
): Claimant | undefined {
  const { externalID } = webhook.spec
  if (externalID === undefined) return undefined
  const others = (objects: GeminiWebhook[]) => objects.filter(({ metadata }) => metadata.uid !== webhook.metadata.uid)
  const [oldest] = [webhook, ...others(webhooks.byIndex(byExternalId, externalID))].toSorted(byAge)
  if (oldest !== undefined && oldest !== webhook) return claimant(oldest, 'Older')
  if (remote.state !== 'found' || remote.value.owner !== 'another') return undefined
  const marker = markerIn(remote.value.webhook.name)
  const registered = others(webhooks.list()).find(({ metadata }) => markerOf(installationId, metadata) === marker)
  return registered === undefined ? undefined : claimant(registered, 'Registered')
}

function claimant({ metadata: { namespace, name } }: GeminiWebhook, right: Claimant['right']): Claimant {
  return { namespace, name, right }
}

/** The uid decides between objects of the same second, so that both see the same winner. */
function byAge(a: GeminiWebhook, b: GeminiWebhook): number {
  const [timeA, timeB] = [a, b].map(({ metadata }) => metadata.creationTimestamp ?? '')
  return (timeA ?? '').localeCompare(timeB ?? '') || a.metadata.uid.localeCompare(b.metadata.uid)
}
