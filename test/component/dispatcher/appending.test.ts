import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import type { ResolvedSink } from '../../../src/contract/keyring/entry.ts'
import { createDispatcher } from '../../../src/dispatcher/dispatcher.ts'
import { usualLeaseMs } from '../../../src/dispatcher/lease.ts'
import { InboxUnavailableError, type AppendResult, type NewEvent } from '../../../src/inbox/port.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { BoundedAppend } from '../../../src/receiver/bounded-append.ts'
import type { SendOutcome } from '../../../src/sinks/port.ts'
import { anEvent, anOwner } from '../../support/builders/an-event.ts'
import { aSink } from '../../support/builders/deliveries.ts'
import { FakeClock, settle } from '../../support/doubles/fake-clock.ts'
import { judgeHere } from '../../support/doubles/judge-here.ts'
import { MemoryInbox } from '../../support/doubles/memory-inbox.ts'
import { hanging, SinkDouble } from '../../support/doubles/sink-double.ts'

const unavailable: SendOutcome = { type: 'retryable', cause: 'status', status: 503 }

/** A dispatcher that has found nothing due and rests. */
async function aDispatcher(sinks: readonly ResolvedSink[] = [aSink()], maxInFlight = 256) {
  const scene = aDispatcherToStart(sinks, maxInFlight)
  scene.dispatcher.start()
  await turns()
  return scene
}

function aDispatcherToStart(sinks: readonly ResolvedSink[] = [aSink()], maxInFlight = 256) {
  const clock = new FakeClock()
  const inbox = new MemoryInbox(clock)
  const sink = new SinkDouble()
  const metrics = createMetrics()
  const known = new Map(sinks.map((one) => [one.name, one]))
  const dispatcher = createDispatcher({
    inbox,
    sinks: sink,
    resolveSink: (_uid, name) => known.get(name) ?? 'held',
    judgeFilter: judgeHere(),
    clock,
    random: () => 0.999,
    logger: silentLogger,
    metrics,
    maxInFlight,
  })
  const gauge = async (name: string) => {
    const line = (await metrics.expose()).text.split('\n').find((one) => one.startsWith(`${name} `))
    return Number(line?.split(' ')[1])
  }
  /** Nothing is held for anything any more. */
  const isEmpty = async () => {
    const [inFlight, waiting] = [await gauge('gwh_deliveries_in_flight'), await gauge('gwh_deliveries_waiting')]
    return inFlight === 0 && waiting === 0 && dispatcher.underWay().size === 0
  }
  return { clock, inbox, sink, dispatcher, known, isEmpty, gauge }
}

async function turns(count = 4): Promise<void> {
  for (let at = 0; at < count; at++) await settle()
}

test('what is stored is sent without being asked for, once its sender has the answer', async () => {
  const { inbox, sink, dispatcher, isEmpty } = await aDispatcher([aSink(), aSink({ name: 'other' })])
  const before = inbox.claims
  const event = anEvent({ sinks: ['worker', 'other'] })
  assert.equal(await dispatcher.append(event), 'stored')
  assert.equal(sink.sent.length, 0, 'the answer first')
  await turns()
  assert.deepEqual(
    sink.sent.map(({ sink: { name }, attempt }) => [name, attempt]),
    [
      ['worker', 1],
      ['other', 1],
    ],
  )
  assert.deepEqual(inbox.endOf('msg_1/worker'), { type: 'Succeed' })
  assert.equal(inbox.claims, before, 'nothing was claimed')
  assert.ok(await isEmpty())
})

test('what comes while a claim is being made is claimed by its append, and not by another claim', async () => {
  const { inbox, dispatcher, known } = await aDispatcher([])
  const claim = inbox.claimDue.bind(inbox)
  const held = Promise.withResolvers<void>()
  inbox.claimDue = async (...terms) => {
    const claimed = await claim(...terms)
    await held.promise
    return claimed
  }
  await dispatcher.append(anEvent({ eventId: 'msg_before' }))
  known.set('worker', aSink())
  await turns()
  await dispatcher.append(anEvent({ eventId: 'msg_meanwhile' }))
  assert.deepEqual(inbox.leases, [usualLeaseMs, usualLeaseMs], 'of the claim, and of the append')
  held.resolve()
  await turns()
  for (const id of ['msg_before', 'msg_meanwhile']) assert.deepEqual(inbox.endOf(`${id}/worker`), { type: 'Succeed' })
})

test('before the start nothing is sent; what was stored is found then', async () => {
  const { inbox, sink, dispatcher } = aDispatcherToStart()
  assert.equal(await dispatcher.append(anEvent()), 'stored')
  await turns()
  assert.deepEqual([sink.sent.length, inbox.leases.length], [0, 0])
  dispatcher.start()
  await turns()
  assert.deepEqual(inbox.endOf('msg_1/worker'), { type: 'Succeed' })
})

test('a first attempt that fails is tried again when its pause is over', async () => {
  const { clock, inbox, sink, dispatcher, isEmpty } = await aDispatcher()
  sink.willAnswer(({ attempt }) => (attempt < 3 ? unavailable : { type: 'delivered' }))
  await dispatcher.append(anEvent())
  await clock.advance({ seconds: 10 })
  assert.deepEqual(
    sink.sent.map(({ attempt }) => attempt),
    [1, 2, 3],
  )
  assert.deepEqual(inbox.endOf('msg_1/worker'), { type: 'Succeed' })
  assert.ok(await isEmpty())
})

test('the lease that is asked for is as long as the sink needs', async () => {
  const slow = aSink({ name: 'slow', delivery: { ...aSink().delivery, timeoutMs: 300_000 } })
  const { inbox, dispatcher } = await aDispatcher([aSink(), slow])
  await dispatcher.append(anEvent({ sinks: ['worker', 'slow'] }))
  assert.deepEqual(inbox.leases, [usualLeaseMs, usualLeaseMs + 290_000])
})

test('no more is claimed than may be begun: the rest is due, and follows in the order in which it came', async () => {
  const { inbox, sink, dispatcher } = await aDispatcher()
  sink.willAnswer((_delivery, signal) => hanging(signal))
  const events = Array.from({ length: 12 }, (_, at) => anEvent({ eventId: `msg_${at}` }))
  assert.deepEqual(new Set(await Promise.all(events.map((event) => dispatcher.append(event)))), new Set(['stored']))
  assert.equal(inbox.leases.length, 8, 'a sink that has shown nothing yet has eight places')
  await turns()
  assert.equal(sink.sent.length, 8)
  sink.willAnswer(() => ({ type: 'delivered' }))
  await dispatcher.append(anEvent({ eventId: 'late' }))
  await turns()
  assert.equal(sink.sent.length, 8, 'nothing overtakes')
})

test('a sink that cannot be resolved, has a circuit that is not closed or a backlog before it, is left to the claims', async () => {
  const { clock, inbox, sink, dispatcher, known } = await aDispatcher()
  await dispatcher.append(anEvent({ eventId: 'unresolved', sinks: ['nobody'] }))
  assert.deepEqual(inbox.leases, [])
  await turns()
  sink.willAnswer(() => ({ type: 'unauthorized', status: 401 }))
  await dispatcher.append(anEvent({ eventId: 'refused' }))
  await turns()
  const asked = inbox.leases.length
  await dispatcher.append(anEvent({ eventId: 'behind-the-circuit' }))
  assert.equal(inbox.leases.length, asked, 'nothing is claimed while it is open')
  sink.willAnswer(() => ({ type: 'delivered' }))
  await clock.advance({ seconds: 40 })
  assert.deepEqual(inbox.endOf('behind-the-circuit/worker'), { type: 'Succeed' })
  known.set('nobody', aSink({ name: 'nobody' }))
  await clock.advance({ minutes: 1 })
  assert.deepEqual(inbox.endOf('unresolved/nobody'), { type: 'Succeed' })
})

test('namespaces share what may be claimed with their events, as they share all attempts', async () => {
  const { sink, dispatcher, gauge } = await aDispatcher([aSink()], 20)
  sink.willAnswer((_delivery, signal) => hanging(signal))
  const append = (namespace: string, at: number) =>
    dispatcher.append(anEvent({ eventId: `msg_${at}`, owner: anOwner(`o${at}`, namespace) }))
  for (let at = 0; at < 40; at++) await append('crowd', at)
  await turns()
  assert.ok((await gauge('gwh_deliveries_in_flight')) <= 16, 'four fifths at most')
  await append('modest', 0)
  await turns()
  assert.equal(sink.sent.at(-1)?.event.owner.namespace, 'modest')
})

test('a driver that claims nothing is nudged, and the place is free for what it hands out', async () => {
  const { inbox, sink, dispatcher, isEmpty } = await aDispatcher([aSink()], 1)
  inbox.claimsNothing = true
  await dispatcher.append(anEvent())
  await turns()
  assert.equal(sink.sent.length, 1)
  assert.deepEqual(inbox.endOf('msg_1/worker'), { type: 'Succeed' })
  assert.ok(await isEmpty())
})

test('an append that commits after its bound is begun all the same', async () => {
  const { clock, inbox, sink, dispatcher, isEmpty } = await aDispatcher()
  const appends = new BoundedAppend(dispatcher, clock, 3_000)
  const late = Promise.withResolvers<void>()
  inbox.holdNext(late.promise)
  const told: string[] = []
  appends.append(anEvent(), { answer: (result) => told.push(result), settled: (result) => told.push(`then ${result}`) })
  await clock.advance({ seconds: 4 })
  assert.deepEqual(told, ['timeout'])
  assert.equal(sink.sent.length, 0)
  late.resolve()
  await turns()
  assert.deepEqual(told, ['timeout', 'then stored'])
  assert.equal(sink.sent.length, 1)
  assert.ok(await isEmpty())
})

test('one that is stored while the process drains is given back on the record, and the drain waits for that', async () => {
  const { inbox, sink, dispatcher, isEmpty } = await aDispatcher()
  const late = Promise.withResolvers<void>()
  inbox.holdNext(late.promise)
  const stored = dispatcher.append(anEvent())
  await turns()
  let isDrained = false
  const drained = dispatcher.drain(10_000).then(() => (isDrained = true))
  await turns()
  assert.equal(isDrained, false)
  late.resolve()
  assert.equal(await stored, 'stored')
  await drained
  assert.equal(sink.sent.length, 0)
  assert.deepEqual(
    inbox.steps.map(({ deliveryId, next }) => [deliveryId, next.type]),
    [['msg_1/worker', 'Hold']],
  )
  assert.ok(await isEmpty())
  await dispatcher.append(anEvent({ eventId: 'msg_2' }))
  assert.equal(inbox.leases.length, 1, 'from then on nothing is claimed')
})

test('while a step cannot be written, nothing is claimed', async () => {
  const { clock, inbox, sink, dispatcher } = await aDispatcher()
  const answer = Promise.withResolvers<SendOutcome>()
  sink.willAnswer(() => answer.promise)
  await dispatcher.append(anEvent())
  await turns()
  inbox.isBroken = true
  answer.resolve({ type: 'delivered' })
  await turns()
  inbox.isBroken = false
  await dispatcher.append(anEvent({ eventId: 'msg_2' }))
  assert.equal(inbox.leases.length, 1)
  sink.willAnswer(() => ({ type: 'delivered' }))
  await clock.advance({ seconds: 1 })
  assert.deepEqual(inbox.endOf('msg_2/worker'), { type: 'Succeed' })
})

test('of large bodies that are stored at once so many are begun with each turn as a claim would hand out', async () => {
  const { sink, dispatcher } = await aDispatcher()
  sink.willAnswer((_delivery, signal) => hanging(signal))
  const body = Buffer.alloc(256 * 1_024, 'x')
  await Promise.all(Array.from({ length: 6 }, (_, at) => dispatcher.append(anEvent({ eventId: `msg_${at}`, body }))))
  assert.equal(sink.sent.length, 0)
  await settle()
  assert.equal(sink.sent.length, 4)
  await settle()
  assert.equal(sink.sent.length, 6)
})

test('an end may wait to be written where nobody waits for its place; what goes on is written at once', async () => {
  const serial = aSink({ name: 'serial', delivery: { ...aSink().delivery, maxInFlight: 1 } })
  const { inbox, sink, dispatcher } = await aDispatcher([aSink(), serial])
  await dispatcher.append(anEvent({ eventId: 'alone' }))
  await turns()
  await dispatcher.append(anEvent({ eventId: 'serial', sinks: ['serial'] }))
  await turns()
  sink.willAnswer(() => unavailable)
  await dispatcher.append(anEvent({ eventId: 'failed' }))
  await turns()
  assert.deepEqual(inbox.patient, ['alone/worker'])
  assert.equal(inbox.steps.length, 3)
})

type Fate = AppendResult | 'unavailable'

test('whatever becomes of appends, each place is given back once: in the end nothing is held, and all that was stored has ended or waits', async () => {
  const fate = fc.constantFrom<Fate>(
    'stored',
    'stored',
    'duplicate',
    'ownerFull',
    'ownerBusy',
    'inboxFull',
    'unavailable',
  )
  const append = fc.record({
    fate,
    namespace: fc.nat(2),
    sinks: fc.subarray(['a', 'b', 'nobody']),
    isLate: fc.boolean(),
  })
  const outcome = fc.constantFrom<SendOutcome>({ type: 'delivered' }, unavailable, {
    type: 'permanent',
    cause: 'status',
  })
  const plan = fc.record({
    appends: fc.array(append, { maxLength: 30 }),
    outcomes: fc.array(outcome, { minLength: 1, maxLength: 8 }),
    maxInFlight: fc.integer({ min: 1, max: 12 }),
    claimsNothing: fc.boolean(),
    drainAfter: fc.option(fc.nat(30), { nil: undefined }),
  })
  await fc.assert(
    fc.asyncProperty(plan, async ({ appends, outcomes, maxInFlight, claimsNothing, drainAfter }) => {
      const scene = await aDispatcher([aSink({ name: 'a' }), aSink({ name: 'b' })], maxInFlight)
      const { clock, inbox, sink, dispatcher, isEmpty } = scene
      inbox.claimsNothing = claimsNothing
      let sent = 0
      sink.willAnswer(() => outcomes[(sent += 1) % outcomes.length] ?? { type: 'delivered' })
      const late: (() => void)[] = []
      const results = appends.map(async ({ fate: wanted, namespace, sinks, isLate }, at) => {
        const held = Promise.withResolvers<void>()
        if (isLate) late.push(held.resolve)
        else held.resolve()
        inbox.willCome(held.promise, wanted === 'unavailable' ? new InboxUnavailableError('disk') : wanted)
        const event: NewEvent = anEvent({ eventId: `msg_${at}`, owner: anOwner('o', `n${namespace}`), sinks })
        const result = await dispatcher.append(event).catch(() => 'unavailable')
        assert.equal(result, wanted)
      })
      for (let at = 0; at <= 30; at++) {
        if (at === drainAfter) void dispatcher.drain(1_000_000)
        if (at % 2 === 0) late.shift()?.()
        await settle()
      }
      for (const release of late) release()
      await Promise.all(results)
      await turns()
      await clock.advance({ seconds: 2 })
      if (drainAfter === undefined) await clock.advance({ hours: 25 })
      await dispatcher.drain(1_000)
      assert.ok(await isEmpty())
      assert.equal(inbox.claimedNow, 0, 'no claim is left without a record')
      if (drainAfter !== undefined) return
      const stored = appends.filter(({ fate: wanted }) => wanted === 'stored')
      const toNobody = stored.filter(({ sinks }) => sinks.includes('nobody')).length
      assert.equal(inbox.pending, toNobody, 'all but what no sink could take has ended')
    }),
    { numRuns: 60 },
  )
})
