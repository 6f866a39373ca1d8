import assert from 'node:assert/strict'
import { test } from 'node:test'

import { secretKind, type Secret } from '../../../src/kubernetes/core-kinds.ts'
import { keyringSecretNameFor } from '../../../src/contract/keyring/shard.ts'
import { decode, home, startControllerFixture, tenant } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'

const name = 'batch-events'
const secretName = `${name}-signing-secret`

async function startReady(
  t: Parameters<typeof startControllerFixture>[0],
  options: Parameters<typeof startControllerFixture>[1] = {},
) {
  const fixture = await startControllerFixture(t, options)
  const running = await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name)
  const webhook = await fixture.untilCondition(name, 'Ready', { status: 'True' })
  const current = async () => decode((await fixture.targetSecret(name))?.data?.['signing-secret'])
  const edit = async (value: string) => {
    const secret = await fixture.targetSecret(name)
    assert.ok(secret)
    const data = { 'signing-secret': Buffer.from(value).toString('base64') }
    await fixture.client.replace<Secret>(secretKind, { ...secret, data })
  }
  const rotations = () => fixture.calls().counts.rotateSigningSecret.received
  return { ...fixture, running, webhook, current, edit, rotations, original: await current() }
}

const patience = { timeoutMs: 40_000, intervalMs: 20 }

test('a deleted Secret is restored from the keyring, without a rotation', async (t) => {
  const it = await startReady(t)
  await it.client.delete(secretKind, { namespace: tenant, name: secretName })
  await eventually('the Secret is back', async () => (await it.current()) === it.original, patience)
  assert.equal(it.rotations(), 0)
})

test('an edited Secret is put back from the keyring, without a rotation, and counted', async (t) => {
  const it = await startReady(t)
  await it.edit('whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA')
  await eventually('the Secret is right again', async () => (await it.current()) === it.original, patience)
  const webhook = await it.untilCondition(name, 'Ready', { status: 'True' })
  assert.equal(webhook.status?.signingSecret?.repairs, 1)
  assert.equal(it.rotations(), 0)
})

test('an edit that keeps the last four characters is seen all the same: Secret and keyring are compared in full', async (t) => {
  const it = await startReady(t)
  await it.edit(`whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAA${it.original.slice(-4)}`)
  await eventually('the Secret is right again', async () => (await it.current()) === it.original, patience)
  assert.equal(it.rotations(), 0)
})

test('a lost keyring Secret is written again from the user’s Secret', async (t) => {
  const it = await startReady(t)
  const { uid } = it.webhook.metadata
  await it.client.delete(secretKind, { namespace: home, name: keyringSecretNameFor(uid) })
  await eventually(
    'the entry is back',
    async () => (await it.keyringEntry(uid))?.secrets[0]?.secret === it.original,
    patience,
  )
  assert.equal(it.rotations(), 0)
})

test('with Secret and keyring both lost, one rotation with grace gives a secret that verifies', async (t) => {
  const it = await startReady(t)
  const { uid } = it.webhook.metadata
  await it.running.stop()
  await it.client.delete(secretKind, { namespace: home, name: keyringSecretNameFor(uid) })
  await it.client.delete(secretKind, { namespace: tenant, name: secretName })
  await it.startController()
  await eventually('the new secret verifies', () => it.secretVerifiesNextDelivery(name), patience)
  await it.untilCondition(name, 'Ready', { status: 'True' })
  assert.equal(it.rotations(), 1)
  assert.equal(it.remotes().length, 1)
})

test('a rotation by another hand is believed only after a confirming read, and then repaired once', async (t) => {
  const it = await startReady(t)
  const [remote] = it.remotes()
  assert.ok(remote)
  it.admin.rotateWebhook(remote.id)
  await eventually('the new secret verifies', () => it.secretVerifiesNextDelivery(name), patience)
  const webhook = await it.untilCondition(name, 'Ready', { status: 'True' })
  assert.equal(it.rotations(), 1)
  assert.equal(webhook.status?.signingSecret?.repairs, 1)
  const held = (await it.keyringEntry(webhook.metadata.uid))?.secrets.map(({ secret }) => secret) ?? []
  assert.ok(held.includes(it.original), 'what the overlap keeps valid stays in the keyring')
})

test('a rotation by another hand is seen even if the new secret ends in the same four characters', async (t) => {
  // Of 64 bytes the last four characters of base64 are two and the padding: 256 possibilities.
  const it = await startReady(t, { switches: { secretBytes: 64 } })
  const [remote] = it.remotes()
  assert.ok(remote)
  await it.running.stop()
  const tail = it.original.slice(-4)
  let collided = ''
  for (let tries = 0; tries < 100_000 && !collided.endsWith(tail); tries++) collided = it.admin.rotateWebhook(remote.id)
  assert.ok(collided.endsWith(tail))
  assert.equal(await it.secretVerifiesNextDelivery(name), false)

  await it.startController()
  await eventually('the new secret verifies', () => it.secretVerifiesNextDelivery(name), patience)
  assert.equal(it.rotations(), 1)
})

test('a Secret that is overwritten again and again is given up, naming who does it', async (t) => {
  const it = await startReady(t)
  for (const round of [1, 2, 3]) {
    await it.edit(`whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA${round}`)
    await eventually('the Secret is right again', async () => (await it.current()) === it.original, patience)
    await eventually('counted', async () => (await it.get(name))?.status?.signingSecret?.repairs === round, patience)
  }
  await it.edit('whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA4')
  const webhook = await it.untilCondition(name, 'SecretAvailable', { status: 'False', reason: 'SecretContested' })
  assert.equal(it.conditionOf(webhook, 'Stalled')?.reason, 'SecretContested')
  assert.equal(it.conditionOf(webhook, 'Ready')?.status, 'False')
})

test('a label or annotation that leaves the spec leaves the Secret, and what others put there stays', async (t) => {
  const allowed = { allowedSecretLabels: ['team'], allowedSecretAnnotations: ['example.com/'] }
  const it = await startReady(t, { config: allowed })
  const metadata = async () => (await it.targetSecret(name))?.metadata
  await it.patch(name, {
    spec: { signingSecret: { labels: { team: 'ml' }, annotations: { 'example.com/reload': 'true' } } },
  })
  await eventually('both are there', async () => (await metadata())?.labels?.['team'] === 'ml', patience)
  const key = { namespace: tenant, name: secretName }
  const theirs = { metadata: { labels: { backup: 'daily' }, annotations: { 'example.com/seen': 'yes' } } }
  await it.client.patch<Secret>(secretKind, key, theirs, { type: 'merge' })
  await it.patch(name, { spec: { signingSecret: null } })
  await eventually('they are gone', async () => (await metadata())?.labels?.['team'] === undefined, patience)
  const { labels, annotations } = (await metadata()) ?? {}
  assert.equal(annotations?.['example.com/reload'], undefined)
  assert.equal(labels?.['backup'], 'daily')
  assert.equal(annotations?.['example.com/seen'], 'yes')
  assert.equal(await it.current(), it.original)
})

test('a Secret of a stranger under the wanted name is never written, and nothing is registered', async (t) => {
  const fixture = await startControllerFixture(t)
  const stranger = { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: tenant, name: secretName } }
  const created = await fixture.client.create<Secret>(secretKind, { ...stranger, data: { theirs: 'eA==' } })
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name)
  await fixture.untilCondition(name, 'SecretAvailable', { status: 'False', reason: 'SecretNameTaken' })
  assert.equal(fixture.calls().counts.create.received, 0)
  const after = await fixture.targetSecret(name)
  assert.equal(after?.metadata.resourceVersion, created.metadata.resourceVersion)

  await fixture.client.delete(secretKind, { namespace: tenant, name: secretName })
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
})
