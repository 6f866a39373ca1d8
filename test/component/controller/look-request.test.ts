import assert from 'node:assert/strict'
import { test } from 'node:test'

import { reconcileRequestedAtAnnotation } from '../../../src/api/names.ts'
import { secretKind, type Secret } from '../../../src/kubernetes/core-kinds.ts'
import { decode, startControllerFixture, tenant } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'

const name = 'batch-events'
const patience = { timeoutMs: 40_000, intervalMs: 20 }
type Options = Parameters<typeof startControllerFixture>[1]

async function startReady(t: Parameters<typeof startControllerFixture>[0], options: Options = {}) {
  const fixture = await startControllerFixture(t, options)
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name)
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
  await eventually('checked', async () => (await fixture.get(name))?.status?.check === undefined, patience)
  const id = fixture.remotes()[0]?.id ?? ''
  const ask = (value: string) =>
    fixture.patch(name, { metadata: { annotations: { [reconcileRequestedAtAnnotation]: value } } })
  const handled = async () => (await fixture.get(name))?.status?.lastHandledReconcileAt
  const untilHandled = (value: string) =>
    eventually(`${value.slice(0, 20)} is acknowledged`, async () => (await handled()) === value, patience)
  return { ...fixture, id, ask, handled, untilHandled }
}

/** No resync comes in the way of what is to be seen. */
const seldom = { config: { resyncIntervalMs: 60_000 } }

test('a request to look while a foreign rotation waits for its confirmation: repaired, then acknowledged, with two lists at most', async (t) => {
  // A read by id confirms at once, as for any object that was not just made.
  const it = await startReady(t, { config: { ...seldom.config, confirmIntervalMs: 1 } })
  const uid = (await it.get(name))?.metadata.uid ?? ''
  it.admin.resetCalls()
  it.admin.rotateWebhook(it.id)
  await it.ask('one')
  await eventually('seen', () => it.calls().counts.get.received > 0, patience)
  await it.ask('two')
  await it.untilHandled('two')
  assert.equal(await it.secretVerifiesNextDelivery(name), true)
  const signing = it.admin.secrets(it.id).find(({ expireMs }) => expireMs === undefined)
  assert.equal((await it.keyringEntry(uid))?.secrets[0]?.secret, signing?.secret)
  const { list, rotateSigningSecret } = it.calls().counts
  assert.equal(rotateSigningSecret.received, 1)
  assert.ok(list.received <= 2, `${list.received} lists for two requests`)
})

test('a value above 256 characters is acknowledged by its first 256, and causes one look, not one in each pass', async (t) => {
  const it = await startReady(t, seldom)
  await it.ask('é'.repeat(300))
  await it.untilHandled('é'.repeat(256))
  it.admin.resetCalls()
  for (const round of [1, 2, 3]) {
    await it.client.delete(secretKind, { namespace: tenant, name: `${name}-signing-secret` })
    await eventually(`restored ${round}`, async () => (await it.targetSecret(name)) !== undefined, patience)
  }
  assert.equal(it.calls().counts.list.received, 0)
})

test('a look that could not be made is not acknowledged: neither during an outage nor while suspended', async (t) => {
  const it = await startReady(t, { config: { resyncIntervalMs: 400 } })
  it.admin.addFault({ verb: 'list', times: 0, effect: { type: 'status', status: 503 } })
  await it.ask('away')
  const reconciling = await it.untilCondition(name, 'Reconciling', { reason: 'RemoteUnavailable' })
  assert.equal(reconciling.status?.lastHandledReconcileAt, undefined)
  it.admin.clearFaults()
  await it.untilHandled('away')

  await it.patch(name, { spec: { suspend: true } })
  await it.untilCondition(name, 'Ready', { reason: 'Suspended' })
  await it.ask('suspended')
  await it.patch(name, { spec: { displayName: 'so that a pass is seen' } })
  await eventually(
    'a pass over the suspended object',
    async () => {
      const { metadata, status } = (await it.get(name)) ?? {}
      return status?.observedGeneration === metadata?.generation
    },
    patience,
  )
  assert.equal(await it.handled(), 'away')
  await it.patch(name, { spec: { suspend: null } })
  await it.untilHandled('suspended')
})

test('whoever has mended the endpoint need not wait for the resync: a request ends the rest after a failed probe', async (t) => {
  const it = await startReady(t, seldom)
  it.probe.outcome = { healthy: false, cause: 'Connection' }
  it.admin.autoDisable(it.id)
  await it.ask('still broken')
  await it.untilHandled('still broken')
  assert.equal(it.remotes()[0]?.state, 'disabled_due_to_failed_deliveries')
  it.probe.outcome = { healthy: true }
  await it.ask('mended')
  await it.untilHandled('mended')
  assert.equal(it.remotes()[0]?.state, 'enabled')
})

test('the remedy of SecretContested works: stop the other writer, then ask for a look; once for each request', async (t) => {
  const it = await startReady(t, seldom)
  const original = decode((await it.targetSecret(name))?.data?.['signing-secret'])
  let edits = 0
  const contest = async () => {
    for (;;) {
      edits += 1
      const secret = await it.client.get<Secret>(secretKind, { namespace: tenant, name: `${name}-signing-secret` })
      const other = Buffer.from(`whsec_${String(edits).padEnd(32, 'A')}`).toString('base64')
      await it.client.replace<Secret>(secretKind, { ...secret, data: { 'signing-secret': other } } as Secret)
      const contested = await eventually(
        'repaired or contested',
        async () => {
          const isRepaired = decode((await it.targetSecret(name))?.data?.['signing-secret']) === original
          const stalled = it.conditionOf(await it.get(name), 'Stalled')
          return isRepaired ? 'repaired' : stalled?.reason === 'SecretContested' && 'contested'
        },
        patience,
      )
      if (contested === 'contested') return
    }
  }
  await contest()
  assert.equal(edits, 4)
  await it.ask('stopped')
  await it.untilHandled('stopped')
  assert.equal(decode((await it.targetSecret(name))?.data?.['signing-secret']), original)
  await it.untilCondition(name, 'Ready', { status: 'True' })
  // It had not stopped: as many repairs as a day allows, of which one is made already, and no more by the same
  // annotation.
  await contest()
  assert.equal(edits, 7)
  assert.equal(await it.handled(), 'stopped')
})
