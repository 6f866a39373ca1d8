import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import type { WorkingConfig } from '../../../src/controller/config.ts'
import { configMapKind } from '../../../src/kubernetes/core-kinds.ts'
import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import { firstSlotOf, slotName } from '../../../src/contract/receiver-report/slots.ts'
import { home, startControllerFixture } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'

const name = 'batch-events'
const patience = { timeoutMs: 6000 }
const now = () => `${new Date().toISOString().slice(0, 19)}Z`

async function aReadyObject(t: TestContext, config: Partial<WorkingConfig>) {
  const fixture = await startControllerFixture(t, { config })
  const running = await fixture.startController()
  await fixture.putApiKey()
  const sinks = ['orders', 'audit'].map((sink) => ({ name: sink, uri: `https://${sink}.example.com/` }))
  await fixture.apply(name, { sinks })
  const { metadata } = await fixture.untilCondition(name, 'Ready', { status: 'True' })
  /** What a receiver says of the object; absent: its report goes. */
  const report = async (said?: { pending?: number; sinks?: Record<string, object> }, pod = 'receiver-0') => {
    const { pending = 0, sinks: named } = said ?? {}
    const text = JSON.stringify({
      time: now(),
      ownInbox: true,
      endpoints: { [metadata.uid]: { pending } },
      ...(named !== undefined && { sinks: { [metadata.uid]: named } }),
    })
    const data = { [pod]: said === undefined ? null : text }
    await fixture.client.patch(
      configMapKind,
      { namespace: home, name: slotName(firstSlotOf(pod)) },
      { data },
      { type: 'merge' },
    )
  }
  const until = async (what: string, holds: (webhook: GeminiWebhook) => boolean) =>
    eventually(
      what,
      async () => {
        const webhook = await fixture.get(name)
        return webhook !== undefined && holds(webhook) && webhook
      },
      patience,
    )
  return { fixture, running, report, until }
}

test('a sink that fails is a condition, an Event and a series; Ready stays, and it ends with the first success', async (t) => {
  const { fixture, running, report, until } = await aReadyObject(t, { countsIntervalMs: 300, objectMetrics: true })
  const quiet = await fixture.untilCondition(name, 'SinksHealthy', { status: 'Unknown', reason: 'NotReported' })
  assert.equal(fixture.conditionOf(quiet, 'Ready')?.status, 'True')
  await report({ sinks: {} })
  await fixture.untilCondition(name, 'SinksHealthy', { status: 'True' })

  const since = now()
  const failing = { since, cause: 'status', status: 503, pending: 200, deadLetters: 3 }
  await report({ pending: 200, sinks: { orders: failing } })
  const broken = await fixture.untilCondition(name, 'SinksHealthy', { status: 'False', reason: 'SinkFailing' })
  assert.equal(fixture.conditionOf(broken, 'Ready')?.status, 'True')
  const [orders, audit] = broken.status?.sinks ?? []
  const { address: _address, ...health } = orders ?? {}
  const lastFailure = 'it answers with an error (503)'
  assert.deepEqual(health, {
    name: 'orders',
    ready: true,
    failingSince: since,
    lastFailure,
    pending: 200,
    deadLetters: 3,
  })
  assert.equal(audit?.failingSince, undefined)
  assert.equal(broken.status?.delivery?.pending, 200)
  const series = (sink: string) =>
    `gwh_controller_object_sink_failing{webhook_namespace="ml",webhook="${name}",sink="${sink}"}`
  await eventually('the series', async () => (await running.scrape()).includes(`${series('orders')} 1`), patience)
  assert.ok((await running.scrape()).includes(`${series('audit')} 0`))

  await report({ pending: 0, sinks: { orders: { deadLetters: 3 } } })
  const well = await fixture.untilCondition(name, 'SinksHealthy', { status: 'True' })
  assert.equal(well.status?.sinks?.[0]?.deadLetters, 3)
  await until('drained', ({ status }) => status?.delivery?.pending === 0 && status.sinks?.[0]?.pending === undefined)
  const told = fixture.events.flatMap(({ type, reason }) => (reason.startsWith('Sink') ? [`${type} ${reason}`] : []))
  assert.deepEqual(told, ['Warning SinkFailing', 'Normal SinkRecovered'])
})

test('that no event can be handed on to routes is told of the webhook as of a sink, and ends with the first that is', async (t) => {
  const { fixture, report, until } = await aReadyObject(t, { countsIntervalMs: 300 })
  const since = now()
  await report({ pending: 9, sinks: { $routes: { since, cause: 'inboxUnavailable', pending: 9 } } })
  const broken = await fixture.untilCondition(name, 'SinksHealthy', { status: 'False', reason: 'SinkFailing' })
  const { failingSince, pending } = broken.status?.routes ?? {}
  assert.deepEqual([failingSince, pending], [since, 9])
  assert.equal(fixture.conditionOf(broken, 'Ready')?.status, 'True')
  await report({ sinks: {} })
  await fixture.untilCondition(name, 'SinksHealthy', { status: 'True' })
  await until('handed on', ({ status }) => status?.routes === undefined && status?.delivery?.pending === 0)
})

test('what is pending follows the reports up and down, of several receivers, and when a report is gone', async (t) => {
  const { report, until } = await aReadyObject(t, { countsIntervalMs: 300 })
  const told = (pending: number) =>
    until(`${pending} pending`, ({ status }) => (status?.delivery?.pending ?? 0) === pending)
  await report({ pending: 200 })
  await told(200)
  await report({ pending: 100 }, 'receiver-1')
  await told(300)
  await report({ pending: 0 })
  await told(100)
  await report(undefined, 'receiver-1')
  await told(0)
})

test('counts alone cause one write an interval, however fast they move; a turn does not wait for it', async (t) => {
  const { fixture, running, report, until } = await aReadyObject(t, {
    countsIntervalMs: 3_600_000,
    resyncIntervalMs: 400,
  })
  const writes = async () => Number(/^gwh_controller_status_writes_total (\d+)$/m.exec(await running.scrape())?.[1])
  await report({ pending: 200, sinks: {} })
  await until('the first is told', ({ status }) => status?.delivery?.pending === 200)
  const before = await writes()
  const lists = () => fixture.calls().counts.list.received
  for (let pending = 300; pending < 308; pending++) {
    const listsBefore = lists()
    await report({ pending, sinks: { orders: { pending } } })
    await eventually('another pass', () => lists() > listsBefore, patience)
  }
  assert.equal(await writes(), before)
  await report({ pending: 400, sinks: { orders: { since: now(), cause: 'timeout', pending: 400 } } })
  const broken = await fixture.untilCondition(name, 'SinksHealthy', { status: 'False' })
  assert.equal(broken.status?.delivery?.pending, 400)
})

test('a report without sinks, of an older receiver, and one with nonsense in it leave the object as it was', async (t) => {
  const { fixture, report, until } = await aReadyObject(t, { countsIntervalMs: 300 })
  await report({ pending: 200 })
  const told = await until('told', ({ status }) => status?.delivery?.pending === 200)
  assert.equal(fixture.conditionOf(told, 'SinksHealthy')?.reason, 'NotReported')
  await report({
    pending: 1e300,
    sinks: {
      orders: { since: '9999-12-31T00:00:00Z', cause: 'x', pending: -1 },
      audit: { since: now(), cause: 'token=x' },
    },
  })
  const after = await until('its pending is not believed', ({ status }) => status?.delivery?.pending === 0)
  assert.equal(fixture.conditionOf(after, 'SinksHealthy')?.status, 'True')
  assert.equal(fixture.conditionOf(after, 'Ready')?.status, 'True')
})
