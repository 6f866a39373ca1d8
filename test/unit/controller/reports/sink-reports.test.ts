import assert from 'node:assert/strict'
import { test } from 'node:test'

import { foldReports, whatIsStranded } from '../../../../src/controller/reports/receiver-reports.ts'
import { foldSinkReports } from '../../../../src/controller/reports/sink-reports.ts'

const nowMs = Date.parse('2026-11-29T16:00:00Z')
const at = (minutesAgo: number) => `${new Date(nowMs - minutesAgo * 60_000).toISOString().slice(0, 19)}Z`
const report = (more: object) => JSON.stringify({ time: at(1), ownInbox: true, endpoints: {}, sinks: {}, ...more })
const failing = (minutesAgo: number, more: object = {}) => ({
  since: at(minutesAgo),
  cause: 'status',
  status: 503,
  ...more,
})
const orders = (sink: object) => ({ sinks: { u: { orders: sink } } })
const fold = (data: Record<string, string>) => foldSinkReports({ data }, nowMs).of('u')

test('a sink fails if it does for any receiver, since the first, and the counts of receivers with inboxes of their own add up', () => {
  const { byName, isReported, isPartial } = fold({
    a: report(orders(failing(5, { pending: 200, deadLetters: 1 }))),
    b: report(orders(failing(9, { cause: 'timeout', status: undefined, pending: 3 }))),
    c: report({}),
  })
  assert.deepEqual(byName.get('orders'), {
    failing: { since: at(9), cause: 'timeout', status: undefined },
    isUnseen: false,
    pending: 203,
    deadLetters: 1,
  })
  assert.deepEqual([isReported, isPartial], [true, false])
})

test('a shared inbox counts once, however many receivers tell of it: the newest report does', () => {
  const shared = (minutesAgo: number, pending: number, more: object = {}) =>
    report({
      time: at(minutesAgo),
      ownInbox: undefined,
      endpoints: { u: { pending } },
      ...orders({ unseen: true, pending }),
      ...more,
    })
  const data = { old: shared(9, 500), a: shared(1, 200), ended: shared(1, 300, { stopped: true }) }
  assert.equal(fold(data).byName.get('orders')?.pending, 200)
  assert.equal(foldReports({ data }, nowMs).get('u')?.pending, 200)
  const mixed = { ...data, own: report({ endpoints: { u: { pending: 7 } }, ...orders({ pending: 7 }) }) }
  assert.equal(foldReports({ data: mixed }, nowMs).get('u')?.pending, 207)
})

test('a shared inbox that nobody reports as holding anything any more is empty', () => {
  const data = { old: report({ time: at(9), ownInbox: undefined, endpoints: { u: { pending: 5 } } }) }
  const drained = { ...data, a: report({ ownInbox: undefined }) }
  assert.equal(foldReports({ data }, nowMs).get('u')?.pending, 5)
  assert.equal(foldReports({ data: drained }, nowMs).get('u')?.pending, 0)
})

test('a sink that nobody has tried is unseen, unless another receiver takes deliveries of the object without a complaint', () => {
  const unseen = { a: report(orders({ unseen: true, deadLetters: 3 })) }
  assert.equal(fold(unseen).byName.get('orders')?.isUnseen, true)
  const witness = report({ endpoints: { u: { pending: 0, lastVerifiedTime: at(2) } } })
  assert.equal(fold({ ...unseen, b: witness }).byName.get('orders')?.isUnseen, false)
  assert.equal(fold({ a: report(orders({ deadLetters: 3 })) }).byName.get('orders')?.isUnseen, false)
})

test('receivers of older versions, that ended or that fell silent say nothing of how sinks are now', () => {
  assert.equal(fold({ a: JSON.stringify({ time: at(1), endpoints: {} }) }).isReported, false)
  const ended = fold({ a: report({ stopped: true, ...orders(failing(5)) }) })
  assert.deepEqual(
    [ended.isReported, ended.byName.get('orders')?.failing],
    [true, undefined],
    'that it told at all is no lie yet',
  )
  assert.equal(ended.byName.get('orders')?.isUnseen, true)
  const silent = fold({ a: report({ time: at(200), ...orders(failing(300, { pending: 4 })) }) })
  assert.deepEqual([silent.isReported, silent.byName.get('orders')?.failing], [false, undefined])
  assert.equal(silent.byName.get('orders')?.pending, 4, 'it waits on the volume')
  assert.equal(foldSinkReports(undefined, nowMs).of('u').isReported, false)
})

test('what waits for a sink on the volume of a receiver that ended still counts, also after hours', () => {
  const text = report({
    time: at(200),
    stopped: true,
    endpoints: { u: { pending: 5 } },
    ...orders(failing(300, { pending: 5, deadLetters: 1 })),
  })
  assert.equal(
    fold({ a: report({ stopped: true, ...orders(failing(5, { pending: 5 })) }) }).byName.get('orders')?.pending,
    5,
  )
  const rest = whatIsStranded(text) ?? ''
  assert.deepEqual(JSON.parse(rest).sinks, { u: { orders: { unseen: true, pending: 5 } } })
  assert.equal(whatIsStranded(rest), rest)
})

test('that not everything had room is told', () => {
  assert.equal(fold({ a: report({ sinksLeftOut: 3 }), b: report({}) }).isPartial, true)
})

test('nonsense about one sink costs no other, and none of it is believed', () => {
  const nonsense = {
    ahead: { since: '9999-12-31T00:00:00Z', cause: 'status', pending: 1 },
    text: { since: 'yesterday' },
    huge: { pending: 1e300 },
    negative: { pending: -1 },
    half: { deadLetters: 0.5 },
    cause: { since: at(5), cause: 'http://10.0.0.1/?token=x' },
    status: { since: at(5), cause: 'status', status: 7 },
    none: null,
    good: failing(5),
  }
  const { byName } = fold({ a: report({ sinks: { u: nonsense, v: 'no sinks' } }) })
  assert.deepEqual([...byName.keys()], ['ahead', 'good'])
  assert.equal(byName.get('ahead')?.failing, undefined)
  for (const sinks of ['many', 7, [], null]) assert.equal(fold({ a: report({ sinks }) }).byName.size, 0)
})

test('what a status could not carry is no part of a report about an endpoint', () => {
  const lies = {
    lastVerifiedTime: '9999-12-31T00:00:00Z',
    refusingSince: 'not a time',
    lastDropTime: at(1),
    pending: 1e300,
  }
  assert.deepEqual(foldReports({ data: { a: report({ endpoints: { u: lies } }) } }, nowMs).get('u'), {
    echoes: [],
    lastDropTime: at(1),
    pending: 0,
  })
})
