import assert from 'node:assert/strict'
import { test } from 'node:test'

import { secretKind } from '../../../src/kubernetes/core-kinds.ts'
import { abandonAnnotation } from '../../../src/api/names.ts'
import { orphanKeyOf } from '../../../src/contract/orphans/orphan-record.ts'
import { apiKeySecretName, startControllerFixture, tenant } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'

const name = 'batch-events'
const patience = { timeoutMs: 40_000, intervalMs: 20 }

async function startReady(t: Parameters<typeof startControllerFixture>[0], spec: object = {}) {
  const fixture = await startControllerFixture(t)
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name, spec)
  const webhook = await fixture.untilCondition(name, 'Ready', { status: 'True' })
  return { ...fixture, uid: webhook.metadata.uid }
}

test('deleting removes the webhook at Google, the Secret and the keyring entry', async (t) => {
  const it = await startReady(t)
  await it.remove(name)
  await it.untilGone(name)
  assert.deepEqual(it.remotes(), [])
  assert.equal(await it.targetSecret(name), undefined)
  assert.equal(await it.keyringEntry(it.uid), undefined)
})

test('the finalizer is taken off once, whatever else wakes the object up meanwhile', async (t) => {
  const fixture = await startControllerFixture(t)
  const patches: string[] = []
  await fixture.startController((moment, call) => {
    if (moment === 'before' && call === 'patch GeminiWebhook') patches.push(call)
  })
  await fixture.putApiKey()
  await fixture.apply(name)
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
  patches.length = 0
  await fixture.remove(name)
  await fixture.untilGone(name)
  const lists = fixture.calls().counts.list.received
  await fixture.apply('next')
  await fixture.untilCondition('next', 'Ready', { status: 'True' })
  assert.ok(fixture.calls().counts.list.received > lists)
  assert.deepEqual(patches, ['patch GeminiWebhook', 'patch GeminiWebhook'], 'off the first, onto the next')
})

test('a list that does not show the webhook yet is no proof that it is gone', async (t) => {
  const it = await startReady(t)
  it.admin.setSwitches({ listLagMs: 3_600_000 })
  await it.remove(name)
  await it.untilGone(name)
  assert.deepEqual(it.remotes(), [])
  assert.equal(it.calls().counts.delete.committed, 1)
})

test('a webhook that another hand deleted is looked for twice by its id before the object is let go', async (t) => {
  const it = await startReady(t)
  it.admin.deleteWebhook(it.remotes()[0]?.id ?? '')
  it.admin.resetCalls()
  await it.remove(name)
  await it.untilGone(name)
  const { counts } = it.calls()
  assert.deepEqual([counts.get.received, counts.delete.received], [2, 0])
})

test('Retain keeps the webhook and its Secret, and takes the entry out of the keyring', async (t) => {
  const it = await startReady(t, { deletionPolicy: 'Retain' })
  await it.remove(name)
  await it.untilGone(name)
  assert.equal(it.remotes().length, 1)
  assert.notEqual(await it.targetSecret(name), undefined)
  assert.equal(await it.keyringEntry(it.uid), undefined)
})

test('deletion overrides suspend', async (t) => {
  const it = await startReady(t)
  await it.patch(name, { spec: { suspend: true } })
  await it.untilCondition(name, 'Ready', { status: 'False', reason: 'Suspended' })
  await it.remove(name)
  await it.untilGone(name)
  assert.deepEqual(it.remotes(), [])
})

test('without its API key a deletion waits and names the two ways out; the annotation takes one of them', async (t) => {
  const it = await startReady(t)
  await it.client.delete(secretKind, { namespace: tenant, name: apiKeySecretName })
  await it.remove(name)
  const blocked = await it.untilCondition(name, 'Stalled', { status: 'True', reason: 'DeletionBlocked' })
  const message = it.conditionOf(blocked, 'Stalled')?.message ?? ''
  assert.match(message, /Retain/)
  assert.match(message, /abandon/)
  await it.patch(name, { metadata: { annotations: { [abandonAnnotation]: 'true' } } })
  await it.untilGone(name)
  assert.equal(it.remotes().length, 1, 'the webhook is left, and noted')
  const orphans = await it.client.get<{ metadata: { name: string }; data?: Record<string, string> }>(
    { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true },
    { namespace: 'gemini-webhook-system', name: 'gwh-orphans' },
  )
  const [left] = it.remotes()
  const line = JSON.parse(orphans?.data?.[orphanKeyOf(it.uid ?? '', left?.id)] ?? '{}') as Record<string, string>
  assert.deepEqual([line['id'], line['reason']], [left?.id, 'Abandoned'])
  const told = it.events.filter(({ reason }) => reason === 'Orphaned').map(({ regarding }) => regarding.namespace)
  assert.ok(told.includes('gemini-webhook-system'), 'where Events can still be created')
})

test('a restored API key lets a blocked deletion finish', async (t) => {
  const it = await startReady(t)
  await it.client.delete(secretKind, { namespace: tenant, name: apiKeySecretName })
  await it.remove(name)
  await it.untilCondition(name, 'Stalled', { reason: 'DeletionBlocked' })
  await it.putApiKey()
  await it.untilGone(name)
  assert.deepEqual(it.remotes(), [])
})

test('errors of Google are retried, and are no reason to call a human', async (t) => {
  const it = await startReady(t)
  it.admin.addFault({ verb: 'delete', times: 2, effect: { type: 'status', status: 503 } })
  await it.remove(name)
  await it.untilGone(name)
  assert.deepEqual(it.remotes(), [])
  assert.ok(!it.events.some(({ reason }) => reason === 'Stalled'))
})

test('a revoked API key blocks a deletion; Retain, set while it is deleting, lets it go', async (t) => {
  const it = await startReady(t)
  it.admin.revokeApiKey(it.apiKey)
  await it.remove(name)
  await it.untilCondition(name, 'Stalled', { reason: 'DeletionBlocked' })
  assert.equal(it.remotes().length, 1)
  await it.patch(name, { spec: { deletionPolicy: 'Retain' } })
  await it.untilGone(name)
  assert.equal(it.remotes().length, 1)
})

test('an object that was never registered goes at once, whatever its key is worth', async (t) => {
  const fixture = await startControllerFixture(t)
  await fixture.startController()
  await fixture.putApiKey('AIza-wrong')
  await fixture.apply(name)
  await fixture.untilCondition(name, 'CredentialsValid', { status: 'False', reason: 'CredentialsRejected' })
  await fixture.remove(name)
  await fixture.untilGone(name)
})

test('the webhook of another object survives a deletion, even when status names it', async (t) => {
  const it = await startReady(t)
  const [remote] = it.remotes()
  assert.ok(remote)
  it.admin.editWebhook(remote.id, { name: 'gwh:0123456789ab theirs' })
  await it.remove(name)
  await it.untilGone(name)
  assert.deepEqual(
    it.remotes().map(({ id }) => id),
    [remote.id],
  )
  await eventually('no delete was sent', () => it.calls().counts.delete.received === 0, patience)
})
