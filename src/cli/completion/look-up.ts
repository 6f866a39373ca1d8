import { geminiWebhookKind } from '../../api/kind.ts'
import type { Completion } from '../../config/setting.ts'
import type { KubernetesClient } from '../../kubernetes/client.ts'
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
        return await webhooks(client, word, config)
    }
  } finally {
    await client.close()
  }
}

/** Names alone of the namespace that is meant; once there is a slash, those of all namespaces with theirs. */
async function webhooks(client: KubernetesClient, word: string, config: LookUpConfig): Promise<readonly string[]> {
  const options = { limit, timeoutMs, metadataOnly: true }
  if (!word.includes('/')) {
    const namespace = config.namespace ?? (await contextNamespaceOf(config))
    return namesOf(await client.list(geminiWebhookKind, { ...options, namespace }))
  }
  const [namespace = ''] = word.split('/')
  const names = namesOf(await client.list(geminiWebhookKind, { ...options, namespace }))
  return names.map((name) => `${namespace}/${name}`)
}

async function receivers(client: KubernetesClient, given: string | undefined): Promise<readonly string[]> {
  const namespace = given ?? chooseOperator(await operatorNamespaces(client))
  return namesOf(await client.list(podKind, { namespace, limit, timeoutMs, labelSelector: podLabels('receiver') }))
}

function namesOf({ items }: { items: readonly { metadata: { name: string } }[] }): string[] {
  return items.map(({ metadata }) => metadata.name)
}
