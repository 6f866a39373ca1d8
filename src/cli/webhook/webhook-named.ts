import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { geminiWebhookKind, kindName } from '../../api/kind.ts'
import type { KubernetesClient, ObjectKey } from '../../kubernetes/client.ts'

/** NAMESPACE/NAME as people write it; throws with what to write instead. */
export function keyIn(text: string): ObjectKey {
  const [, namespace, name] = /^([a-z0-9-]{1,63})\/([a-z0-9.-]{1,253})$/.exec(text) ?? []
  if (namespace !== undefined && name !== undefined) return { namespace, name }
  throw new Error(`"${text.slice(0, 80)}" is not NAMESPACE/NAME, such as ml/batch-events`)
}

/** Reads the GeminiWebhook that is named; throws when there is none. */
export async function webhookNamed(text: string, client: KubernetesClient): Promise<GeminiWebhook> {
  const key = keyIn(text)
  const webhook = await client.get<GeminiWebhook>(geminiWebhookKind, key)
  if (webhook === undefined) throw new Error(`${kindName} ${text}: does not exist`)
  return webhook
}
