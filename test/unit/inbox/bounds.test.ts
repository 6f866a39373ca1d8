import assert from 'node:assert/strict'
import { test } from 'node:test'

import { defaultInboxBounds, minDedupeMs, problemsOf } from '../../../src/inbox/bounds.ts'

test('the defaults are fine', () => assert.deepEqual(problemsOf(defaultInboxBounds), []))

test('ids forgotten within 25 hours are refused: the sender repeats for 24', () => {
  assert.match(problemsOf({ ...defaultInboxBounds, dedupeMs: minDedupeMs - 1 }).join(), /dedupeMs is 89999999.*25 h/)
})

for (const name of [
  'maxBytes',
  'maxEvents',
  'ownerShare',
  'maxDeadLetters',
  'deadLetterShare',
  'deadLetterKeepMs',
] as const) {
  test(`${name} must be above 0 and a number`, () => {
    for (const bad of [0, -1, Number.NaN]) {
      assert.match(problemsOf({ ...defaultInboxBounds, [name]: bad }).join(), new RegExp(`${name} is ${bad}`))
    }
  })
}

for (const name of ['ownerShare', 'deadLetterShare'] as const) {
  test(`${name} is a share`, () => assert.equal(problemsOf({ ...defaultInboxBounds, [name]: 1.1 }).length, 1))
}
