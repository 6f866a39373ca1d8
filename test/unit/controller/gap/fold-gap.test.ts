import assert from 'node:assert/strict'
import { test } from 'node:test'

import { foldGap, type Gap } from '../../../../src/controller/gap/fold-gap.ts'
import type { GapCause, Outage, SeenOutages } from '../../../../src/controller/gap/outages.ts'
import { formatTime } from '../../../../src/format-time.ts'

const hourMs = 3_600_000
const noonMs = Date.parse('2026-11-21T12:00:00Z')
const at = (hours: number) => formatTime(noonMs + hours * hourMs)

const seen = (outages: readonly Outage[] = [], over: readonly GapCause[] = []): SeenOutages => ({
  outages,
  over: new Set(over),
})
const disabled = (sinceHours: number): Outage => ({ cause: 'DisabledByGoogle', sinceMs: noonMs + sinceHours * hourMs })
const away = (sinceHours: number, untilHours?: number): Outage => ({
  cause: 'ReceiversAway',
  sinceMs: noonMs + sinceHours * hourMs,
  ...(untilHours !== undefined && { untilMs: noonMs + untilHours * hourMs }),
})
const covered = (fromHours: number, toHours: number) => ({
  fromMs: noonMs + fromHours * hourMs,
  toMs: noonMs + toHours * hourMs,
})

interface Case {
  readonly name: string
  readonly before?: Gap
  readonly seen?: SeenOutages
  readonly covered?: ReturnType<typeof covered>
  readonly atHours?: number
  readonly want: Gap | undefined
}

const closed: Gap = { since: at(-30), until: at(-2), cause: 'DisabledByGoogle' }
const open: Gap = { since: at(-30), cause: 'DisabledByGoogle' }
const coveredGap: Gap = { ...closed, coveredTime: at(-1) }

const cases: readonly Case[] = [
  { name: 'without an outage there is none', want: undefined },
  { name: 'an outage opens it', seen: seen([disabled(-24)]), want: { since: at(-24), cause: 'DisabledByGoogle' } },
  { name: 'an outage that lasts leaves it as it is', before: open, seen: seen([disabled(-20)]), want: open },
  { name: 'what cannot be seen does not end it', before: open, seen: seen(), want: open },
  {
    name: 'the end of another cause does not end it',
    before: open,
    seen: seen([], ['ReceiversAway']),
    want: open,
  },
  {
    name: 'its end is told once',
    before: open,
    seen: seen([], ['DisabledByGoogle']),
    want: { ...open, until: at(0) },
  },
  {
    name: 'one that lasts by another cause does not end with the first',
    before: open,
    seen: seen([away(-25)], ['DisabledByGoogle']),
    want: open,
  },
  {
    name: 'the next outage widens one that nothing covered',
    before: closed,
    seen: seen([away(-26)]),
    want: { since: at(-30), cause: 'ReceiversAway' },
  },
  {
    name: 'the next outage takes the place of one that was covered, and begins no earlier than its end',
    before: coveredGap,
    seen: seen([disabled(-24)]),
    want: { since: at(-2), cause: 'DisabledByGoogle' },
  },
  {
    name: 'a time that is over when it is told is told with its end',
    seen: seen([away(-27, -1)], ['ReceiversAway']),
    want: { since: at(-27), until: at(-1), cause: 'ReceiversAway' },
  },
  { name: 'it is told again without a change', before: closed, seen: seen([away(-28, -3)]), want: closed },
  { name: 'it is told again after it was covered', before: coveredGap, seen: seen([away(-40, -3)]), want: coveredGap },
  { name: 'one that is older than what is told is none', before: closed, seen: seen([away(-90, -60)]), want: closed },
  {
    name: 'it widens what is told and not covered',
    before: closed,
    seen: seen([away(-28, -1)]),
    want: { ...closed, until: at(-1) },
  },
  {
    name: 'it widens what lasts',
    before: open,
    seen: seen([disabled(-24), away(-33, -5)]),
    want: { ...open, since: at(-33) },
  },
  {
    name: 'a later one takes the place of what was covered',
    before: coveredGap,
    seen: seen([away(-26, -0.5)]),
    want: { since: at(-2), until: at(-0.5), cause: 'ReceiversAway' },
  },
  {
    name: 'a run that looked at all of it covers it',
    before: closed,
    covered: covered(-30, -2),
    want: { ...closed, coveredTime: at(0) },
  },
  { name: 'a run that began later does not', before: closed, covered: covered(-29.9, -1), want: closed },
  { name: 'a run that ended earlier does not', before: closed, covered: covered(-60, -2.1), want: closed },
  { name: 'nothing covers what lasts', before: open, covered: covered(-60, 0), want: open },
  { name: 'the time of covering stays', before: coveredGap, covered: covered(-60, 0), want: coveredGap },
  {
    name: 'it is forgotten when nothing of it can be found any more',
    before: closed,
    atHours: 14 * 24 - 1.9,
    want: undefined,
  },
  { name: 'and not before', before: closed, atHours: 14 * 24 - 2, want: closed },
  { name: 'what lasts is never forgotten', before: open, atHours: 2_000, want: open },
]

for (const { name, before, seen: outages = seen(), covered: looked, atHours = 0, want } of cases) {
  test(`of a gap: ${name}`, () => {
    assert.deepEqual(foldGap(before, outages, looked, noonMs + atHours * hourMs), want)
  })
}
