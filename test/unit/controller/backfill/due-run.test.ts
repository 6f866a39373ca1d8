import assert from 'node:assert/strict'
import { test } from 'node:test'

import { nextRunMs, type KeyRuns, type ObjectWish } from '../../../../src/controller/backfill/due-run.ts'

const minuteMs = 60_000
const pauses = { firstMs: 60_000, restMs: 10_000 }
const usual: ObjectWish = { intervalMs: 30 * minuteMs, isPressing: false, refusals: 0 }
const ran: KeyRuns = { noticedMs: 0, last: { startedMs: 100 * minuteMs, endedMs: 100 * minuteMs + 2_000 }, failures: 0 }

const cases: { name: string; runs: KeyRuns; wishes: ObjectWish[]; share?: number; want: number }[] = [
  { name: 'the first run waits for others', runs: { noticedMs: 5, failures: 0 }, wishes: [usual], want: 30_005 },
  {
    name: 'the keys begin at different times',
    runs: { noticedMs: 5, failures: 0 },
    wishes: [usual],
    share: 0.5,
    want: 45_005,
  },
  { name: 'one list an interval', runs: ran, wishes: [usual], want: 130 * minuteMs },
  {
    name: 'the shortest interval of all objects decides',
    runs: ran,
    wishes: [usual, { ...usual, intervalMs: 5 * minuteMs }],
    want: 105 * minuteMs,
  },
  {
    name: 'a request does not wait for the interval, but for a rest',
    runs: ran,
    wishes: [usual, { ...usual, isPressing: true, refusals: 0 }],
    want: 100 * minuteMs + 12_000,
  },
  {
    name: 'a new object waits for others that come with it',
    runs: ran,
    wishes: [usual, { ...usual, newSinceMs: 101 * minuteMs }],
    want: 101 * minuteMs + 30_000,
  },
  {
    name: 'a failure is made good for soon',
    runs: { ...ran, failures: 1 },
    wishes: [usual],
    want: 101 * minuteMs,
  },
  {
    name: 'many failures with the pauses of the interval',
    runs: { ...ran, failures: 9 },
    wishes: [usual],
    want: 130 * minuteMs,
  },
  {
    name: 'what fails is not hurried by a request',
    runs: { ...ran, failures: 3 },
    wishes: [{ ...usual, isPressing: true, refusals: 0 }],
    want: 104 * minuteMs,
  },
  {
    name: 'an object whose events are not taken is tried again soon, and hurries nobody by more of it',
    runs: ran,
    wishes: [usual, { ...usual, refusals: 2, isPressing: true }],
    want: 102 * minuteMs,
  },
  {
    name: 'and holds up no request of another',
    runs: ran,
    wishes: [
      { ...usual, refusals: 9 },
      { ...usual, isPressing: true },
    ],
    want: 100 * minuteMs + 12_000,
  },
]
for (const { name, runs, wishes, share = 0, want } of cases) {
  test(name, () => assert.equal(nextRunMs(runs, wishes, pauses, share), want))
}
