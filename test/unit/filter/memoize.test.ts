import assert from 'node:assert/strict'
import { test } from 'node:test'

import { memoize } from '../../../src/filter/memoize.ts'

test('what was asked for before is not worked out again, until others took its place', () => {
  const computed: string[] = []
  const answer = memoize((text) => {
    computed.push(text)
    return { text }
  }, 2)
  const first = answer('a')
  assert.deepEqual(first, { text: 'a' })
  assert.equal(answer('a'), first)
  answer('b')
  for (const text of ['a', 'b']) answer(text)
  assert.deepEqual(computed, ['a', 'b'])
  answer('c')
  for (const text of ['b', 'c']) answer(text)
  assert.deepEqual(computed, ['a', 'b', 'c'], 'the oldest made room')
  answer('a')
  assert.deepEqual(computed, ['a', 'b', 'c', 'a'])
})
