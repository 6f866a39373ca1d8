import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { LiveEntry } from '../../../src/contract/page/deliveries.ts'
import { Hour } from '../../../src/ui/hour.ts'
import { Latencies } from '../../../src/ui/latencies.ts'

const nowMs = Date.parse('2026-11-21T12:00:30Z')
const key = { number: 1, pod: 'p', namespace: 'ml', name: 'batch-events', eventId: 'e1' }
const at = (ms: number) => new Date(ms).toISOString()

function aRequest(endedMs: number, durationMs: number, outcome = 'Stored'): LiveEntry {
  return { ...key, kind: 'request', at: at(endedMs), route: '/', outcome, headers: {}, durationMs }
}
function aStep(ms: number, next: string, number = 1): LiveEntry {
  const attempt = { number, sinkType: 'http', outcome: 'delivered', replayed: false, durationMs: 5 }
  return { ...key, kind: 'step', at: at(ms), sink: 'worker', next, attempt }
}

test('sixty minutes are shown, the last one running, and what is older is left out', () => {
  const hour = new Hour()
  hour.add(aStep(nowMs, 'Succeed'))
  hour.add(aStep(nowMs - 59 * 60_000, 'DeadLetter'))
  hour.add(aStep(nowMs - 61 * 60_000, 'Succeed'))
  hour.add(aStep(nowMs - 60_000, 'RetryAt'))
  hour.add(aStep(nowMs - 60_000, 'Hold'))
  hour.add(aStep(nowMs, 'Skip'))
  hour.add(aRequest(nowMs, 3, 'BadSignature'))
  const { minutes, delivered, deadLetters, triedAgain, total } = hour.view(nowMs)
  assert.equal(minutes.length, 60)
  assert.equal(minutes.at(-1), Date.parse('2026-11-21T12:00:00Z'))
  assert.deepEqual([delivered.at(-1), deadLetters[0], triedAgain.at(-2)], [1, 1, 2])
  const { p50Ms: _, p99Ms: __, ...counts } = total
  assert.deepEqual(counts, { delivered: 1, triedAgain: 2, deadLetters: 1, refused: 1 })
})

for (const [name, entries] of [
  ['after its request was told', [aRequest(nowMs + 8, 8), aStep(nowMs + 40, 'Succeed')]],
  ['before it, since a sink may answer first', [aStep(nowMs + 40, 'Succeed'), aRequest(nowMs + 48, 48)]],
] as const) {
  test(`a delivery takes from the beginning of its request to the success, told ${name}`, () => {
    const hour = new Hour()
    for (const entry of entries) hour.add(entry)
    const { p99Ms } = hour.view(nowMs).total
    assert.ok(p99Ms !== null && Math.abs(p99Ms - 40) < 2, String(p99Ms))
  })
}

test('a look at the address is no refused request: only a POST delivers', () => {
  const hour = new Hour()
  hour.add(aRequest(nowMs, 1, 'MethodNotAllowed'))
  assert.equal(hour.view(nowMs).total.refused, 0)
  hour.add(aRequest(nowMs, 1, 'BadSignature'))
  assert.equal(hour.view(nowMs).total.refused, 1)
})

test('a retry is delivered, and says nothing about how fast deliveries are', () => {
  const hour = new Hour()
  hour.add(aRequest(nowMs, 2))
  hour.add(aStep(nowMs + 9_000, 'Succeed', 2))
  const { total } = hour.view(nowMs)
  assert.deepEqual([total.delivered, total.p99Ms], [1, null])
})

test('what receivers have forgotten is told: from when on the hour is complete', () => {
  const hour = new Hour()
  assert.equal(hour.view(nowMs).completeSinceMs, nowMs - 59 * 60_000 - 30_000)
  hour.incompleteBefore(nowMs - 1000)
  assert.equal(hour.view(nowMs).completeSinceMs, nowMs - 1000)
})

test('a receiver whose clock is a day ahead does not take the places of what is shown', () => {
  const hour = new Hour()
  for (let minute = 0; minute < 120; minute++) hour.add(aStep(nowMs + 24 * 3_600_000 + minute * 60_000, 'Succeed'))
  hour.view(nowMs)
  hour.add(aStep(nowMs, 'Succeed'))
  hour.add(aStep(nowMs + 90_000, 'Succeed'))
  assert.equal(hour.view(nowMs).delivered.at(-1), 1)
  assert.equal(hour.view(nowMs + 90_000).delivered.at(-1), 1)
})

test('quantiles are within three percent of the truth', () => {
  const latencies = new Latencies()
  for (let ms = 1; ms <= 1000; ms++) latencies.add(ms)
  for (const [share, want] of [
    [0.5, 500],
    [0.99, 990],
  ] as const) {
    const got = latencies.quantile(share) ?? 0
    assert.ok(Math.abs(got - want) / want < 0.03, `${share}: ${got}`)
  }
  assert.equal(new Latencies().quantile(0.5), null)
})
