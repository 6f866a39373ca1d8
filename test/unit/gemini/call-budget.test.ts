import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createCallBudget, pauseBudget, refill, waitFor } from '../../../src/gemini/call-budget.ts'
import { createGeminiMetrics } from '../../../src/gemini/gemini-metrics.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { FakeClock, settle } from '../../support/fake-clock.ts'

const settings = { callsPerSecond: 2, burst: 3, maxWaitMs: 5_000 }
const aBudget = () => {
  const clock = new FakeClock()
  const registry = createMetrics()
  const budget = createCallBudget({ settings, clock, metrics: createGeminiMetrics(registry) })
  return { clock, budget, registry }
}
/** Takes `count` times and tells which have been let through. */
function taking(budget: { take(signal?: AbortSignal): Promise<void> }, count: number) {
  const went: number[] = []
  const refused: unknown[] = []
  for (let index = 0; index < count; index++) {
    budget.take().then(
      () => went.push(index),
      (error: unknown) => refused.push(error),
    )
  }
  return { went, refused }
}

test('a bucket refills at the steady rate and never above its burst', () => {
  const empty = { tokens: 0, atMs: 0, pausedUntilMs: 0 }
  assert.equal(refill(empty, settings, 500).tokens, 1)
  assert.equal(refill(empty, settings, 60_000).tokens, 3)
})

test('nothing refills during a pause, and a shorter pause does not end a longer one', () => {
  const paused = pauseBudget({ tokens: 3, atMs: 0, pausedUntilMs: 0 }, 0, 10_000)
  assert.equal(refill(paused, settings, 9_000).tokens, 0)
  assert.equal(refill(paused, settings, 10_500).tokens, 1)
  assert.equal(pauseBudget(paused, 1_000, 1_000).pausedUntilMs, 10_000)
  assert.equal(waitFor(paused, settings, 0, 0), 10_500)
})

test('a burst goes at once, the rest at the steady rate, first come, first served', async () => {
  const { clock, budget } = aBudget()
  const { went } = taking(budget, 6)
  await settle()
  assert.deepEqual(went, [0, 1, 2])
  await clock.advance({ ms: 500 })
  assert.deepEqual(went, [0, 1, 2, 3])
  await clock.advance({ seconds: 1 })
  assert.deepEqual(went, [0, 1, 2, 3, 4, 5])
  assert.equal(clock.pending, 0, 'no timer is left when nobody waits')
})

test('who would have to wait longer than the limit is refused at once', async () => {
  const { budget } = aBudget()
  const { went, refused } = taking(budget, 20)
  await settle()
  assert.equal(went.length, 3)
  assert.equal(refused.length, 20 - 3 - 10, 'ten fit into five seconds at two a second')
  assert.equal((refused[0] as { code: string }).code, 'ERR_GEMINI_RATE_LIMITED')
})

test('a pause holds everybody, and nobody bursts when it ends', async () => {
  const { clock, budget } = aBudget()
  budget.pause(2_000)
  const { went } = taking(budget, 3)
  await clock.advance({ seconds: 2 })
  assert.deepEqual(went, [])
  await clock.advance({ ms: 500 })
  assert.deepEqual(went, [0])
  await clock.advance({ ms: 1_000 })
  assert.deepEqual(went, [0, 1, 2])
})

test('a pause longer than the limit refuses those who wait, telling how long it lasts', async () => {
  const { budget } = aBudget()
  const { went, refused } = taking(budget, 4)
  budget.pause(60_000)
  await settle()
  assert.equal(went.length, 3)
  const [error] = refused as { retryAfterMs: number }[]
  assert.ok(error !== undefined && error.retryAfterMs >= 60_000)
})

test('who gives up leaves the queue to the others', async () => {
  const { clock, budget } = aBudget()
  taking(budget, 3)
  const abort = new AbortController()
  const given = budget.take(abort.signal)
  const { went } = taking(budget, 1)
  abort.abort(new Error('gave up'))
  await assert.rejects(given, /gave up/)
  await clock.advance({ ms: 500 })
  assert.deepEqual(went, [0])
  await assert.rejects(budget.take(abort.signal), /gave up/, 'an aborted signal never takes a token')
})

test('what is available is what would not wait: less with each call, nothing during a pause', async () => {
  const { clock, budget } = aBudget()
  assert.equal(budget.available(), 3)
  await budget.take()
  assert.equal(budget.available(), 2)
  budget.pause(10_000)
  assert.equal(budget.available(), 0)
  await clock.advance({ seconds: 10 })
  assert.equal(budget.available(), 0, 'after a pause there is no burst')
  await clock.advance({ seconds: 1 })
  assert.equal(budget.available(), 2)
  await clock.advance({ minutes: 1 })
  taking(budget, 5)
  assert.equal(budget.available(), 0, 'others wait')
})
