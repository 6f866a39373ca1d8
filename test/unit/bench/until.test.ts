import assert from 'node:assert/strict'
import { test } from 'node:test'

import { until } from '../../../bench/controller/until.ts'

function bounds(stalledMs: number) {
  let nowMs = 0
  const sleep = async (ms: number) => (nowMs += ms)
  return { stalledMs, pollMs: 1_000, clock: { now: () => nowMs, sleep } }
}

test('resolves to the time when nothing was missing any more', async () => {
  const answers = [{ left: 1, what: 'no controller led' }, undefined]
  assert.equal(await until(() => answers.shift(), bounds(60_000)), 1_000)
})

test('a wait in which nothing moves fails with what was missing', async () => {
  await assert.rejects(
    until(() => ({ left: 6, what: '3 of 9 objects were Ready' }), bounds(60_000)),
    { message: '3 of 9 objects were Ready, and nothing had moved for 60 s' },
  )
})
