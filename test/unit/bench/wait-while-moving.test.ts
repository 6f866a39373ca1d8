import assert from 'node:assert/strict'
import { test } from 'node:test'

import { waitWhileMoving } from '../../../bench/wait-while-moving.ts'

/** Time that passes only while somebody sleeps. */
function bounds(stalledMs: number) {
  let nowMs = 0
  const now = () => nowMs
  const sleep = async (ms: number) => (nowMs += ms)
  return { stalledMs, pollMs: 1_000, clock: { now, sleep } }
}

const missing = (left: number) => ({ left, what: `${left} objects` })

test('a wait ends when nothing is missing any more', async () => {
  const answers = [missing(2), missing(1), undefined]
  assert.deepEqual(await waitWhileMoving(() => answers.shift(), bounds(60_000)), { endMs: 2_000 })
})

test('however long it takes: what comes nearer in time is waited for', async () => {
  let left = 500
  const slow = () => (left === 0 ? undefined : missing(left--))
  assert.deepEqual(await waitWhileMoving(slow, bounds(2_000)), { endMs: 500_000 })
})

test('a wait in which nothing moves for too long ends with what is missing', async () => {
  const answers = [missing(9), missing(6)]
  const stuck = () => answers.shift() ?? missing(6)
  assert.deepEqual(await waitWhileMoving(stuck, bounds(5_000)), { endMs: 6_000, missing: missing(6) })
})

test('going back and forth is no progress', async () => {
  let calls = 0
  const { missing: last } = await waitWhileMoving(() => missing(5 + (calls++ % 2)), bounds(10_000))
  assert.equal(last?.left, 5)
})
