import { leaderLeaseName } from '../../api/names.ts'
import type { Condition } from '../../api/status.ts'
import { installationConfigMapName, readInstallationRecord } from '../../contract/installation-record.ts'
import { pauseConfigMapName, readPause, type PauseRecord } from '../../contract/pause-record.ts'
import { routeOwnerName } from '../../contract/route-owner.ts'
import { receiverReportSchema } from '../../contract/receiver-report/report.ts'
import { formerConfigMapName, reportsLabel, slotNames } from '../../contract/receiver-report/slots.ts'
import { strandedInboxes } from '../../controller/reports/receiver-reports.ts'
import {
  isNotFound,
  KubernetesApiError,
  type KubernetesClient,
  type KubernetesObject,
} from '../../kubernetes/client.ts'
import { configMapKind, namespaceKind, type ConfigMap, type Namespace } from '../../kubernetes/core-kinds.ts'
import { leaseKind, type Lease } from '../../kubernetes/lease-record.ts'
import type { ConnectionConfig } from '../connection.ts'
import { orphansIn } from '../orphans/orphan-list.ts'
import { contextNamespaceOf, type Places } from '../places.ts'
import { podKind, podLabels } from '../pods.ts'
import { UnjudgedError } from '../unjudged-error.ts'
import { visibleRoutes, type VisibleRoutes } from '../visible-routes.ts'
import { visibleWebhooks, type VisibleWebhooks } from '../visible-webhooks.ts'
import type { InstallationFacts, Reading } from './chain.ts'

interface Pod extends KubernetesObject {
  spec?: { containers?: { image?: string }[] }
  status?: { conditions?: { type: string; status: string }[] }
}

interface Place extends ConnectionConfig, Places {
  /** Who watches the objects anyway need not have them listed again. */
  readonly visible?: () => Promise<VisibleWebhooks>
  readonly routes?: VisibleRoutes | undefined
}

/**
 * Whatever can be read of an installation; what cannot be read is reported as unread. Throws for an answer that is not
 * from an API server.
 */
export async function readInstallation(
  client: KubernetesClient,
  { operatorNamespace: namespace, namespace: ofObjects, visible, routes: known, ...connection }: Place,
  nowMs: number,
): Promise<InstallationFacts> {
  const ownNamespace = () => contextNamespaceOf(connection)
  const configMap = (name: string) => client.get<ConfigMap>(configMapKind, { namespace, name })
  const [seen, routes, installation, namespaceUid, lease, pause, receivers, controllers, stranded, orphans] =
    await Promise.all([
      readable(() => objectsIn(visible ?? (() => visibleWebhooks(client, ofObjects, ownNamespace)))),
      readable(async () => routesOf(known ?? (await visibleRoutes(client, ofObjects, ownNamespace)))),
      readable(async () => {
        const { id, namespaceUid: uid = '' } = readInstallationRecord(
          (await configMap(installationConfigMapName))?.data,
        )
        return id === '' ? undefined : { id, namespaceUid: uid }
      }),
      readable(
        async () => (await client.get<Namespace>(namespaceKind, { namespace: '', name: namespace }))?.metadata.uid,
      ),
      readable(() => leaseIn(client, namespace)),
      readable(() => pauseIn(client, namespace)),
      readable(() => podsIn(client, namespace, 'receiver')),
      readable(() => podsIn(client, namespace, 'controller')),
      readable(async () => strandedIn(await reportsIn(client, namespace), nowMs)),
      readable(async () => (await orphansIn(client, namespace)).length),
    ])
  const webhooks = 'value' in seen ? { value: seen.value?.objects } : seen
  const onlyIn = 'value' in seen ? seen.value?.onlyIn : undefined
  const scope = onlyIn === undefined ? {} : { onlyIn }
  return {
    webhooks,
    ...scope,
    routes,
    installation,
    namespaceUid,
    lease,
    pause,
    receivers,
    controllers,
    stranded,
    orphans,
  }
}

/** What the API server refuses, and answers that are not understood, are findings; everything else is thrown. */
export async function readable<T>(read: () => Promise<T>): Promise<Reading<T>> {
  try {
    return { value: await read() }
  } catch (error) {
    if (error instanceof KubernetesApiError || error instanceof UnjudgedError) return { unread: error.message }
    throw error
  }
}

/** undefined where the API server does not know the kind. */
async function objectsIn(visible: () => Promise<VisibleWebhooks>) {
  try {
    const { items, onlyIn } = await visible()
    const objects = items.map((webhook) => factsOf(`${webhook.metadata.namespace}/${webhook.metadata.name}`, webhook))
    return { objects, onlyIn }
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/** A GeminiWebhook or a GeminiRoute, whose endpoint has no address that may be told. */
interface Judged {
  readonly spec: {
    readonly suspend?: boolean | undefined
    readonly endpoint?: { readonly url?: string | undefined } | undefined
  }
  readonly status?: {
    readonly conditions?: readonly Condition[] | undefined
    readonly endpoint?:
      { readonly url?: string | undefined; readonly dynamicSecretName?: string | undefined } | undefined
  }
}

function factsOf(object: string, { spec, status }: Judged) {
  const is = (type: string, held: string) =>
    status?.conditions?.some((condition) => condition.type === type && condition.status === held) === true
  const url = spec.endpoint?.url === undefined ? status?.endpoint?.url : undefined
  const [ready, sinkFails] = [is('Ready', 'True'), is('SinksHealthy', 'False')]
  const notAllowed = status?.conditions?.some(isRefusal) === true
  const suspended = spec.suspend === true || status?.conditions?.some(isSuspension) === true
  return { object, ready, suspended, sinkFails, notAllowed, url }
}

/** Of its own spec, or of the whole installation. */
function isSuspension({ type, reason }: Condition): boolean {
  return type === 'Stalled' && reason === 'Suspended'
}

function isRefusal({ type, status, reason }: Condition): boolean {
  return type === 'Accepted' && status === 'False' && reason === 'NotAllowed'
}

/** undefined where the API server does not know the kind. */
function routesOf(visible: VisibleRoutes) {
  if ('items' in visible) {
    const objects = visible.items.map((route) =>
      factsOf(`${route.metadata.namespace}/${routeOwnerName(route.metadata.name)}`, route),
    )
    return { objects, onlyIn: visible.onlyIn }
  }
  if (visible.unseen === 'NoCRD') return undefined
  throw new UnjudgedError('GeminiRoutes may not be listed')
}

/** What receivers report into, the ConfigMap of older versions among them. */
export async function reportsIn(client: KubernetesClient, namespace: string): Promise<ConfigMap[]> {
  const labelSelector = `${reportsLabel.key}=${reportsLabel.value}`
  const [{ items }, former] = await Promise.all([
    client.list<ConfigMap>(configMapKind, { namespace, labelSelector }),
    client.get<ConfigMap>(configMapKind, { namespace, name: formerConfigMapName }),
  ])
  const known = items.filter(({ metadata }) => slotNames.includes(metadata.name))
  return former === undefined ? known : [...known, former]
}

/** Reports that are missing, or that this program cannot read, say nothing about what waits. */
function strandedIn(configMaps: readonly ConfigMap[], nowMs: number) {
  if (configMaps.length === 0)
    throw new UnjudgedError(`ConfigMaps ${formerConfigMapName}-N do not exist: no receiver has told`)
  requireReadable(configMaps)
  return configMaps.flatMap((configMap) => strandedInboxes(configMap, nowMs))
}

/** Throws an UnjudgedError that names the reports which this program cannot read. */
export function requireReadable(configMaps: readonly ConfigMap[]): void {
  const unreadable = configMaps.flatMap(({ metadata, data }) =>
    Object.entries(data ?? {}).flatMap(([pod, text]) => (isReport(text) ? [] : [`${pod} in ${metadata.name}`])),
  )
  if (unreadable.length === 0) return
  throw new UnjudgedError(
    `the reports of ${unreadable.slice(0, 16).join(', ')} are not in a form that this version of gwh reads`,
  )
}

function isReport(text: string): boolean {
  try {
    return receiverReportSchema.safeParse(JSON.parse(text)).success
  } catch {
    return false
  }
}

/** undefined: nobody has ever led here. */
export async function leaseIn(client: KubernetesClient, namespace: string) {
  const lease = await client.get<Lease>(leaseKind, { namespace, name: leaderLeaseName })
  const { holderIdentity: holder = '', renewTime = '', leaseDurationSeconds = 0 } = lease?.spec ?? {}
  return lease === undefined
    ? undefined
    : { holder, renewedMs: Date.parse(renewTime) || 0, durationMs: leaseDurationSeconds * 1000 }
}

/** undefined: the installation is not paused. */
export async function pauseIn(client: KubernetesClient, namespace: string): Promise<PauseRecord | undefined> {
  const configMap = await client.get<ConfigMap>(configMapKind, { namespace, name: pauseConfigMapName })
  return configMap === undefined ? undefined : readPause(configMap)
}

async function podsIn(client: KubernetesClient, namespace: string, component: 'controller' | 'receiver') {
  const { items } = await client.list<Pod>(podKind, { namespace, labelSelector: podLabels(component) })
  return items.map(({ metadata, spec, status }) => ({
    pod: metadata.name,
    ready: status?.conditions?.some(({ type, status: held }) => type === 'Ready' && held === 'True') === true,
    image: spec?.containers?.[0]?.image ?? '',
  }))
}
