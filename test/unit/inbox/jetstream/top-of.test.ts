import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { TopOf } from '../../../../src/inbox/jetstream/top-of.ts'

test('the first of any number, in their order, as if all had been sorted', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50)), fc.integer({ min: 1, max: 8 }), (numbers, count) => {
      const top = new TopOf<number>(count, (a, b) => b - a)
      for (const number of numbers) top.add(number)
      assert.deepEqual(top.inOrder(), numbers.toSorted((a, b) => b - a).slice(0, count))
    }),
  )
})

test('most of many are never sorted', () => {
  let compared = 0
  const top = new TopOf<number>(10, (a, b) => {
    compared += 1
    return b - a
  })
  for (let at = 20_000; at > 0; at -= 1) top.add(at)
  assert.equal(top.inOrder().length, 10)
  assert.ok(compared < 21_000, `${compared} comparisons`)
})
