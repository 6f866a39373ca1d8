import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhookSpec } from '../../../src/api/spec.ts'
import { decode, startControllerFixture } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'

const name = 'batch-events'
const patience = { timeoutMs: 40_000, intervalMs: 20 }

async function startReady(t: Parameters<typeof startControllerFixture>[0], spec: Partial<GeminiWebhookSpec> = {}) {
  const fixture = await startControllerFixture(t)
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name, spec)
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
  return {
    ...fixture,
    async request(id: string, revokePrevious?: 'Immediately') {
      const rotation = { request: { id, ...(revokePrevious !== undefined && { revokePrevious }) } }
      await fixture.patch(name, { spec: { rotation } })
      return eventually(
        `${id} is handled`,
        async () => {
          const webhook = await fixture.get(name)
          return webhook?.status?.rotation?.handledRequestIDs?.includes(id) === true && webhook
        },
        patience,
      )
    },
  }
}

test('two rotations inside 24 hours leave three secrets that all verify, and going back to an old request rotates nothing', async (t) => {
  const it = await startReady(t)
  const first = decode((await it.targetSecret(name))?.data?.['signing-secret'])
  await it.request('one')
  const second = decode((await it.targetSecret(name))?.data?.['signing-secret'])
  const webhook = await it.request('two')
  const third = decode((await it.targetSecret(name))?.data?.['signing-secret'])
  assert.equal(new Set([first, second, third]).size, 3)

  const entry = await it.keyringEntry(webhook.metadata.uid)
  assert.deepEqual(
    entry?.secrets.map(({ secret }) => secret),
    [third, second, first],
  )
  assert.deepEqual(
    entry?.secrets.map(({ notAfter }) => notAfter === undefined),
    [true, false, false],
  )
  assert.equal(decode((await it.targetSecret(name))?.data?.['previous-signing-secret']), second)
  const signing = it.admin.secrets(webhook.status?.webhook?.id ?? '').map(({ secret }) => secret)
  assert.ok(
    signing.every((secret) => [first, second, third].includes(secret)),
    'whatever the service signs with is held',
  )

  await it.patch(name, { spec: { rotation: { request: { id: 'one' } } } })
  await it.patch(name, { metadata: { annotations: { 'webhooks.gemini-operator.io/reconcile-requested-at': 'now' } } })
  await eventually('looked at', async () => (await it.get(name))?.status?.lastHandledReconcileAt === 'now', patience)
  assert.equal(it.calls().counts.rotateSigningSecret.received, 2)
})

test('a rotation that revokes at once, right after one with grace, leaves one secret', async (t) => {
  const it = await startReady(t)
  await it.request('with-grace')
  const webhook = await it.request('leaked', 'Immediately')
  assert.equal((await it.keyringEntry(webhook.metadata.uid))?.secrets.length, 1)
  assert.equal((await it.targetSecret(name))?.data?.['previous-signing-secret'], undefined)
  assert.equal(await it.secretVerifiesNextDelivery(name), true)
})

test('status tells when the interval is next due, inside its window', async (t) => {
  const it = await startReady(t, {
    rotation: { interval: '2160h', windows: [{ cron: '0 2 * * *', duration: '2h', timeZone: 'UTC' }] },
  })
  const { rotation } = (await it.get(name))?.status ?? {}
  assert.match(rotation?.nextRotationTime ?? '', /T0[23]:/)
  const days =
    (Date.parse(rotation?.nextRotationTime ?? '') - Date.parse(rotation?.lastRotationTime ?? '')) / 86_400_000
  assert.ok(days >= 90 && days <= 100.1, `${days} days: the interval, a tenth of it, and the wait for the window`)
})

const windowOf = (cron: string) => ({ rotation: { interval: '2160h', windows: [{ cron, duration: '1h' }] } })

test('a window that can never open is a condition, and correcting it is enough', async (t) => {
  const fixture = await startControllerFixture(t)
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name, windowOf('0 0 30 2 *'))
  const webhook = await fixture.untilCondition(name, 'Ready', { status: 'True' })
  const told = fixture.conditionOf(webhook, 'PartIgnored')
  assert.equal(told?.reason, 'RotationBlocked')
  assert.match(told?.message ?? '', /spec\.rotation\.windows\[0\]\.cron/)
  assert.match(
    fixture.conditionOf(webhook, 'Ready')?.message ?? '',
    /but for the part that the condition PartIgnored names/,
  )
  assert.equal(fixture.conditionOf(webhook, 'Stalled'), undefined)
  assert.equal(fixture.events.filter(({ reason }) => reason === 'PartIgnored').length, 1)

  // Nothing else stops: a request rotates, and a lost Secret is restored.
  await fixture.patch(name, { spec: { rotation: { request: { id: 'leak-1' } } } })
  await eventually('the request is answered', async () =>
    (await fixture.get(name))?.status?.rotation?.handledRequestIDs?.includes('leak-1'),
  )
  await fixture.patch(name, { spec: windowOf('0 0 28 2 *') })
  await eventually('it is not told any more', async () => {
    const corrected = await fixture.get(name)
    return fixture.conditionOf(corrected, 'PartIgnored') === undefined && corrected
  })
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
})

test('a request that asks for a window waits for it, tells when it comes, and rotates once', async (t) => {
  const leapDay = { cron: '0 2 29 2 *', duration: '1h' }
  const it = await startReady(t, { rotation: { windows: [leapDay], request: { id: 'first', window: 'Next' } } })
  const first = decode((await it.targetSecret(name))?.data?.['signing-secret'])
  await it.patch(name, { spec: { rotation: { request: { id: 'by-commit', window: 'Next' } } } })
  const waiting = await eventually(
    'status tells when it is due',
    async () => {
      const webhook = await it.get(name)
      return /-02-29T02:/.test(webhook?.status?.rotation?.nextRotationTime ?? '') && webhook
    },
    patience,
  )
  assert.deepEqual(waiting.status?.rotation?.handledRequestIDs, ['first'], 'one that came with the object is recorded')
  assert.equal(it.conditionOf(waiting, 'Ready')?.status, 'True')
  assert.equal(it.conditionOf(waiting, 'PartIgnored'), undefined)
  assert.equal(it.calls().counts.rotateSigningSecret.received, 0)

  await it.patch(name, { spec: { rotation: { windows: [leapDay, { cron: '* * * * *', duration: '1h' }] } } })
  const handled = await eventually(
    'it is handled once a window is open',
    async () => {
      const webhook = await it.get(name)
      return webhook?.status?.rotation?.handledRequestIDs?.includes('by-commit') === true && webhook
    },
    patience,
  )
  assert.equal(handled.status?.rotation?.nextRotationTime, undefined, 'nothing waits any more')
  assert.notEqual(decode((await it.targetSecret(name))?.data?.['signing-secret']), first)
  assert.equal(it.calls().counts.rotateSigningSecret.received, 1)
})
