import type { GeminiWebhook } from '../../src/api/gemini-webhook.ts'
import { geminiWebhookKind } from '../../src/api/kind.ts'
import type { ServerProcess } from '../server-process.ts'
import { tenantNamespace, type BenchWorld } from './bench-world.ts'
import { nameOf } from './measure-rollout.ts'
import { round, type Measuring } from './measuring.ts'
import { until } from './until.ts'

/** Times count from the SIGKILL. */
export interface Takeover {
  edits: number
  /** Until the standby held the Lease; the old one has to run out first. */
  leaseSeconds: number
  /** Until every edit was at the service and every object Ready in its new generation. */
  convergeSeconds: number
  createCalls: number
  rotateCalls: number
}

const editedName = 'edited before the leader died'

/** Edits, and in the same moment the leader is gone: what it had begun and what it never saw is the standby's. */
export async function measureTakeover(objects: number, leader: ServerProcess, plan: Measuring): Promise<Takeover> {
  const { world, ready, edits, progress } = plan
  const former = await world.leader()
  world.webhookService.resetCalls()
  await Promise.all(Array.from({ length: edits }, (_, index) => edit(world, Math.floor((index * objects) / edits))))
  await leader.kill()
  const killed = performance.now()
  progress('the leader was killed')
  const led = await until(async () =>
    (await world.leader()) === former ? { left: 1, what: 'the standby had not taken over' } : undefined,
  )
  progress('the standby leads')
  const converged = await until(() => {
    const done = world.webhookService.webhooks().filter(({ name }) => name?.endsWith(editedName)).length
    if (done === edits && ready.names.size === objects) return undefined
    const what = `${done} of ${edits} edits were at the service and ${ready.names.size} of ${objects} objects Ready`
    return { left: edits - done + objects - ready.names.size, what }
  })
  const { create, rotateSigningSecret } = world.webhookService.calls().counts
  return {
    edits,
    leaseSeconds: round((led - killed) / 1000),
    convergeSeconds: round((converged - killed) / 1000),
    createCalls: create.received,
    rotateCalls: rotateSigningSecret.received,
  }
}

async function edit({ client }: BenchWorld, index: number): Promise<void> {
  const key = { namespace: tenantNamespace, name: nameOf(index) }
  await client.patch<GeminiWebhook>(geminiWebhookKind, key, { spec: { displayName: editedName } }, { type: 'merge' })
}
