import assert from 'node:assert/strict'
import { test } from 'node:test'

import { countOlder, owedEvents, subscriptionOf } from '../../../../src/controller/backfill/owed-events.ts'
import { SeenBatches } from '../../../../src/controller/backfill/seen-batches.ts'
import { aBatch, aSeenBatch } from '../../../support/builders/a-batch.ts'

const events = ['batch.succeeded', 'batch.failed']
const task = { fromMs: 1_000, toMs: 2_000, oldestMs: 500, intervalMs: 100 }
const idsOf = ({ owed }: { owed: readonly { id: string }[] }) => owed.map(({ id }) => id)
const runsOf = (jobs: readonly { id: string; firstRun: number }[]) => jobs.map(({ id, firstRun }) => [id, firstRun])
const progress = { events: subscriptionOf(events), acknowledged: new Set<string>() }

test('owed is what ended in time, of the types that are subscribed to', () => {
  const jobs = [
    aSeenBatch('too-old', 999),
    aSeenBatch('first', 1_000),
    aSeenBatch('expired', 1_500, { type: 'batch.expired' }),
    aSeenBatch('failed', 1_600, { type: 'batch.failed' }),
    aSeenBatch('last', 2_000),
    aSeenBatch('within-grace', 2_001),
  ]
  const { owed, isAll } = owedEvents(jobs, { events, task, progress: undefined })
  assert.deepEqual(idsOf({ owed }), ['batches/first', 'batches/failed', 'batches/last'])
  assert.ok(isAll)
  assert.equal(countOlder(jobs, { events, task }), 1)
})

test('what a finished run covered is not owed again; what its list lacked, and what ended since, is', () => {
  const done = { run: 4, fromMs: 1_000, toMs: 1_500 }
  const jobs = [
    aSeenBatch('covered', 1_200, { firstRun: 4 }),
    aSeenBatch('lagged', 1_300, { firstRun: 5 }),
    aSeenBatch('within-grace-then', 1_501, { firstRun: 4 }),
  ]
  assert.deepEqual(idsOf(owedEvents(jobs, { events, task, progress: { ...progress, done } })), [
    'batches/lagged',
    'batches/within-grace-then',
  ])
})

test('what was acknowledged in a run that did not finish is not owed again', () => {
  const jobs = [aSeenBatch('there', 1_200), aSeenBatch('missing', 1_300)]
  const acknowledged = new Set(['backfill_there_batch_succeeded'])
  assert.deepEqual(idsOf(owedEvents(jobs, { events, task, progress: { ...progress, acknowledged } })), [
    'batches/missing',
  ])
})

test('a request for what ended earlier than a finished run looked for finds it', () => {
  const done = { run: 4, fromMs: 1_000, toMs: 2_000 }
  const jobs = [aSeenBatch('older', 700), aSeenBatch('covered', 1_200)]
  const wanted = { events, task: { ...task, fromMs: 500 }, progress: { ...progress, done } }
  assert.deepEqual(idsOf(owedEvents(jobs, wanted)), ['batches/older'])
})

test('another subscription owes everything anew', () => {
  const done = { run: 4, fromMs: 1_000, toMs: 2_000 }
  const wanted = { events: ['batch.succeeded'], task, progress: { ...progress, done } }
  assert.deepEqual(idsOf(owedEvents([aSeenBatch('covered', 1_200)], wanted)), ['batches/covered'])
  assert.equal(subscriptionOf(['b', 'a']), subscriptionOf(['a', 'b']))
})

test('more than goes at once is left, the oldest first', () => {
  const jobs = [1_100, 1_200, 1_300].map((endedAtMs) => aSeenBatch(`at-${endedAtMs}`, endedAtMs))
  const { owed, isAll } = owedEvents(jobs, { events, task, progress: undefined }, 2)
  assert.deepEqual(idsOf({ owed }), ['batches/at-1100', 'batches/at-1200'])
  assert.equal(isAll, false)
})

test('a batch keeps the run that saw it first, through lists that lack it; what is too old is forgotten', () => {
  const seen = new SeenBatches()
  const [b, a] = [aBatch('b', 2_000), aBatch('a', 1_000)]
  assert.deepEqual(runsOf(seen.take([b, a], { run: 7, endedAfterMs: 0 })), [
    ['batches/a', 7],
    ['batches/b', 7],
  ])
  assert.deepEqual(runsOf(seen.take([a], { run: 8, endedAfterMs: 0 })), [['batches/a', 7]])
  assert.deepEqual(runsOf(seen.take([{ ...b, id: 'b' }], { run: 9, endedAfterMs: 1_500 })), [['b', 7]])
  assert.equal(seen.size, 1)
  assert.deepEqual(runsOf(seen.take([a, b], { run: 10, endedAfterMs: 0 })), [
    ['batches/a', 10],
    ['batches/b', 7],
  ])
})
