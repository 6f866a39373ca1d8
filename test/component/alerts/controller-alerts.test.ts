import assert from 'node:assert/strict'
import { test } from 'node:test'

import { abandonAnnotation } from '../../../src/api/names.ts'
import {
  createBackfillInstruments,
  exposeKeyringUse,
  exposeStranded,
} from '../../../src/controller/metrics/instruments.ts'
import { exposeSecretAge } from '../../../src/controller/metrics/object-metrics.ts'
import { createUnknownCounter } from '../../../src/gemini/unknown-forms.ts'
import { createWebhookServiceOpener } from '../../../src/gemini/webhook-service-opener.ts'
import { createControllerLoop } from '../../../src/kubernetes/controller-loop.ts'
import { TransientError } from '../../../src/kubernetes/errors.ts'
import { createLeaseElector } from '../../../src/kubernetes/lease-elector.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics, type MetricsRegistry } from '../../../src/observability/metrics.ts'
import { aWebhook } from '../../support/builders/a-webhook.ts'
import { startControllerFixture } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { FakeClock, settle } from '../../support/doubles/fake-clock.ts'
import { LeaseDouble } from '../../support/doubles/lease-double.ts'
import { AlertBench } from '../../support/measures/promql/alert-bench.ts'
import { startSimulator } from '../../support/worlds/simulator.ts'

const textOf = async (metrics: MetricsRegistry) => (await metrics.expose()).text
/**
 * Other processes are not scraped here: that there is no receiver, and no lease where only a part of a controller runs,
 * is no news.
 */
const firing = (bench: AlertBench, alsoExpected: readonly string[] = []) =>
  bench.firing().filter((name) => ![...alsoExpected, 'GwhReceiverAbsent'].includes(name))

function healthyBench(controller: string): AlertBench {
  const bench = new AlertBench()
  bench.hold({ controller }, 120)
  assert.deepEqual(firing(bench, ['GwhNoLeader']), [])
  return bench
}

test('an object that is not Ready is told after a quarter of an hour, a suspended one never', async (t) => {
  const fixture = await startControllerFixture(t)
  const running = await fixture.startController()
  const scrape = () => running.scrape()
  await fixture.putApiKey()
  await fixture.apply('good')
  await fixture.untilCondition('good', 'Ready', { status: 'True' })
  await fixture.apply('paused', { suspend: true })
  await fixture.untilCondition('paused', 'Ready', { reason: 'Suspended' })
  const bench = healthyBench(await scrape())

  await fixture.apply('keyless', { apiKeySecretRef: { name: 'not-there' } })
  await fixture.untilCondition('keyless', 'Ready', { status: 'False' })
  const counted = await eventually('the condition is counted', async () => {
    const text = await scrape()
    return text.includes('gwh_controller_false_conditions{type="Ready",reason="SecretNotFound"} 1') && text
  })
  bench.hold({ controller: counted }, 14)
  assert.deepEqual(firing(bench, ['GwhNoLeader']), [])
  bench.hold({ controller: counted }, 2)
  assert.deepEqual(firing(bench, ['GwhNoLeader']), ['GwhWebhookNotReady'])

  await fixture.remove('keyless')
  await fixture.untilGone('keyless')
  bench.hold({ controller: await scrape() }, 1)
  assert.deepEqual(firing(bench, ['GwhNoLeader']), [])
})

test('a webhook that Google switched off is told at once, one that its owner switched off is not', async (t) => {
  const fixture = await startControllerFixture(t)
  const running = await fixture.startController()
  const scrape = () => running.scrape()
  await fixture.putApiKey()
  await fixture.apply('wanted-off', { state: 'Disabled' })
  await fixture.untilCondition('wanted-off', 'Enabled', { reason: 'DisabledBySpec' })
  await fixture.apply('given-up', { autoReenable: 'Never' })
  await fixture.untilCondition('given-up', 'Ready', { status: 'True' })
  const bench = healthyBench(await scrape())

  const id = (await fixture.get('given-up'))?.status?.webhook?.id
  assert.ok(id)
  fixture.admin.autoDisable(id)
  await fixture.untilCondition('given-up', 'Enabled', { reason: 'DisabledByGoogle' })
  const counted = await eventually('the condition is counted', async () => {
    const text = await scrape()
    return text.includes('gwh_controller_false_conditions{type="Enabled",reason="DisabledByGoogle"} 1') && text
  })
  bench.step({ controller: counted })
  assert.deepEqual(firing(bench, ['GwhNoLeader']), ['GwhDisabledByGoogle'])
})

test('events that Google did not deliver are told for an hour after the last was found', async () => {
  const metrics = createMetrics()
  const { backfilled, runs } = createBackfillInstruments(metrics)
  const bench = healthyBench(await textOf(metrics))
  runs.add(1, { outcome: 'done' })
  backfilled.add(0)
  bench.hold({ controller: await textOf(metrics) }, 30)
  assert.deepEqual(firing(bench, ['GwhNoLeader']), [], 'a run that finds nothing is no news')
  backfilled.add(3)
  bench.hold({ controller: await textOf(metrics) }, 1)
  assert.deepEqual(firing(bench, ['GwhNoLeader']), ['GwhEventsMissed'])
  bench.hold({ controller: await textOf(metrics) }, 62)
  assert.deepEqual(firing(bench, ['GwhNoLeader']), [])
})

test('a webhook that is left behind at Google is told', async (t) => {
  const fixture = await startControllerFixture(t)
  const running = await fixture.startController()
  const scrape = () => running.scrape()
  await fixture.putApiKey()
  await fixture.apply('left-behind')
  await fixture.untilCondition('left-behind', 'Ready', { status: 'True' })
  const bench = healthyBench(await scrape())

  fixture.admin.revokeApiKey(fixture.apiKey)
  await fixture.remove('left-behind')
  await fixture.patch('left-behind', { metadata: { annotations: { [abandonAnnotation]: 'true' } } })
  await fixture.untilGone('left-behind')
  bench.step({ controller: await scrape() })
  assert.ok(firing(bench).includes('GwhOrphans'))
})

test('a signing secret that nobody rotated for a year is told', async () => {
  const metrics = createMetrics()
  let now = Date.parse('2026-11-21T00:00:00Z')
  const webhook = { ...aWebhook().build(), status: { rotation: { lastRotationTime: '2026-11-20T00:00:00Z' } } }
  exposeSecretAge(
    metrics,
    () => [webhook],
    () => now,
  )
  const bench = healthyBench(await textOf(metrics))
  now = Date.parse('2027-11-19T00:00:00Z')
  bench.step({ controller: await textOf(metrics) })
  assert.deepEqual(firing(bench, ['GwhNoLeader']), [])
  now = Date.parse('2027-11-20T01:00:00Z')
  bench.step({ controller: await textOf(metrics) })
  assert.deepEqual(firing(bench, ['GwhNoLeader']), ['GwhSecretTooOld'])
})

test('a keyring that fills up is told before new objects are refused', async () => {
  const metrics = createMetrics()
  let share = 0.6
  exposeKeyringUse(metrics, { usedShare: () => share })
  const bench = healthyBench(await textOf(metrics))
  share = 0.61
  bench.hold({ controller: await textOf(metrics) }, 9)
  assert.deepEqual(firing(bench, ['GwhNoLeader']), [])
  bench.hold({ controller: await textOf(metrics) }, 2)
  assert.deepEqual(firing(bench, ['GwhNoLeader']), ['GwhKeyringFilling'])
})

test('a controller that cannot renew its lease leaves nobody who leads', async () => {
  const lease = new LeaseDouble()
  const clock = new FakeClock()
  const metrics = createMetrics()
  const connection = lease.client('one')
  const stop = new AbortController()
  const elector = createLeaseElector({
    client: connection.client,
    key: { namespace: 'gemini-webhook-system', name: 'gwh-controller' },
    identity: 'one',
    clock,
    random: () => 0,
    logger: silentLogger,
    metrics,
    onStartedLeading: (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
  })
  const running = elector.run(stop.signal).catch(() => undefined)
  await settle()
  await clock.advance({ seconds: 5 })
  const bench = healthyBench(await textOf(metrics))
  assert.deepEqual(firing(bench), [])
  connection.fault = 'unreachable'
  await clock.advance({ minutes: 2 })
  bench.hold({ controller: await textOf(metrics) }, 4)
  assert.deepEqual(firing(bench), [])
  bench.hold({ controller: await textOf(metrics) }, 2)
  assert.deepEqual(firing(bench), ['GwhNoLeader'])
  stop.abort()
  await clock.advance({ minutes: 1 })
  await running
})

test('what is not known of the API is told as news, and no more a day later', async () => {
  const metrics = createMetrics()
  const note = createUnknownCounter({ metrics, logger: silentLogger })
  const bench = healthyBench(await textOf(metrics))
  note({ what: 'WebhookState', name: 'active' })
  bench.hold({ controller: await textOf(metrics) }, 1)
  assert.deepEqual(firing(bench, ['GwhNoLeader']), ['GwhGeminiUnknown'])
  bench.hold({ controller: await textOf(metrics) }, 24 * 60 + 2)
  assert.deepEqual(firing(bench, ['GwhNoLeader']), [])
})

test('no controller that is scraped is told as no leader', async () => {
  const bench = new AlertBench()
  bench.hold({}, 11)
  assert.ok(firing(bench).includes('GwhNoLeader'))
})

test('objects that cannot be reconciled for an hour are told', async () => {
  const clock = new FakeClock()
  const metrics = createMetrics()
  let isBroken = false
  const loop = createControllerLoop({
    name: 'webhooks',
    workers: 4,
    reconcile: () =>
      isBroken
        ? Promise.reject(new TransientError({ reason: 'ServerError', message: 'the API server is away' }))
        : Promise.resolve({ type: 'done' }),
    clock,
    random: () => 0.5,
    logger: silentLogger,
    metrics,
  })
  loop.start()
  const touch = async () => {
    for (let at = 0; at < 10; at += 1) loop.enqueue({ namespace: 'ml', name: `w-${at}` })
    await clock.advance({ seconds: 30 })
  }
  await touch()
  const bench = healthyBench(await textOf(metrics))
  isBroken = true
  for (let passed = 0; passed < 125; passed += 1) {
    await touch()
    bench.step({ controller: await textOf(metrics) })
  }
  assert.deepEqual(firing(bench, ['GwhNoLeader']), ['GwhReconcileFailing'])
  await loop.stop()
})

test('calls to Google that go on failing are told, a webhook that is not there is no failure', async (t) => {
  const { admin, url, apiKey } = await startSimulator(t)
  const metrics = createMetrics()
  const budget = { callsPerSecond: 1000, burst: 1000 }
  const open = createWebhookServiceOpener({ baseUrl: url, timeoutMs: 1000, budget, clock: new FakeClock(), metrics })
  const service = open({ apiKey, fingerprint: 'one' })
  const bench = healthyBench(await textOf(metrics))
  const callFor = async (minutes: number, call: () => Promise<unknown>) => {
    for (let passed = 0; passed < minutes * 2; passed += 1) {
      await call().catch(() => undefined)
      bench.step({ controller: await textOf(metrics) })
    }
  }
  await callFor(35, () => service.get('no-such-webhook'))
  assert.deepEqual(firing(bench, ['GwhNoLeader']), [])
  admin.addFault({ verb: 'list', times: 0, effect: { type: 'status', status: 500 } })
  await callFor(25, () => service.list())
  assert.deepEqual(firing(bench, ['GwhNoLeader']), ['GwhGeminiCallsFailing'])
})

test('a budget that is used up is told, whether it is that of Google or ours', async (t) => {
  const { admin, url } = await startSimulator(t)
  const clock = new FakeClock()
  const theirs = createMetrics()
  const open = createWebhookServiceOpener({ baseUrl: url, timeoutMs: 1000, clock, metrics: theirs })
  const bench = healthyBench(await textOf(theirs))
  admin.addFault({ verb: 'list', times: 0, effect: { type: 'status', status: 429, retryAfter: '60' } })
  for (let at = 0; at < 5; at += 1) {
    const service = open({ apiKey: admin.createApiKey('project-a'), fingerprint: `key-${at}` })
    await assert.rejects(service.list())
  }
  bench.step({ controller: await textOf(theirs) })
  assert.deepEqual(firing(bench, ['GwhNoLeader']), ['GwhGeminiBudgetExhausted'])

  admin.clearFaults()
  const ours = createMetrics()
  const slow = { callsPerSecond: 0.0001, burst: 2 }
  const openSlow = createWebhookServiceOpener({ baseUrl: url, timeoutMs: 1000, budget: slow, clock, metrics: ours })
  const service = openSlow({ apiKey: admin.createApiKey('project-a'), fingerprint: 'slow' })
  await service.list()
  const other = healthyBench(await textOf(ours))
  await service.list()
  other.hold({ controller: await textOf(ours) }, 14)
  assert.deepEqual(firing(other, ['GwhNoLeader']), [])
  other.hold({ controller: await textOf(ours) }, 2)
  assert.deepEqual(firing(other, ['GwhNoLeader']), ['GwhGeminiBudgetExhausted'])
})

test('deliveries on the volume of a receiver that was scaled away are told, and no more once it is back', async () => {
  const clock = new FakeClock('2026-11-21T12:00:00Z')
  const metrics = createMetrics()
  let data = { 'gwh-receiver-1': lastReport(5) }
  exposeStranded(() => ({ data }), { clock, metrics })
  const bench = healthyBench(await textOf(metrics))
  await clock.advance({ minutes: 16 })
  bench.hold({ controller: await textOf(metrics) }, 1)
  assert.deepEqual(firing(bench, ['GwhNoLeader']), ['GwhInboxStranded'])
  data = { 'gwh-receiver-1': lastReport(0) }
  bench.hold({ controller: await textOf(metrics) }, 1)
  assert.deepEqual(firing(bench, ['GwhNoLeader']), [])
})

function lastReport(pending: number): string {
  const endpoints = { u: { pending } }
  return JSON.stringify({ time: '2026-11-21T12:00:00Z', ownInbox: true, stopped: pending > 0, endpoints })
}
