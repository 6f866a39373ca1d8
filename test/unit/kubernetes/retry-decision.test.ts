import assert from 'node:assert/strict'
import { test } from 'node:test'

import { retryDelayMs, type AttemptFailure } from '../../../src/kubernetes/retry-decision.ts'

const refused = (status: number, retryAfterMs?: number): AttemptFailure => ({ type: 'refused', status, retryAfterMs })
const broken = (reached: boolean): AttemptFailure => ({ type: 'broken', reached })

function isRepeated(write: boolean, failure: AttemptFailure): boolean {
  return retryDelayMs({ write, attempt: 1 }, failure, () => 0.5) !== undefined
}

const cases: { name: string; failure: AttemptFailure; read: boolean; write: boolean }[] = [
  { name: '429 with Retry-After', failure: refused(429, 1_000), read: true, write: true },
  { name: '429 without Retry-After', failure: refused(429), read: true, write: false },
  { name: '500', failure: refused(500), read: true, write: false },
  { name: '503 with Retry-After', failure: refused(503, 1_000), read: true, write: false },
  { name: '504', failure: refused(504), read: true, write: false },
  { name: '400', failure: refused(400), read: false, write: false },
  { name: '403', failure: refused(403), read: false, write: false },
  { name: '404', failure: refused(404), read: false, write: false },
  { name: '409', failure: refused(409), read: false, write: false },
  { name: '410', failure: refused(410), read: false, write: false },
  { name: 'connection cut after the request may have arrived', failure: broken(true), read: true, write: false },
  { name: 'connection never made', failure: broken(false), read: true, write: true },
  { name: 'Retry-After beyond a minute', failure: refused(429, 90_000), read: false, write: false },
]

for (const { name, failure, read, write } of cases) {
  test(`${name}: read ${read ? 'repeated' : 'not'}, write ${write ? 'repeated' : 'not'}`, () => {
    assert.deepEqual({ read: isRepeated(false, failure), write: isRepeated(true, failure) }, { read, write })
  })
}

test('no call is tried more than five times', () => {
  assert.notEqual(
    retryDelayMs({ write: false, attempt: 4 }, refused(500), () => 0),
    undefined,
  )
  assert.equal(
    retryDelayMs({ write: false, attempt: 5 }, refused(500), () => 0),
    undefined,
  )
})

test('the wait grows, and Retry-After is a floor to which jitter is added', () => {
  const waits = [1, 2, 3].map((attempt) => retryDelayMs({ write: false, attempt }, refused(500), () => 1))
  assert.deepEqual(waits, [100, 200, 400])
  assert.equal(
    retryDelayMs({ write: false, attempt: 1 }, refused(429, 2_000), () => 1),
    2_100,
  )
})
