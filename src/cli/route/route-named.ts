import type { GeminiRoute } from '../../api/gemini-route.ts'
import { apiGroup, geminiRouteKind, routeKindName, routeSingularName } from '../../api/kind.ts'
import type { KubernetesClient, ObjectKey } from '../../kubernetes/client.ts'
import { otherKindOf } from '../other-kind.ts'
import { slashed } from '../webhook/webhook-named.ts'

/** Reads the GeminiRoute of that key; throws when there is none. */
export async function routeAt(key: ObjectKey, client: KubernetesClient): Promise<GeminiRoute> {
  const route = await client.get<GeminiRoute>(geminiRouteKind, key)
  if (route !== undefined) return route
  throw new Error(
    `${routeKindName} ${slashed(key)}: does not exist${await otherKindOf({ ...key, isRoute: true }, client)}`,
  )
}

/** As kubectl names a route with `-o name`. */
export function routeResourceName(name: string): string {
  return `${routeSingularName}.${apiGroup}/${name}`
}
