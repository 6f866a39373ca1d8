import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createDispatcher } from '../../../src/dispatcher/dispatcher.ts'
import type { ResolvedSink } from '../../../src/contract/keyring/entry.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import type { SendOutcome } from '../../../src/sinks/port.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { aClaim, aSink } from '../../support/builders/deliveries.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { judgeHere } from '../../support/doubles/judge-here.ts'
import { MemoryInbox } from '../../support/doubles/memory-inbox.ts'
import { mulberry32 } from '../../support/builders/seeded-random.ts'
import { SinkDouble } from '../../support/doubles/sink-double.ts'

const failures = {
  'answers 500': { type: 'retryable', cause: 'status', status: 500 },
  'does not answer': { type: 'retryable', cause: 'timeout' },
  'takes no connection': { type: 'retryable', cause: 'connectionRefused' },
} satisfies Record<string, SendOutcome>
const failing: SendOutcome = failures['answers 500']
/** Whoever failed once waits for long. */
const patient = aSink({ delivery: { ...aSink().delivery, backoffDelayMs: 600_000 } })

function aDispatcher(sinks: readonly ResolvedSink[] = [aSink()]) {
  const clock = new FakeClock()
  const inbox = new MemoryInbox(clock)
  const sink = new SinkDouble()
  const metrics = createMetrics()
  const known = new Map<string, ResolvedSink | 'held'>(sinks.map((one) => [one.name, one]))
  const dispatcher = createDispatcher({
    inbox,
    sinks: sink,
    resolveSink: (_uid, name) => known.get(name) ?? 'sinkRemoved',
    judgeFilter: judgeHere(),
    clock,
    random: mulberry32(7),
    logger: silentLogger,
    metrics,
    maxInFlight: 256,
  })
  dispatcher.start()
  const add = (...names: string[]) => {
    inbox.add(...names.map((name) => aClaim({ deliveryId: name, event: anEvent({ eventId: name }) })))
    dispatcher.nudge()
  }
  const metric = async (name: string) =>
    (await metrics.expose()).text.split('\n').find((line) => line.startsWith(`${name} `))
  return { clock, inbox, sink, dispatcher, add, metric, known }
}

const names = (count: number, from = 0) => Array.from({ length: count }, (_, at) => `event-${from + at}`)

for (const [what, outcome] of Object.entries(failures)) {
  test(`a sink that ${what} is left alone after a handful of attempts, and probed ever more rarely`, async () => {
    const { clock, inbox, sink, add, metric } = aDispatcher()
    sink.willAnswer(() => outcome)
    add(...names(1_000))
    await clock.advance({ seconds: 30 })
    assert.ok(sink.sent.length <= 15, `${sink.sent.length} attempts in 30 s`)
    assert.equal(await metric('gwh_sinks_failing'), 'gwh_sinks_failing 1')
    assert.equal(await metric('gwh_sink_circuits_open'), 'gwh_sink_circuits_open 0', 'that is for credentials')
    const before = sink.sent.length
    await clock.advance({ minutes: 10 })
    assert.ok(sink.sent.length - before <= 12, `${sink.sent.length - before} attempts in ten minutes`)
    assert.equal(inbox.pending, 1_000)
    const held = inbox.steps.filter(({ next }) => next.type === 'Hold')
    const causes = new Set(held.map(({ next }) => ('cause' in next ? next.cause : '')))
    const { cause } = outcome
    assert.deepEqual([...causes].toSorted(), ['circuitOpen', 'status' in outcome ? `${cause} 500` : cause].toSorted())
    const spent = inbox.steps.filter(({ next }) => next.type === 'RetryAt').length
    assert.ok(spent <= 8, `${spent} attempts spent: neither what is held nor a probe spends one`)
  })
}

test('after hours a sink that was mended has its whole backlog within two minutes, and never more at once than it showed it can take', async () => {
  const { clock, inbox, sink, add, metric } = aDispatcher([patient])
  sink.willAnswer(() => failing)
  add(...names(40))
  await clock.advance({ hours: 6 })
  assert.equal(inbox.pending, 40)
  const before = sink.sent.length
  sink.mostInFlight.clear()
  sink.willAnswer(() => ({ type: 'delivered' }))
  await clock.advance({ minutes: 2 })
  assert.equal(inbox.pending, 0)
  assert.equal(sink.sent.length - before, 40)
  assert.ok((sink.mostInFlight.get('worker') ?? 0) <= 40)
  const hurried = Number((await metric('gwh_deliveries_hurried_total'))?.split(' ')[1])
  assert.ok(hurried > 0 && hurried < 40, `${hurried} hurried`)
  assert.ok(inbox.hurries.every((count) => count <= 64))
})

test('so has a sink with three deliveries a day', async () => {
  const { clock, inbox, sink, add } = aDispatcher([patient])
  sink.willAnswer(() => failing)
  for (const name of names(3)) {
    add(name)
    await clock.advance({ hours: 1 })
  }
  sink.willAnswer(() => ({ type: 'delivered' }))
  await clock.advance({ minutes: 2 })
  assert.equal(inbox.pending, 0)
  const spent = inbox.steps.filter(({ next }) => next.type === 'RetryAt').length
  assert.ok(spent <= 15, `${spent} attempts spent`)
})

test('the first that is taken makes two due, each of those two more: a ramp', async () => {
  const { clock, inbox, sink, add } = aDispatcher([patient])
  sink.willAnswer(() => failing)
  add(...names(64))
  await clock.advance({ hours: 12 })
  const answers: (() => void)[] = []
  sink.willAnswer(() => new Promise((resolve) => answers.push(() => resolve({ type: 'delivered' }))))
  const rounds: number[] = []
  for (let waited = 0; rounds.length < 5 && waited < 3_600; waited++) {
    await clock.advance({ seconds: 1 })
    if (answers.length === 0) continue
    rounds.push(answers.length)
    for (const answer of answers.splice(0)) answer()
  }
  assert.equal(rounds[0], 1, 'a probe alone')
  for (const [at, count] of rounds.entries()) {
    assert.ok(count <= 3 * (rounds[at - 1] ?? 1), `${rounds.join(', ')}: no round is a herd after the one before`)
  }
  assert.ok(inbox.pending < 64)
})

test('an event that the sink cannot digest stops nothing, and is not repeated more often for the success of others', async () => {
  const { clock, inbox, sink, add, metric } = aDispatcher()
  sink.willAnswer(({ event }) => (event.eventId === 'poison' ? failing : { type: 'delivered' }))
  add('poison')
  for (let minute = 0; minute < 60; minute++) {
    add(...names(5, minute * 5))
    await clock.advance({ minutes: 1 })
    assert.equal(inbox.pending, 1, 'all others are taken at once')
    assert.equal(await metric('gwh_sinks_failing'), 'gwh_sinks_failing 0')
  }
  const tries = sink.sent.filter(({ event }) => event.eventId === 'poison').length
  assert.ok(tries <= 20, `${tries} attempts in an hour`)
  assert.deepEqual(inbox.hurries, [])
})

test('many such events do not use up their attempts on each recovery, and others get through', async () => {
  const { clock, inbox, sink, add } = aDispatcher()
  sink.willAnswer(({ event }) => (event.eventId.startsWith('poison') ? failing : { type: 'delivered' }))
  add(...names(10).map((name) => `poison-${name}`))
  for (let minute = 0; minute < 60; minute++) {
    add(...names(1, minute))
    await clock.advance({ minutes: 1 })
  }
  await clock.advance({ minutes: 2 })
  assert.equal(inbox.pending, 10, 'the others were taken, the poison has attempts left')
  const spent = Map.groupBy(
    inbox.steps.filter(({ next }) => next.type === 'RetryAt'),
    ({ deliveryId }) => deliveryId,
  )
  const most = Math.max(...spent.values().map(({ length }) => length))
  assert.ok(most <= 30, `${most} attempts in an hour`)
})

test('an outage longer than retryFor ends deliveries, not without having seen the sink fail after their time', async () => {
  const policy = { ...aSink().delivery, retryForMs: 3_600_000 }
  const { clock, inbox, sink, add } = aDispatcher([aSink({ delivery: policy })])
  sink.willAnswer(() => failing)
  add(...names(200))
  await clock.advance({ minutes: 59 })
  assert.equal(inbox.pending, 200)
  await clock.advance({ minutes: 5 })
  assert.equal(inbox.pending, 0)
  assert.deepEqual(inbox.endOf('event-199'), { type: 'DeadLetter', reason: 'RetriesExhausted', unsent: true })
})

test('a sink that is mended just before the end of retryFor gets what was held for it', async () => {
  const policy = { ...aSink().delivery, retryForMs: 3_600_000 }
  const { clock, inbox, sink, add } = aDispatcher([aSink({ delivery: policy })])
  sink.willAnswer(() => ({ type: 'unauthorized', status: 401 }))
  add(...names(20))
  await clock.advance({ minutes: 59, seconds: 50 })
  sink.willAnswer(() => ({ type: 'delivered' }))
  await clock.advance({ minutes: 6 })
  assert.ok(names(20).every((name) => inbox.endOf(name)?.type === 'Succeed'))
})

test('who has mended the sink and asks for a retry is not made to wait for the next probe', async () => {
  const { clock, inbox, sink, dispatcher, add } = aDispatcher()
  sink.willAnswer(() => ({ type: 'unauthorized', status: 401 }))
  add(...names(30))
  await clock.advance({ minutes: 30 })
  sink.willAnswer(() => ({ type: 'delivered' }))
  await inbox.hurry({ lane: 'uid-1/worker', limit: 30, recordedBeforeMs: Infinity })
  dispatcher.probe(['uid-1/worker', 'uid-1/unknown'])
  await clock.advance({ seconds: 1 })
  assert.equal(inbox.pending, 0)
})

test('who corrects a sink that could not be resolved and asks for a retry does not wait for the end of the hold', async () => {
  const { clock, inbox, dispatcher, add, known } = aDispatcher([])
  known.set('worker', 'held')
  add('msg_1')
  await clock.advance({ seconds: 1 })
  assert.equal(inbox.pending, 1)
  known.set('worker', aSink())
  await inbox.hurry({ lane: 'uid-1/worker', limit: 1, recordedBeforeMs: Infinity })
  dispatcher.probe(['uid-1/worker'])
  await clock.advance({ seconds: 1 })
  assert.equal(inbox.pending, 0)
})

test('why a delivery waits is written down with each step', async () => {
  const { clock, inbox, sink, add } = aDispatcher()
  sink.willAnswer(({ attempt }) => (attempt === 1 ? failing : { type: 'retryable', cause: 'timeout' }))
  add('msg_1')
  await clock.advance({ seconds: 3 })
  const causes = inbox.steps.map(({ next }) => ('cause' in next ? next.cause : undefined))
  assert.deepEqual(causes.slice(0, 2), ['status 500', 'timeout'])
})
