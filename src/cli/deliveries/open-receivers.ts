import { geminiWebhookKind } from '../../api/kind.ts'
import type { Clock } from '../../clock.ts'
import { isForbidden, type KubernetesClient, type KubernetesObject } from '../../kubernetes/client.ts'
import { contextNamespace } from '../../kubernetes/context-namespace.ts'
import type { KubeconfigPlace } from '../../kubernetes/kubeconfig.ts'
import { openKubernetesClient } from '../../kubernetes/open-client.ts'
import { openPortForwarder } from '../../kubernetes/port-forward.ts'
import { silentLogger } from '../../observability/logger.ts'
import { createMetrics } from '../../observability/metrics.ts'
import { placeOf } from '../connection.ts'
import { podKind, podLabels } from '../pods.ts'
import { AdminClient, type AdminClientOptions } from './admin-client.ts'
import type { OpenReceivers, ReceiverPod } from './receivers.ts'

interface CliDeps {
  readonly clock: Clock
  readonly random: () => number
  readonly version: string
}

interface Pod extends KubernetesObject {
  status?: { phase?: string }
}

/**
 * Finds the receiver pods and forwards to the admin port of each. Throws when there is none, or when a pod that was
 * named does not run.
 */
export function receiversIn({ clock, random, version }: CliDeps): OpenReceivers {
  return async ({ operatorNamespace: namespace, pods: wanted, adminPort, ...connection }) => {
    const place = placeOf(connection)
    const shared = { clock, random, logger: silentLogger, metrics: createMetrics(), userAgent: `gwh-cli/${version}` }
    const asking = async <T>(ask: (client: KubernetesClient) => Promise<T>): Promise<T> => {
      const client = await openKubernetesClient({ ...shared, ...place })
      try {
        return await ask(client)
      } finally {
        await client.close()
      }
    }
    const names = await asking((client) => runningReceivers(client, namespace))
    const chosen = chooseReceivers(names, wanted, namespace)
    const forwarder = await openPortForwarder({ ...place, clock })
    return {
      pods: chosen.map((name) =>
        podOf(name, { version, clock, connect: () => forwarder.connect({ namespace, name }, adminPort) }),
      ),
      onlyNamespace: () => asking((client) => onlyNamespaceOf(client, place)),
      close: () => forwarder.close(),
    }
  }
}

/** Pure: which of the pods that run are meant. */
function chooseReceivers(running: readonly string[], wanted: readonly string[], namespace: string): string[] {
  const absent = wanted.find((name) => !running.includes(name))
  if (absent !== undefined) {
    throw new Error(
      `pod ${absent}: no receiver of that name runs in ${namespace}; there are ${running.join(', ') || 'none'}`,
    )
  }
  if (running.length === 0) {
    throw new Error(`no receiver runs in namespace ${namespace}; name that of the operator with --operator-namespace`)
  }
  return wanted.length === 0 ? running.toSorted() : [...wanted]
}

async function runningReceivers(client: KubernetesClient, namespace: string): Promise<string[]> {
  const { items } = await client.list<Pod>(podKind, { namespace, labelSelector: podLabels('receiver') })
  return items.filter(({ status }) => status?.phase === 'Running').map(({ metadata }) => metadata.name)
}

async function onlyNamespaceOf(client: KubernetesClient, place: KubeconfigPlace): Promise<string | undefined> {
  try {
    await client.list(geminiWebhookKind, { limit: 1 })
    return undefined
  } catch (error) {
    if (isForbidden(error)) return contextNamespace(place)
    throw error
  }
}

function podOf(name: string, options: Omit<AdminClientOptions, 'pod'>): ReceiverPod {
  return { name, admin: new AdminClient({ pod: name, ...options }) }
}
