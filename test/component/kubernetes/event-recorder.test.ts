import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import { createEventRecorder, type NewKubernetesEvent } from '../../../src/kubernetes/event-recorder.ts'
import { openKubernetesClient } from '../../../src/kubernetes/open-client.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { answer, ApiDouble, hang, refuse } from '../../support/doubles/api-double.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'

async function setUp(t: TestContext) {
  const double = await ApiDouble.start()
  t.after(() => double.close())
  const clock = new FakeClock()
  const metrics = createMetrics()
  const shared = { clock, random: () => 0, logger: silentLogger, metrics }
  const client = await openKubernetesClient({
    kubeconfigPath: await double.kubeconfig(),
    userAgent: 'tester/1.0',
    ...shared,
  })
  t.after(() => client.close())
  const recorder = createEventRecorder({ client, controller: 'example.io/controller', instance: 'pod-1', ...shared })
  const created = { kind: 'Event', metadata: { name: 'x' } }
  return { double, clock, metrics, recorder, created }
}

function anEvent(note = 'It happened', name = 'x'): NewKubernetesEvent {
  return {
    regarding: { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'ml', name, uid: `uid-${name}` },
    type: 'Normal',
    reason: 'Happened',
    action: 'Trying',
    note,
  }
}

test('an event is written as events.k8s.io/v1 beside its object', async (t) => {
  const { double, recorder, created } = await setUp(t)
  double.expect('create', answer(201, created))
  recorder.record(anEvent())
  await recorder.flush()
  const [seen] = double.seen
  assert.equal(seen?.path, '/apis/events.k8s.io/v1/namespaces/ml/events')
  const { metadata, ...body } = seen.body as Record<string, unknown>
  assert.match(JSON.stringify(metadata), /^\{"name":"x\.[0-9a-f]{16}","namespace":"ml"\}$/)
  assert.deepEqual(body, {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    eventTime: '2026-11-21T12:00:00.000000Z',
    reportingController: 'example.io/controller',
    reportingInstance: 'pod-1',
    action: 'Trying',
    reason: 'Happened',
    regarding: { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'ml', name: 'x', uid: 'uid-x' },
    note: 'It happened',
    type: 'Normal',
  })
})

test('repeats become one series, written once a minute however many they are', async (t) => {
  const { double, clock, recorder, created } = await setUp(t)
  double.expect('create', answer(201, created)).otherwise(() => answer(200, created))
  recorder.record(anEvent())
  await recorder.flush()
  for (let repeat = 0; repeat < 100; repeat += 1) recorder.record(anEvent())
  await clock.advance({ seconds: 59 })
  assert.equal(double.count('patch'), 0)
  await clock.advance({ seconds: 1 })
  await eventually('the patch', () => double.count('patch') === 1)
  assert.deepEqual(double.seen[1]?.body, { series: { count: 101, lastObservedTime: '2026-11-21T12:00:00.000000Z' } })
  await clock.advance({ minutes: 5 })
  assert.equal(double.count('patch'), 1, 'nothing new, nothing written')
  recorder.record(anEvent())
  await recorder.flush()
  assert.equal(double.count('patch'), 2, 'flush does not wait for the minute')
  assert.equal(clock.pending, 0)
})

test('a repeat after ten quiet minutes is an event of its own', async (t) => {
  const { double, clock, recorder, created } = await setUp(t)
  double.expect('create', answer(201, created), answer(201, created))
  recorder.record(anEvent())
  await recorder.flush()
  await clock.advance({ minutes: 10, ms: 1 })
  recorder.record(anEvent())
  await recorder.flush()
  const names = double.seen.map(({ body }) => (body as { metadata: { name: string } }).metadata.name)
  assert.equal(new Set(names).size, 2)
})

test('a series whose event has expired at the server is made again with its count', async (t) => {
  const { double, recorder, created } = await setUp(t)
  double.expect('create', answer(201, created), answer(201, created)).expect('patch', refuse(404, 'NotFound'))
  recorder.record(anEvent())
  await recorder.flush()
  recorder.record(anEvent())
  await recorder.flush()
  const again = double.seen[2]?.body as { series?: { count: number } }
  assert.equal(again.series?.count, 2)
})

test('an object that floods uses up its own budget only, and gets it back with time', async (t) => {
  const { double, clock, metrics, recorder, created } = await setUp(t)
  double.otherwise(() => answer(201, created))
  for (let index = 0; index < 40; index += 1) recorder.record(anEvent(`note ${index}`))
  recorder.record(anEvent('other', 'y'))
  await recorder.flush()
  assert.equal(double.count('create'), 25 + 1)
  assert.match((await metrics.expose()).text, /^gwh_events_dropped_total\{cause="rate"\} 15$/m)
  await clock.advance({ minutes: 5 })
  recorder.record(anEvent('later'))
  await recorder.flush()
  assert.equal(double.count('create'), 27)
})

test('a create whose answer was lost is tried again, and finding it there is success', async (t) => {
  const { double, clock, metrics, recorder } = await setUp(t)
  double.expect('create', (response) => void response.socket?.destroy(), refuse(409, 'AlreadyExists'))
  recorder.record(anEvent())
  await eventually('the second attempt', async () => {
    await clock.advance({ ms: 100 })
    return double.count('create') === 2
  })
  await recorder.flush()
  assert.match((await metrics.expose()).text, /^gwh_events_written_total\{type="Normal"\} 1$/m)
})

test('an event that is refused is dropped and counted; those behind it are written', async (t) => {
  const { double, metrics, recorder, created } = await setUp(t)
  double.expect('create', refuse(403, 'Forbidden'), answer(201, created))
  recorder.record(anEvent('refused'))
  recorder.record(anEvent('fine'))
  await recorder.flush()
  const { text } = await metrics.expose()
  assert.match(text, /^gwh_events_dropped_total\{cause="refused"\} 1$/m)
  assert.match(text, /^gwh_events_written_total\{type="Normal"\} 1$/m)
})

test('recording never waits: with a server that does not answer, the queue fills and the rest is dropped', async (t) => {
  const { double, metrics, recorder } = await setUp(t)
  double.otherwise(() => hang())
  for (let index = 0; index < 1_500; index += 1) recorder.record(anEvent('flood', `object-${index}`))
  const { text } = await metrics.expose()
  const dropped = Number(/^gwh_events_dropped_total\{cause="queue"\} (\d+)$/m.exec(text)?.[1])
  assert.ok(dropped >= 499 && dropped <= 500, `${dropped} dropped`)
})

test('close writes what waits, gives up in time, and ignores what comes later', async (t) => {
  const { double, clock, metrics, recorder } = await setUp(t)
  double.otherwise(() => hang())
  recorder.record(anEvent())
  const closing = recorder.close(3_000)
  await eventually('the request', () => double.count('create') === 1)
  await clock.advance({ seconds: 3 })
  await closing
  recorder.record(anEvent('late'))
  assert.equal(double.count('create'), 1)
  assert.match((await metrics.expose()).text, /^gwh_events_dropped_total\{cause="closed"\} 1$/m)
})
