import assert from 'node:assert/strict'
import { test } from 'node:test'

import { assert as property, double, integer, property as forAll } from 'fast-check'

import { afterAttemptAt } from '../../../../playground/webhook-service/retry-schedule.ts'
import { switchesSchema } from '../../../../playground/webhook-service/switches.ts'

const switches = switchesSchema.parse({})
const bySpec = switchesSchema.parse({ specialAnswers: 'spec' })
const first = { attempt: 1, ageMs: 0, chance: 0 }

for (const status of [200, 202, 204, 299]) {
  test(`${status} is a delivery`, () => {
    assert.deepEqual(afterAttemptAt({ status }, first, switches), { type: 'Delivered' })
  })
}
for (const status of [100, 301, 307, 400, 410, 429, 500]) {
  test(`${status} is tried again`, () => {
    assert.deepEqual(afterAttemptAt({ status }, first, switches), { type: 'RetryIn', delayMs: 1_000 })
  })
}

test('by the Standard Webhooks rules 410 ends everything and throttling waits longer', () => {
  assert.deepEqual(afterAttemptAt({ status: 410 }, first, bySpec), { type: 'EndpointGone' })
  assert.deepEqual(afterAttemptAt({ status: 502 }, first, bySpec), { type: 'RetryIn', delayMs: 2_000 })
  const later = afterAttemptAt({ status: 503, retryAfterMs: 90_000 }, first, bySpec)
  assert.deepEqual(later, { type: 'RetryIn', delayMs: 90_000 })
})

test('the delay doubles to its maximum, never above, and never leads past the end', () => {
  property(
    forAll(
      integer({ min: 1, max: 5_000 }),
      integer({ min: 0, max: 90_000_000 }),
      double({ min: 0, max: 0.999, noNaN: true }),
      (attempt, ageMs, chance) => {
        const next = afterAttemptAt({ error: 'x' }, { attempt, ageMs, chance }, switches)
        if (next.type !== 'RetryIn') return next.type === 'GiveUp'
        return next.delayMs <= switches.retryDelayMaxMs && ageMs + next.delayMs <= switches.retryForMs
      },
    ),
  )
})
