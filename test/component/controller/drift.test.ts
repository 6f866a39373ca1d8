import assert from 'node:assert/strict'
import { test } from 'node:test'

import { startControllerFixture } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'

const name = 'batch-events'
const patience = { timeoutMs: 40_000, intervalMs: 20 }

async function startReady(t: Parameters<typeof startControllerFixture>[0], spec: object = {}) {
  const fixture = await startControllerFixture(t)
  const running = await fixture.startController()
  const corrections = async () =>
    [
      ...(await running.scrape()).matchAll(/^gwh_controller_drift_corrections_total\{field="(\w+)"\} ([1-9]\d*)$/gm),
    ].map(([, field, count]) => [field, Number(count)])
  await fixture.putApiKey()
  await fixture.apply(name, spec)
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
  const [remote] = fixture.remotes()
  assert.ok(remote)
  return {
    ...fixture,
    corrections,
    original: remote,
    remote: () => fixture.remotes().find(({ id }) => id === remote.id),
  }
}

const edits = [
  { field: 'uri', change: { uri: 'https://evil.example.com/x' } },
  { field: 'subscribedEvents', change: { subscribedEvents: ['batch.failed'] } },
  { field: 'state', change: { state: 'disabled' as const } },
  { field: 'name', change: { name: 'renamed by hand' } },
]

for (const { field, change } of edits) {
  test(`${field} changed at Google by another hand is put back, and nothing else is sent`, async (t) => {
    const it = await startReady(t)
    it.admin.resetCalls()
    it.admin.editWebhook(it.original.id, change)
    await eventually(
      `${field} is back`,
      () => {
        const { uri, subscribedEvents, state, name: label } = it.remote() ?? {}
        const { original } = it
        return (
          uri === original.uri &&
          state === original.state &&
          label === original.name &&
          subscribedEvents?.join() === original.subscribedEvents.join()
        )
      },
      patience,
    )
    const { counts } = it.calls()
    assert.equal(counts.update.received, 1)
    assert.equal(counts.create.received + counts.rotateSigningSecret.received + counts.delete.received, 0)
    await eventually('counted', async () => (await it.corrections()).length > 0, patience)
    assert.deepEqual(await it.corrections(), [[field, 1]])
  })
}

test('with driftPolicy Report the drift is told and left alone, while a change of spec is applied', async (t) => {
  const it = await startReady(t, { driftPolicy: 'Report' })
  it.admin.editWebhook(it.original.id, { subscribedEvents: ['batch.failed'] })
  const drifted = await it.untilCondition(name, 'InSync', { status: 'False', reason: 'Drifted' })
  assert.match(it.conditionOf(drifted, 'InSync')?.message ?? '', /subscribedEvents/)
  assert.equal(it.calls().counts.update.received, 0)

  await it.patch(name, { spec: { events: ['batch.succeeded', 'batch.expired'] } })
  await eventually('applied', () => it.remote()?.subscribedEvents.length === 2, patience)
  await it.untilCondition(name, 'InSync', { status: 'True' })
  assert.deepEqual(await it.corrections(), [], 'nothing was put back')
})

test('a webhook that carries the marker of somebody else is not touched', async (t) => {
  const it = await startReady(t)
  it.admin.editWebhook(it.original.id, { name: 'gwh:0123456789ab theirs', uri: 'https://theirs.example.com/' })
  await it.untilCondition(name, 'InSync', { status: 'False', reason: 'OwnedByAnotherInstallation' })
  const { counts } = it.calls()
  assert.equal(counts.update.received + counts.delete.received + counts.rotateSigningSecret.received, 0)
  assert.equal(it.remote()?.uri, 'https://theirs.example.com/')
})

test('a twin with our marker is deleted; the webhook whose secret we hold stays', async (t) => {
  const it = await startReady(t)
  const { name: label = '', uri, subscribedEvents } = it.original
  it.admin.createWebhook('project-a', { name: label, uri, subscribedEvents: [...subscribedEvents] })
  await eventually('one is left', () => it.remotes().length === 1, patience)
  assert.equal(it.remotes()[0]?.id, it.original.id)
  assert.equal(await it.secretVerifiesNextDelivery(name), true)
})

test('a webhook deleted at Google is registered again, once it is certain', async (t) => {
  const it = await startReady(t)
  it.admin.deleteWebhook(it.original.id)
  await eventually('a new one is there', () => it.remotes().length === 1, patience)
  await it.untilCondition(name, 'Ready', { status: 'True' })
  assert.notEqual(it.remotes()[0]?.id, it.original.id)
  assert.equal(it.remotes().length, 1)
  assert.equal(await it.secretVerifiesNextDelivery(name), true)
})

test('a webhook that Google disabled is reported', async (t) => {
  const it = await startReady(t, { autoReenable: 'Never' })
  it.admin.autoDisable(it.original.id)
  const webhook = await it.untilCondition(name, 'Enabled', { status: 'False', reason: 'DisabledByGoogle' })
  assert.equal(it.conditionOf(webhook, 'Ready')?.status, 'False')
  await eventually('told', () => it.events.some(({ reason }) => reason === 'DisabledByGoogle'), patience)
})
