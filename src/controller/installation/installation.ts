import { installationAnnotation, managedByLabel, managedByValue } from '../../api/names.ts'
import {
  installationConfigMapName,
  installationData,
  readInstallationRecord,
} from '../../contract/installation-record.ts'
import type { KubernetesClient } from '../../kubernetes/client.ts'
import { configMapKind, namespaceKind, type ConfigMap, type Namespace } from '../../kubernetes/core-kinds.ts'
import type { InstallationView } from '../facts/observed.ts'
import { tokenOf } from '../facts/ownership.ts'

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
 * Who we are at Google. The id is kept in a ConfigMap together with the uid of the operator's namespace: a restored or
 * cloned cluster has another uid, and must not touch what the original may still own until a human confirms it. Throws
 * when the API server cannot be asked: that is no verdict.
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
      `ConfigMap ${namespace}/${installationConfigMapName} is gone, but objects carry installation id ${known.join(', ')}: set installationId in the configuration to the right one, or, for a second installation beside the one that serves them, to an id of its own`,
    )
  }
  return store(configuredId ?? mintId(), home.metadata.uid, options)
}

async function checkStored(
  stored: ConfigMap,
  namespaceUid: string,
  { client, namespace, configuredId }: InstallationOptions,
): Promise<InstallationView> {
  const where = `ConfigMap ${namespace}/${installationConfigMapName}`
  const { id, namespaceUid: storedUid, token: storedToken, formerTokens } = readInstallationRecord(stored.data)
  if (id === '') return unconfirmed(`${where} has no id: restore it from a backup, or delete it`)
  const claims = { id, tokens: storedToken === undefined ? formerTokens : [storedToken, ...formerTokens] }
  if (configuredId !== undefined && configuredId !== id) {
    return unconfirmed(`${where} says id ${id}, the configuration says ${configuredId}: correct one of them`, claims)
  }
  if (storedUid !== namespaceUid) {
    return unconfirmed(
      `${where} was made in another cluster (namespaceUid ${storedUid ?? 'missing'}, here ${namespaceUid}): if the other one is gone, set namespaceUid to ${namespaceUid}; if it lives on, delete the ConfigMap and the statuses, or give this cluster an installationId of its own and its objects the annotation ${installationAnnotation} with it`,
      claims,
    )
  }
  const token = tokenOf(namespaceUid)
  if (storedToken === token) return { state: 'confirmed', id, token, formerTokens }
  // Confirmed by a person, or written by a version without tokens: what carries the token from before is ours as well.
  const former = [...new Set(claims.tokens)].filter((each) => each !== token)
  const data = installationData({ token, formerTokens: former })
  await client.patch<ConfigMap>(
    configMapKind,
    { namespace, name: installationConfigMapName },
    { data },
    { type: 'merge' },
  )
  return { state: 'confirmed', id, token, formerTokens: former }
}

async function store(
  id: string,
  namespaceUid: string,
  { client, namespace }: InstallationOptions,
): Promise<InstallationView> {
  const token = tokenOf(namespaceUid)
  await client.create<ConfigMap>(configMapKind, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace, name: installationConfigMapName, labels: { [managedByLabel]: managedByValue } },
    data: installationData({ id, namespaceUid, token }),
  })
  return { state: 'confirmed', id, token, formerTokens: [] }
}

function unconfirmed(message: string, claims?: { id: string; tokens: readonly string[] }): InstallationView {
  return { state: 'unconfirmed', message, ...(claims !== undefined && { claims }) }
}
