import assert from 'node:assert/strict'
import { test } from 'node:test'

import { maxConditionMessageLength, type GeminiWebhookStatus, type SinkStatus } from '../../../../src/api/status.ts'
import type { FoldedSink, FoldedSinks } from '../../../../src/controller/facts/folded-sinks.ts'
import { areCountsNew, areCountsStale } from '../../../../src/controller/reports/sink-counts.ts'
import { foldSinkStatus, judgeSinkHealth, noSinkReports } from '../../../../src/controller/reports/sink-status.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'

const ten = '2026-11-29T10:00:00Z'
const eleven = '2026-11-29T11:00:00Z'
const resolved: SinkStatus[] = [{ name: 'orders', address: 'http://orders.ml.svc', ready: true }]
const orders = (more: Partial<SinkStatus> = {}): SinkStatus[] => resolved.map((sink) => Object.assign({}, sink, more))
const saying = (sink: Partial<FoldedSink>, more: Partial<FoldedSinks> = {}): FoldedSinks => ({
  isReported: true,
  isPartial: false,
  byName: new Map([['orders', { isUnseen: false, pending: 0, deadLetters: 0, ...sink }]]),
  ...more,
})
const nothing: FoldedSinks = { isReported: true, isPartial: false, byName: new Map() }
const fails = { failing: { since: eleven, cause: 'status', status: 503 } }
const told = { failingSince: ten, lastFailure: 'no answer in time', pending: 5 }

const cases: {
  name: string
  before?: SinkStatus[]
  reports: FoldedSinks
  counts?: boolean
  want: Partial<SinkStatus>
}[] = [
  { name: 'a sink that is well and holds nothing is as it resolved', reports: nothing, want: {} },
  {
    name: 'a failing one is told with what it holds',
    before: orders(),
    reports: saying({ ...fails, pending: 200, deadLetters: 3 }),
    want: { failingSince: eleven, lastFailure: 'it answers with an error (503)', pending: 200, deadLetters: 3 },
  },
  {
    name: 'that it fails is told while counts are not due',
    before: orders({ pending: 1 }),
    reports: saying({ ...fails, pending: 9 }),
    counts: false,
    want: { failingSince: eleven, lastFailure: 'it answers with an error (503)', pending: 1 },
  },
  {
    name: 'counts and reason wait until they are due',
    before: orders(told),
    reports: saying({ ...fails, pending: 9 }),
    counts: false,
    want: told,
  },
  {
    name: 'a receiver that began anew does not move the beginning',
    before: orders(told),
    reports: saying(fails),
    want: { failingSince: ten, lastFailure: 'it answers with an error (503)' },
  },
  { name: 'a success ends it', before: orders(told), reports: saying({ pending: 2 }), want: { pending: 2 } },
  { name: 'nothing left to say ends it', before: orders(told), reports: nothing, want: {} },
  {
    name: 'a sink that nobody has tried since fails as it did, and its counts follow',
    before: orders(told),
    reports: saying({ isUnseen: true, pending: 7 }),
    want: { ...told, pending: 7 },
  },
  {
    name: 'without a receiver that tells it fails as it did, and nothing is pending',
    before: orders(told),
    reports: noSinkReports,
    want: { failingSince: ten, lastFailure: 'no answer in time' },
  },
  {
    name: 'a sink that was never told is told with its counts, due or not',
    reports: saying({ ...fails, pending: 9, deadLetters: 2 }),
    counts: false,
    want: { failingSince: eleven, lastFailure: 'it answers with an error (503)', pending: 9, deadLetters: 2 },
  },
  {
    name: 'what had room in a report is counted, though others had none',
    before: orders({ pending: 5 }),
    reports: saying({ pending: 7 }, { isPartial: true }),
    want: { pending: 7 },
  },
  {
    name: 'the same moment in other digits is no news',
    before: orders(told),
    reports: saying({ failing: { ...fails.failing, since: '2026-11-29T10:00:00.000Z' } }),
    want: { failingSince: ten, lastFailure: 'it answers with an error (503)' },
  },
  {
    name: 'what had no room in a report stays as it was',
    before: orders(told),
    reports: { ...nothing, isPartial: true },
    want: told,
  },
]
for (const { name, before, reports, counts = true, want } of cases) {
  test(name, () => assert.deepEqual(foldSinkStatus(resolved, before, reports, counts), orders(want)))
}

test('a suspended sink does not fail, whatever it did before and whatever a late report says; what it holds is counted', () => {
  const suspended: SinkStatus[] = orders({ ready: false, reason: 'Suspended' })
  const reports = saying({ ...fails, pending: 9, deadLetters: 2 })
  const folded = foldSinkStatus(suspended, orders(told), reports, true)
  assert.deepEqual(folded, orders({ ready: false, reason: 'Suspended', pending: 9, deadLetters: 2 }))
  assert.equal(judgeSinkHealth(folded, reports).status, 'True')
  assert.deepEqual(
    foldSinkStatus(resolved, folded, saying({ isUnseen: true, pending: 9 }), true),
    orders({ pending: 9 }),
  )
})

test('the condition names the sinks that fail, since when and why; without a report it does not claim to know', () => {
  assert.equal(judgeSinkHealth([], noSinkReports).status, 'True')
  assert.equal(judgeSinkHealth(resolved, nothing).status, 'True')
  assert.deepEqual(judgeSinkHealth(resolved, noSinkReports), {
    status: 'Unknown',
    reason: 'NotReported',
    message: 'no receiver has reported on sinks yet',
  })
  const { status, reason, message } = judgeSinkHealth([...orders(told), { name: 'audit', ready: true }], nothing)
  assert.deepEqual([status, reason], ['False', 'SinkFailing'])
  assert.match(message, /^1 of 2 sinks take nothing: orders since 2026-11-29T10:00:00Z: no answer in time; /)
  const many = Array.from({ length: 16 }, (_, at) => ({ ...told, name: `${at}`.padEnd(63, 'x'), ready: true }))
  assert.match(judgeSinkHealth(many, nothing).message, /; and 12 more; /)
})

function stale(sink: Partial<SinkStatus>, pending: number, reports: FoldedSinks, now: number, waitingMs = 0): boolean {
  const status = { ...aWebhook().build().status, sinks: orders(sink), delivery: { pending } }
  return areCountsStale({ status }, { report: { pending: now }, sinks: reports, waitingMs })
}

test('an object is worth a pass when its sinks turned, dead letters came or went, or a backlog moved far', () => {
  assert.equal(stale({}, 0, nothing, 0), false)
  assert.equal(stale({}, 3, nothing, 9), false, 'deliveries in flight')
  assert.equal(stale({}, 0, nothing, 3, 300_000), true, 'what waits is not in flight')
  assert.equal(stale({}, 3, nothing, 0), true, 'that nothing waits any more is told')
  assert.equal(stale({}, 0, saying({ pending: 200 }), 200), true)
  assert.equal(stale({ pending: 200 }, 200, nothing, 0), true)
  assert.equal(stale(told, 5, saying({ ...fails, pending: 6 }), 6), true, 'of a sink that fails each counts')
  assert.equal(stale(told, 5, saying({ ...fails, pending: 5 }), 5), false)
  assert.equal(stale(told, 5, saying({ pending: 5 }), 5), true)
  assert.equal(stale(told, 5, saying({ isUnseen: true, pending: 5 }), 5), false)
  assert.equal(stale({}, 0, saying(fails), 0), true)
  assert.equal(stale({}, 0, saying({ deadLetters: 1 }), 0), true)
  assert.equal(stale({ deadLetters: 1 }, 0, { ...nothing, isPartial: true }, 0), false)
})

const step = (said: Partial<FoldedSink>): FoldedSinks => {
  const sink = { isUnseen: false, pending: 0, deadLetters: 0, ...said }
  return { isReported: true, isPartial: false, byName: new Map([['$routes', sink]]) }
}
const staleWith = (routes: NonNullable<GeminiWebhookStatus['routes']>, sinks: FoldedSinks) =>
  areCountsStale({ status: { routes } }, { report: { pending: 0 }, sinks, waitingMs: 0 })
const written = (pending: number) => ({ routes: { attached: 1, pending } })

test('nor is the step that hands events on to routes left out of that', () => {
  const failing = { since: ten, cause: 'inboxFull', status: undefined }
  assert.equal(staleWith({ attached: 1 }, step({})), false)
  assert.equal(staleWith({ attached: 1 }, step({ failing })), true)
  assert.equal(staleWith({ attached: 1, failingSince: ten }, step({ failing })), false)
  assert.equal(staleWith({ attached: 1, failingSince: ten }, step({})), true)
  assert.equal(staleWith({ attached: 1 }, step({ deadLetters: 1 })), false, 'nothing tells of its dead letters')
  assert.deepEqual([areCountsNew(written(1), written(2)), areCountsNew(written(1), written(1))], [true, false])
})

const many = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    name: `sink-${index}`,
    address: 'http://orders.ml.svc',
    ready: true,
    failingSince: ten,
    lastFailure: 'no answer in time',
  }))

test('of many that fail four are named and the others counted', () => {
  const four = judgeSinkHealth(many(4), nothing).message
  assert.match(four, /^4 of 4 sinks take nothing: .*sink-3 since/)
  assert.doesNotMatch(four, /more/)
  const six = judgeSinkHealth(many(6), nothing).message
  assert.match(six, /sink-3 since .*; and 2 more;/)
  assert.doesNotMatch(six, /sink-4/)
})

test('what was told of a sink is told of that sink alone', () => {
  const audit: SinkStatus = { name: 'audit', address: 'http://audit.ml.svc', ready: true }
  const before = [...orders({ pending: 5 }), audit]
  const [, second] = foldSinkStatus([...resolved, audit], before, { ...nothing, isReported: false }, false)
  assert.deepEqual(second, audit)
})

test('the earlier beginning of a failure is the one that is told', () => {
  const begins = (since: string) =>
    foldSinkStatus(
      resolved,
      orders({ ...told, failingSince: eleven }),
      saying({ failing: { ...fails.failing, since } }),
      true,
    )[0]?.failingSince
  assert.equal(begins(ten), ten)
  assert.equal(begins('2026-11-29T12:00:00Z'), eleven)
})

test('the longest message fits into a condition: 16 sinks that fail, all texts as long as status can hold them', () => {
  const longest = { failingSince: 'T'.repeat(64), lastFailure: 'y'.repeat(128) }
  const sinks = many(16).map((sink, at) => Object.assign(sink, longest, { name: `${at}`.padEnd(63, 'x') }))
  const { message } = judgeSinkHealth(sinks, nothing)
  assert.ok(message.length <= maxConditionMessageLength, `${message.length}`)
})
