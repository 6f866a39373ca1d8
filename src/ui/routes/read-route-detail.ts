import type { GeminiRoute } from '../../api/gemini-route.ts'
import { geminiRouteKind } from '../../api/kind.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { seenWebhook } from '../../cli/route/chain-for.ts'
import type { Leader } from '../../cli/status-links.ts'
import { chainOf } from '../../cli/webhook/chain.ts'
import type { Reach } from '../../cli/webhook/reach-endpoint.ts'
import type { RouteDetail, RouteKey } from '../../contract/page/routes.ts'
import { isForbidden, type KubernetesClient } from '../../kubernetes/client.ts'
import { AskError } from '../server/page-server.ts'
import { routeDetailOf } from './route-detail.ts'

interface Around {
  readonly client: KubernetesClient
  readonly leader: Leader
  readonly probe: { reach(webhook: GeminiWebhook): Promise<Reach | undefined> }
}

/** Read for whoever looks, with their rights. Throws an AskError where there is none, or it may not be read. */
export async function readRouteDetail(key: RouteKey, { client, leader, probe }: Around): Promise<RouteDetail> {
  const route = await routeAt(key, client)
  if (route === undefined) throw new AskError(404, `GeminiRoute ${key.namespace}/${key.name}: does not exist`)
  const seen = await seenWebhook(route, client, async (webhook) => chainOf(webhook, await probe.reach(webhook), leader))
  return routeDetailOf(route, seen, leader)
}

async function routeAt(key: RouteKey, client: KubernetesClient): Promise<GeminiRoute | undefined> {
  try {
    return await client.get<GeminiRoute>(geminiRouteKind, key)
  } catch (error) {
    if (isForbidden(error)) throw new AskError(404, `GeminiRoute ${key.namespace}/${key.name}: you may not get it`)
    throw error
  }
}
