import assert from 'node:assert/strict'
import { test } from 'node:test'

import { decode, startControllerFixture } from '../../support/controller-fixture.ts'

test('an applied object is registered once, its secret kept, its endpoint proven, and then Ready', async (t) => {
  const fixture = await startControllerFixture(t)
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply('batch-events', { displayName: 'nightly batches' })

  const webhook = await fixture.untilCondition('batch-events', 'Ready', { status: 'True' })

  const [remote, ...others] = fixture.remotes()
  assert.deepEqual(others, [])
  assert.match(remote?.name ?? '', /^gwh:[0-9a-f]{12} nightly batches$/)
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
