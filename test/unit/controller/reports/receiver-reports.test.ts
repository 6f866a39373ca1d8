import assert from 'node:assert/strict'
import { test } from 'node:test'

import { foldDelivery } from '../../../../src/controller/status/fold-delivery.ts'
import {
  foldReports,
  lastSign,
  noteworthyChanges,
  presenceOf,
  staleReports,
  strandedInboxes,
  whatIsStranded,
} from '../../../../src/controller/reports/receiver-reports.ts'
import { readReports } from '../../../../src/controller/reports/read-reports.ts'

const at = (time: string, extra: object = {}) => ({
  pending: 1,
  lastVerifiedTime: `2026-11-21T${time}:00Z`,
  ...extra,
})

const report = (value: object) => JSON.stringify({ endpoints: { u: value } })

test('reports of several receivers are folded; one that cannot be read is left out', () => {
  const folded = foldReports({
    data: {
      a: report({ pending: 2, lastVerifiedTime: '2026-11-21T10:00:00Z', check: { attemptID: 'x', keyID: 'k' } }),
      b: report({ pending: 3, lastVerifiedTime: '2026-11-21T11:00:00Z', refusingSince: '2026-11-21T09:00:00Z' }),
      c: 'not json',
      d: JSON.stringify({ endpoints: { u: { pending: 'many' } } }),
    },
  })
  assert.deepEqual(folded.get('u'), {
    echoes: [{ attemptID: 'x', keyID: 'k' }],
    pending: 5,
    lastVerifiedTime: '2026-11-21T11:00:00Z',
    refusingSince: '2026-11-21T09:00:00Z',
  })
  assert.deepEqual(noteworthyChanges(new Map(), folded), ['u'])
  const busier = new Map([['u', { ...folded.get('u'), echoes: folded.get('u')?.echoes ?? [], pending: 900 }]])
  assert.deepEqual(
    noteworthyChanges(
      new Map([['u', { ...busier.get('u'), echoes: busier.get('u')?.echoes ?? [], pending: 1 }]]),
      busier,
    ),
    [],
    'traffic alone wakes nobody',
  )
})

test('status tells of traffic once an hour, of refusing at once, and its times never go back', () => {
  const first = foldDelivery(undefined, at('10:00'))
  assert.deepEqual(first, { lastVerifiedTime: '2026-11-21T10:00:00Z', pending: 1 })
  assert.equal(foldDelivery(first, at('10:59')), first)
  assert.equal(foldDelivery(first, at('11:00'))?.lastVerifiedTime, '2026-11-21T11:00:00Z')
  assert.equal(foldDelivery(first, at('09:00')), first)
  const refusing = foldDelivery(first, at('09:30', { refusingSince: '2026-11-21T10:30:00Z' }))
  assert.equal(refusing?.refusingSince, '2026-11-21T10:30:00Z')
  assert.equal(refusing.lastVerifiedTime, '2026-11-21T10:00:00Z')
  assert.equal(foldDelivery(refusing, at('10:01'))?.refusingSince, undefined)
})

test('that dead letters were dropped is told at once, by whoever dropped last, and outlives the receiver that said so', () => {
  const noon = '2026-11-21T12:00:00Z'
  const one = '2026-11-21T13:00:00Z'
  const folded = foldReports({
    data: {
      a: report({ pending: 1, lastDropTime: one }),
      b: report({ pending: 1, lastDropTime: noon }),
      olderVersion: report({ pending: 1 }),
    },
  })
  assert.deepEqual(folded.get('u'), { echoes: [], pending: 3, lastDropTime: one })
  const silent = foldReports({ data: { a: report({ pending: 3 }) } })
  assert.deepEqual(noteworthyChanges(silent, folded), ['u'])
  assert.deepEqual(noteworthyChanges(folded, folded), [])
  assert.deepEqual(noteworthyChanges(folded, silent), [], 'forgetting it is no news')

  const before = foldDelivery(undefined, at('12:00'))
  const dropped = foldDelivery(before, at('12:01', { lastDropTime: noon }))
  assert.equal(dropped?.lastDropTime, noon)
  assert.equal(foldDelivery(dropped, at('12:02', { lastDropTime: noon })), dropped)
  assert.equal(foldDelivery(dropped, at('12:03', { lastDropTime: one }))?.lastDropTime, one)
  assert.equal(foldDelivery(dropped, at('12:04', { lastDropTime: '2026-11-21T11:00:00Z' })), dropped)
  assert.equal(foldDelivery(dropped, at('12:05', { lastDropTime: 'soon' })), dropped, 'no time is no news')
  assert.equal(foldDelivery(dropped, at('14:00'))?.lastDropTime, noon)
  assert.equal(foldDelivery(dropped, undefined)?.lastDropTime, noon)
})

const written = (time: string) => JSON.stringify({ time, endpoints: {} })

test('a receiver that has been silent for hours is gone; one that never told the time is not judged', () => {
  const nowMs = Date.parse('2026-11-21T12:00:00Z')
  const data = {
    alive: written('2026-11-21T11:01:00Z'),
    late: written('2026-11-21T09:01:00Z'),
    gone: written('2026-11-21T08:59:00Z'),
    ahead: written('2026-11-21T12:30:00Z'),
    timeless: report({ pending: 1 }),
    broken: 'not json',
  }
  assert.deepEqual(staleReports({ data }, nowMs), ['gone'])
  assert.deepEqual(staleReports(undefined, nowMs), [])
})

test('what only a receiver that is gone reported is over: its object is woken and tells so', () => {
  const before = foldReports({ data: { a: report({ pending: 2, refusingSince: '2026-11-21T09:00:00Z' }) } })
  assert.deepEqual(noteworthyChanges(before, new Map()), ['u'])
  const told = foldDelivery(undefined, at('10:00', { refusingSince: '2026-11-21T09:00:00Z', pending: 2 }))
  assert.deepEqual(foldDelivery(told, undefined), { lastVerifiedTime: '2026-11-21T10:00:00Z', pending: 0 })
  const quiet = { lastVerifiedTime: '2026-11-21T10:00:00Z', pending: 0 }
  assert.equal(foldDelivery(quiet, undefined), quiet, 'nothing to report changes nothing')
})

const left = (time: string, more: object = {}) =>
  JSON.stringify({ time, ownInbox: true, endpoints: { u: { pending: 2 }, v: { pending: 1 } }, ...more })

test('deliveries on the volume of a receiver that ended and did not come back are stranded; of a shared inbox never', () => {
  const nowMs = Date.parse('2026-11-21T12:00:00Z')
  const data = {
    restarting: left('2026-11-21T11:50:00Z', { stopped: true }),
    scaledAway: left('2026-11-21T11:40:00Z', { stopped: true }),
    quiet: left('2026-11-21T11:01:00Z'),
    crashed: left('2026-11-21T08:59:00Z'),
    shared: left('2026-11-21T08:00:00Z', { ownInbox: false, stopped: true }),
    empty: left('2026-11-21T08:00:00Z', { stopped: true, endpoints: { u: { pending: 0 } } }),
    timeless: JSON.stringify({ ownInbox: true, stopped: true, endpoints: { u: { pending: 1 } } }),
    broken: 'not json',
  }
  assert.deepEqual(strandedInboxes({ data }, nowMs), [
    { pod: 'scaledAway', pending: 3 },
    { pod: 'crashed', pending: 3 },
  ])
  assert.deepEqual(strandedInboxes(undefined, nowMs), [])
})

test('of a receiver that is gone only what is stranded is remembered, and remembering twice changes nothing', () => {
  const refusing = { u: { pending: 2, refusingSince: '2026-11-21T08:00:00Z' }, v: { pending: 0 } }
  const rest = whatIsStranded(left('2026-11-21T08:00:00Z', { endpoints: refusing })) ?? ''
  assert.deepEqual(JSON.parse(rest), {
    time: '2026-11-21T08:00:00Z',
    ownInbox: true,
    stopped: true,
    endpoints: { u: { pending: 2 } },
  })
  assert.equal(whatIsStranded(rest), rest)
  assert.equal(whatIsStranded(left('2026-11-21T08:00:00Z', { ownInbox: false })), undefined)
  assert.equal(whatIsStranded('not json'), undefined)
})

const away = (day: string) => ({ since: `2026-11-${day}T00:00:00Z`, until: `2026-11-${day}T23:00:00Z` })
const said = (time: string | undefined, more: object = {}) =>
  JSON.stringify({ time, foldsJobs: true, ...more, endpoints: {} })
const presence = (...texts: string[]) =>
  presenceOf(readReports({ data: Object.fromEntries(texts.map((text, at) => [`receiver-${at}`, text])) }))

test('when receivers ran is told by the newest report, and when none did by the newest that says so', () => {
  assert.deepEqual(presence(), {})
  assert.deepEqual(presence(said(undefined)), {})
  const texts = [said('2026-11-21T10:00:00Z', { away: away('12') }), said('2026-11-21T09:00:00Z', { away: away('14') })]
  assert.deepEqual(presence(...texts), {
    heardMs: Date.parse('2026-11-21T10:00:00Z'),
    away: { sinceMs: Date.parse('2026-11-14T00:00:00Z'), untilMs: Date.parse('2026-11-14T23:00:00Z') },
  })
  assert.deepEqual(presence(...texts.map((text) => lastSign(text))), presence(...texts))
})
