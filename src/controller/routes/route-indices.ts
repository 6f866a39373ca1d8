import type { GeminiRoute } from '../../api/gemini-route.ts'
import type { ObjectKey } from '../../kubernetes/client.ts'

/** Finds the routes that name a webhook: `namespace/name`. */
export const byWebhookRef = 'webhookRef'

/** The webhook that a route names. */
export function refOf({ metadata, spec: { webhookRef } }: GeminiRoute): ObjectKey {
  return { namespace: webhookRef.namespace ?? metadata.namespace, name: webhookRef.name }
}

export function idOfRef({ namespace, name }: ObjectKey): string {
  return `${namespace}/${name}`
}
