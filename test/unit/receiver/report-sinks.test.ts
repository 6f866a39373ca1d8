import assert from 'node:assert/strict'
import { test } from 'node:test'

import { maxSinkBytes, reportSinks as report, type SinksInput } from '../../../src/receiver/report-sinks.ts'
import { sinkReportSchema } from '../../../src/contract/receiver-report/report.ts'

const nowMs = Date.parse('2026-11-29T16:00:00.500Z')
const one = { ownerUid: 'u', sink: 'orders' }
const failing = { ...one, failing: { sinceMs: nowMs - 60_000, cause: 'status', status: 503 }, lastAttemptMs: nowMs }
const well = { ...one, lastAttemptMs: nowMs }

/** `hog` of `hog-1`. */
const beforeDash = (uid: string) => uid.split('-')[0]

function reportSinks(given: Omit<SinksInput, 'namespaceOf'> & Partial<SinksInput>) {
  return report({ namespaceOf: () => 'ml', ...given })
}

test('only sinks that fail or hold something are named', () => {
  assert.deepEqual(reportSinks({ backlog: [], states: [well], nowMs }), { sinks: {} })
  const { sinks } = reportSinks({
    backlog: [{ ...one, pending: 200, deadLetters: 3 }],
    states: [failing, { ...failing, sink: 'audit', failing: { sinceMs: nowMs, cause: 'timeout' } }],
    nowMs,
  })
  assert.deepEqual(sinks, {
    u: {
      audit: { since: '2026-11-29T16:00:00Z', cause: 'timeout' },
      orders: { since: '2026-11-29T15:59:00Z', cause: 'status', status: 503, pending: 200, deadLetters: 3 },
    },
  })
  for (const report of Object.values(sinks['u'] ?? {})) assert.deepEqual(sinkReportSchema.parse(report), report)
})

test('a sink that this process has not tried is told as unseen, one that took something is not', () => {
  const backlog = [{ ...one, pending: 0, deadLetters: 3 }]
  assert.deepEqual(reportSinks({ backlog, states: [], nowMs }).sinks, {
    u: { orders: { unseen: true, deadLetters: 3 } },
  })
  assert.deepEqual(reportSinks({ backlog, states: [well], nowMs }).sinks, { u: { orders: { deadLetters: 3 } } })
})

test('a failure of long ago with nothing pending says nothing about now', () => {
  const old = { ...failing, lastAttemptMs: nowMs - 3_600_000 }
  const backlog = [{ ...one, pending: 0, deadLetters: 3 }]
  assert.deepEqual(reportSinks({ backlog, states: [old], nowMs }).sinks, {
    u: { orders: { unseen: true, deadLetters: 3 } },
  })
  const waiting = [{ ...one, pending: 1, deadLetters: 0 }]
  assert.ok(reportSinks({ backlog: waiting, states: [old], nowMs }).sinks['u']?.['orders']?.since)
})

test('what one receiver says has its bound; those that fail come first, and what was left out is counted', () => {
  const many = Array.from({ length: 2_000 }, (_, at) => ({ ownerUid: `uid-${at}`.padEnd(36, '0'), sink: `sink-${at}` }))
  const backlog = many.map((name) => ({ ...name, pending: 1, deadLetters: 1 }))
  const states = many.slice(1_900).map((name) => Object.assign({}, failing, name))
  const { sinks, sinksLeftOut = 0 } = reportSinks({ backlog, states, nowMs })
  const bytes = JSON.stringify(sinks).length
  assert.ok(bytes <= maxSinkBytes && bytes > maxSinkBytes / 2, String(bytes))
  const named = Object.values(sinks).flatMap((byName) => Object.values(byName))
  assert.equal(named.filter(({ since }) => since !== undefined).length, 100)
  assert.equal(named.length + sinksLeftOut, 2_000)
})

test("a namespace with more sinks that fail than there is room for hides nobody else's", () => {
  const hogs = Array.from({ length: 2_000 }, (_, at) => ({ ...failing, ownerUid: `hog-${at}`, sink: `sink-${at}` }))
  const others = [
    { ...failing, ownerUid: 'b' },
    { ...failing, ownerUid: 'z' },
  ]
  const { sinks, sinksLeftOut = 0 } = reportSinks({
    backlog: [],
    states: [...hogs, ...others],
    nowMs,
    namespaceOf: beforeDash,
  })
  assert.deepEqual([Object.keys(sinks['b'] ?? {}), Object.keys(sinks['z'] ?? {})], [['orders'], ['orders']])
  assert.ok(sinksLeftOut > 0)
})

test('the same state gives the same bytes, whatever came first', () => {
  const backlog = ['b', 'a'].flatMap((ownerUid) =>
    ['y', 'x'].map((sink) => ({ ownerUid, sink, pending: 1, deadLetters: 0 })),
  )
  const text = (from: typeof backlog) => JSON.stringify(reportSinks({ backlog: from, states: [], nowMs }))
  assert.equal(text(backlog), text(backlog.toReversed()))
})
