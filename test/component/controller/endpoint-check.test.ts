import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import { geminiWebhookKind } from '../../../src/api/kind.ts'
import { startControllerFixture, tenant } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'

const name = 'batch-events'
const patience = { timeoutMs: 40_000, intervalMs: 20 }

test('pings that never come back are repeated three times, then told, and tried again at the next resync', async (t) => {
  const fixture = await startControllerFixture(t, { receiver: 'silent', config: { pingRepeatMs: 60 } })
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name)
  const failed = await fixture.untilCondition(name, 'EndpointVerified', { status: 'False', reason: 'NeverArrived' })
  assert.equal(fixture.calls().counts.ping.received, 3)
  assert.equal(failed.status?.check, undefined)
  assert.equal(fixture.conditionOf(failed, 'Ready')?.status, 'False')
  assert.ok(fixture.events.some(({ reason }) => reason === 'NeverArrived'))

  fixture.receiver.mode = 'answers'
  const proven = await fixture.untilCondition(name, 'Ready', { status: 'True' })
  assert.notEqual(proven.status?.delivery?.lastCheckTime, undefined)
  assert.equal(proven.status?.check, undefined)
})

for (const { title, spec, reason } of [
  {
    title: 'an endpoint of the user’s own',
    spec: { endpoint: { url: 'https://mine.example.com/x' } },
    reason: 'ExternalEndpoint',
  },
  { title: 'endpointCheck Never', spec: { endpointCheck: 'Never' as const }, reason: 'NotChecked' },
  { title: 'state Disabled', spec: { state: 'Disabled' as const }, reason: 'DisabledBySpec' },
]) {
  test(`${title} is Ready without a ping, and says what is unproven`, async (t) => {
    const fixture = await startControllerFixture(t, { receiver: 'silent' })
    await fixture.startController()
    await fixture.putApiKey()
    await fixture.apply(name, spec)
    const webhook = await fixture.untilCondition(name, 'Ready', { status: 'True' })
    assert.equal(fixture.conditionOf(webhook, 'EndpointVerified')?.reason, reason)
    assert.match(fixture.conditionOf(webhook, 'Ready')?.message ?? '', /unproven/)
    assert.equal(fixture.calls().counts.ping.received, 0)
  })
}

/** Every value that Ready takes from here on; the returned function ends the watch. */
function watchReady(fixture: Awaited<ReturnType<typeof startControllerFixture>>, resourceVersion: string) {
  const stopping = new AbortController()
  const seen: (string | undefined)[] = []
  const watching = (async () => {
    const events = fixture.client.watch<GeminiWebhook>(geminiWebhookKind, {
      namespace: tenant,
      resourceVersion,
      signal: stopping.signal,
    })
    for await (const event of events) {
      if (event.type === 'MODIFIED') seen.push(fixture.conditionOf(event.object, 'Ready')?.status)
    }
  })().catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error
  })
  return async () => {
    await eventually('the watch has seen something', () => seen.length > 0, patience)
    stopping.abort()
    await watching
    return seen
  }
}

test('a rotation is proven by a delivery that the new secret verified, and Ready does not flicker meanwhile', async (t) => {
  const fixture = await startControllerFixture(t)
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name)
  const before = await fixture.untilCondition(name, 'Ready', { status: 'True' })
  const stopWatching = watchReady(fixture, before.metadata.resourceVersion)
  await fixture.patch(name, { spec: { rotation: { request: { id: 'leak-1' } } } })
  const after = await eventually(
    'rotated and proven again',
    async () => {
      const webhook = await fixture.get(name)
      const { checkedSpec } = webhook?.status?.webhook ?? {}
      return checkedSpec !== before.status?.webhook?.checkedSpec && webhook
    },
    patience,
  )
  assert.deepEqual(after.status?.rotation?.handledRequestIDs, ['leak-1'])
  assert.equal(fixture.calls().counts.rotateSigningSecret.received, 1)
  assert.deepEqual([...new Set(await stopWatching())], ['True'])
  const entry = await fixture.keyringEntry(after.metadata.uid)
  assert.equal(entry?.secrets.length, 2)
  assert.notEqual(entry?.secrets[1]?.notAfter, undefined)
  assert.equal(await fixture.secretVerifiesNextDelivery(name), true)
})

test('revoking at once drops the old secret from Secret and keyring with the same rotation', async (t) => {
  const fixture = await startControllerFixture(t)
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name)
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
  await fixture.patch(name, { spec: { rotation: { request: { id: 'leak-2', revokePrevious: 'Immediately' } } } })
  const webhook = await eventually(
    'handled',
    async () => {
      const current = await fixture.get(name)
      return current?.status?.rotation?.handledRequestIDs?.includes('leak-2') === true && current
    },
    patience,
  )
  assert.equal((await fixture.keyringEntry(webhook.metadata.uid))?.secrets.length, 1)
  assert.equal((await fixture.targetSecret(name))?.data?.['previous-signing-secret'], undefined)
  assert.equal(await fixture.secretVerifiesNextDelivery(name), true)
})

test('a request that came with the object is recorded, not executed', async (t) => {
  const fixture = await startControllerFixture(t)
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name, { rotation: { request: { id: 'from-the-start' } } })
  const webhook = await fixture.untilCondition(name, 'Ready', { status: 'True' })
  assert.deepEqual(webhook.status?.rotation?.handledRequestIDs, ['from-the-start'])
  assert.equal(fixture.calls().counts.rotateSigningSecret.received, 0)
})
