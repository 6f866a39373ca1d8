import { adoptionPolicyOf } from '../api/defaults.ts'
import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import { fitsHint, currentHint } from './hint.ts'
import type { ObservedWebhook, RemoteView } from './observed.ts'
import { act, stall, type Plan } from './plan-result.ts'

/** Nothing at Google is touched unless it is this object's; undefined when it is and status says so. */
export function planOwnership(webhook: GeminiWebhook, observed: ObservedWebhook, remote: RemoteView): Plan | undefined {
  const { id } = remote.webhook
  if (!mayTouch(webhook, observed, remote)) return notOurs(remote)
  if (webhook.status?.webhook?.id === id) return undefined
  if (adoptionPolicyOf(webhook.spec) === 'CreateOnly') return refuseAdoption(id)
  return act([{ type: 'AdoptWebhook', id }], 'Progressing', `taking over webhook ${id}`)
}

/**
 * Ours by marker; by `externalID` unless somebody else's marker is on it (TakeOver takes even that); or without any marker, when our URL or our secret
 * prove that only the name was edited. An id in status alone proves nothing: status can be written by others.
 */
export function mayTouch(webhook: GeminiWebhook, observed: ObservedWebhook, remote: RemoteView): boolean {
  const { spec, status } = webhook
  if (remote.owner === 'ours') return true
  if (spec.externalID === remote.webhook.id) {
    return remote.owner === 'nobody' || adoptionPolicyOf(spec) === 'TakeOver'
  }
  if (remote.owner === 'another' || status?.webhook?.id !== remote.webhook.id) return false
  const hint = currentHint(remote.webhook)
  const held = observed.keyring?.secrets[0]?.secret
  const holdsSecret = hint !== undefined && held !== undefined && fitsHint(held, hint)
  const isOurUrl = observed.endpoint.state === 'ours' && observed.endpoint.url === remote.webhook.uri
  return holdsSecret || isOurUrl
}

/** What this object did not create in this life is not taken, not even with its own marker. */
export function refuseAdoption(id: string): Plan {
  const message = `webhook ${id} at Google exists already and spec.adoptionPolicy is CreateOnly; nothing is touched: delete it there, or set spec.adoptionPolicy to CreateOrReadopt`
  return stall('AdoptionRefused', message, { type: 'Registered', status: 'False' })
}

/**
 * Two installations registered the same object at the same moment, each under its own marker. Neither may delete the other's, so both say so, after
 * everything else that can be done: the secret stays cared for.
 */
export function planRival(remote: RemoteView): Plan | undefined {
  const { rival, webhook } = remote
  if (rival === undefined) return undefined
  const message = `webhook ${rival.id} of another installation delivers to ${webhook.uri} as well as webhook ${webhook.id} of this object, and what the receiver gets from it does not verify; neither is touched: delete the object there or here, or give one installation another base URL`
  return stall('OwnedByAnotherInstallation', message, { type: 'InSync', status: 'False' })
}

function notOurs(remote: RemoteView): Plan {
  const { id } = remote.webhook
  const whose =
    remote.owner === 'another'
      ? 'carries the marker of another object or installation'
      : 'carries no marker, and neither its URI nor its secret is ours'
  const message = `webhook ${id} at Google ${whose}; nothing is touched: delete it there, or adopt it with spec.externalID ${id} and adoptionPolicy TakeOver`
  return stall('OwnedByAnotherInstallation', message, { type: 'InSync', status: 'False' })
}
