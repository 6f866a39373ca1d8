import { managedByLabel, managedByValue } from '../api/names.ts'
import type { KubernetesClient } from '../kubernetes/client.ts'
import { configMapKind, namespaceKind, type ConfigMap, type Namespace } from './kinds.ts'
import type { InstallationView } from './observed.ts'
import { installationConfigMapName } from './ownership.ts'

interface InstallationOptions {
  client: KubernetesClient
  namespace: string
  /** From configuration: recommended with GitOps, where a rebuilt cluster must find its own webhooks again. */
  configuredId: string | undefined
  mintId: () => string
  /** The ids that objects' statuses carry: while there is one, none is minted. */
  idsInUse: () => ReadonlySet<string>
}

/**
 * Who we are at Google. The id is kept in a ConfigMap together with the uid of the operator's namespace: a restored or cloned cluster has another uid,
 * and must not touch what the original may still own until a human confirms it. Throws when the API server cannot be asked: that is no verdict.
 */
export async function loadInstallation(options: InstallationOptions): Promise<InstallationView> {
  const { client, namespace, configuredId, idsInUse, mintId } = options
  const home = await client.get<Namespace>(namespaceKind, { namespace: '', name: namespace })
  if (home?.metadata.uid === undefined) {
    return unconfirmed(
      `namespace ${namespace}, where the operator keeps its state, does not exist: create it, or correct the configured namespace`,
    )
  }
  const stored = await client.get<ConfigMap>(configMapKind, { namespace, name: installationConfigMapName })
  if (stored !== undefined) return checkStored(stored, home.metadata.uid, options)
  const known = [...idsInUse()]
  if (configuredId === undefined && known.length > 0) {
    return unconfirmed(
      `ConfigMap ${namespace}/${installationConfigMapName} is gone, but objects carry installation id ${known.join(', ')}: set installationId in the configuration to the right one`,
    )
  }
  return store(configuredId ?? mintId(), home.metadata.uid, options)
}

function checkStored(
  stored: ConfigMap,
  namespaceUid: string,
  { namespace, configuredId }: InstallationOptions,
): InstallationView {
  const where = `ConfigMap ${namespace}/${installationConfigMapName}`
  const { id, namespaceUid: storedUid } = stored.data ?? {}
  if (id === undefined || id === '') return unconfirmed(`${where} has no id: restore it from a backup, or delete it`)
  if (configuredId !== undefined && configuredId !== id) {
    return unconfirmed(`${where} says id ${id}, the configuration says ${configuredId}: correct one of them`)
  }
  if (storedUid !== namespaceUid) {
    return unconfirmed(
      `${where} was made in another cluster (namespaceUid ${storedUid ?? 'missing'}, here ${namespaceUid}): if the other one is gone, set namespaceUid to ${namespaceUid}; if it lives on, delete the ConfigMap and the statuses, or give this cluster an installationId of its own`,
    )
  }
  return { state: 'confirmed', id }
}

async function store(
  id: string,
  namespaceUid: string,
  { client, namespace }: InstallationOptions,
): Promise<InstallationView> {
  await client.create<ConfigMap>(configMapKind, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace, name: installationConfigMapName, labels: { [managedByLabel]: managedByValue } },
    data: { id, namespaceUid },
  })
  return { state: 'confirmed', id }
}

function unconfirmed(message: string): InstallationView {
  return { state: 'unconfirmed', message }
}
