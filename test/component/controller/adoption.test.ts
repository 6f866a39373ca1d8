import assert from 'node:assert/strict'
import { test } from 'node:test'

import { startControllerFixture } from '../../support/controller-fixture.ts'
import { eventually } from '../../support/eventually.ts'

const name = 'batch-events'
const patience = { timeoutMs: 8000, intervalMs: 20 }

async function startWithForeign(t: Parameters<typeof startControllerFixture>[0], label: string) {
  const fixture = await startControllerFixture(t)
  await fixture.startController()
  await fixture.putApiKey()
  const existing = fixture.admin.createWebhook('project-a', {
    name: label,
    uri: 'https://old.example.com/',
    subscribedEvents: ['batch.failed'],
  })
  return { ...fixture, existing }
}

test('externalID adopts an existing webhook: one rotation, marker and spec applied, retained on delete', async (t) => {
  const it = await startWithForeign(t, 'made by hand')
  await it.apply(name, { externalID: it.existing.id })
  const webhook = await it.untilCondition(name, 'Ready', { status: 'True' })
  assert.equal(webhook.status?.webhook?.id, it.existing.id)
  assert.equal(it.calls().counts.create.received, 0)
  assert.equal(it.calls().counts.rotateSigningSecret.received, 1)
  const [remote] = it.remotes()
  assert.match(remote?.name ?? '', /^gwh:[0-9a-f]{12}$/)
  assert.equal(remote?.uri, 'https://hooks.example.com/v1/s/ml/batch-events')
  assert.equal(await it.secretVerifiesNextDelivery(name), true)
  await it.remove(name)
  await it.untilGone(name)
  assert.equal(it.remotes().length, 1)
  assert.notEqual(await it.targetSecret(name), undefined)
})

test('an externalID with somebody else’s marker is left alone, unless TakeOver is asked for', async (t) => {
  const it = await startWithForeign(t, 'gwh:0123456789ab theirs')
  await it.apply(name, { externalID: it.existing.id })
  await it.untilCondition(name, 'Stalled', { reason: 'OwnedByAnotherInstallation' })
  assert.equal(it.remotes()[0]?.uri, 'https://old.example.com/')
  await it.patch(name, { spec: { adoptionPolicy: 'TakeOver' } })
  await it.untilCondition(name, 'Ready', { status: 'True' })
  assert.equal(it.remotes().length, 1)
})

test('an externalID that does not exist creates nothing', async (t) => {
  const it = await startWithForeign(t, 'made by hand')
  await it.apply(name, { externalID: 'no-such-webhook' })
  await it.untilCondition(name, 'Registered', { status: 'False', reason: 'ExternalIDNotFound' })
  assert.equal(it.calls().counts.create.received, 0)
})

test('what an earlier life of the object left with our marker is taken back, not registered again', async (t) => {
  const fixture = await startControllerFixture(t)
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name, { deletionPolicy: 'Retain' })
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
  const [kept] = fixture.remotes()
  await fixture.remove(name)
  await fixture.untilGone(name)
  await fixture.apply(name, { signingSecret: { name: 'second-life' } })
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
  await eventually('one', () => fixture.remotes().length === 1, patience)
  assert.equal(fixture.remotes()[0]?.id, kept?.id)
  assert.equal(fixture.calls().counts.create.received, 1)
})
