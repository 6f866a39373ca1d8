import { adoptionPolicyOf } from '../../api/defaults.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { ObjectStore } from '../../kubernetes/store.ts'
import { isDeleting } from '../facts/life-stage.ts'
import type { Claimant, ObservedWebhook, RemoteLookup } from '../facts/observed.ts'
import { markerIn } from '../facts/ownership.ts'
import { objectOfMarker } from '../facts/object-of-marker.ts'
import { mayTouch } from '../facts/may-touch.ts'
import { byExternalId, byWebhookId } from '../facts/indices.ts'

interface Others {
  webhooks: Pick<ObjectStore<GeminiWebhook>, 'list' | 'byIndex'>
  installationId: string
  /** The webhook that an object acts on, seen with its own API key; see `claimAfter`. */
  claimOf: (uid: string) => string | undefined
  /** Whether this installation serves the object. */
  isServed: (webhook: GeminiWebhook) => boolean
}

/**
 * The object with the better right to the webhook that `externalID` names; undefined when there is none. The webhook
 * belongs to the object whose marker it carries, whatever the policy of others says; else to the one that has
 * registered it, else to the oldest claim. Naming an id is no claim: only an object that sees it with its own key and
 * acts on it has one, so that an object cannot block a webhook of another project.
 */
export function findClaimant(webhook: GeminiWebhook, remote: RemoteLookup, others: Others): Claimant | undefined {
  const { externalID } = webhook.spec
  if (externalID === undefined || remote.state !== 'found' || remote.value.webhook.id !== externalID) return undefined
  if (remote.value.owner === 'ours') return undefined
  const marked = remote.value.owner === 'another' ? bearerOf(webhook, remote.value.webhook.name, others) : undefined
  if (marked !== undefined) return claimant(marked, 'Registered')
  const [first] = [webhook, ...claimingOf(webhook, externalID, others)].toSorted(byRightTo(externalID))
  if (first === undefined || first === webhook) return undefined
  return claimant(first, holds(first, externalID) ? 'Registered' : 'Older')
}

type Seen = Pick<ObservedWebhook, 'remote' | 'endpoint' | 'keyring'>

/**
 * Which webhook this object acts on, to be remembered for others that name it too; `claim` is the one it acted on
 * before. None as soon as its key is missing or refused, the webhook is gone, or the object is not to act; a failure
 * that passes changes nothing.
 */
export function claimAfter(
  webhook: GeminiWebhook,
  seen: Seen,
  isAsked: boolean,
  claim: string | undefined,
): string | undefined {
  const { remote } = seen
  const passes = remote.state === 'failed' && remote.failure.class !== 'credentials'
  const waits = remote.state === 'notAsked' && isAsked
  if (passes || waits) return claim
  if (remote.state !== 'found' || webhook.spec.events === undefined) return undefined
  const { id } = remote.value.webhook
  const mayAdopt = webhook.status?.webhook?.id === id || adoptionPolicyOf(webhook.spec) !== 'CreateOnly'
  return mayAdopt && mayTouch(webhook, seen, remote.value) ? id : undefined
}

function bearerOf(webhook: GeminiWebhook, name: string | undefined, { webhooks, installationId }: Others) {
  const bearer = objectOfMarker(markerIn(name), webhooks.list(), installationId)
  return bearer?.metadata.uid === webhook.metadata.uid ? undefined : bearer
}

function claimingOf({ metadata }: GeminiWebhook, id: string, { webhooks, claimOf, isServed }: Others): GeminiWebhook[] {
  const naming = new Set([...webhooks.byIndex(byExternalId, id), ...webhooks.byIndex(byWebhookId, id)])
  return [...naming].filter(
    (other) =>
      other.metadata.uid !== metadata.uid &&
      other.spec.suspend !== true &&
      !isDeleting(other) &&
      claimOf(other.metadata.uid) === id &&
      isServed(other),
  )
}

function claimant({ metadata: { namespace, name } }: GeminiWebhook, right: Claimant['right']): Claimant {
  return { namespace, name, right }
}

function holds({ status }: GeminiWebhook, id: string): boolean {
  return status?.webhook?.id === id
}

/** The uid decides between objects of the same second, so that both see the same winner. */
function byRightTo(id: string) {
  return (a: GeminiWebhook, b: GeminiWebhook): number => {
    const [timeA, timeB] = [a, b].map(({ metadata }) => metadata.creationTimestamp ?? '')
    const byHolding = Number(holds(b, id)) - Number(holds(a, id))
    return byHolding || (timeA ?? '').localeCompare(timeB ?? '') || a.metadata.uid.localeCompare(b.metadata.uid)
  }
}
