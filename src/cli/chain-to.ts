import type { KubernetesClient } from '../kubernetes/client.ts'
import type { Link } from './link.ts'
import type { NamedObject } from './places.ts'
import type { Leader } from './status-links.ts'
import { routeChainFor } from './route/chain-for.ts'
import { routeAt } from './route/route-named.ts'
import { chainFor, type ProbeConfig } from './webhook/chain-for.ts'
import { webhookAt } from './webhook/webhook-named.ts'

interface Way {
  readonly client: KubernetesClient
  readonly leader: Leader
}

/** Of one object, whose kind is in its name. Throws where there is none. */
export async function chainTo(named: NamedObject, config: ProbeConfig, way: Way): Promise<Link[]> {
  return named.isRoute
    ? routeChainFor(await routeAt(named, way.client), config, way)
    : chainFor(await webhookAt(named, way.client), config, way.leader)
}
