import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { configMapKind, type ConfigMap } from '../../../src/kubernetes/core-kinds.ts'
import { home, startControllerFixture } from '../../support/worlds/controller-fixture.ts'
import { argoHealthOf, canRunGo, fluxHealthOf, kstatusOf } from '../../support/measures/gitops-health.ts'

const skip = !canRunGo && 'no go on PATH to build kstatus and the Lua interpreter of Argo CD'

type Health = [kstatus: string, flux: string, argo: string]

/** The pass that makes an object Ready may be followed by one that finds nothing left to do. */
async function readyAtRest(
  fixture: Awaited<ReturnType<typeof startControllerFixture>>,
  name: string,
): Promise<GeminiWebhook> {
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
  return eventually(`${name} is at rest`, async () => {
    const webhook = await fixture.get(name)
    return fixture.conditionOf(webhook, 'Reconciling') === undefined && webhook
  })
}

/** As if the object had come to be so long before. */
function aged(webhook: GeminiWebhook, minutes: number): GeminiWebhook {
  const conditions = webhook.status?.conditions?.map((condition) => ({
    ...condition,
    lastTransitionTime: new Date(Date.parse(condition.lastTransitionTime) - minutes * 60_000).toISOString(),
  }))
  return { ...webhook, status: { ...webhook.status, conditions } }
}

test('what rests is Current or Failed for kstatus, and never under way for ever', { skip }, async (t) => {
  const fixture = await startControllerFixture(t, { config: { resyncIntervalMs: 400 } })
  await fixture.startController()
  await fixture.putApiKey()
  const window = [{ cron: '0 0 30 2 *', duration: '1h' }]
  const sink = { name: 'worker', service: { name: 'worker' } }
  await fixture.apply('ready')
  await fixture.apply('suspended', { suspend: true })
  await fixture.apply('broken-window', { rotation: { interval: '720h', windows: window } })
  await fixture.apply('broken-filter', {
    sinks: [{ name: 'log', kubernetesEvent: {}, filter: { cel: 'event.data.id +' } }],
  })
  await fixture.apply('no-service', { sinks: [sink] })
  await fixture.apply('reported', { driftPolicy: 'Report' })
  const { status } = await fixture.untilCondition('reported', 'Ready', { status: 'True' })
  fixture.admin.editWebhook(status?.webhook?.id ?? '', { subscribedEvents: ['batch.failed'] })

  const isStalled = { status: 'True' }
  const ready = await readyAtRest(fixture, 'ready')
  const coming = await fixture.untilCondition('no-service', 'Reconciling', { reason: 'SinkInvalid' })
  const retrying: GeminiWebhook = structuredClone(ready)
  const [first] = retrying.status?.conditions ?? []
  if (first !== undefined)
    retrying.status?.conditions?.push({ ...first, type: 'Reconciling', reason: 'RemoteUnavailable' })
  // The controller writes the time; five minutes are not waited for.
  await fixture.client.replaceStatus(
    {
      group: 'webhooks.gemini-operator.io',
      version: 'v1alpha1',
      kind: 'GeminiWebhook',
      plural: 'geminiwebhooks',
      namespaced: true,
    },
    aged(coming, 6),
  )
  const seen: [name: string, webhook: GeminiWebhook, health: Health][] = [
    ['ready', ready, ['Current', 'Current', 'Healthy']],
    ['Ready while something is tried again', retrying, ['InProgress', 'InProgress', 'Progressing']],
    ['suspended', await fixture.untilCondition('suspended', 'Stalled', isStalled), ['Failed', 'Current', 'Suspended']],
    ['broken window', await readyAtRest(fixture, 'broken-window'), ['Current', 'Current', 'Healthy']],
    [
      'broken filter',
      await fixture.untilCondition('broken-filter', 'Stalled', isStalled),
      ['Failed', 'Failed', 'Degraded'],
    ],
    ['a Service on its way', coming, ['InProgress', 'InProgress', 'Progressing']],
    [
      'a Service that does not come',
      await fixture.untilCondition('no-service', 'Stalled', isStalled),
      ['Failed', 'Failed', 'Degraded'],
    ],
    [
      'drift that is reported',
      await fixture.untilCondition('reported', 'Stalled', { reason: 'Drifted' }),
      ['Failed', 'Failed', 'Degraded'],
    ],
  ]
  const made = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: home, name: 'gwh-pause' } }
  await fixture.client.create<ConfigMap>(configMapKind, made)
  const paused = await fixture.untilCondition('ready', 'Stalled', { reason: 'Suspended' })
  seen.push(['paused with the installation', paused, ['Failed', 'Current', 'Suspended']])
  const objects = seen.map(([, webhook]) => webhook)
  const [kstatus, argo] = [kstatusOf(objects), argoHealthOf(objects)]
  assert.deepEqual(
    seen.map(([name, webhook], index) => [name, [kstatus[index]?.status, fluxHealthOf(webhook), argo[index]?.status]]),
    seen.map(([name, , health]) => [name, health]),
  )
})
