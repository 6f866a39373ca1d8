import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createDispatcher, type DispatcherOptions } from '../../../src/dispatcher/dispatcher.ts'
import type { StepEntry } from '../../../src/contract/feed-entry.ts'
import type { ResolvedSink } from '../../../src/contract/keyring/entry.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import type { SendOutcome } from '../../../src/sinks/port.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { aClaim, aSink } from '../../support/builders/deliveries.ts'
import { FakeClock, settle } from '../../support/doubles/fake-clock.ts'
import { judgeHere } from '../../support/doubles/judge-here.ts'
import { MemoryInbox } from '../../support/doubles/memory-inbox.ts'
import { hanging, SinkDouble } from '../../support/doubles/sink-double.ts'

const unavailable: SendOutcome = { type: 'retryable', cause: 'status', status: 503 }

/** A dispatcher with its surroundings; sinks are known by name, for every owner. */
function aDispatcher(sinks: readonly ResolvedSink[] = [aSink()], given: Partial<DispatcherOptions> = {}) {
  const clock = new FakeClock()
  const inbox = new MemoryInbox(clock)
  const sink = new SinkDouble()
  const metrics = createMetrics()
  const known = new Map(sinks.map((one) => [one.name, one]))
  const dispatcher = createDispatcher({
    inbox,
    sinks: sink,
    resolveSink: (_uid, name) => known.get(name) ?? 'sinkRemoved',
    judgeFilter: judgeHere(),
    clock,
    random: () => 0.999,
    logger: silentLogger,
    metrics,
    maxInFlight: 256,
    ...given,
  })
  const scrape = async () => (await metrics.expose()).text
  const metric = async (line: string) => (await scrape()).split('\n').find((one) => one.startsWith(line))
  return { clock, inbox, sink, dispatcher, scrape, metric, known }
}

/** So many deliveries of one sink, each of an event of its own. */
function claimsFor(sink: string, count: number) {
  return Array.from({ length: count }, (_, at) =>
    aClaim({ deliveryId: `${sink}-${at}`, sink, event: anEvent({ eventId: `${sink}-${at}` }) }),
  )
}

test('a delivery that is taken ends, and a nudge is enough to find it', async () => {
  const { inbox, sink, dispatcher, metric } = aDispatcher()
  dispatcher.start()
  await settle()
  inbox.add(aClaim())
  dispatcher.nudge()
  await settle()
  await settle()
  assert.deepEqual(inbox.endOf('1'), { type: 'Succeed' })
  assert.equal(sink.sent[0]?.attempt, 1)
  assert.equal(
    await metric('gwh_delivery_attempts_total'),
    'gwh_delivery_attempts_total{sink_type="http",outcome="delivered"} 1',
  )
})

test('a failing delivery is tried again when its pause is over, numbered, until it is taken', async () => {
  const { clock, inbox, sink, dispatcher } = aDispatcher()
  sink.willAnswer(({ attempt }) => (attempt < 4 ? unavailable : { type: 'delivered' }))
  inbox.add(aClaim())
  dispatcher.start()
  await clock.advance({ seconds: 10 })
  assert.deepEqual(
    sink.sent.map(({ attempt }) => attempt),
    [1, 2, 3, 4],
  )
  assert.deepEqual(
    inbox.steps.map(({ next }) => next.type),
    ['RetryAt', 'RetryAt', 'RetryAt', 'Succeed'],
  )
})

test('retries that are used up end as a dead letter, counted', async () => {
  const sink = aSink({ delivery: { ...aSink().delivery, retry: 2 } })
  const { clock, inbox, sink: double, dispatcher, metric } = aDispatcher([sink])
  double.willAnswer(() => unavailable)
  inbox.add(aClaim())
  dispatcher.start()
  await clock.advance({ minutes: 1 })
  assert.equal(double.sent.length, 3)
  assert.deepEqual(inbox.endOf('1'), { type: 'DeadLetter', reason: 'RetriesExhausted', cause: 'status 503' })
  assert.equal(
    await metric('gwh_dead_letters_total{reason="RetriesExhausted"}'),
    'gwh_dead_letters_total{reason="RetriesExhausted"} 1',
  )
})

test('what a sink has taken is kept for as long as its object says', async () => {
  const sink = aSink({ delivery: { ...aSink().delivery, keepDeliveredMs: 259_200_000 } })
  const { clock, inbox, dispatcher } = aDispatcher([sink])
  inbox.add(aClaim())
  dispatcher.start()
  await settle()
  assert.deepEqual(inbox.endOf('1'), { type: 'Succeed', keepUntilMs: clock.now() + 259_200_000 })
})

test('a sink that is down for a day does not outlive retryFor', async () => {
  const { clock, inbox, sink, dispatcher } = aDispatcher()
  sink.willAnswer(() => unavailable)
  inbox.add(aClaim())
  dispatcher.start()
  await clock.advance({ hours: 25 })
  assert.deepEqual(inbox.endOf('1'), { type: 'DeadLetter', reason: 'RetriesExhausted', cause: 'status 503' })
  assert.ok(sink.sent.length > 10 && sink.sent.length <= 61, `${sink.sent.length} attempts`)
})

test('a filter that does not want an event skips it without an attempt', async () => {
  const filter = { typesExact: [], typesPrefix: ['video.'] }
  const { inbox, sink, dispatcher } = aDispatcher([aSink({ filter })])
  inbox.add(aClaim())
  dispatcher.start()
  await settle()
  await settle()
  assert.deepEqual(inbox.endOf('1'), { type: 'Skip' })
  assert.equal(sink.sent.length, 0)
})

test('an event that breaks the filter becomes a dead letter and is passed on as one: it may have been wanted', async () => {
  const filter = { typesExact: [], typesPrefix: [], cel: 'event.data.nope == 1' }
  const deadLetter = { type: 'http', url: 'http://dead.ml.svc:80/', reach: 'cluster' } as const
  const { inbox, sink, dispatcher, metric } = aDispatcher([aSink({ filter, deadLetter })])
  inbox.add(aClaim())
  dispatcher.start()
  await settle()
  await settle()
  assert.deepEqual(inbox.endOf('1'), { type: 'DeadLetter', reason: 'FilterError', cause: 'filterFailed' })
  assert.deepEqual(
    sink.sent.map(({ deadLetter: story }) => story),
    [{ reason: 'FilterError', sink: 'worker', attempts: 0, cause: 'filterFailed' }],
  )
  assert.equal(
    await metric('gwh_dead_letters_total{reason="FilterError"}'),
    'gwh_dead_letters_total{reason="FilterError"} 1',
  )
})

test('deliveries wait while the filter is wrong, and go out once it is corrected', async () => {
  const filter = { typesExact: [], typesPrefix: [], cel: 'event.typo == 1' }
  const { clock, inbox, sink, dispatcher, known } = aDispatcher([aSink({ filter })])
  inbox.add(aClaim())
  dispatcher.start()
  await clock.advance({ hours: 23 })
  assert.equal(sink.sent.length, 0)
  assert.equal(inbox.endOf('1'), undefined)
  known.set('worker', aSink({ filter: { ...filter, cel: 'event.type == "batch.succeeded"' } }))
  await clock.advance({ minutes: 1 })
  assert.deepEqual(inbox.endOf('1'), { type: 'Succeed' })
  assert.equal(sink.sent[0]?.attempt, 1, 'waiting spends no attempt')
})

test('a filter that stays wrong does not hold deliveries beyond retryFor', async () => {
  const filter = { typesExact: [], typesPrefix: [], cel: 'event.typo == 1' }
  const { clock, inbox, sink, dispatcher } = aDispatcher([aSink({ filter })])
  inbox.add(aClaim())
  dispatcher.start()
  await clock.advance({ hours: 25 })
  assert.deepEqual(inbox.endOf('1'), { type: 'DeadLetter', reason: 'FilterError', cause: 'filterInvalid' })
  assert.equal(sink.sent.length, 0)
})

for (const [why, name] of [
  ['notSynced', 'the sinks are not known yet, and goes out once they are'],
  ['held', 'its sink cannot be resolved, and goes out once it can'],
] as const) {
  test(`a delivery waits while ${name}`, async () => {
    let isResolved = false
    const { clock, inbox, sink, dispatcher } = aDispatcher([], { resolveSink: () => (isResolved ? aSink() : why) })
    inbox.add(aClaim())
    dispatcher.start()
    await clock.advance({ minutes: 10 })
    assert.equal(sink.sent.length, 0)
    assert.equal(inbox.endOf('1'), undefined)
    isResolved = true
    await clock.advance({ minutes: 1 })
    assert.deepEqual(inbox.endOf('1'), { type: 'Succeed' })
    assert.equal(sink.sent[0]?.attempt, 1, 'waiting spends no attempt')
  })
}

for (const [resolved, reason] of [
  ['ownerGone', 'OwnerGone'],
  ['sinkRemoved', 'SinkRemoved'],
] as const) {
  test(`a delivery whose sink is gone (${resolved}) is a dead letter ${reason}`, async () => {
    const { inbox, sink, dispatcher } = aDispatcher([], { resolveSink: () => resolved })
    inbox.add(aClaim())
    dispatcher.start()
    await settle()
    await settle()
    assert.deepEqual(inbox.endOf('1'), { type: 'DeadLetter', reason })
    assert.equal(sink.sent.length, 0)
  })
}

test('a sink that hangs delays no other, though hundreds of its deliveries are due before', async () => {
  const { clock, inbox, sink, dispatcher } = aDispatcher([aSink({ name: 'hangs' }), aSink()], { maxInFlight: 16 })
  sink.willAnswer((delivery, signal) => (delivery.sink.name === 'hangs' ? hanging(signal) : { type: 'delivered' }))
  inbox.add(...claimsFor('hangs', 500))
  dispatcher.start()
  await clock.advance({ ms: 1 })
  inbox.add(...claimsFor('worker', 200))
  dispatcher.nudge()
  await clock.advance({ ms: 300 })
  assert.equal(sink.sentTo('worker').length, 200, 'all of the healthy sink went out in the meantime')
  assert.ok((sink.mostInFlight.get('hangs') ?? 0) <= 8)
  await drainNow(dispatcher, clock)
})

test('a few sinks with many slow attempts leave room for one more', async () => {
  const slow = ['a', 'b', 'c', 'd'].map((name) => aSink({ name }))
  const { clock, inbox, sink, dispatcher } = aDispatcher([...slow, aSink()], { maxInFlight: 32 })
  const answers: (() => void)[] = []
  sink.willAnswer(({ sink: { name } }) =>
    name === 'worker'
      ? { type: 'delivered' }
      : new Promise((resolve) => answers.push(() => resolve({ type: 'delivered' }))),
  )
  for (const { name } of slow) inbox.add(...claimsFor(name, 300))
  dispatcher.start()
  // Each round of answers lets their windows grow, until they have all the room that they can get.
  for (let round = 0; round < 20; round++) {
    await clock.advance({ seconds: 1 })
    for (const answer of answers.splice(0)) answer()
  }
  await clock.advance({ seconds: 1 })
  inbox.add(...claimsFor('worker', 20))
  dispatcher.nudge()
  await clock.advance({ seconds: 1 })
  assert.equal(sink.sentTo('worker').length, 20)
  for (const answer of answers) answer()
  await drainNow(dispatcher, clock)
})

test('no more attempts at the same time than the sink and the process allow, from the first claim on', async () => {
  const narrow = aSink({ name: 'narrow', delivery: { ...aSink().delivery, maxInFlight: 1 } })
  const { clock, inbox, sink, dispatcher } = aDispatcher([narrow, aSink()], { maxInFlight: 4 })
  sink.willAnswer(async () => {
    await settle()
    return { type: 'delivered' }
  })
  inbox.add(...claimsFor('narrow', 30), ...claimsFor('worker', 30))
  dispatcher.start()
  for (let turn = 0; turn < 200; turn++) await clock.advance({ ms: 250 })
  assert.equal(inbox.pending, 0)
  assert.equal(sink.mostInFlight.get('narrow'), 1)
  assert.ok((sink.mostInFlight.get('worker') ?? 0) <= 4)
})

test('a sink that refuses our credentials is left alone, spends no attempts, and is found again by a single probe', async () => {
  const { clock, inbox, sink, dispatcher, metric } = aDispatcher()
  let isWelcome = false
  sink.willAnswer(() => (isWelcome ? { type: 'delivered' } : { type: 'unauthorized', status: 401 }))
  inbox.add(...claimsFor('worker', 100))
  dispatcher.start()
  await clock.advance({ seconds: 1 })
  const atOnce = sink.sent.length
  assert.ok(atOnce <= 8, `${atOnce} attempts before the circuit opened`)
  assert.equal(await metric('gwh_sink_circuits_open'), 'gwh_sink_circuits_open 1')
  await clock.advance({ minutes: 10 })
  assert.ok(sink.sent.length - atOnce <= 6, `${sink.sent.length - atOnce} probes in ten minutes`)
  isWelcome = true
  await clock.advance({ minutes: 6 })
  assert.equal(inbox.pending, 0)
  assert.ok(sink.sent.every(({ attempt }) => attempt === 1))
})

test('a refusal of credentials that outlasts retryFor ends deliveries instead of filling the inbox', async () => {
  const { clock, inbox, sink, dispatcher } = aDispatcher([
    aSink({ delivery: { ...aSink().delivery, retryForMs: 3_600_000 } }),
  ])
  sink.willAnswer(() => ({ type: 'unauthorized', status: 403 }))
  inbox.add(...claimsFor('worker', 100))
  dispatcher.start()
  await clock.advance({ minutes: 59 })
  assert.equal(inbox.pending, 100)
  await clock.advance({ minutes: 10 })
  assert.equal(inbox.pending, 0)
  assert.deepEqual(inbox.endOf('worker-99'), {
    type: 'DeadLetter',
    reason: 'RetriesExhausted',
    unsent: true,
  })
})

test('nothing is claimed while a step cannot be written, and the step is written when it can', async () => {
  const { clock, inbox, sink, dispatcher } = aDispatcher()
  inbox.add(aClaim())
  sink.willAnswer(() => {
    inbox.isBroken = true
    return { type: 'delivered' }
  })
  dispatcher.start()
  await clock.advance({ seconds: 20 })
  const { claims } = inbox
  inbox.add(...claimsFor('worker', 3))
  dispatcher.nudge()
  await clock.advance({ seconds: 20 })
  assert.equal(inbox.claims, claims, 'sending more would only repeat attempts')
  inbox.isBroken = false
  sink.willAnswer(() => ({ type: 'delivered' }))
  await clock.advance({ seconds: 20 })
  assert.equal(inbox.pending, 0)
  assert.equal(sink.sent.length, 4, 'the first was not sent twice')
})

test('an inbox that cannot be read is asked again with growing pauses', async () => {
  const { clock, inbox, dispatcher } = aDispatcher()
  inbox.isBroken = true
  inbox.add(aClaim())
  dispatcher.start()
  for (let at = 0; at < 60; at++) {
    dispatcher.nudge() // arriving events must not turn a broken inbox into a busy loop
    await clock.advance({ seconds: 1 })
  }
  assert.ok(inbox.claims >= 5 && inbox.claims <= 15, `${inbox.claims} claims in a minute`)
  inbox.isBroken = false
  await clock.advance({ seconds: 10 })
  assert.deepEqual(inbox.endOf('1'), { type: 'Succeed' })
})

test('nothing due: the inbox is left in peace', async () => {
  const { clock, inbox, dispatcher } = aDispatcher()
  dispatcher.start()
  await clock.advance({ hours: 1 })
  assert.ok(inbox.claims <= 62, `${inbox.claims} claims in an hour`)
})

test('a lease lasts longer than the attempt that it is for, also for a sink with a long timeout', async () => {
  const slow = aSink({ delivery: { ...aSink().delivery, timeoutMs: 300_000 } })
  const { clock, inbox, sink, dispatcher } = aDispatcher([slow])
  inbox.add(aClaim())
  dispatcher.start()
  await clock.advance({ seconds: 1 })
  assert.deepEqual(
    inbox.steps.map(({ next }) => next.type),
    ['Hold', 'Succeed'],
  )
  assert.equal(sink.sent.length, 1, 'not sent under a lease that could end before it')
  assert.ok((inbox.leases.at(-1) ?? 0) > 340_000)
})

test('a long timeout lengthens the leases of its own sink, from then on, and of no other', async () => {
  const slow = aSink({ name: 'slow', delivery: { ...aSink().delivery, timeoutMs: 300_000 } })
  const { clock, inbox, dispatcher } = aDispatcher([slow, aSink()])
  inbox.add(aClaim({ deliveryId: 'slow-1', sink: 'slow' }))
  dispatcher.start()
  await clock.advance({ seconds: 1 })
  inbox.leases.splice(0)
  inbox.add(aClaim({ deliveryId: 'slow-2', sink: 'slow' }), aClaim({ deliveryId: 'other' }))
  dispatcher.nudge()
  await clock.advance({ seconds: 1 })
  assert.deepEqual(
    inbox.leases.toSorted((a, b) => a - b),
    [60_000, 350_000],
  )
  assert.equal(inbox.steps.filter(({ next }) => next.type === 'Hold').length, 1, 'the first of the slow sink alone')
})

test('what is begun at once is bounded in bytes, and goes on at once', async () => {
  const { clock, inbox, sink, dispatcher } = aDispatcher()
  const body = new Uint8Array(256 * 1_024)
  for (let at = 0; at < 40; at += 1)
    inbox.add(aClaim({ deliveryId: String(at), event: anEvent({ eventId: `m${at}`, body }) }))
  dispatcher.start()
  await clock.advance({ ms: 100 })
  assert.equal(sink.sent.length, 40)
  assert.ok(inbox.claims >= 5, `${inbox.claims} claims`)
})

test('a sink that throws could not make a request of the event: a dead letter, and the next event goes on', async () => {
  const { inbox, sink, dispatcher } = aDispatcher()
  sink.willAnswer(({ event }) => {
    if (event.eventId === 'worker-0') throw new TypeError('no such header')
    return { type: 'delivered' }
  })
  inbox.add(...claimsFor('worker', 2))
  dispatcher.start()
  await settle()
  await settle()
  assert.deepEqual(inbox.endOf('worker-0'), { type: 'DeadLetter', reason: 'Unsendable', cause: 'unsendable' })
  assert.deepEqual(inbox.endOf('worker-1'), { type: 'Succeed' })
})

test('a dead letter goes to its destination too, with its reason and without the credentials of the sink', async () => {
  const deadLetter = { type: 'http', url: 'http://dead.ml.svc/', reach: 'cluster' } as const
  const clientCertificate = { cert: 'x', key: 'x' }
  const sink = aSink({
    deadLetter,
    headers: { authorization: 'Bearer x' },
    signingSecret: 'whsec_x',
    clientCertificate,
  })
  const { clock, inbox, sink: double, dispatcher, metric } = aDispatcher([sink])
  double.willAnswer(({ deadLetter: story, attempt }) => {
    if (story === undefined) return { type: 'permanent', cause: 'refused', status: 422 }
    return attempt < 3 ? unavailable : { type: 'delivered' }
  })
  inbox.add(aClaim())
  dispatcher.start()
  await clock.advance({ seconds: 10 })
  assert.deepEqual(inbox.endOf('1'), { type: 'DeadLetter', reason: 'Rejected', cause: 'refused 422' })
  const [, ...forwarded] = double.sent
  assert.equal(forwarded.length, 3)
  for (const { sink: target, deadLetter: story } of forwarded) {
    assert.deepEqual(target.destination, deadLetter)
    assert.deepEqual(target.headers, {})
    assert.equal(target.signingSecret, undefined)
    assert.equal(target.clientCertificate, undefined)
    assert.deepEqual(story, { reason: 'Rejected', sink: 'worker', attempts: 1, cause: 'refused', status: 422 })
  }
  assert.match((await metric('gwh_dead_letters_forwarded_total')) ?? '', /outcome="delivered"\} 1$/)
})

test('a dead letter stays in the inbox though its destination never takes it', async () => {
  const deadLetter = { type: 'http', url: 'http://dead.ml.svc/', reach: 'cluster' } as const
  const { clock, inbox, sink, dispatcher } = aDispatcher([aSink({ deadLetter })])
  sink.willAnswer(({ deadLetter: story }) =>
    story === undefined ? { type: 'permanent', cause: 'refused', status: 400 } : unavailable,
  )
  inbox.add(aClaim())
  dispatcher.start()
  await clock.advance({ seconds: 40 })
  assert.deepEqual(inbox.endOf('1'), { type: 'DeadLetter', reason: 'Rejected', cause: 'refused 400' })
  assert.equal(sink.sent.length, 4)
})

test('each attempt is one line, with names and outcome, without a secret, a signature or a body', async () => {
  const lines: string[] = []
  const write = (details: object, message: string) => void lines.push(JSON.stringify({ message, ...details }))
  const logger = { ...silentLogger, debug: write, info: write, warn: write, error: write }
  const secrets = { headers: { authorization: 'Bearer t0ken' }, signingSecret: 'whsec_c2VjcmV0' }
  const { clock, inbox, sink, dispatcher } = aDispatcher([aSink(secrets)], { logger })
  sink.willAnswer(({ attempt }) => (attempt === 1 ? unavailable : { type: 'delivered', status: 202 }))
  inbox.add(aClaim())
  dispatcher.start()
  await clock.advance({ seconds: 5 })
  const attempts = lines.map((line) => JSON.parse(line))
  assert.deepEqual(
    attempts.map(({ message, attempt, outcome, cause, httpStatus, next }) => [
      message,
      attempt,
      outcome,
      cause,
      httpStatus,
      next,
    ]),
    [
      ['delivery.attempted', 1, 'retryable', 'status', 503, 'RetryAt'],
      ['delivery.attempted', 2, 'delivered', undefined, 202, 'Succeed'],
    ],
  )
  const { namespace, name, eventId, sink: sinkName } = attempts[0]
  assert.deepEqual(
    { namespace, name, eventId, sinkName },
    { namespace: 'ml', name: 'batch-events', eventId: 'msg_1', sinkName: 'worker' },
  )
  assert.doesNotMatch(lines.join(), /t0ken|c2VjcmV0|aaaa|batches/)
})

test('drain lets attempts end, gives back what has not started, and claims nothing more', async () => {
  const narrow = aSink({ delivery: { ...aSink().delivery, maxInFlight: 1 } })
  const { clock, inbox, sink, dispatcher } = aDispatcher([narrow])
  const answer = Promise.withResolvers<SendOutcome>()
  sink.willAnswer(() => answer.promise)
  inbox.add(...claimsFor('worker', 3))
  dispatcher.start()
  await settle()
  const drained = dispatcher.drain(10_000)
  assert.equal(dispatcher.drain(10_000), drained)
  await settle()
  answer.resolve({ type: 'delivered' })
  await drained
  assert.deepEqual(inbox.endOf('worker-0'), { type: 'Succeed' })
  assert.equal(sink.sent.length, 1)
  assert.equal(await inbox.nextDueMs(), clock.now(), 'the others are due at once after the next start')
  const { claims } = inbox
  dispatcher.nudge()
  await clock.advance({ hours: 1 })
  assert.equal(inbox.claims, claims)
})

test('drain is bounded: what hangs is cut off, spends no attempt and is due at once', async () => {
  const { clock, inbox, sink, dispatcher } = aDispatcher()
  sink.willAnswer((_delivery, signal) => hanging(signal))
  inbox.add(aClaim())
  dispatcher.start()
  await settle()
  let isDrained = false
  const drained = dispatcher.drain(5_000).then(() => (isDrained = true))
  await clock.advance({ ms: 4_999 })
  assert.equal(isDrained, false)
  await clock.advance({ ms: 1 })
  await drained
  assert.deepEqual(inbox.steps, [{ deliveryId: '1', next: { type: 'Hold', untilMs: clock.now() } }])
})

async function drainNow(dispatcher: { drain(timeoutMs: number): Promise<void> }, clock: FakeClock): Promise<void> {
  const drained = dispatcher.drain(0)
  await clock.advance({ seconds: 2 })
  await drained
}

test('each step of a delivery is told: attempts with how they went, and what went on without one', async () => {
  const steps: StepEntry[] = []
  const onStep = (entry: StepEntry) => void steps.push(entry)
  const filter = { typesExact: [], typesPrefix: ['video.'] }
  const sinks = [aSink(), aSink({ name: 'picky', filter })]
  const { clock, inbox, sink, dispatcher } = aDispatcher(sinks, { onStep })
  sink.willAnswer(({ attempt }) => (attempt < 2 ? unavailable : { type: 'delivered', status: 204 }))
  inbox.add(aClaim(), aClaim({ deliveryId: '2', sink: 'picky' }), aClaim({ deliveryId: '3', sink: 'gone' }))
  dispatcher.start()
  await clock.advance({ seconds: 2 })
  const attempt = { sinkType: 'http', replayed: false, durationMs: 0 }
  const at = (sinkName: string) => steps.filter((step) => step.sink === sinkName)
  const [failed, taken] = at('worker')
  assert.deepEqual(failed?.attempt, { ...attempt, number: 1, outcome: 'retryable', cause: 'status', status: 503 })
  assert.deepEqual([failed.next, failed.retryAtMs], ['RetryAt', failed.atMs + 999])
  assert.deepEqual(
    [taken?.next, taken?.attempt],
    ['Succeed', { ...attempt, number: 2, outcome: 'delivered', status: 204 }],
  )
  const { atMs, ...removed } = at('gone')[0] ?? { atMs: 0 }
  assert.equal(atMs, clock.now() - 2_000)
  const named = { kind: 'step', namespace: 'ml', name: 'batch-events', eventId: 'msg_1', sink: 'gone' }
  assert.deepEqual(removed, { ...named, next: 'DeadLetter', reason: 'SinkRemoved' })
  assert.deepEqual(
    at('picky').map(({ next, attempt: none }) => [next, none]),
    [['Skip', undefined]],
  )
})

test('a scrape tells how long deliveries took, from the sender and from storing, and how they went, by bounded labels', async () => {
  const { clock, inbox, sink, dispatcher, scrape } = aDispatcher([
    aSink({ delivery: { ...aSink().delivery, retry: 1 } }),
  ])
  sink.willAnswer(({ event }) => (event.eventId === 'bad' ? unavailable : { type: 'delivered' }))
  const sentAtSeconds = Math.floor(clock.now() / 1000) - 7
  inbox.add(aClaim({ event: anEvent({ receivedAtMs: clock.now() - 3_000, sentAtSeconds }) }))
  inbox.add(aClaim({ deliveryId: '2', event: anEvent({ eventId: 'bad' }) }))
  inbox.add(aClaim({ deliveryId: '3', sink: 'gone', event: anEvent({ eventId: 'gone' }) }))
  dispatcher.start()
  await clock.advance({ seconds: 5 })
  const text = await scrape()
  for (const line of [
    'gwh_delivery_since_sent_seconds_sum{sink_type="http"} 7',
    'gwh_delivery_duration_seconds_sum{sink_type="http"} 3',
    'gwh_delivery_attempts_total{sink_type="http",outcome="delivered"} 1',
    'gwh_delivery_attempts_total{sink_type="http",outcome="retryable"} 2',
    'gwh_delivery_attempt_duration_seconds_count{sink_type="http"} 3',
    'gwh_dead_letters_total{reason="RetriesExhausted"} 1',
    'gwh_dead_letters_total{reason="SinkRemoved"} 1',
    'gwh_deliveries_settled_total{step="DeadLetter"} 1',
    'gwh_deliveries_in_flight 0',
    'gwh_deliveries_waiting 0',
    'gwh_sink_circuits_open 0',
  ]) {
    assert.ok(text.split('\n').includes(line), `${line}\n${text}`)
  }
  assert.doesNotMatch(text, /batch-events|msg_1|worker|uid-1/, 'no names, no ids')
})

test('the age of what was replayed by hand is nowhere among the times of deliveries', async () => {
  const { clock, inbox, dispatcher, scrape } = aDispatcher([aSink()])
  const weekOld = {
    receivedAtMs: clock.now() - 7 * 86_400_000,
    sentAtSeconds: Math.floor(clock.now() / 1000) - 604_800,
  }
  inbox.add(aClaim({ event: anEvent(weekOld), replayed: true }))
  dispatcher.start()
  await clock.advance({ seconds: 5 })
  const text = await scrape()
  assert.match(text, /^gwh_delivery_attempts_total\{sink_type="http",outcome="delivered"\} 1$/m)
  assert.doesNotMatch(text, /^gwh_delivery_(since_sent|duration)_seconds_count/m)
})

test('a scrape tells that one sink fails though the others are well; what is none of its fault does not count', async () => {
  const { clock, inbox, sink, dispatcher, metric, known } = aDispatcher([
    aSink({ name: 'broken' }),
    aSink({ name: 'fine' }),
    aSink({ name: 'removed' }),
  ])
  sink.willAnswer(({ sink: { name } }) => (name === 'fine' ? { type: 'delivered' } : unavailable))
  inbox.add(...claimsFor('fine', 50), ...claimsFor('broken', 2), ...claimsFor('removed', 2))
  dispatcher.start()
  await clock.advance({ seconds: 9 })
  const failing = 'gwh_sinks_taking_nothing{sink_type="http"}'
  assert.equal(await metric(failing), `${failing} 0`)
  await clock.advance({ seconds: 1 })
  assert.equal(await metric(failing), `${failing} 2`)
  known.delete('removed')
  assert.equal(await metric(failing), `${failing} 1`)
  const broken = dispatcher.sinkStates().find((state) => state.failing !== undefined)
  assert.equal(broken?.sink, 'broken')
  assert.deepEqual(broken.failing, { cause: 'status', status: 503, sinceMs: clock.now() - 10_000 })
  sink.willAnswer(() => ({ type: 'delivered' }))
  await clock.advance({ minutes: 30 })
  assert.equal(await metric(failing), `${failing} 0`)
})

test('a sink that is suspended while it fails is not said to fail, and begins anew when it goes on', async () => {
  let isSuspended = false
  const { clock, inbox, sink, dispatcher, metric } = aDispatcher([], {
    resolveSink: () => (isSuspended ? 'suspended' : aSink()),
  })
  sink.willAnswer(() => unavailable)
  inbox.add(...claimsFor('worker', 2))
  dispatcher.start()
  await clock.advance({ minutes: 1 })
  const failing = 'gwh_sinks_taking_nothing{sink_type="http"}'
  assert.equal(await metric(failing), `${failing} 1`)
  isSuspended = true
  await clock.advance({ minutes: 5 })
  const attempts = sink.sent.length
  assert.deepEqual([await metric(failing), dispatcher.sinkStates()], [`${failing} 0`, []])
  await clock.advance({ hours: 30 })
  assert.equal(sink.sent.length, attempts)
  assert.ok(inbox.steps.every(({ next }) => next.type !== 'DeadLetter'))
  isSuspended = false
  sink.willAnswer(() => ({ type: 'delivered' }))
  await clock.advance({ minutes: 31 })
  assert.equal(inbox.steps.filter(({ next }) => next.type === 'Succeed').length, 2)
})
