import assert from 'node:assert/strict'
import { test } from 'node:test'

import { geminiWebhookKind } from '../../../src/api/kind.ts'
import { finalizer } from '../../../src/api/names.ts'
import { configMapKind, namespaceKind, type ConfigMap } from '../../../src/kubernetes/core-kinds.ts'
import { orphanKeyOf } from '../../../src/contract/orphans/orphan-record.ts'
import { home, startControllerFixture, tenant, type WriteHook } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'

const name = 'batch-events'
const patience = { timeoutMs: 40_000, intervalMs: 20 }
const foreignFinalizer = 'example.com/somebody-else'

async function startReady(t: Parameters<typeof startControllerFixture>[0]) {
  const fixture = await startControllerFixture(t)
  const running = await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name)
  const webhook = await fixture.untilCondition(name, 'Ready', { status: 'True' })
  const orphans = () => fixture.client.get<ConfigMap>(configMapKind, { namespace: home, name: 'gwh-orphans' })
  const deleteNamespace = () => fixture.client.delete(namespaceKind, { namespace: '', name: tenant })
  const namespaceGone = async () =>
    (await fixture.client.get(namespaceKind, { namespace: '', name: tenant })) === undefined
  return { ...fixture, running, uid: webhook.metadata.uid, orphans, deleteNamespace, namespaceGone }
}

test('a namespace that is deleted takes its API key first: the webhook goes with the key that is still remembered', async (t) => {
  const it = await startReady(t)
  await it.deleteNamespace()
  await eventually('the namespace is gone', it.namespaceGone, patience)
  assert.deepEqual(it.remotes(), [])
  assert.equal(await it.keyringEntry(it.uid), undefined)
  assert.equal(await it.orphans(), undefined)
})

test('a controller that never saw the key lets a deleted namespace go after a while, and notes what is left', async (t) => {
  const it = await startReady(t)
  await it.running.stop()
  await it.deleteNamespace()
  const second = await it.startController()
  const blocked = await it.untilCondition(name, 'Stalled', { reason: 'DeletionBlocked' })
  assert.match(it.conditionOf(blocked, 'Stalled')?.message ?? '', /Retain.*abandon/)
  await eventually('the namespace is gone', it.namespaceGone, patience)
  const [remote] = it.remotes()
  assert.ok(remote, 'nobody could delete it')
  const line = JSON.parse((await it.orphans())?.data?.[orphanKeyOf(it.uid, remote.id)] ?? '{}') as Record<
    string,
    string
  >
  assert.equal(line['id'], remote.id)
  assert.equal(line['reason'], 'ApiKeyGone')
  assert.equal(`${line['namespace']}/${line['name']}`, `${tenant}/${name}`)
  assert.match(await second.scrape(), /^gwh_controller_orphans_total 1$/m)
  assert.ok(it.events.some(({ reason, regarding }) => reason === 'Orphaned' && regarding.namespace === home))
})

test('an object that others hold as well is released by us alone: foreground deletion, or another controller', async (t) => {
  const it = await startReady(t)
  const { metadata } = (await it.get(name)) ?? {}
  await it.patch(name, { metadata: { finalizers: [...(metadata?.finalizers ?? []), 'foregroundDeletion'] } })
  await it.remove(name)
  await eventually(
    'released',
    async () => (await it.get(name))?.metadata.finalizers?.includes(finalizer) === false,
    patience,
  )
  assert.deepEqual((await it.get(name))?.metadata.finalizers, ['foregroundDeletion'])
  assert.deepEqual(it.remotes(), [])
  assert.equal(await it.targetSecret(name), undefined, 'deleted by us: nothing else would')
})

test('a finalizer that somebody adds while ours is being written is not lost', async (t) => {
  const fixture = await startControllerFixture(t)
  let raced = false
  await fixture.startController(async (moment, call) => {
    if (raced || moment !== 'before' || call !== 'patch GeminiWebhook') return
    raced = true
    await fixture.patch(name, { metadata: { finalizers: [foreignFinalizer] } })
  })
  await fixture.putApiKey()
  await fixture.apply(name)
  const webhook = await fixture.untilCondition(name, 'Ready', { status: 'True' })
  assert.deepEqual(webhook.metadata.finalizers, [foreignFinalizer, finalizer])
})

test('an object that is deleted with a create left open by a crash leaves nothing at Google', async (t) => {
  const fixture = await startControllerFixture(t)
  const dead = new AbortController()
  const hook: WriteHook = (moment, call) => {
    if (moment === 'after' && call === 'create webhook at Google') dead.abort()
    if (dead.signal.aborted) throw new Error('killed')
  }
  const dying = await fixture.startController(hook, dead.signal)
  await fixture.putApiKey()
  await fixture.apply(name)
  await eventually('died after the call', () => dead.signal.aborted, patience)
  await dying.stop()
  const left = await fixture.get(name)
  assert.equal(left?.status?.operation?.type, 'Create')
  assert.equal(left.status.webhook?.id, undefined, 'nobody wrote down the id')
  assert.equal(fixture.remotes().length, 1)

  await fixture.remove(name)
  await fixture.startController()
  await fixture.untilGone(name)
  assert.deepEqual(fixture.remotes(), [])
})

test('an object is deleted without its id in status, by its marker', async (t) => {
  const it = await startReady(t)
  await it.running.stop()
  const webhook = await it.get(name)
  assert.ok(webhook)
  await it.client.replaceStatus(geminiWebhookKind, { ...webhook, status: {} })
  await it.remove(name)
  await it.startController()
  await it.untilGone(name)
  // No id and no intent: one list decides, and what carries our marker in it goes.
  assert.deepEqual(it.remotes(), [])
})
