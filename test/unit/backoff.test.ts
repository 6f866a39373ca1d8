import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { backoffMs, fullyJitteredMs, growingMs } from '../../src/backoff.ts'

const limits = { baseMs: 100, maxMs: 1_000 }

test('the delay doubles until the maximum, between half and all of it', () => {
  const least = [0, 1, 2, 3, 4, 5].map((attempt) => backoffMs(attempt, limits, () => 0))
  const most = [0, 1, 2, 3, 4, 5].map((attempt) => backoffMs(attempt, limits, () => 1))
  assert.deepEqual(least, [50, 100, 200, 400, 500, 500])
  assert.deepEqual(most, [100, 200, 400, 800, 1_000, 1_000])
})

test('without jitter the delay is exactly that, however often it is tried', () => {
  const delays = [0, 1, 2, 3, 4, 5_000].map((attempt) => growingMs(attempt, limits))
  assert.deepEqual(delays, [100, 200, 400, 800, 1_000, 1_000])
})

test('with full jitter it lies anywhere below the same maximum', () => {
  const attempts = [0, 1, 2, 3, 4, 5, 1_000]
  const delaysAt = (chance: number) => attempts.map((attempt) => fullyJitteredMs(attempt, limits, () => chance))
  assert.deepEqual(delaysAt(0), [0, 0, 0, 0, 0, 0, 0])
  assert.deepEqual(delaysAt(0.5), [50, 100, 200, 400, 500, 500, 500])
  assert.deepEqual(delaysAt(1), [100, 200, 400, 800, 1_000, 1_000, 1_000])
})

test('however often it failed, the delay stays a number within its bounds', () => {
  fc.assert(
    fc.property(fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, chance) => {
      const delayMs = backoffMs(attempt, limits, () => chance)
      return delayMs >= limits.baseMs / 2 && delayMs <= limits.maxMs
    }),
  )
})
