import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhookSpec } from '../../../src/api/spec.ts'
import { decode, startControllerFixture, type WriteHook } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'

const name = 'batch-events'
const patience = { timeoutMs: 40_000, intervalMs: 20 }
type Options = Parameters<typeof startControllerFixture>[1]

async function startReady(
  t: Parameters<typeof startControllerFixture>[0],
  options: Options = {},
  spec: Partial<GeminiWebhookSpec> = {},
) {
  const fixture = await startControllerFixture(t, options)
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name, spec)
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
  const [remote] = fixture.remotes()
  assert.ok(remote)
  return { ...fixture, id: remote.id }
}

test('what Google disabled is enabled again once a signed request gets through, and proven by a ping', async (t) => {
  const it = await startReady(t)
  it.probe.outcome = { healthy: false, cause: 'Tls' }
  it.admin.autoDisable(it.id)
  const disabled = await it.untilCondition(name, 'Enabled', { status: 'False', reason: 'DisabledByGoogle' })
  assert.match(it.conditionOf(disabled, 'Ready')?.message ?? '', /TLS certificate/)
  assert.equal(it.calls().counts.update.received, 0)
  const pings = it.calls().counts.ping.received

  it.probe.outcome = { healthy: true }
  const ready = await it.untilCondition(name, 'Ready', { status: 'True' })
  assert.equal(it.remotes()[0]?.state, 'enabled')
  assert.equal(it.calls().counts.update.received, 1)
  assert.equal(it.calls().counts.ping.received, pings + 1)
  assert.equal(ready.status?.webhook?.reenableTimes?.length, 1)
  assert.ok(it.events.some(({ reason }) => reason === 'Reenabled'))
  const secret = decode((await it.targetSecret(name))?.data?.['signing-secret'])
  assert.deepEqual(it.probe.targets.at(-1), { url: 'https://hooks.example.com/v1/s/ml/batch-events', secret })
})

test('enabling again is counted, and ends in asking for a human; Disabled and back to Enabled is the way out', async (t) => {
  const it = await startReady(t, { config: { maxReenables: 1 } })
  it.admin.autoDisable(it.id)
  await eventually('enabled again', async () => (await it.get(name))?.status?.webhook?.reenableTimes?.length, patience)
  await it.untilCondition(name, 'Ready', { status: 'True' })
  it.admin.autoDisable(it.id)
  await it.untilCondition(name, 'Stalled', { reason: 'DisabledByGoogle' })
  assert.equal(it.calls().counts.update.received, 1)

  await it.patch(name, { spec: { state: 'Disabled' } })
  await it.untilCondition(name, 'Enabled', { reason: 'DisabledBySpec' })
  await it.patch(name, { spec: { state: 'Enabled' } })
  await it.untilCondition(name, 'Enabled', { status: 'True' })
  assert.equal(it.remotes()[0]?.state, 'enabled')
  assert.equal(it.remotes().length, 1)
})

test('a crash between the counting and the enabling spends one of the day, and gives none away', async (t) => {
  const fixture = await startControllerFixture(t, { config: { maxReenables: 1 } })
  const dead = new AbortController()
  const hook: WriteHook = (moment, call) => {
    if (moment === 'before' && call === 'update webhook at Google') dead.abort()
    if (dead.signal.aborted) throw new Error('killed')
  }
  const dying = await fixture.startController(hook, dead.signal)
  await fixture.putApiKey()
  await fixture.apply(name)
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
  fixture.admin.autoDisable(fixture.remotes()[0]?.id ?? '')
  await eventually('died at the call', () => dead.signal.aborted, patience)
  assert.equal((await fixture.get(name))?.status?.webhook?.reenableTimes?.length, 1, 'counted before the call')
  await dying.stop()

  await fixture.startController()
  await fixture.untilCondition(name, 'Stalled', { reason: 'DisabledByGoogle' })
  assert.equal(fixture.calls().counts.update.received, 0)
})

test('an enabling that Google did not answer is tried again, and counts once', async (t) => {
  const it = await startReady(t, { config: { maxReenables: 1 } })
  it.admin.addFault({ verb: 'update', times: 2, effect: { type: 'status', status: 503 } })
  it.admin.autoDisable(it.id)
  await eventually('enabled', () => it.remotes()[0]?.state === 'enabled', patience)
  const ready = await it.untilCondition(name, 'Ready', { status: 'True' })
  assert.equal(it.calls().counts.update.received, 3)
  assert.equal(ready.status?.webhook?.reenableTimes?.length, 1)
})

test('an enabling whose answer is lost counts once, and is proven by a ping all the same', async (t) => {
  const it = await startReady(t, { config: { maxReenables: 2 } })
  const pings = it.calls().counts.ping.received
  it.admin.addFault({ verb: 'update', effect: { type: 'reset', when: 'afterCommit' } })
  it.admin.autoDisable(it.id)
  await eventually('pinged', () => it.calls().counts.ping.received === pings + 1, patience)
  const ready = await it.untilCondition(name, 'Ready', { status: 'True' })
  assert.equal(ready.status?.webhook?.reenableTimes?.length, 1)
  assert.equal(it.calls().counts.update.received, 1)

  it.admin.autoDisable(it.id)
  await eventually(
    'counted anew',
    async () => (await it.get(name))?.status?.webhook?.reenableTimes?.length === 2,
    patience,
  )
  await it.untilCondition(name, 'Ready', { status: 'True' })
})

test('a periodic check is made again and again, and Ready stays as it is meanwhile', async (t) => {
  const it = await startReady(t, { config: { checkPeriodMs: 500 } }, { endpointCheck: 'Periodic' })
  const before = it.conditionOf(await it.get(name), 'Ready')?.lastTransitionTime
  await eventually('pinged again', () => it.calls().counts.ping.received >= 2, patience)
  await eventually('proven again', async () => (await it.get(name))?.status?.check === undefined, patience)
  const ready = it.conditionOf(await it.get(name), 'Ready')
  assert.equal(ready?.status, 'True')
  assert.equal(ready.lastTransitionTime, before)
})

for (const { outcome, reason } of [
  { outcome: { healthy: false, cause: 'Name' }, reason: 'NameNotResolved' },
  { outcome: { healthy: false, cause: 'Answer', status: 404 }, reason: 'WrongAnswer' },
] as const) {
  test(`pings that never come back are explained by a request of our own: ${reason}`, async (t) => {
    const config = { pingRepeatMs: 30, pingAttempts: 1 }
    const fixture = await startControllerFixture(t, { receiver: 'silent', config })
    fixture.probe.outcome = outcome
    await fixture.startController()
    await fixture.putApiKey()
    await fixture.apply(name)
    await fixture.untilCondition(name, 'EndpointVerified', { status: 'False', reason })
  })
}
