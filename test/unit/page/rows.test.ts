import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { WebhookRow } from '../../../src/contract/page/overview.ts'
import { applyEntries, maxEntries } from '../../../src/page/live/entries.ts'
import { applyRows, noRows } from '../../../src/page/live/rows.ts'
import { selectRows } from '../../../src/page/live/select-rows.ts'

const row = (id: string, given: Partial<WebhookRow> = {}): WebhookRow => {
  const [namespace = '', name = ''] = id.split('/')
  const nothing = { reason: '', message: '', events: 0, pending: 0, deadLetters: 0, sinks: [] }
  return { id, namespace, name, version: '1', health: 'Ready', ...nothing, ...given }
}
const ids = (rows: Iterable<WebhookRow>) => [...rows].map(({ id }) => id)

test('rows come in parts, change, go, and begin anew after a reconnect', () => {
  const first = applyRows(noRows, [{ isStart: true, changed: [row('a/1'), row('a/2')], removed: [] }])
  assert.equal(first.isComplete, false)
  const all = applyRows(first, [
    { changed: [row('a/3')], removed: [], isComplete: true },
    { changed: [row('a/2', { pending: 7 })], removed: ['a/1', 'a/unknown'] },
  ])
  assert.equal(all.isComplete, true)
  assert.deepEqual(ids(all.byId.values()), ['a/2', 'a/3'])
  assert.equal(all.byId.get('a/2')?.pending, 7)
  assert.equal(first.byId.size, 2, 'what was shown before is left as it was')

  const anew = applyRows(all, [{ isStart: true, changed: [row('b/1')], removed: [] }])
  assert.deepEqual([ids(anew.byId.values()), anew.isComplete], [['b/1'], false])
})

test('what needs attention is first, then the order is by name', () => {
  const rows = [row('b/2'), row('b/1'), row('c/1', { health: 'DeadLetters' }), row('d/1', { health: 'Failed' })]
  assert.deepEqual(ids(selectRows(rows, { namespace: '', search: '' })), ['d/1', 'c/1', 'b/1', 'b/2'])
})

test('every word of a search has to be found in the name, the health, the reason or a sink, in any case', () => {
  const rows = [
    row('ml/batch', { sinks: [{ name: 'worker', isWell: true }] }),
    row('ml/video', { health: 'SinkFailing', reason: 'TLSFailed', sinks: [{ name: 'kafka', isWell: false }] }),
    row('ops/batch'),
  ]
  const found = (search: string, namespace = '') => ids(selectRows(rows, { namespace, search }))
  assert.deepEqual(found('BATCH worker'), ['ml/batch'])
  assert.deepEqual(found('tls kafka'), ['ml/video'])
  assert.deepEqual(found('sinkfailing'), ['ml/video'])
  assert.deepEqual(found('batch', 'ops'), ['ops/batch'])
  assert.deepEqual(found('batch video'), [])
  assert.equal(found('  ').length, 3)
})

const entry = (number: number) => ({ number }) as never
const some = (from: number, count: number) => Array.from({ length: count }, (_, at) => entry(from + at))
const numbers = (entries: readonly { number: number }[]) => entries.map(({ number }) => number)

test('the last deliveries are remembered, newest first and no more than a thousand', () => {
  const three = applyEntries(
    [],
    [
      { entries: some(1, 2), left: 0 },
      { entries: some(3, 1), left: 0 },
    ],
  )
  assert.deepEqual(numbers(three), [3, 2, 1])
  const many = applyEntries(three, [{ entries: some(4, 2_000), left: 0 }])
  assert.deepEqual([many.length, many[0]?.number], [maxEntries, 2_003])
  assert.deepEqual(numbers(applyEntries(many, [{ isStart: true, entries: some(9, 2), left: 0 }])), [10, 9])
})
