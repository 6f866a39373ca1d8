import { geminiRouteKind, geminiWebhookKind, kindName, routeKindName } from '../api/kind.ts'
import { routeOwnerName } from '../contract/route-owner.ts'
import type { KubernetesClient, ObjectKey } from '../kubernetes/client.ts'

/** Of either kind, by its plain name. */
type Named = ObjectKey & { readonly isRoute: boolean }

/**
 * For who named an object that does not exist: that there is one of the other kind by that name, and how to name it.
 * Empty where there is none, or where that cannot be seen.
 */
export async function otherKindOf({ namespace, name, isRoute }: Named, client: KubernetesClient): Promise<string> {
  const other = isRoute ? geminiWebhookKind : geminiRouteKind
  // A courtesy: who may not look is told no less than before.
  const found = await client.get(other, { namespace, name }).catch(() => undefined)
  if (found === undefined) return ''
  const [kind, named] = isRoute ? [kindName, name] : [routeKindName, routeOwnerName(name)]
  return `; there is a ${kind} of that name, which is named ${namespace}/${named}`
}
