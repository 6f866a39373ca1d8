import assert from 'node:assert/strict'
import { test } from 'node:test'

import { configMapKind, type ConfigMap } from '../../../src/kubernetes/core-kinds.ts'
import { orphansConfigMapName } from '../../../src/contract/orphans/orphan-record.ts'
import { home, startControllerFixture } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'

const name = 'batch-events'

async function startReady(t: Parameters<typeof startControllerFixture>[0]) {
  const fixture = await startControllerFixture(t)
  const running = await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name)
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
  return { ...fixture, running }
}

test('a deletion that a revoked key blocks ends with a new key of the same project', async (t) => {
  const it = await startReady(t)
  it.admin.revokeApiKey(it.apiKey)
  await it.remove(name)
  await it.untilCondition(name, 'Stalled', { reason: 'DeletionBlocked' })
  await it.putApiKey(it.admin.createApiKey('project-a'))
  await it.untilGone(name)
  assert.deepEqual(it.remotes(), [])
})

test('also where the controller dies between the call and the end of it', async (t) => {
  const it = await startReady(t)
  await it.running.stop()
  const dead = new AbortController()
  const dying = await it.startController((moment, call) => {
    if (dead.signal.aborted && moment === 'before') throw new Error('dead')
    if (moment !== 'after' || call !== 'delete webhook at Google') return
    dead.abort()
    throw new Error('killed')
  }, dead.signal)
  it.admin.revokeApiKey(it.apiKey)
  await it.remove(name)
  await it.untilCondition(name, 'Stalled', { reason: 'DeletionBlocked' })
  await it.putApiKey(it.admin.createApiKey('project-a'))
  await new Promise((resolve) => dead.signal.addEventListener('abort', resolve))
  await dying.stop()
  assert.ok((await it.get(name)) !== undefined)
  await it.startController()
  await it.untilGone(name)
  assert.deepEqual(it.remotes(), [])
})

test('a key of another project proves nothing about the webhook, and says so', async (t) => {
  const it = await startReady(t)
  it.admin.revokeApiKey(it.apiKey)
  await it.remove(name)
  await it.untilCondition(name, 'Stalled', { reason: 'DeletionBlocked' })
  it.admin.createProject('project-b')
  await it.putApiKey(it.admin.createApiKey('project-b'))
  const blocked = await it.untilCondition(name, 'CredentialsValid', { status: 'True' })
  assert.match(it.conditionOf(blocked, 'Stalled')?.message ?? '', /another project.*Retain.*abandon/)
  assert.equal(it.remotes().length, 1)
})

for (const status of [400, 401, 403]) {
  test(`a delete call that Google refuses with ${status}, and nothing else, names the two ways out`, async (t) => {
    const it = await startReady(t)
    it.admin.addFault({ verb: 'delete', times: 0, effect: { type: 'status', status } })
    await it.remove(name)
    const stalled = await it.untilCondition(name, 'Stalled', { reason: 'DeletionBlocked' })
    assert.match(it.conditionOf(stalled, 'Stalled')?.message ?? '', /Retain.*abandon/)
    it.admin.clearFaults()
    await it.untilGone(name)
    assert.deepEqual(it.remotes(), [])
  })
}

test('events that are removed together with a move to another project leave nothing behind in the former one', async (t) => {
  const it = await startReady(t)
  await it.running.stop()
  it.admin.createProject('project-b')
  await it.putApiKey(it.admin.createApiKey('project-b'))
  await it.patch(name, { spec: { events: null, dynamic: {} } })
  await it.startController()
  const orphans = () => it.client.get<ConfigMap>(configMapKind, { namespace: home, name: orphansConfigMapName })
  const told = await eventually('noted', orphans)
  assert.match(JSON.stringify(told.data), /ProjectChanged/)
})
