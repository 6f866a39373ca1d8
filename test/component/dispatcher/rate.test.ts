import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createDispatcher } from '../../../src/dispatcher/dispatcher.ts'
import type { ResolvedSink } from '../../../src/contract/keyring/entry.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import type { OutgoingDelivery, SendOutcome } from '../../../src/sinks/port.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { aClaim, aSink } from '../../support/builders/deliveries.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { judgeHere } from '../../support/doubles/judge-here.ts'
import { MemoryInbox } from '../../support/doubles/memory-inbox.ts'
import { SinkDouble } from '../../support/doubles/sink-double.ts'

const unavailable: SendOutcome = { type: 'retryable', cause: 'status', status: 503 }

function sinkWithRate(ratePerSecond: number, given: Partial<ResolvedSink> = {}): ResolvedSink {
  return aSink({ name: 'slow', ...given, delivery: { ...aSink().delivery, ...given.delivery, ratePerSecond } })
}

/** A dispatcher that notes when each attempt began, by sink. */
function aScene(...sinks: ResolvedSink[]) {
  const clock = new FakeClock()
  const inbox = new MemoryInbox(clock)
  const double = new SinkDouble()
  const known = new Map(sinks.map((one) => [one.name, one]))
  const beganMs = new Map<string, number[]>(sinks.map(({ name }) => [name, []]))
  const startMs = clock.now()
  const dispatcher = createDispatcher({
    inbox,
    sinks: {
      send: (delivery: OutgoingDelivery, signal) => {
        beganMs.get(delivery.sink.name)?.push(clock.now() - startMs)
        return double.send(delivery, signal)
      },
    },
    resolveSink: (_uid, name) => known.get(name) ?? 'sinkRemoved',
    judgeFilter: judgeHere(),
    clock,
    random: () => 0.999,
    logger: silentLogger,
    metrics: createMetrics(),
    maxInFlight: 256,
  })
  const add = (sink: string, count: number, type = 'batch.succeeded') => {
    const body = Buffer.from(JSON.stringify({ type }))
    const ids = Array.from({ length: count }, (_, at) => `${sink}-${type}-${at}`)
    inbox.add(...ids.map((id) => aClaim({ deliveryId: id, sink, event: anEvent({ eventId: id, body }) })))
  }
  const began = (sink: string) => beganMs.get(sink) ?? []
  return { clock, inbox, double, dispatcher, known, add, began }
}

test('attempts begin as often as the rate allows, however many wait, and other sinks wait for nothing', async () => {
  const { clock, inbox, dispatcher, add, began } = aScene(sinkWithRate(0.5), aSink())
  add('slow', 500)
  add('worker', 200)
  dispatcher.start()
  await clock.advance({ ms: 100 })
  assert.equal(began('worker').length, 200)
  await clock.advance({ seconds: 60 })
  const times = began('slow')
  assert.ok(times.length >= 29 && times.length <= 31, `${times.length} in a minute`)
  for (const [at, time] of times.slice(1).entries()) assert.ok(time - (times[at] ?? 0) >= 2_000, times.join(' '))
  const returned = inbox.steps.filter(({ next }) => next.type === 'Hold')
  assert.ok(returned.length < 64, 'only what was claimed before its rate was known is returned')
  assert.ok(inbox.steps.every(({ next }) => next.type === 'Hold' || next.type === 'Succeed'))
})

test('a fast rate is reached, a hundred in a second, and not surpassed by more than a tenth', async () => {
  const { clock, dispatcher, add, began } = aScene(sinkWithRate(100))
  add('slow', 2_000)
  dispatcher.start()
  await clock.advance({ seconds: 10 })
  assert.ok(began('slow').length > 950 && began('slow').length <= 1_012, `${began('slow').length} in ten seconds`)
})

test('retries count, and what is taken late is taken all the same', async () => {
  const sink = sinkWithRate(1, { delivery: { ...aSink().delivery, backoffDelayMs: 10, backoffMaxMs: 10 } })
  const { clock, double, inbox, dispatcher, add, began } = aScene(sink)
  double.willAnswer(({ attempt }) => (attempt === 1 ? unavailable : { type: 'delivered' }))
  add('slow', 3)
  dispatcher.start()
  await clock.advance({ seconds: 30 })
  const times = began('slow')
  assert.equal(times.length, 6)
  for (const [at, time] of times.slice(1).entries()) assert.ok(time - (times[at] ?? 0) >= 1_000, times.join(' '))
  assert.equal(inbox.steps.filter(({ next }) => next.type === 'Succeed').length, 3)
})

test('what waits for longer than retryFor has its first attempt all the same', async () => {
  const sink = sinkWithRate(0.1, { delivery: { ...aSink().delivery, retryForMs: 30_000 } })
  const { clock, inbox, dispatcher, add } = aScene(sink)
  add('slow', 12)
  dispatcher.start()
  await clock.advance({ minutes: 3 })
  const ends = inbox.steps.map(({ next }) => next.type).filter((type) => type !== 'Hold')
  assert.deepEqual(ends, Array<string>(12).fill('Succeed'))
})

test('what the filter does not want costs nothing of the rate', async () => {
  const filter = { typesExact: ['batch.failed'], typesPrefix: [] }
  const { clock, inbox, dispatcher, add, began } = aScene(sinkWithRate(0.1, { filter }))
  add('slow', 300)
  add('slow', 2, 'batch.failed')
  dispatcher.start()
  await clock.advance({ seconds: 12 })
  assert.equal(inbox.steps.filter(({ next }) => next.type === 'Skip').length, 300)
  assert.equal(began('slow').length, 2)
})

test('a backlog that waits for its rate is not looked at more often than it may go on', async () => {
  const { clock, inbox, dispatcher, add } = aScene(sinkWithRate(0.1))
  add('slow', 1_000)
  dispatcher.start()
  await clock.advance({ minutes: 1 })
  const before = inbox.claims
  await clock.advance({ minutes: 10 })
  const claimsInAMinute = (inbox.claims - before) / 10
  assert.ok(claimsInAMinute <= 60, `${claimsInAMinute} claims a minute`)
})

test('no timer is left when nothing waits', async () => {
  const { clock, dispatcher, add } = aScene(sinkWithRate(100))
  dispatcher.start()
  await clock.advance({ seconds: 1 })
  const atRest = clock.pending
  add('slow', 30)
  dispatcher.nudge()
  await clock.advance({ seconds: 5 })
  assert.equal(clock.pending, atRest)
})

test('a rate that is changed counts from the next claim on', async () => {
  const { clock, dispatcher, known, add, began } = aScene(sinkWithRate(0.01))
  add('slow', 50)
  dispatcher.start()
  await clock.advance({ seconds: 50 })
  assert.equal(began('slow').length, 1)
  known.set('slow', sinkWithRate(10))
  await clock.advance({ seconds: 120 })
  assert.equal(began('slow').length, 50)
})

test('an event that comes while the rate allows one is sent at once, and the next waits for its turn', async () => {
  const { clock, dispatcher, inbox, began } = aScene(sinkWithRate(1))
  dispatcher.start()
  await clock.advance({ seconds: 5 })
  for (const id of ['a', 'b', 'c']) {
    assert.equal(await dispatcher.append(anEvent({ eventId: id, sinks: ['slow'] })), 'stored')
  }
  await clock.advance({ seconds: 10 })
  const [first = 0, ...others] = began('slow')
  assert.deepEqual([first, others.length], [5_000, 2])
  assert.equal(inbox.steps.filter(({ next }) => next.type === 'Succeed').length, 3)
})
