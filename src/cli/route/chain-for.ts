import type { GeminiRoute } from '../../api/gemini-route.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { geminiWebhookKind } from '../../api/kind.ts'
import { isForbidden, type KubernetesClient } from '../../kubernetes/client.ts'
import type { Link } from '../link.ts'
import type { Leader } from '../status-links.ts'
import { chainFor, type ProbeConfig } from '../webhook/chain-for.ts'
import { routeChainOf, webhookOf, type SeenWebhook } from './chain.ts'

/** The chain of one route, with that of its webhook as far as the user may read it. */
export async function routeChainFor(
  route: GeminiRoute,
  config: ProbeConfig,
  { client, leader }: { client: KubernetesClient; leader: Leader },
): Promise<Link[]> {
  const seen = await seenWebhook(route, client, (webhook) => chainFor(webhook, config, leader))
  return routeChainOf(route, seen, leader)
}

/**
 * The webhook of a route, its chain made by `chainOfWebhook`. A team that may use a webhook of another namespace need
 * not be allowed to read it.
 */
export async function seenWebhook(
  route: GeminiRoute,
  client: KubernetesClient,
  chainOfWebhook: (webhook: GeminiWebhook) => Promise<Link[]>,
): Promise<SeenWebhook> {
  try {
    const webhook = await client.get<GeminiWebhook>(geminiWebhookKind, webhookOf(route))
    return webhook === undefined ? { absent: true } : { chain: await chainOfWebhook(webhook) }
  } catch (error) {
    if (isForbidden(error)) return { unread: 'you may not get it' }
    throw error
  }
}
