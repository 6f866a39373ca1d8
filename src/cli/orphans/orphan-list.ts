import { configMapKind, type ConfigMap } from '../../kubernetes/core-kinds.ts'
import { isConflict, type KubernetesClient } from '../../kubernetes/client.ts'
import { orphansConfigMapName, readOrphans, type Orphan } from '../../contract/orphans/orphan-record.ts'

/** Read again and again only while others write the ConfigMap. */
const removalTries = 10

/** What is noted now, oldest first; nothing where the ConfigMap was never needed. */
export async function orphansIn(client: KubernetesClient, namespace: string): Promise<Orphan[]> {
  const list = await client.get<ConfigMap>(configMapKind, { namespace, name: orphansConfigMapName })
  return readOrphans(list?.data)
}

/**
 * Removes the entry as it was read; `changed`: it was written anew meanwhile and stays. An entry that is gone already
 * counts as removed.
 */
export async function removeEntry(
  { key, text }: Orphan,
  client: KubernetesClient,
  namespace: string,
): Promise<'removed' | 'changed'> {
  const where = { namespace, name: orphansConfigMapName }
  for (let tries = 1; ; tries++) {
    const list = await client.get<ConfigMap>(configMapKind, where)
    const found = list?.data?.[key]
    if (list === undefined || found === undefined) return 'removed'
    if (found !== text) return 'changed'
    const metadata = { resourceVersion: list.metadata.resourceVersion }
    try {
      await client.patch<ConfigMap>(configMapKind, where, { metadata, data: { [key]: null } }, { type: 'merge' })
      return 'removed'
    } catch (error) {
      if (!isConflict(error) || tries === removalTries) throw error
    }
  }
}

/** How a person removes the entry alone. */
export function removalByHand({ key }: Orphan, namespace: string): string {
  const patch = JSON.stringify({ data: { [key]: null } })
  return `kubectl --namespace ${namespace} patch configmap ${orphansConfigMapName} --type=merge --patch '${patch}'`
}
