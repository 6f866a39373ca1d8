import { setTimeout as sleep } from 'node:timers/promises'

import type { GeminiWebhook } from '../../src/api/gemini-webhook.ts'
import { apiVersion, geminiWebhookKind, kindName } from '../../src/api/kind.ts'
import type { KubernetesClient } from '../../src/kubernetes/client.ts'
import { cpuMsOf } from '../process-cost.ts'
import type { ServerProcess } from '../server-process.ts'
import { sumOf, writesSince, type Writes } from './api-server-writes.ts'
import { apiKeySecretName, tenantNamespace } from './bench-world.ts'
import { totalOf, totalsBy } from './exposition.ts'
import { countedResources, round, scrape, type Measuring } from './measuring.ts'
import { until } from './until.ts'

export interface Rollout {
  /** From the first apply to the last Ready. */
  seconds: number
  controllerCpuMsPerObject: number
  apiServerCpuMsPerObject: number
  /** Of controller and receiver together; Events and the Lease not counted, nor our own applies. */
  writesPerObject: number
  writesByResource: Writes
  createsPerObject: number
  /** List calls at the service until all were Ready. */
  listCalls: number
  reconcilesPerObject: number
  /** All calls of the controller to Kubernetes by verb, Events included. */
  kubernetesCallsPerObject: Readonly<Record<string, number>>
  /** With nothing to do yet, and when all is done; after a garbage collection. */
  idleHeapBytes: number
  heapBytes: number
  rssMiB: number
  peakRssMiB: number
}

const appliesAtOnce = 32
/** What a controller watches: webhooks, Secrets, the keyring, reports. */
const firstLists = 4

/** From apply to all Ready. */
export async function measureRollout(objects: number, leader: ServerProcess, plan: Measuring): Promise<Rollout> {
  const { world, ready, settleSeconds, progress } = plan
  await until(async () => {
    const lists = totalOf(await scrape(leader), 'gwh_reflector_lists_total')
    if (lists >= firstLists) return undefined
    return { left: firstLists - lists, what: `the leader had read ${lists} of its ${firstLists} first lists` }
  })
  const idle = await leader.cost()
  const before = await world.counted()
  const started = performance.now()
  await applyAll(world.client, objects)
  const ended = await ready.untilAll(objects, (count) => progress(`${count} of ${objects} Ready`))
  const { create, list } = world.webhookService.calls().counts
  await sleep(settleSeconds * 1000)
  const last = await leader.cost()
  const after = await world.counted()
  const scraped = await scrape(leader)
  const written = writesSince(before.writes, after.writes, countedResources)
  const ours = { ...written, geminiwebhooks: (written['geminiwebhooks'] ?? 0) - objects }
  const calls = Object.entries(totalsBy(scraped, 'gwh_kubernetes_requests_total', 'verb'))
  return {
    seconds: round((ended - started) / 1000),
    controllerCpuMsPerObject: round((cpuMsOf(last) - cpuMsOf(idle)) / objects),
    apiServerCpuMsPerObject: round((after.cpuMs - before.cpuMs) / objects),
    writesPerObject: round(sumOf(ours) / objects),
    writesByResource: ours,
    createsPerObject: create.received / objects,
    listCalls: list.received,
    reconcilesPerObject: round(totalOf(scraped, 'gwh_reconcile_total') / objects),
    kubernetesCallsPerObject: Object.fromEntries(calls.map(([verb, count]) => [verb, round(count / objects)])),
    idleHeapBytes: idle.heapBytes,
    heapBytes: last.heapBytes,
    rssMiB: Math.round(last.residentBytes / 2 ** 20),
    peakRssMiB: Math.round(last.peakResidentBytes / 2 ** 20),
  }
}

async function applyAll(client: KubernetesClient, objects: number): Promise<void> {
  let next = 0
  const apply = async () => {
    while (next < objects) await client.create<GeminiWebhook>(geminiWebhookKind, anObject(next++))
  }
  await Promise.all(Array.from({ length: Math.min(appliesAtOnce, objects) }, apply))
}

function anObject(index: number): GeminiWebhook {
  return {
    apiVersion,
    kind: kindName,
    metadata: { namespace: tenantNamespace, name: nameOf(index) } as GeminiWebhook['metadata'],
    spec: {
      apiKeySecretRef: { name: apiKeySecretName },
      events: ['batch.succeeded', 'batch.failed'],
      displayName: `webhook ${index}`,
      sinks: [{ name: 'cluster', kubernetesEvent: {} }],
    },
  }
}

export function nameOf(index: number): string {
  return `webhook-${index}`
}
