import { installationConfigMapName, readInstallationRecord } from '../../contract/installation-record.ts'
import { tokenOf } from '../../controller/facts/ownership.ts'
import { objectOwnerOf } from '../../controller/installation/object-owner.ts'
import { foldReports, sumOfCounts } from '../../controller/reports/receiver-reports.ts'
import { isNotFound, type KubernetesClient, type ResourceKind } from '../../kubernetes/client.ts'
import { configMapKind, namespaceKind, type ConfigMap, type Namespace } from '../../kubernetes/core-kinds.ts'
import type { ConnectionConfig } from '../connection.ts'
import { leaseIn, pauseIn, readable, reportsIn, requireReadable } from '../installation/read-installation.ts'
import { orphansIn } from '../orphans/orphan-list.ts'
import { contextNamespaceOf } from '../places.ts'
import { UnjudgedError } from '../unjudged-error.ts'
import { visibleRoutes } from '../visible-routes.ts'
import { visibleWebhooks, type VisibleWebhooks } from '../visible-webhooks.ts'
import { sortObjects, type HeldObjects, type UninstallFacts } from './judge-uninstall.ts'

/** Which installation is meant. */
export interface InstallationPlace extends ConnectionConfig {
  readonly operatorNamespace: string
  /** The namespaces that it serves; empty: all. */
  readonly watchNamespaces: readonly string[]
}

/** All that an uninstallation would meet. What may not be read is reported as unread. */
export async function readUninstall(
  client: KubernetesClient,
  place: InstallationPlace,
  nowMs: number,
): Promise<UninstallFacts> {
  const { operatorNamespace: namespace } = place
  const [objects, lease, isPaused, pending, orphans, routes] = await Promise.all([
    readable(() => objectsOf(client, place)),
    readable(() => leaseIn(client, namespace)),
    readable(async () => (await pauseIn(client, namespace)) !== undefined),
    readable(async () => pendingIn(await reportsIn(client, namespace), nowMs)),
    readable(async () => (await orphansIn(client, namespace)).length),
    readable(() => routesIn(client, place)),
  ])
  // The Lease was written by the clock of the cluster, which the API server has told by now.
  const ofCluster = nowMs + (client.serverClockSkewMs ?? 0)
  return { objects, lease, isPaused, pending, orphans, routes, nowMs: ofCluster }
}

/** undefined where the API server does not know the kind. */
async function objectsOf(client: KubernetesClient, place: InstallationPlace): Promise<HeldObjects | undefined> {
  const seen = await webhooksOf(client, place)
  if (seen === undefined) return undefined
  const installation = await installationIn(client, place.operatorNamespace)
  const sorted = sortObjects(seen.items, (webhook) => {
    if (installation === undefined) return 'ours'
    return objectOwnerOf(webhook, installation, false).type === 'another' ? 'another' : 'ours'
  })
  if (installation === undefined && sorted.ours.length > 0) throw unknownInstallation(place, sorted)
  return { ...sorted, onlyIn: seen.onlyIn, isNarrowed: place.watchNamespaces.length > 0 }
}

function unknownInstallation({ operatorNamespace }: InstallationPlace, { ours }: HeldObjects): UnjudgedError {
  const where = `ConfigMap ${operatorNamespace}/${installationConfigMapName}`
  return new UnjudgedError(
    `${where} does not say which installation this is, so whose ${ours.length} GeminiWebhooks there are is not known: name the namespace of the operator with --operator-namespace, or install it there again`,
  )
}

async function webhooksOf(client: KubernetesClient, place: InstallationPlace): Promise<VisibleWebhooks | undefined> {
  const { watchNamespaces } = place
  const listed = (namespace?: string) => visibleWebhooks(client, namespace, () => contextNamespaceOf(place))
  try {
    if (watchNamespaces.length === 0) return await listed()
    const parts = await Promise.all(watchNamespaces.map(listed))
    return { items: parts.flatMap(({ items }) => items) }
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/** As the controller finds it out; undefined where it is not known, or not confirmed for this cluster. */
async function installationIn(client: KubernetesClient, namespace: string) {
  const [home, stored] = await Promise.all([
    client.get<Namespace>(namespaceKind, { namespace: '', name: namespace }),
    client.get<ConfigMap>(configMapKind, { namespace, name: installationConfigMapName }),
  ])
  const { id, namespaceUid, token, formerTokens } = readInstallationRecord(stored?.data)
  if (id === '' || namespaceUid === undefined || namespaceUid !== home?.metadata.uid) return undefined
  const former = token === undefined ? formerTokens : [token, ...formerTokens]
  return { state: 'confirmed', id, token: tokenOf(namespaceUid), formerTokens: former } as const
}

/** Without any report nothing was ever stored: the controller makes the ConfigMaps before a receiver can accept. */
function pendingIn(configMaps: readonly ConfigMap[], nowMs: number): number {
  requireReadable(configMaps)
  const data = Object.assign({}, ...configMaps.map((configMap) => configMap.data)) as Record<string, string>
  return sumOfCounts([...foldReports({ data }, nowMs).values()].map(({ pending }) => pending))
}

async function routesIn(client: KubernetesClient, place: InstallationPlace): Promise<number> {
  const { watchNamespaces } = place
  const scopes = watchNamespaces.length === 0 ? [undefined] : watchNamespaces
  const seen = await Promise.all(scopes.map((scope) => visibleRoutes(client, scope, () => contextNamespaceOf(place))))
  return seen.reduce((sum, routes) => sum + ('items' in routes ? routes.items.length : 0), 0)
}

const deploymentKind: ResourceKind = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
}

/** The release of Helm that the controller belongs to; undefined where there is none, or it may not be read. */
export async function releaseIn(client: KubernetesClient, namespace: string): Promise<string | undefined> {
  const read = await readable(() => client.get(deploymentKind, { namespace, name: 'gwh-controller' }))
  // What is at that address may be no API server: then the other readings say so.
  const found: { metadata?: { annotations?: Readonly<Record<string, string>> } } = ('value' in read && read.value) || {}
  return found.metadata?.annotations?.['meta.helm.sh/release-name']
}
