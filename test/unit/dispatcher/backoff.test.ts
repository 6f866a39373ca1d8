import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { backoffCeilingMs, backoffMs } from '../../../src/dispatcher/backoff.ts'
import { mulberry32 } from '../../support/builders/seeded-random.ts'

const aPolicy = fc.record({
  backoffPolicy: fc.constantFrom('Exponential' as const, 'Linear' as const),
  backoffDelayMs: fc.integer({ min: 1, max: 3_600_000 }),
  backoffMaxMs: fc.integer({ min: 1, max: 86_400_000 }),
})
const aCount = fc.integer({ min: 1, max: 2_000 })

test('a pause is a whole number of milliseconds between nothing and the ceiling, for any count and chance', () => {
  fc.assert(
    fc.property(
      aPolicy,
      aCount,
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (policy, count, chance) => {
        const ceilingMs = backoffCeilingMs(count, policy)
        const pauseMs = backoffMs(count, policy, () => chance)
        assert.ok(Number.isInteger(pauseMs) && pauseMs >= 0 && pauseMs <= ceilingMs)
        assert.ok(ceilingMs <= policy.backoffMaxMs)
      },
    ),
  )
})

test('the ceiling never shrinks while attempts fail', () => {
  fc.assert(
    fc.property(aPolicy, aCount, (policy, count) => {
      assert.ok(backoffCeilingMs(count + 1, policy) >= backoffCeilingMs(count, policy))
    }),
  )
})

test('the jitter is full: pauses spread over the whole range', () => {
  const random = mulberry32(7)
  const policy = { backoffPolicy: 'Exponential', backoffDelayMs: 1_000, backoffMaxMs: 1_800_000 } as const
  const pauses = Array.from({ length: 1_000 }, () => backoffMs(5, policy, random))
  const mean = pauses.reduce((sum, pause) => sum + pause, 0) / pauses.length
  assert.ok(Math.min(...pauses) < 500 && Math.max(...pauses) > 15_500)
  assert.ok(Math.abs(mean - 8_000) < 500, `mean ${mean}`)
})

test('by default the pauses are one second, doubling to half an hour', () => {
  const policy = { backoffPolicy: 'Exponential', backoffDelayMs: 1_000, backoffMaxMs: 1_800_000 } as const
  const ceilings = [1, 2, 3, 10, 11, 12, 60].map((count) => backoffCeilingMs(count, policy))
  assert.deepEqual(ceilings, [1_000, 2_000, 4_000, 512_000, 1_024_000, 1_800_000, 1_800_000])
})
