import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ResolveSink } from '../../../src/dispatcher/before-send.ts'
import { createDispatcher } from '../../../src/dispatcher/dispatcher.ts'
import type { Judgement } from '../../../src/filter/judge-filter.ts'
import type { InboxOwner } from '../../../src/inbox/port.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { aClaim, aSink } from '../../support/builders/deliveries.ts'
import { FakeClock, settle } from '../../support/doubles/fake-clock.ts'
import { MemoryInbox } from '../../support/doubles/memory-inbox.ts'
import { SinkDouble } from '../../support/doubles/sink-double.ts'

const owner: InboxOwner = { uid: 'uid-of-route', namespace: 'search', name: 'groute/nightly-eval' }
const webhook = { namespace: 'ml', name: 'batch-events' }
const refusing = { type: 'http', url: 'http://graveyard.search.svc/', reach: 'cluster' } as const
const tenMinutesMs = 600_000
const withGraveyard = aSink({
  deadLetter: refusing,
  filter: { typesExact: [], typesPrefix: [], cel: 'true' },
  delivery: { ...aSink().delivery, retryForMs: tenMinutesMs },
})

/** A dispatcher with one delivery of a route, whose attachment the test changes. */
function aDispatcher() {
  const clock = new FakeClock()
  const inbox = new MemoryInbox(clock)
  const sink = new SinkDouble()
  const delivered: InboxOwner[] = []
  const now: { resolved: ReturnType<ResolveSink>; maySee: boolean; judge: () => Judgement | Promise<Judgement> } = {
    resolved: withGraveyard,
    maySee: true,
    judge: () => ({ type: 'wanted' }),
  }
  const dispatcher = createDispatcher({
    inbox,
    sinks: sink,
    resolveSink: () => now.resolved,
    judgeFilter: () => now.judge(),
    clock,
    random: () => 0.5,
    logger: silentLogger,
    metrics: createMetrics(),
    maxInFlight: 64,
    routes: { maySee: () => now.maySee, webhookOf: () => webhook, onDelivered: (route) => delivered.push(route) },
  })
  dispatcher.start()
  const add = async (eventId = 'msg_1') => {
    inbox.add(aClaim({ deliveryId: eventId, event: anEvent({ owner, eventId }) }))
    dispatcher.nudge()
    await settle()
    await settle()
  }
  const stepsOf = (id: string) => inbox.steps.filter(({ deliveryId }) => deliveryId === id).map(({ next }) => next)
  return { clock, inbox, sink, now, delivered, add, stepsOf }
}

const refused = { type: 'DeadLetter', reason: 'RouteRefused' } as const

test('an attempt tells the webhook of the event, and a success is told of the route', async () => {
  const { sink, delivered, add } = aDispatcher()
  await add()
  assert.deepEqual(
    sink.sent.map((sent) => sent.webhook),
    [webhook],
  )
  assert.deepEqual(delivered, [owner])
})

test('a dead letter of a route tells its webhook where it is passed on, and is no success', async () => {
  const { sink, delivered, add } = aDispatcher()
  sink.willAnswer(({ deadLetter }) =>
    deadLetter === undefined ? { type: 'permanent', cause: 'refused' } : { type: 'delivered' },
  )
  await add()
  assert.deepEqual(
    sink.sent.map((sent) => [sent.deadLetter?.reason, sent.webhook]),
    [
      [undefined, webhook],
      ['Rejected', webhook],
    ],
  )
  assert.deepEqual(delivered, [])
})

test('once consent is withdrawn nothing is sent, not even to the dead letter destination', async () => {
  const { sink, now, add, stepsOf } = aDispatcher()
  now.resolved = 'routeRefused'
  await add()
  assert.deepEqual([stepsOf('msg_1'), sink.sent], [[refused], []])
})

for (const [what, withdraw] of [
  ['consent that is withdrawn', (now) => (now.resolved = 'routeRefused')],
  ['a type that is taken away', (now) => (now.maySee = false)],
] satisfies [string, (now: ReturnType<typeof aDispatcher>['now']) => unknown][]) {
  test(`${what} while an attempt is under way keeps its dead letter from being passed on`, async () => {
    const { sink, now, add, stepsOf } = aDispatcher()
    sink.willAnswer(({ deadLetter }) => {
      assert.equal(deadLetter, undefined, 'nothing is passed on')
      withdraw(now)
      return { type: 'permanent', cause: 'refused' }
    })
    await add()
    assert.equal(sink.sent.length, 1)
    assert.deepEqual(
      stepsOf('msg_1'),
      [{ type: 'DeadLetter', reason: 'Rejected', cause: 'refused' }],
      'it is kept, to be replayed',
    )
  })

  test(`${what} between two tries to pass a dead letter on ends them`, async () => {
    const { clock, sink, now, add, stepsOf } = aDispatcher()
    sink.willAnswer(({ deadLetter }) =>
      deadLetter === undefined
        ? { type: 'permanent', cause: 'refused' }
        : { type: 'retryable', cause: 'status', status: 503 },
    )
    await add()
    assert.equal(sink.sent.length, 2)
    withdraw(now)
    await clock.advance({ seconds: 10 })
    assert.equal(sink.sent.length, 2)
    assert.deepEqual(stepsOf('msg_1'), [{ type: 'DeadLetter', reason: 'Rejected', cause: 'refused' }])
  })
}

test('consent that is withdrawn while an event is judged counts', async () => {
  const { sink, now, add, stepsOf } = aDispatcher()
  const { promise, resolve } = Promise.withResolvers<Judgement>()
  now.judge = () => promise
  await add()
  now.resolved = 'routeRefused'
  resolve({ type: 'wanted' })
  await settle()
  assert.deepEqual([stepsOf('msg_1'), sink.sent], [[refused], []])
})

test('an event of a type that the owner of the webhook allows no longer is not sent, nor judged', async () => {
  const { sink, now, add, stepsOf } = aDispatcher()
  now.maySee = false
  now.judge = () => assert.fail('judged')
  await add()
  assert.deepEqual([stepsOf('msg_1'), sink.sent], [[refused], []])
})

test('a failing sink of a route that is allowed less gets its event no more', async () => {
  const { clock, sink, now, add, stepsOf } = aDispatcher()
  sink.willAnswer(() => ({ type: 'retryable', cause: 'status', status: 503 }))
  await add()
  now.maySee = false
  await clock.advance({ seconds: 5 })
  assert.equal(sink.sent.length, 1)
  assert.deepEqual(stepsOf('msg_1').at(-1), refused)
})

test('deliveries of a suspended route stand still, and go on some seconds after it does', async () => {
  const { clock, inbox, sink, now, add, stepsOf } = aDispatcher()
  now.resolved = 'suspended'
  await add('msg_1')
  await add('msg_2')
  await clock.advance({ minutes: 20 })
  assert.equal(sink.sent.length, 0)
  assert.deepEqual(new Set([...stepsOf('msg_1'), ...stepsOf('msg_2')].map(({ type }) => type)), new Set(['Hold']))
  assert.ok(inbox.steps.length <= 2 * (1 + 6 * 20), `${inbox.steps.length} steps: every ten seconds at the most`)
  now.resolved = withGraveyard
  await clock.advance({ seconds: 11 })
  assert.deepEqual(
    new Set(sink.sent.map(({ event, attempt }) => `${event.eventId} ${attempt}`)),
    new Set(['msg_1 1', 'msg_2 1']),
  )
})

test('an attempt that fails after that begins the time in which it is retried', async () => {
  const { clock, sink, now, add, stepsOf } = aDispatcher()
  now.resolved = 'suspended'
  await add()
  await clock.advance({ minutes: 20 })
  sink.willAnswer(() => ({ type: 'retryable', cause: 'status', status: 503 }))
  now.resolved = { ...withGraveyard, delivery: { ...withGraveyard.delivery, retryFromMs: clock.now() } }
  await clock.advance({ minutes: 9 })
  assert.equal(stepsOf('msg_1').at(-1)?.type, 'RetryAt')
  await clock.advance({ minutes: 2 })
  assert.deepEqual(stepsOf('msg_1').at(-1), { type: 'DeadLetter', reason: 'RetriesExhausted', cause: 'status 503' })
})
