import type { GeminiWebhook } from '../../src/api/gemini-webhook.ts'
import { apiVersion, geminiWebhookKind, kindName } from '../../src/api/kind.ts'
import type { ServerProcess } from '../server-process.ts'
import { sumOf, type Writes } from './api-server-writes.ts'
import { applyAll } from './apply-all.ts'
import { apiKeySecretName, tenantNamespace } from './bench-world.ts'
import { totalOf, totalsBy } from './exposition.ts'
import { measureChange } from './measure-change.ts'
import { round, scrape, type Measuring } from './measuring.ts'
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

/** What a controller watches: webhooks, Secrets, the keyring, reports. */
const firstLists = 4

/** From apply to all Ready. */
export async function measureRollout(objects: number, leader: ServerProcess, plan: Measuring): Promise<Rollout> {
  const { world, ready, progress } = plan
  await until(async () => {
    const lists = totalOf(await scrape(leader), 'gwh_reflector_lists_total')
    if (lists >= firstLists) return undefined
    return { left: firstLists - lists, what: `the leader had read ${lists} of its ${firstLists} first lists` }
  })
  const change = await measureChange(leader, plan, async () => {
    await applyAll(objects, (index) => world.client.create<GeminiWebhook>(geminiWebhookKind, anObject(index)))
    return ready.untilAll(objects, (count) => progress(`${count} of ${objects} Ready`))
  })
  const { create, list } = world.webhookService.calls().counts
  const scraped = await scrape(leader)
  const { writes: written, idle, last } = change
  const ours = { ...written, geminiwebhooks: (written['geminiwebhooks'] ?? 0) - objects }
  const calls = Object.entries(totalsBy(scraped, 'gwh_kubernetes_requests_total', 'verb'))
  return {
    seconds: change.seconds,
    controllerCpuMsPerObject: round(change.controllerCpuMs / objects),
    apiServerCpuMsPerObject: round(change.apiServerCpuMs / objects),
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

/** The webhook of that index, with one sink. */
export function anObject(index: number): GeminiWebhook {
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
