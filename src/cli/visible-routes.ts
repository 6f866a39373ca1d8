import type { GeminiRoute } from '../api/gemini-route.ts'
import { geminiRouteKind } from '../api/kind.ts'
import { isForbidden, isNotFound, type KubernetesClient } from '../kubernetes/client.ts'

export interface VisibleRoutes {
  readonly items: readonly GeminiRoute[]
  /** Set where only those of this namespace could be seen, though more were asked for. */
  readonly onlyIn?: string
}

/**
 * The GeminiRoutes of one namespace, or of the cluster; undefined where the user may not list them. An API server that
 * does not know the kind, as before an upgrade, has none.
 */
export async function routesIn(
  client: KubernetesClient,
  namespace: string | undefined,
): Promise<readonly GeminiRoute[] | undefined> {
  const scope = namespace === undefined ? {} : { namespace }
  try {
    return (await client.list<GeminiRoute>(geminiRouteKind, scope)).items
  } catch (error) {
    if (isForbidden(error)) return undefined
    if (isNotFound(error)) return []
    throw error
  }
}

/** Those of the cluster, or else of the namespace that `fallback` names; undefined where neither may be listed. */
export async function visibleRoutes(
  client: KubernetesClient,
  fallback: () => string | Promise<string>,
): Promise<VisibleRoutes | undefined> {
  const all = await routesIn(client, undefined)
  if (all !== undefined) return { items: all }
  const namespace = await fallback()
  const items = await routesIn(client, namespace)
  return items === undefined ? undefined : { items, onlyIn: namespace }
}
