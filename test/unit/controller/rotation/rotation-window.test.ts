import assert from 'node:assert/strict'
import { test } from 'node:test'

import { property, assert as check, integer } from 'fast-check'

import { nextOpportunity, windowProblems } from '../../../../src/controller/rotation/rotation-window.ts'
import { openTimeZone } from '../../../../src/controller/rotation/time-zone.ts'

const at = (time: string) => Date.parse(time)
const toText = (ms: number | undefined) => (ms === undefined ? 'never' : new Date(ms).toISOString())
const nightly = { cron: '0 2 * * 1-5', duration: '4h', timeZone: 'Europe/Berlin' }

const cases: { name: string; window: Parameters<typeof windowProblems>[0][number]; due: string; want: string }[] = [
  // 20 November 2026 is a Friday; Berlin is at UTC+1 in winter, UTC+2 in summer.
  {
    name: 'before the window: it opens',
    window: nightly,
    due: '2026-11-19T12:00:00Z',
    want: '2026-11-20T01:00:00.000Z',
  },
  {
    name: 'inside the window: at once',
    window: nightly,
    due: '2026-11-20T03:30:00Z',
    want: '2026-11-20T03:30:00.000Z',
  },
  { name: 'at its end: not any more', window: nightly, due: '2026-11-20T05:00:00Z', want: '2026-11-23T01:00:00.000Z' },
  { name: 'the weekend is left out', window: nightly, due: '2026-11-21T01:30:00Z', want: '2026-11-23T01:00:00.000Z' },
  {
    name: 'the hour that the clock skips: when it skips',
    window: { cron: '30 2 * * *', duration: '30m', timeZone: 'Europe/Berlin' },
    due: '2026-03-28T12:00:00Z',
    want: '2026-03-29T01:00:00.000Z',
  },
  {
    name: 'the hour that comes twice: its first time',
    window: { cron: '30 2 * * *', duration: '30m', timeZone: 'Europe/Berlin' },
    due: '2026-10-24T12:00:00Z',
    want: '2026-10-25T00:30:00.000Z',
  },
  {
    name: 'the second time of an hour that comes twice opens nothing',
    window: { cron: '30 2 * * *', duration: '30m', timeZone: 'Europe/Berlin' },
    due: '2026-10-25T01:15:00Z',
    want: '2026-10-26T01:30:00.000Z',
  },
  {
    name: 'without a time zone: UTC',
    window: { cron: '15 4 1 * *', duration: '1h' },
    due: '2026-11-21T00:00:00Z',
    want: '2026-12-01T04:15:00.000Z',
  },
  {
    name: 'a half-hour zone',
    window: { cron: '0 0 * * *', duration: '1h', timeZone: 'Asia/Kolkata' },
    due: '2026-11-21T00:00:00Z',
    want: '2026-11-21T18:30:00.000Z',
  },
  {
    name: 'the next 29 February, over a century that has none',
    window: { cron: '0 0 29 2 *', duration: '1h' },
    due: '2096-03-01T00:00:00Z',
    want: '2104-02-29T00:00:00.000Z',
  },
  {
    name: 'two restricted day fields: either counts',
    window: { cron: '0 0 13 * fri', duration: '1h' },
    due: '2026-11-21T00:00:00Z',
    want: '2026-11-27T00:00:00.000Z',
  },
  {
    name: 'a step in the day of month: both must hold',
    window: { cron: '0 0 */2 * mon', duration: '1h' },
    due: '2026-11-21T12:00:00Z',
    want: '2026-11-23T00:00:00.000Z',
  },
  {
    name: 'names, lists, ranges with steps, and 7 as Sunday',
    window: { cron: '5-59/20,59 3 * DEC 7', duration: '1m' },
    due: '2026-12-06T03:25:30Z',
    want: '2026-12-06T03:25:30.000Z',
  },
  {
    name: 'a window longer than its period is always open',
    window: { cron: '* * * * *', duration: '99999h' },
    due: '2026-11-21T12:00:00Z',
    want: '2026-11-21T12:00:00.000Z',
  },
]

for (const { name, window, due, want } of cases) {
  test(`window: ${name}`, () => {
    const dueMs = at(due)
    assert.equal(toText(nextOpportunity([window], { dueMs, nowMs: dueMs - 1, share: 0 })), want)
    assert.deepEqual(windowProblems([window], dueMs), [])
  })
}

test('a window that was missed is over, and the moment stands still while one is open', () => {
  const dueMs = at('2026-11-18T12:00:00Z')
  const opportunity = (now: string, share = 0) => toText(nextOpportunity([nightly], { dueMs, nowMs: at(now), share }))
  assert.equal(opportunity('2026-11-19T12:00:00Z'), '2026-11-20T01:00:00.000Z')
  assert.equal(opportunity('2026-11-20T01:00:00Z'), '2026-11-20T01:00:00.000Z')
  assert.equal(opportunity('2026-11-20T04:59:59Z'), '2026-11-20T01:00:00.000Z')
  assert.equal(opportunity('2026-11-20T05:00:00Z'), '2026-11-23T01:00:00.000Z')
  assert.equal(opportunity('2026-11-20T01:00:00Z', 1), '2026-11-20T03:00:00.000Z', 'spread over its first half')
})

test('of several windows the first to open counts, and those that never open do not', () => {
  const dueMs = at('2026-11-21T12:00:00Z')
  const windows = [{ cron: '0 0 30 2 *', duration: '1h' }, nightly, { cron: '0 6 22 11 *', duration: '1h' }]
  assert.equal(toText(nextOpportunity(windows, { dueMs, nowMs: dueMs, share: 0 })), '2026-11-22T06:00:00.000Z')
  assert.equal(nextOpportunity(windows.slice(0, 1), { dueMs, nowMs: dueMs, share: 0 }), undefined)
})

for (const [field, window] of [
  ['cron', { cron: '0 0 30 2 *', duration: '1h' }],
  ['cron', { cron: '60 0 * * *', duration: '1h' }],
  ['cron', { cron: '5-1 0 * * *', duration: '1h' }],
  ['cron', { cron: '*/0 0 * * *', duration: '1h' }],
  ['cron', { cron: '0 0 1 foo *', duration: '1h' }],
  ['cron', { cron: '1/2/3 0 * * *', duration: '1h' }],
  ['cron', { cron: '0 0 * *', duration: '1h' }],
  ['duration', { cron: '0 0 * * *', duration: '0s' }],
  ['duration', { cron: '0 0 * * *', duration: 'long' }],
  ['timeZone', { cron: '0 0 * * *', duration: '1h', timeZone: 'Europe/Atlantis' }],
] as const) {
  test(`a window that can never open is named: ${JSON.stringify(window)}`, () => {
    const problems = windowProblems([nightly, window], at('2026-11-21T12:00:00Z'))
    assert.equal(problems.length, 1)
    assert.ok(problems[0]?.startsWith(`spec.rotation.windows[1].${field}: `), problems[0])
  })
}

test('property: a wall clock never goes back, and every wall time leads to an instant that shows it or the end of a skip', () => {
  for (const name of ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata', 'UTC']) {
    const zone = openTimeZone(name)
    assert.ok(zone)
    check(
      property(integer({ min: 0, max: 24 * 60 * 366 }), integer({ min: 0, max: 300 }), (minute, later) => {
        const wallMs = at('2026-01-01T00:00:00Z') + minute * 60_000
        const instantMs = zone.instantOf(wallMs)
        assert.ok(zone.instantOf(wallMs + later * 60_000) >= instantMs)
        assert.ok(zone.wallOf(instantMs) >= wallMs, 'only a skip shows a later time')
        assert.equal(zone.instantOf(zone.wallOf(instantMs)) <= instantMs, true)
      }),
      { numRuns: 200 },
    )
  }
})
