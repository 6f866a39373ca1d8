import type { Clock } from '../../clock.ts'
import type { KubernetesClient, KubernetesObject, ResourceKind } from '../../kubernetes/client.ts'
import { openKubernetesClient } from '../../kubernetes/open-client.ts'
import { openPortForwarder, type PortForwarder } from '../../kubernetes/port-forward.ts'
import { silentLogger } from '../../observability/logger.ts'
import { createMetrics } from '../../observability/metrics.ts'
import { AdminClient } from './admin-client.ts'
import { isRecord } from '../json-fields.ts'

export interface ReceiverPod {
  readonly name: string
  readonly admin: AdminClient
}

/** The receiver pods that run, each with its admin API. */
export interface Receivers {
  readonly pods: readonly ReceiverPod[]
  close(): Promise<void>
}

export interface VisitConfig {
  readonly namespace: string
  readonly kubeconfig: string | undefined
  readonly pods: readonly string[]
  readonly adminPort: number
}

export type OpenReceivers = (config: VisitConfig) => Promise<Receivers>

interface CliDeps {
  readonly clock: Clock
  readonly random: () => number
  readonly version: string
}

interface Pod extends KubernetesObject {
  status?: { phase?: string }
}

export const podKind: ResourceKind = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true }
/** As the chart and the rendered manifests label them. */
export function podLabels(component: 'controller' | 'receiver'): string {
  return `app.kubernetes.io/name=gemini-webhook-operator,app.kubernetes.io/component=${component}`
}

/** Finds the receiver pods and forwards to the admin port of each. Throws when there is none, or when a pod that was named does not run. */
export function receiversIn({ clock, random, version }: CliDeps): OpenReceivers {
  return async ({ namespace, kubeconfig, pods: wanted, adminPort }) => {
    const kubeconfigPath = kubeconfig === undefined ? {} : { kubeconfigPath: kubeconfig }
    const shared = { clock, random, logger: silentLogger, metrics: createMetrics(), userAgent: `gwh-cli/${version}` }
    const client = await openKubernetesClient({ ...shared, ...kubeconfigPath })
    let names: string[]
    try {
      names = await runningReceivers(client, namespace)
    } finally {
      await client.close()
    }
    const chosen = chooseReceivers(names, wanted, namespace)
    const forwarder = await openPortForwarder({ ...kubeconfigPath, clock })
    return {
      pods: chosen.map((name) => podOf(forwarder, { namespace, name }, adminPort)),
      close: () => forwarder.close(),
    }
  }
}

/** Pure: which of the pods that run are meant. */
export function chooseReceivers(running: readonly string[], wanted: readonly string[], namespace: string): string[] {
  const absent = wanted.find((name) => !running.includes(name))
  if (absent !== undefined) {
    throw new Error(
      `pod ${absent}: no receiver of that name runs in ${namespace}; there are ${running.join(', ') || 'none'}`,
    )
  }
  if (running.length === 0) {
    throw new Error(`no receiver runs in namespace ${namespace}; name the operator's own with --namespace`)
  }
  return wanted.length === 0 ? running.toSorted() : [...wanted]
}

async function runningReceivers(client: KubernetesClient, namespace: string): Promise<string[]> {
  const { items } = await client.list<Pod>(podKind, { namespace, labelSelector: podLabels('receiver') })
  return items.filter(({ status }) => status?.phase === 'Running').map(({ metadata }) => metadata.name)
}

function podOf(forwarder: PortForwarder, pod: { namespace: string; name: string }, port: number): ReceiverPod {
  return { name: pod.name, admin: new AdminClient(() => forwarder.connect(pod, port)) }
}

/**
 * The pods to ask about what is in inboxes: all of them where each has its own; one where they share it, since every other would say the same.
 */
export async function inboxPods(pods: readonly ReceiverPod[]): Promise<readonly ReceiverPod[]> {
  const [first] = pods
  if (first === undefined) return []
  const stats = await first.admin.ask({ method: 'GET', path: '/v1/stats' })
  return isRecord(stats) && stats['inbox'] === 'shared' ? [first] : pods
}
