import { signingSecretNameOf } from '../api/defaults.ts'
import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import { geminiWebhookKind } from '../api/kind.ts'
import type { Access } from '../contract/page/rights.ts'
import type { WebhookDetail } from '../contract/page/webhook-detail.ts'
import type { Right, Rights } from './rights.ts'

const { group, plural } = geminiWebhookKind

/** What the page as a whole needs. `onlyNamespace`: that of the objects shown; undefined: all. */
export async function readAccess(
  rights: Rights,
  { onlyNamespace, operatorNamespace }: { onlyNamespace: string | undefined; operatorNamespace: string },
): Promise<Access> {
  const scope = onlyNamespace === undefined ? {} : { namespace: onlyNamespace }
  const inOperators = (verb: string, ofGroup: string, resource: string): Right => {
    return { verb, group: ofGroup, resource, namespace: operatorNamespace }
  }
  const [webhooks, receivers, installation] = await Promise.all([
    rights.may(
      { verb: 'list', group, resource: plural, ...scope },
      { verb: 'watch', group, resource: plural, ...scope },
    ),
    rights.may(...toReceivers(operatorNamespace)),
    rights.may(
      inOperators('list', '', 'pods'),
      inOperators('list', '', 'configmaps'),
      inOperators('get', '', 'configmaps'),
      inOperators('get', 'coordination.k8s.io', 'leases'),
    ),
  ])
  return { webhooks, receivers, installation }
}

/** What may be done to one object: what the commands of these names need. */
export async function readMay(
  webhook: GeminiWebhook,
  rights: Rights,
  operatorNamespace: string,
): Promise<WebhookDetail['may']> {
  const { namespace, name } = webhook.metadata
  const { apiKeySecretRef } = webhook.spec
  const signingSecret = webhook.status?.signingSecret?.name ?? signingSecretNameOf(webhook)
  const ofSecret = (secret: string): Right => ({ verb: 'get', group: '', resource: 'secrets', namespace, name: secret })
  const ofObject = (verb: string): Right => ({ verb, group, resource: plural, namespace, name })
  const visiting = toReceivers(operatorNamespace)
  const [ping, send, rotate, receivers] = await Promise.all([
    rights.may(
      ofObject('get'),
      ...(apiKeySecretRef === undefined ? [] : [ofSecret(apiKeySecretRef.name)]),
      ...visiting,
    ),
    rights.may(ofObject('get'), ofSecret(signingSecret)),
    rights.may(ofObject('get'), ofObject('patch')),
    rights.may(...visiting),
  ])
  return { ping, send, rotate, replay: receivers, retry: receivers }
}

/** To find them, and to forward a port: older API servers ask for `get`, newer ones for `create`. */
function toReceivers(namespace: string): Right[] {
  const forward = { group: '', resource: 'pods', subresource: 'portforward', namespace }
  return [
    { verb: 'list', group: '', resource: 'pods', namespace },
    { verb: 'create', ...forward },
    { verb: 'get', ...forward },
  ]
}
