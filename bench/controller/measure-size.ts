import { setTimeout as sleep } from 'node:timers/promises'

import type { GeminiWebhook } from '../../src/api/gemini-webhook.ts'
import { apiVersion, geminiWebhookKind, kindName } from '../../src/api/kind.ts'
import type { KubernetesClient } from '../../src/kubernetes/client.ts'
import type { ControlPlaneBinaries } from '../../test/control-plane/find-control-plane.ts'
import { sumOf, writesSince, type Writes } from './api-server-writes.ts'
import { apiKeySecretName, startBenchWorld, tenantNamespace, type BenchWorld } from './bench-world.ts'
import type { ProcessCost } from './process-cost.ts'
import { watchReadyObjects } from './ready-objects.ts'

export interface SizePlan {
  binaries: ControlPlaneBinaries
  controllerFlags: readonly string[]
  resyncSeconds: number
  progress: (text: string) => void
}

export interface MeasuredSize {
  objects: number
  /** From the first apply to the last Ready. */
  seconds: number
  controllerCpuMsPerObject: number
  /** Of controller and receiver together; Events and the Lease not counted, nor our own applies. */
  kubernetesWritesPerObject: number
  kubernetesWritesByResource: Writes
  createCallsPerObject: number
  /** The controller's, after a garbage collection: with nothing to do yet, and at the end. */
  idleHeapBytes: number
  heapBytes: number
  residentMiB: number
  steady: { resyncs: number; kubernetesWrites: number; listCallsPerResync: number; otherCalls: number }
}

/** Everything that controller and receiver may write, but Events (best effort) and the Lease (time, not objects). */
const countedResources = ['geminiwebhooks', 'geminiwebhooks/status', 'secrets', 'configmaps']
const appliesAtOnce = 32
const readyTimeoutMs = 15 * 60_000
const steadyResyncs = 2
/** What is still on its way when the last object turns Ready: reports, Events, a status that follows. */
const settleMs = 8_000
/** An object may come late to its resync by this factor. */
const resyncJitter = 1.25

/** One fresh world, so many objects: from apply to all Ready, then a few resyncs in which nothing should happen. */
export async function measureSize(objects: number, plan: SizePlan): Promise<MeasuredSize> {
  plan.progress(`${objects} objects: starting a control plane, a receiver and the controller`)
  const world = await startBenchWorld(plan.binaries, plan)
  try {
    const ready = await watchReadyObjects(world.client)
    await sleep(settleMs)
    const idle = await costOf(world)
    const before = await world.writes()
    const started = performance.now()
    await applyAll(world.client, objects)
    const ended = await ready.untilAll(objects, readyTimeoutMs, (count) =>
      plan.progress(`${objects} objects: ${count} Ready`),
    )
    await ready.stop()
    await sleep(settleMs)
    const settled = await costOf(world)
    const written = writesSince(before, await world.writes(), countedResources)
    const byController = { ...written, geminiwebhooks: (written['geminiwebhooks'] ?? 0) - objects }
    const creates = world.webhookService.calls().counts.create.received
    // The first resync may still fold in what the pings have told; what counts is the rest of the object's life.
    await sleep(plan.resyncSeconds * 1000 * resyncJitter)
    const steady = await measureSteadyState(world, plan)
    const last = await costOf(world)
    return {
      objects,
      seconds: round((ended - started) / 1000),
      controllerCpuMsPerObject: round((settled.cpuMs - idle.cpuMs) / objects),
      kubernetesWritesPerObject: round(sumOf(byController) / objects),
      kubernetesWritesByResource: byController,
      createCallsPerObject: creates / objects,
      idleHeapBytes: idle.heapBytes,
      heapBytes: last.heapBytes,
      residentMiB: Math.round(last.residentBytes / 2 ** 20),
      steady,
    }
  } finally {
    await world.stop()
  }
}

async function measureSteadyState(
  world: BenchWorld,
  { resyncSeconds, progress }: SizePlan,
): Promise<MeasuredSize['steady']> {
  progress(`all Ready; ${steadyResyncs} resyncs of ${resyncSeconds} s`)
  const before = await world.writes()
  world.webhookService.resetCalls()
  await sleep(steadyResyncs * resyncSeconds * 1000)
  const kubernetesWrites = sumOf(writesSince(before, await world.writes(), countedResources))
  const { list, ...others } = world.webhookService.calls().counts
  const otherCalls = Object.values(others).reduce((sum, { received }) => sum + received, 0)
  return { resyncs: steadyResyncs, kubernetesWrites, listCallsPerResync: list.received / steadyResyncs, otherCalls }
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
    metadata: { namespace: tenantNamespace, name: `webhook-${index}` } as GeminiWebhook['metadata'],
    spec: {
      apiKeySecretRef: { name: apiKeySecretName },
      events: ['batch.succeeded', 'batch.failed'],
      displayName: `webhook ${index}`,
      sinks: [{ name: 'cluster', kubernetesEvent: {} }],
    },
  }
}

async function costOf({ controller }: BenchWorld): Promise<ProcessCost> {
  return (await controller.ask('cost')) as ProcessCost
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
