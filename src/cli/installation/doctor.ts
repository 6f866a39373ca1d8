import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { geminiWebhookKind } from '../../api/kind.ts'
import { leaderLeaseName } from '../../api/names.ts'
import type { Clock } from '../../clock.ts'
import type { DoctorConfig } from '../../config/webhook-command-settings.ts'
import { configMapKind, namespaceKind, type ConfigMap, type Namespace } from '../../controller/kinds.ts'
import { installationConfigMapName } from '../../controller/ownership.ts'
import { strandedInboxes } from '../../controller/receiver-reports.ts'
import {
  isNotFound,
  KubernetesApiError,
  type KubernetesClient,
  type KubernetesObject,
} from '../../kubernetes/client.ts'
import { leaseKind, type Lease } from '../../kubernetes/lease-record.ts'
import { reportsConfigMapName } from '../../reports/report.ts'
import { installationChain, type InstallationFacts, type Reading } from './chain.ts'
import { tellChain } from '../link.ts'
import type { OpenCluster } from '../operator-access.ts'
import { orphansIn } from '../orphans/orphan-list.ts'
import { podKind, podLabels } from '../deliveries/receivers.ts'
import type { CommandContext } from '../run-command.ts'

interface Around {
  context: Pick<CommandContext, 'out'>
  open: OpenCluster
  clock: Clock
}

interface Pod extends KubernetesObject {
  spec?: { containers?: { image?: string }[] }
  status?: { conditions?: { type: string; status: string }[] }
}

/** `gwh doctor`: 1 when something is broken. What the user may not read is told as such. */
export async function examineInstallation(config: DoctorConfig, { context, open, clock }: Around): Promise<number> {
  const { namespace, output } = config
  const client = await open(config)
  try {
    const facts = await factsAbout(client, namespace, clock.now())
    return tellChain(installationChain(facts, namespace, clock.now()), output, context)
  } finally {
    await client.close()
  }
}

async function factsAbout(client: KubernetesClient, namespace: string, nowMs: number): Promise<InstallationFacts> {
  const configMap = (name: string) => client.get<ConfigMap>(configMapKind, { namespace, name })
  const [webhooks, installation, namespaceUid, lease, receivers, controllers, stranded, orphans] = await Promise.all([
    readable(() => webhooksIn(client)),
    readable(async () => {
      const { id = '', namespaceUid: uid = '' } = (await configMap(installationConfigMapName))?.data ?? {}
      return id === '' ? undefined : { id, namespaceUid: uid }
    }),
    readable(
      async () => (await client.get<Namespace>(namespaceKind, { namespace: '', name: namespace }))?.metadata.uid,
    ),
    readable(async () => leaseOf(await client.get<Lease>(leaseKind, { namespace, name: leaderLeaseName }))),
    readable(() => podsIn(client, namespace, 'receiver')),
    readable(() => podsIn(client, namespace, 'controller')),
    readable(async () => strandedInboxes(await configMap(reportsConfigMapName), nowMs)),
    readable(async () => (await orphansIn(client, namespace)).length),
  ])
  return { webhooks, installation, namespaceUid, lease, receivers, controllers, stranded, orphans }
}

async function readable<T>(read: () => Promise<T>): Promise<Reading<T>> {
  try {
    return { value: await read() }
  } catch (error) {
    if (error instanceof KubernetesApiError) return { unread: error.message }
    throw error
  }
}

/** undefined where the API server does not know the kind. */
async function webhooksIn(client: KubernetesClient) {
  try {
    const { items } = await client.list<GeminiWebhook>(geminiWebhookKind)
    return items.map(({ metadata, spec, status }) => ({
      object: `${metadata.namespace}/${metadata.name}`,
      ready: status?.conditions?.some(({ type, status: held }) => type === 'Ready' && held === 'True') === true,
      suspended: spec.suspend === true,
    }))
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

function leaseOf(lease: Lease | undefined) {
  const { holderIdentity: holder = '', renewTime = '', leaseDurationSeconds = 0 } = lease?.spec ?? {}
  return lease === undefined
    ? undefined
    : { holder, renewedMs: Date.parse(renewTime) || 0, durationMs: leaseDurationSeconds * 1000 }
}

async function podsIn(client: KubernetesClient, namespace: string, component: 'controller' | 'receiver') {
  const { items } = await client.list<Pod>(podKind, { namespace, labelSelector: podLabels(component) })
  return items.map(({ metadata, spec, status }) => ({
    pod: metadata.name,
    ready: status?.conditions?.some(({ type, status: held }) => type === 'Ready' && held === 'True') === true,
    image: spec?.containers?.[0]?.image ?? '',
  }))
}
