import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import { geminiWebhookKind } from '../api/kind.ts'
import { isForbidden, type KubernetesClient } from '../kubernetes/client.ts'
import { UnjudgedError } from './unjudged-error.ts'

export interface VisibleWebhooks {
  readonly items: readonly GeminiWebhook[]
  /** Set where only those of this namespace could be seen, though more were asked for. */
  readonly onlyIn?: string
}

/**
 * The GeminiWebhooks of one namespace; without one, those of the cluster, or else of the one namespace that `fallback`
 * names. Throws where the user may list none of them.
 */
export async function visibleWebhooks(
  client: KubernetesClient,
  namespace: string | undefined,
  fallback: () => string | Promise<string>,
): Promise<VisibleWebhooks> {
  try {
    return { items: await webhooksIn(client, namespace) }
  } catch (error) {
    if (namespace !== undefined || !isForbidden(error)) throw error
    const onlyIn = await fallback()
    return { items: await webhooksIn(client, onlyIn), onlyIn }
  }
}

/** A list of an API server has a version, also an empty one: what has none is something else, not "none". */
async function webhooksIn(client: KubernetesClient, namespace: string | undefined): Promise<readonly GeminiWebhook[]> {
  const scope = namespace === undefined ? {} : { namespace }
  const { items, resourceVersion } = await client.list<GeminiWebhook>(geminiWebhookKind, scope)
  if (resourceVersion !== '') return items
  throw new UnjudgedError(
    'list geminiwebhooks: the answer is no list of an API server; is something else at that address?',
  )
}

/** `kinds`: what was listed, in the plural. */
export function narrowed(namespace: string, kinds = 'GeminiWebhooks'): string {
  return `${kinds} of the whole cluster may not be listed: these are those of namespace ${namespace}`
}
