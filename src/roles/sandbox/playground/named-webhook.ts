import type { GeminiWebhook } from '../../../api/gemini-webhook.ts'
import { geminiWebhookKind, kindName } from '../../../api/kind.ts'
import { RefusedAction } from './refused-action.ts'
import type { Surroundings } from './surroundings.ts'

/** NAMESPACE/NAME as the contract has checked it. */
export async function namedWebhook(text: string, { client }: Pick<Surroundings, 'client'>): Promise<GeminiWebhook> {
  const [namespace = '', name = ''] = text.split('/')
  const webhook = await client.get<GeminiWebhook>(geminiWebhookKind, { namespace, name })
  if (webhook !== undefined) return webhook
  throw new RefusedAction(`${kindName} ${text}: does not exist; choose one that does`)
}

/** The same with what it is at Google. */
export async function registeredWebhook(text: string, surroundings: Surroundings) {
  const webhook = await namedWebhook(text, surroundings)
  const id = webhook.status?.webhook?.id
  const { admin } = surroundings.simulator
  const remote = admin.webhooks().find((each) => each.id === id)
  const url = webhook.status?.endpoint?.url
  if (remote !== undefined && url !== undefined) return { webhook, remote, url }
  throw new RefusedAction(
    `${kindName} ${text}: no webhook of it is registered at Google; wait until it is, or choose another`,
  )
}

/** Where one object is seen. */
export function at({ metadata: { namespace, name } }: GeminiWebhook) {
  return { at: 'webhook', namespace, name } as const
}
