import type { GeminiRoute } from '../api/gemini-route.ts'
import { geminiRouteKind } from '../api/kind.ts'
import { isForbidden, isNotFound, type KubernetesClient } from '../kubernetes/client.ts'

/** `NoCRD`: the API server does not know the kind, as before an upgrade. */
export type VisibleRoutes =
  | {
      readonly items: readonly GeminiRoute[]
      /** Set where only those of this namespace could be seen, though more were asked for. */
      readonly onlyIn?: string
    }
  | { readonly unseen: 'NoCRD' | 'Forbidden' }

/**
 * The GeminiRoutes of one namespace; without one, those of the cluster, or else of the one namespace that `fallback`
 * names.
 */
export async function visibleRoutes(
  client: KubernetesClient,
  namespace: string | undefined,
  fallback: () => string | Promise<string>,
): Promise<VisibleRoutes> {
  const asked = await routesIn(client, namespace)
  if (namespace !== undefined || 'items' in asked || asked.unseen === 'NoCRD') return asked
  return routesOnlyIn(client, await fallback())
}

/** Those of one namespace where those of the cluster were meant. */
export async function routesOnlyIn(client: KubernetesClient, namespace: string): Promise<VisibleRoutes> {
  const own = await routesIn(client, namespace)
  return 'items' in own ? { ...own, onlyIn: namespace } : own
}

async function routesIn(client: KubernetesClient, namespace: string | undefined): Promise<VisibleRoutes> {
  const scope = namespace === undefined ? {} : { namespace }
  try {
    const { items } = await client.list<GeminiRoute>(geminiRouteKind, scope)
    return { items }
  } catch (error) {
    if (isForbidden(error)) return { unseen: 'Forbidden' }
    if (isNotFound(error)) return { unseen: 'NoCRD' }
    throw error
  }
}
