import { geminiRouteKind, geminiWebhookKind } from '../../api/kind.ts'
import type { Completion } from '../../config/setting.ts'
import { routeOwnerName } from '../../contract/route-owner.ts'
import type { KubernetesClient, ResourceKind } from '../../kubernetes/client.ts'
import { namespaceKind } from '../../kubernetes/core-kinds.ts'
import { placeOf, type ConnectionConfig } from '../connection.ts'
import { chooseOperator, operatorNamespaces } from '../find-operator.ts'
import { contextNamespaceOf } from '../places.ts'
import { podKind, podLabels } from '../pods.ts'
import type { OpenCluster } from '../operator-access.ts'

/** Who presses the tabulator waits. */
const timeoutMs = 2_000
/** More than anybody reads. */
const limit = 500

/** What the command line says so far. */
export interface LookUpConfig extends ConnectionConfig {
  readonly namespace: string | undefined
  readonly operatorNamespace: string | undefined
}

/** Names of that kind as the user may see them. Throws what the API server or the kubeconfig makes of it. */
export async function lookUp(
  kind: Exclude<Completion, 'file'>,
  word: string,
  { config, cluster }: { config: LookUpConfig; cluster: OpenCluster },
): Promise<readonly string[]> {
  if (kind === 'context') {
    const { loadConfig } = await import('../../kubernetes/kubeconfig.ts')
    const { kubeconfigPath } = placeOf(config)
    const { contexts } = loadConfig(kubeconfigPath === undefined ? {} : { kubeconfigPath })
    return contexts.map(({ name }) => name)
  }
  const client = await cluster(config)
  try {
    switch (kind) {
      case 'namespace':
        return namesOf(await client.list(namespaceKind, { limit, timeoutMs }))
      case 'receiver':
        return await receivers(client, config.operatorNamespace)
      case 'webhook':
        return await objects(client, word, { config, inNamespace: webhooks })
      case 'webhookOrRoute':
        return await objects(client, word, { config, inNamespace: webhooksAndRoutes })
    }
  } finally {
    await client.close()
  }
}

type NamesIn = (client: KubernetesClient, namespace: string) => Promise<readonly string[]>

/** Names alone of the namespace that is meant; once there is a namespace and a slash, those of that one with it. */
async function objects(
  client: KubernetesClient,
  word: string,
  { config, inNamespace }: { config: LookUpConfig; inNamespace: NamesIn },
): Promise<readonly string[]> {
  const [namespace] = /^[^/]+(?=\/)/.exec(word) ?? []
  if (namespace === undefined || word.startsWith(routeOwnerName('')))
    return inNamespace(client, config.namespace ?? (await contextNamespaceOf(config)))
  const names = await inNamespace(client, namespace)
  return names.map((name) => `${namespace}/${name}`)
}

function webhooks(client: KubernetesClient, namespace: string): Promise<readonly string[]> {
  return objectsOf(client, geminiWebhookKind, namespace)
}

/** What may not be listed of the one kind keeps nothing of the other away. */
async function webhooksAndRoutes(client: KubernetesClient, namespace: string): Promise<readonly string[]> {
  const kinds = [geminiWebhookKind, geminiRouteKind]
  const [seen = [], routes = []] = await Promise.all(
    kinds.map((kind) => objectsOf(client, kind, namespace).catch(() => [])),
  )
  return [...seen, ...routes.map(routeOwnerName)]
}

async function objectsOf(client: KubernetesClient, kind: ResourceKind, namespace: string): Promise<readonly string[]> {
  return namesOf(await client.list(kind, { namespace, limit, timeoutMs, metadataOnly: true }))
}

async function receivers(client: KubernetesClient, given: string | undefined): Promise<readonly string[]> {
  const namespace = given ?? chooseOperator(await operatorNamespaces(client))
  return namesOf(await client.list(podKind, { namespace, limit, timeoutMs, labelSelector: podLabels('receiver') }))
}

function namesOf({ items }: { items: readonly { metadata: { name: string } }[] }): string[] {
  return items.map(({ metadata }) => metadata.name)
}
