import assert from 'node:assert/strict'
import { test } from 'node:test'

import { keyringLabel } from '../../../src/controller/keyring/keyring-writer.ts'
import { secretKind, type Secret } from '../../../src/kubernetes/core-kinds.ts'
import { allKeyringSecretNames, keyringSecretNameFor, maxShardBytes } from '../../../src/contract/keyring/shard.ts'
import { decode, home, startControllerFixture, tenant } from '../../support/worlds/controller-fixture.ts'

test('an applied object is registered once, its secret kept, its endpoint proven, and then Ready', async (t) => {
  const fixture = await startControllerFixture(t)
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply('batch-events', { displayName: 'nightly batches' })

  const webhook = await fixture.untilCondition('batch-events', 'Ready', { status: 'True' })

  const [remote, ...others] = fixture.remotes()
  assert.deepEqual(others, [])
  assert.match(remote?.name ?? '', /^gwh:[0-9a-f]{24} @[0-9a-f]{8} nightly batches$/)
  assert.equal(remote?.uri, 'https://hooks.example.com/v1/s/ml/batch-events')
  assert.equal(fixture.calls().counts.create.received, 1)
  assert.equal(webhook.status?.webhook?.id, remote?.id)
  assert.equal(webhook.status?.operation, undefined)
  assert.equal(webhook.status?.check, undefined)
  assert.equal(fixture.conditionOf(webhook, 'EndpointVerified')?.status, 'True')
  assert.equal(fixture.conditionOf(webhook, 'Reconciling'), undefined)
  const secret = decode((await fixture.targetSecret('batch-events'))?.data?.['signing-secret'])
  const entry = await fixture.keyringEntry(webhook.metadata.uid)
  assert.equal(entry?.secrets[0]?.secret, secret)
  assert.equal(await fixture.secretVerifiesNextDelivery('batch-events'), true)
  assert.deepEqual(
    fixture.events.map(({ reason }) => reason),
    ['Registered', 'EndpointVerified'],
  )
})

test('an object that the keyring has no room for is not registered, says why, and is registered once there is room', async (t) => {
  // Entries of unknown objects are only removed where all namespaces are seen.
  const fixture = await startControllerFixture(t, { config: { watchNamespaces: [tenant] } })
  await fixture.putApiKey()
  const ballast = Buffer.alloc(0.9999 * maxShardBytes).toString('base64')
  for (const name of allKeyringSecretNames()) {
    const metadata = { namespace: home, name, labels: { [keyringLabel.key]: keyringLabel.value } }
    await fixture.client.create<Secret>(secretKind, { apiVersion: 'v1', kind: 'Secret', metadata, data: { ballast } })
  }
  const running = await fixture.startController()
  const applied = await fixture.apply('one-too-many')
  const stalled = await fixture.untilCondition('one-too-many', 'Stalled', { reason: 'KeyringFull' })
  const shard = keyringSecretNameFor(applied.metadata.uid)
  assert.ok(fixture.conditionOf(stalled, 'Registered')?.message.includes(shard))
  assert.equal(fixture.calls().counts.create.received, 0)
  assert.match(await running.scrape(), /^gwh_controller_keyring_used_ratio 0\.9998/m)

  await fixture.client.patch(
    secretKind,
    { namespace: home, name: shard },
    { data: { ballast: null } },
    { type: 'merge' },
  )
  await fixture.untilCondition('one-too-many', 'Ready', { status: 'True' })
  assert.equal(fixture.calls().counts.create.received, 1)
})
