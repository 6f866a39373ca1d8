import assert from 'node:assert/strict'
import { test } from 'node:test'

import { equalQuotas } from '../../../../src/fairness/quotas.ts'
import { defaultInboxBounds } from '../../../../src/inbox/bounds.ts'
import { EventEnds } from '../../../../src/inbox/jetstream/event-ends.ts'
import { createJetstreamInstruments } from '../../../../src/inbox/jetstream/jetstream-instruments.ts'
import { Ledger } from '../../../../src/inbox/jetstream/ledger.ts'
import type { Put, PutResult } from '../../../../src/inbox/jetstream/publisher.ts'
import { toOpenRecord, type DeliveryRecord } from '../../../../src/inbox/jetstream/records.ts'
import type { StreamStore } from '../../../../src/inbox/jetstream/stream-store.ts'
import { eventKeyOf, Subjects, tokenOf } from '../../../../src/inbox/jetstream/subjects.ts'
import { InboxUnavailableError } from '../../../../src/inbox/port.ts'
import { RecentDrops } from '../../../../src/inbox/recent-drops.ts'
import { silentLogger } from '../../../../src/observability/logger.ts'
import { createMetrics } from '../../../../src/observability/metrics.ts'
import { anEvent } from '../../../support/builders/an-event.ts'
import { FakeClock, settle } from '../../../support/doubles/fake-clock.ts'

const waitMs = 100
const leaseMs = 60_000

/** An event whose deliveries are claimed, and a server that answers writes when it is told to. */
function anEnd(sinks: readonly string[], { claimed = sinks }: { claimed?: readonly string[] } = {}) {
  const clock = new FakeClock()
  const identity = { home: 'a', run: 'first' }
  const subjects = new Subjects('inbox')
  const ledger = new Ledger({ identity, subjects, bounds: defaultInboxBounds, quotas: equalQuotas })
  const writes: (Put & { answer: (result: PutResult | Error) => void })[] = []
  let seq = 1
  const store = {
    put: (put: Put) => {
      const { promise, resolve, reject } = Promise.withResolvers<PutResult>()
      const answer = (result: PutResult | Error) => (result instanceof Error ? reject(result) : resolve(result))
      writes.push({ ...put, answer })
      return promise
    },
    last: () => Promise.resolve(undefined),
  }
  const deleted: number[] = []
  const ends = new EventEnds(
    {
      // Nothing else of it is used to end a delivery.
      store: store as unknown as StreamStore,
      ledger,
      subjects,
      identity,
      bounds: defaultInboxBounds,
      quotas: equalQuotas,
      clock,
      logger: silentLogger,
      instruments: createJetstreamInstruments(createMetrics()),
      recentDrops: new RecentDrops(),
    },
    { deletions: { add: (sequences) => void deleted.push(...sequences) }, waitMs },
  )
  const event = anEvent({ sinks: [...sinks] })
  const key = eventKeyOf(event.owner, event.eventId)
  const leases = claimed.map((sink) => ({ sink, leaseMs }))
  const record = toOpenRecord(event, { storedAtMs: clock.now(), home: 'a', claims: { run: 'first', leases } })
  ledger.open(key, { seq, record, nowMs: clock.now() })
  const tracked = ledger.event(key)
  assert.ok(tracked)
  const deliveryOf = (sink: string) => {
    const delivery = tracked.deliveries.get(tokenOf(sink))
    assert.ok(delivery)
    return delivery
  }
  return {
    clock,
    ledger,
    key,
    deleted,
    tracked,
    ends,
    end: (sink: string, when: 'now' | 'soon') => ends.end(deliveryOf(sink), when),
    /** What is written and not answered yet: `closed`, or the sink whose delivery has ended. */
    writing: () => writes.map(({ record }) => (record.kind === 'delivery' ? record.sink : record.kind)),
    answer: async (...results: (PutResult | Error)[]) => {
      for (const { answer } of writes.splice(0)) answer(results.shift() ?? { type: 'stored', seq: ++seq })
      await settle()
    },
    /** As the stream tells it, which may be before the answer to the write. */
    hear: (sink: string) => {
      const { attempts, firstDueMs } = deliveryOf(sink)
      const counts = { sink, attempts, unrecorded: 0, firstDueMs, replayed: false, home: 'a' }
      const heard: DeliveryRecord = { kind: 'delivery', state: 'ended', ...counts }
      ledger.update(key, tokenOf(sink), ++seq, heard, clock.now())
    },
  }
}

test('deliveries that end in one moment are ended by the one write that ends their event', async () => {
  const { end, writing, answer, ledger, key, deleted } = anEnd(['one', 'two', 'three'])
  const all = Promise.all([end('one', 'soon'), end('two', 'soon'), end('three', 'soon')])
  await settle()
  assert.deepEqual(writing(), ['closed'])
  await answer()
  await all
  assert.deepEqual([ledger.event(key), deleted], [undefined, []])
})

test('an end waits for those that are under way, and no longer than it may', async () => {
  const { end, writing, answer, clock } = anEnd(['one', 'two'])
  const first = end('one', 'soon')
  await clock.advance({ ms: waitMs - 1 })
  assert.deepEqual(writing(), [])
  await clock.advance({ ms: 1 })
  assert.deepEqual(writing(), ['one'])
  await answer()
  await first
  const second = end('two', 'soon')
  await settle()
  assert.deepEqual(writing(), ['closed'], 'the last one waits for nobody')
  await answer()
  await second
})

test('an end for whose place somebody waits is written at once, and so is one beside what is not under way', async () => {
  const urgent = anEnd(['one', 'two'])
  void urgent.end('one', 'now')
  assert.deepEqual(urgent.writing(), ['one'])
  const beside = anEnd(['one', 'two'], { claimed: ['one'] })
  void beside.end('one', 'soon')
  assert.deepEqual(beside.writing(), ['one'])
})

test('the end of the event takes along what waits for it, whoever has ended the last one', async () => {
  const { end, writing, answer, hear, ends, tracked } = anEnd(['one', 'two'])
  const first = end('one', 'soon')
  await settle()
  hear('two')
  const told = ends.closeIfOver(tracked)
  await settle()
  assert.deepEqual(writing(), ['closed'])
  await answer()
  await Promise.all([first, told])
})

test('an event is closed once, though the stream tells of the last end before the write of it is answered', async () => {
  const { end, writing, answer, hear, ends, tracked, deleted } = anEnd(['one', 'two'])
  const both = Promise.all([end('one', 'now'), end('two', 'now')])
  assert.deepEqual(writing(), ['one', 'two'])
  hear('one')
  hear('two')
  const told = ends.closeIfOver(tracked)
  await settle()
  assert.deepEqual(writing(), ['one', 'two', 'closed'])
  await answer()
  assert.deepEqual(writing(), [], 'nor a second time once both are answered')
  await Promise.all([both, told])
  assert.equal(deleted.length, 2)
})

test('what could not be written is told to all who wait, and can be written again', async () => {
  const { end, writing, answer, ledger, key } = anEnd(['one', 'two'])
  const both = Promise.allSettled([end('one', 'soon'), end('two', 'soon')])
  await settle()
  await answer(new InboxUnavailableError('inbox: no answer'))
  assert.deepEqual(new Set((await both).map(({ status }) => status)), new Set(['rejected']))
  const again = Promise.all([end('one', 'now'), end('two', 'now')])
  assert.deepEqual(writing(), ['one', 'two'])
  await answer()
  assert.deepEqual(writing(), ['closed'])
  await answer()
  await again
  assert.equal(ledger.event(key), undefined)
})
