import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import type { GeminiWebhookSpec } from '../../../src/api/spec.ts'
import { startControllerFixture } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'

const name = 'batch-events'
const patience = { timeoutMs: 40_000, intervalMs: 20 }
const config = { resyncIntervalMs: 400 }

async function startReady(t: Parameters<typeof startControllerFixture>[0], spec: Partial<GeminiWebhookSpec> = {}) {
  const fixture = await startControllerFixture(t, { config })
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name, spec)
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
  const outage = () => fixture.admin.addFault({ verb: 'any', times: 0, effect: { type: 'status', status: 503 } })
  return { ...fixture, outage }
}

function generationOf(webhook: GeminiWebhook, type: string): number | undefined {
  return webhook.status?.conditions?.find((condition) => condition.type === type)?.observedGeneration
}

test('an edit during an outage of Google is not observed, however long that lasts; then it is applied', async (t) => {
  const it = await startReady(t)
  it.outage()
  const edited = await it.patch(name, { spec: { events: ['batch.failed'] } })
  const told = await it.untilCondition(name, 'Reconciling', { reason: 'RemoteUnavailable' })
  assert.equal(told.metadata.generation, edited.metadata.generation)
  assert.equal(it.conditionOf(told, 'Ready')?.status, 'True', 'the webhook of before goes on')
  for (const type of ['Ready', 'InSync', 'Registered', 'SecretAvailable', 'Enabled', 'EndpointVerified']) {
    assert.equal(generationOf(told, type), edited.metadata.generation - 1, type)
  }
  assert.equal(generationOf(told, 'SinksResolved'), edited.metadata.generation, 'needs no Google')
  assert.equal(told.status?.observedGeneration, edited.metadata.generation - 1)

  it.admin.clearFaults()
  await eventually(
    'Ready of the edit',
    async () => {
      const webhook = await it.get(name)
      if (webhook === undefined || generationOf(webhook, 'Ready') !== edited.metadata.generation) return false
      return it.conditionOf(webhook, 'Ready')?.status === 'True'
    },
    patience,
  )
  assert.deepEqual(it.remotes()[0]?.subscribedEvents, ['batch.failed'])
})

test('an edit while suspended is not in sync by being seen, and going on during an outage makes nothing Ready', async (t) => {
  const it = await startReady(t)
  await it.patch(name, { spec: { suspend: true } })
  const suspended = await it.untilCondition(name, 'Ready', { reason: 'Suspended' })
  const edited = await it.patch(name, { spec: { events: ['batch.failed'] } })
  const seen = await eventually(
    'the edit was seen',
    async () => {
      const webhook = await it.get(name)
      return webhook !== undefined && generationOf(webhook, 'Ready') === edited.metadata.generation && webhook
    },
    patience,
  )
  assert.ok((generationOf(seen, 'InSync') ?? 0) < suspended.metadata.generation)

  it.outage()
  const resumed = await it.patch(name, { spec: { suspend: null } })
  const told = await it.untilCondition(name, 'Reconciling', { reason: 'RemoteUnavailable' })
  assert.equal(told.metadata.generation, resumed.metadata.generation)
  assert.equal(it.conditionOf(told, 'Ready')?.status, 'False')
  it.admin.clearFaults()
  await it.untilCondition(name, 'Ready', { status: 'True' })
  assert.deepEqual(it.remotes()[0]?.subscribedEvents, ['batch.failed'])
})

test('a state that was edited during an outage is what the spec asks for, and no drift that is only reported', async (t) => {
  const it = await startReady(t, { driftPolicy: 'Report' })
  it.outage()
  await it.patch(name, { spec: { state: 'Disabled' } })
  await it.untilCondition(name, 'Reconciling', { reason: 'RemoteUnavailable' })
  it.admin.clearFaults()
  await it.untilCondition(name, 'Enabled', { reason: 'DisabledBySpec' })
  assert.equal(it.remotes()[0]?.state, 'disabled')
})

test('a state that another hand changed is left alone under Report, also by an edit of something else', async (t) => {
  const it = await startReady(t, { driftPolicy: 'Report' })
  it.admin.editWebhook(it.remotes()[0]?.id ?? '', { state: 'disabled' })
  await it.untilCondition(name, 'InSync', { reason: 'Drifted' })
  await it.patch(name, { spec: { events: ['batch.failed'] } })
  await eventually('applied', () => it.remotes()[0]?.subscribedEvents.join() === 'batch.failed', patience)
  await it.untilCondition(name, 'InSync', { reason: 'Drifted' })
  assert.equal(it.remotes()[0]?.state, 'disabled')
})

test('receivers are told of new sinks while Google is away', async (t) => {
  const it = await startReady(t)
  const { metadata } = (await it.get(name)) ?? {}
  it.outage()
  await it.patch(name, { spec: { sinks: [{ name: 'ours', uri: 'https://sink.example.com/' }] } })
  await eventually(
    'told',
    async () => (await it.keyringEntry(metadata?.uid ?? ''))?.sinks.map((sink) => sink.name).join() === 'ours',
    patience,
  )
})
