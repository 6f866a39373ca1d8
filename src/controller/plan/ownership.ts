import { adoptionPolicyOf } from '../../api/defaults.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { explainNamesake } from '../facts/explain-other.ts'
import type { ObservedWebhook, RemoteView } from '../facts/observed.ts'
import { act, stall, type Plan } from './result.ts'
import { mayTouch } from '../facts/may-touch.ts'

/** Nothing at Google is touched unless it is this object's; undefined when it is and status says so. */
export function planOwnership(webhook: GeminiWebhook, observed: ObservedWebhook, remote: RemoteView): Plan | undefined {
  const { id } = remote.webhook
  if (!mayTouch(webhook, observed, remote)) return notOurs(webhook, observed, remote)
  if (webhook.status?.webhook?.id === id) return undefined
  if (adoptionPolicyOf(webhook.spec) === 'CreateOnly') return refuseAdoption(id)
  return act([{ type: 'AdoptWebhook', id }], 'Progressing', `taking over webhook ${id}`)
}

/** What this object did not create in this life is not taken, not even with its own marker. */
export function refuseAdoption(id: string): Plan {
  const message = `webhook ${id} at Google exists already and spec.adoptionPolicy is CreateOnly; nothing is touched: delete it there, or set spec.adoptionPolicy to CreateOrReadopt`
  return stall('AdoptionRefused', message, { type: 'Registered', status: 'False' })
}

/**
 * Two installations registered the same object at the same moment, each under its own marker. Neither may delete the
 * other's, so both report it, after everything else that can be done: the secret is still maintained.
 */
export function planRival(webhook: GeminiWebhook, observed: ObservedWebhook, remote: RemoteView): Plan | undefined {
  const { rival } = remote
  if (rival === undefined) return undefined
  const { uri, id } = remote.webhook
  const namesake = explainNamesake(webhook, observed, rival)
  const message =
    namesake ??
    `webhook ${rival.id} of another installation delivers to ${uri} as well as webhook ${id} of this object, and what the receiver gets from it does not verify; neither is touched: delete the object there or here, or give one installation another base URL`
  return stall('OwnedByAnotherInstallation', message, { type: 'InSync', status: 'False' })
}

function notOurs(webhook: GeminiWebhook, observed: ObservedWebhook, remote: RemoteView): Plan {
  const { id } = remote.webhook
  const whose =
    remote.owner === 'another'
      ? 'carries the marker of another object or installation'
      : 'carries no marker, and neither its URI nor its secret is ours'
  const message =
    explainNamesake(webhook, observed, remote.webhook) ??
    `webhook ${id} at Google ${whose}; nothing is touched: delete it there, or adopt it with spec.externalID ${id} and adoptionPolicy TakeOver`
  return stall('OwnedByAnotherInstallation', message, { type: 'InSync', status: 'False' })
}
