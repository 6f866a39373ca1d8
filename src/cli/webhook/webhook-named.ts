import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { geminiWebhookKind, kindName } from '../../api/kind.ts'
import type { KubernetesClient, ObjectKey } from '../../kubernetes/client.ts'
import { otherKindOf } from '../other-kind.ts'

/** The argument of commands about one object. */
export const oneWebhook = { placeholder: 'NAME', min: 1, max: 1, completes: 'webhook' } as const

/** Of commands that are about a GeminiRoute as well, which is named as groute/NAME. */
export const oneWebhookOrRoute = { ...oneWebhook, completes: 'webhookOrRoute' } as const

/** Reads the GeminiWebhook of that key; throws when there is none. */
export async function webhookAt(key: ObjectKey, client: KubernetesClient): Promise<GeminiWebhook> {
  const webhook = await client.get<GeminiWebhook>(geminiWebhookKind, key)
  if (webhook !== undefined) return webhook
  throw new Error(`${kindName} ${slashed(key)}: does not exist${await otherKindOf({ ...key, isRoute: false }, client)}`)
}

export function slashed({ namespace, name }: ObjectKey): string {
  return `${namespace}/${name}`
}

/** As kubectl names an object with `-o name`. */
export function resourceName(name: string): string {
  return `${kindName.toLowerCase()}.${geminiWebhookKind.group}/${name}`
}

/** How the object says that the whole installation is paused; undefined where it is not. */
export function suspensionOf({ status }: GeminiWebhook): string | undefined {
  return status?.conditions?.find(({ type, reason }) => type === 'Stalled' && reason === 'Suspended')?.message
}
