import { isForbidden, isNotFound, type KubernetesClient } from '../kubernetes/client.ts'
import { podKind, operatorPods } from './pods.ts'

/** Where an installation is unless it was put elsewhere. */
const usualNamespace = 'gemini-webhook-system'

/**
 * The namespaces in which pods of an operator are, sorted: of the whole cluster, or of the one that is given. undefined
 * where the user may not look.
 */
export async function operatorNamespaces(
  client: KubernetesClient,
  namespace?: string,
): Promise<readonly string[] | undefined> {
  const scope = namespace === undefined ? {} : { namespace }
  try {
    const { items } = await client.list(podKind, { ...scope, labelSelector: operatorPods })
    return [...new Set(items.map(({ metadata }) => metadata.namespace ?? ''))].toSorted()
  } catch (error) {
    if (isForbidden(error)) return undefined
    // An API without pods, such as that of a sandbox.
    if (isNotFound(error)) return []
    throw error
  }
}

/** Pure: which of them is meant where none was named. Throws where that cannot be told. */
export function chooseOperator(found: readonly string[] | undefined): string {
  if (found === undefined || found.length === 0 || found.includes(usualNamespace)) return usualNamespace
  const [first = usualNamespace, ...others] = found
  if (others.length === 0) return first
  throw new Error(`operators run in namespaces ${found.join(', ')}: name one of them with --operator-namespace`)
}
