import assert from 'node:assert/strict'
import { test } from 'node:test'

import { importLabel, ownerUidAnnotation } from '../../../src/api/names.ts'
import { secretKind, type Secret } from '../../../src/kubernetes/core-kinds.ts'
import { decode, startControllerFixture, tenant, type WriteHook } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'

const name = 'batch-events'
const patience = { timeoutMs: 40_000, intervalMs: 20 }

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
  assert.match(remote?.name ?? '', /^gwh:[0-9a-f]{24} @[0-9a-f]{8}$/)
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

test('of two objects that claim the same webhook the older wins; the other takes its turn when that is gone', async (t) => {
  const it = await startWithForeign(t, 'made by hand')
  await it.apply(name, { externalID: it.existing.id })
  await it.untilCondition(name, 'Ready', { status: 'True' })
  await it.apply('younger', { externalID: it.existing.id, adoptionPolicy: 'TakeOver', deletionPolicy: 'Delete' })
  const second = await it.untilCondition('younger', 'Stalled', { reason: 'ExternalIDInUse' })
  assert.match(it.conditionOf(second, 'Stalled')?.message ?? '', /ml\/batch-events/)
  assert.equal(it.remotes()[0]?.uri, 'https://hooks.example.com/v1/s/ml/batch-events')
  await it.remove(name)
  await it.untilCondition('younger', 'Ready', { status: 'True' })
  assert.equal(it.remotes()[0]?.uri, 'https://hooks.example.com/v1/s/ml/younger')
  assert.equal(it.remotes().length, 1)
})

test('the webhook of a live object is never taken over', async (t) => {
  const it = await startWithForeign(t, 'made by hand')
  await it.apply(name)
  const registered = await it.untilCondition(name, 'Ready', { status: 'True' })
  const externalID = registered.status?.webhook?.id ?? ''
  await it.apply('thief', { externalID, adoptionPolicy: 'TakeOver' })
  await it.untilCondition('thief', 'Stalled', { reason: 'ExternalIDInUse' })
  await it.untilCondition(name, 'Ready', { status: 'True' })
  assert.equal(it.calls().counts.rotateSigningSecret.received, 0)
})

test('a Secret labelled for import that holds the secret is kept as it is: no rotation, and it verifies', async (t) => {
  const it = await startWithForeign(t, 'made by hand')
  const signing = it.admin.secrets(it.existing.id)[0]?.secret ?? ''
  await it.client.create<Secret>(secretKind, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: tenant, name: `${name}-signing-secret`, labels: { [importLabel]: 'true', team: 'search' } },
    data: { 'signing-secret': Buffer.from(signing).toString('base64') },
  })
  await it.apply(name, { externalID: it.existing.id })
  await it.untilCondition(name, 'Ready', { status: 'True' })
  const secret = await it.targetSecret(name)
  assert.equal(decode(secret?.data?.['signing-secret']), signing)
  assert.equal(secret?.metadata.labels?.['team'], 'search')
  assert.equal(it.calls().counts.rotateSigningSecret.received, 0)
  assert.equal(await it.secretVerifiesNextDelivery(name), true)
})

test('after Retain the same object takes back its webhook and its Secret, without a rotation', async (t) => {
  const fixture = await startControllerFixture(t)
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name, { deletionPolicy: 'Retain' })
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
  const [kept] = fixture.remotes()
  await fixture.remove(name)
  await fixture.untilGone(name)
  await fixture.apply(name)
  const webhook = await fixture.untilCondition(name, 'Ready', { status: 'True' })
  assert.deepEqual(
    fixture.remotes().map(({ id }) => id),
    [kept?.id],
  )
  assert.equal(fixture.calls().counts.rotateSigningSecret.received, 0)
  assert.equal((await fixture.targetSecret(name))?.metadata.annotations?.[ownerUidAnnotation], webhook.metadata.uid)
  assert.equal(await fixture.secretVerifiesNextDelivery(name), true)
})

test('the same manifest in another installation is detected and left alone', async (t) => {
  const fixture = await startControllerFixture(t)
  await fixture.startController()
  await fixture.putApiKey()
  fixture.admin.createWebhook('project-a', {
    name: 'gwh:0123456789ab theirs',
    uri: 'https://hooks.example.com/v1/s/ml/batch-events',
    subscribedEvents: ['batch.succeeded'],
  })
  await fixture.apply(name)
  await fixture.untilCondition(name, 'Registered', { status: 'False', reason: 'OwnedByAnotherInstallation' })
  const { counts } = fixture.calls()
  assert.equal(counts.create.received + counts.update.received + counts.delete.received, 0)
})

/** Another installation registers the same object just before this one makes the given kind of write. */
async function startRacing(t: Parameters<typeof startControllerFixture>[0], when: { moment: string; call: string }) {
  const fixture = await startControllerFixture(t)
  let seen = false
  const hook: WriteHook = (moment, call) => {
    if (seen || moment !== when.moment || call !== when.call) return
    seen = true
    fixture.admin.createWebhook('project-a', {
      name: 'gwh:0123456789ab theirs',
      uri: 'https://hooks.example.com/v1/s/ml/batch-events',
      subscribedEvents: ['batch.succeeded'],
    })
  }
  await fixture.startController(hook)
  await fixture.putApiKey()
  await fixture.apply(name)
  return fixture
}

test('what another installation registered after our first look is found by the list before the POST', async (t) => {
  const fixture = await startRacing(t, { moment: 'after', call: 'create Secret' })
  const webhook = await fixture.untilCondition(name, 'Registered', {
    status: 'False',
    reason: 'OwnedByAnotherInstallation',
  })
  assert.equal(webhook.status?.operation, undefined, 'the intent is withdrawn')
  assert.equal(fixture.calls().counts.create.received, 0)
})

test('two installations that register the same object at the same moment both say so, and neither touches the other’s', async (t) => {
  const fixture = await startRacing(t, { moment: 'before', call: 'create webhook at Google' })
  const webhook = await fixture.untilCondition(name, 'InSync', {
    status: 'False',
    reason: 'OwnedByAnotherInstallation',
  })
  assert.match(fixture.conditionOf(webhook, 'Stalled')?.message ?? '', /another installation/)
  const { counts } = fixture.calls()
  assert.equal(counts.create.received, 1)
  assert.equal(counts.update.received + counts.delete.received, 0)
  assert.equal(fixture.remotes().length, 2)
  assert.equal(await fixture.secretVerifiesNextDelivery(name), true)
})

test('CreateOnly takes nothing back', async (t) => {
  const fixture = await startControllerFixture(t)
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name, { deletionPolicy: 'Retain', adoptionPolicy: 'CreateOnly' })
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
  await fixture.remove(name)
  await fixture.untilGone(name)
  await fixture.apply(name, { adoptionPolicy: 'CreateOnly' })
  await fixture.untilCondition(name, 'Stalled', { reason: 'AdoptionRefused' })
  assert.equal(fixture.calls().counts.create.received, 1)
})
