import { request } from 'node:http'
import type { Duplex } from 'node:stream'

import { podKind, podLabels } from '../../cli/pods.ts'
import type { Clock } from '../../clock.ts'
import type { CallBudget } from '../../contract/page/overview.ts'
import type { KubernetesClient, KubernetesObject, ObjectKey } from '../../kubernetes/client.ts'
import type { KubeconfigPlace } from '../../kubernetes/kubeconfig.ts'
import { openPortForwarder } from '../../kubernetes/port-forward.ts'
import { readBounded } from '../../outbound/read-bounded.ts'
import { messageOf } from '../message-of.ts'

interface Pod extends KubernetesObject {
  status?: { phase?: string }
}

interface Place {
  readonly client: KubernetesClient
  readonly clock: Clock
  readonly kubeconfig: KubeconfigPlace
  readonly namespace: string
  /** Of the controllers. */
  readonly healthPort: number
}

const maxMetricsBytes = 8 * 1024 * 1024
const timeoutMs = 10_000

/** What the controller that leads says of its budget at Google, from its metrics. Never rejects. */
export async function readCallBudget(place: Place): Promise<CallBudget> {
  const { client, namespace, kubeconfig, clock, healthPort } = place
  try {
    const { items } = await client.list<Pod>(podKind, { namespace, labelSelector: podLabels('controller') })
    const running = items.filter(({ status }) => status?.phase === 'Running')
    if (running.length === 0) return { isKnown: false, why: `no controller runs in namespace ${namespace}` }
    const forwarder = await openPortForwarder({ ...kubeconfig, clock })
    try {
      for (const { metadata } of running) {
        const pod: ObjectKey = { namespace, name: metadata.name }
        const lowest = lowestIn(await metricsOf(await forwarder.connect(pod, healthPort)))
        if (lowest !== undefined) return { isKnown: true, lowest }
      }
    } finally {
      await forwarder.close()
    }
    return { isKnown: false, why: 'no API key has been used yet' }
  } catch (error) {
    return { isKnown: false, why: messageOf(error) }
  }
}

/** From the text exposition: one series without labels, absent where no key has a budget. Pure. */
export function lowestIn(metrics: string): number | undefined {
  const value = /^gwh_gemini_budget_lowest_tokens (\S+)$/m.exec(metrics)?.[1]
  return value === undefined ? undefined : Number(value)
}

async function metricsOf(socket: Duplex): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const headers = { host: 'localhost', connection: 'close' }
  const call = request(
    { path: '/metrics', headers, timeout: timeoutMs, createConnection: () => socket },
    (response) => {
      readBounded(response, maxMetricsBytes).then((body) => resolve(body.toString('utf8')), reject)
    },
  )
  call.once('error', reject)
  call.once('timeout', () => call.destroy(new Error(`no answer in ${timeoutMs} ms`)))
  call.end()
  return promise
}
