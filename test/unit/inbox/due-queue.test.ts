import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { DueQueue } from '../../../src/inbox/due-queue.ts'

test('what is due first comes out first, in whatever order it was put in', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer({ min: 0, max: 50 }), fc.constant('take' as const))), (steps) => {
      const queue = new DueQueue<number>()
      let expected: number[] = []
      for (const step of steps) {
        if (step === 'take') {
          assert.equal(queue.first?.atMs, expected[0])
          assert.equal(queue.take()?.atMs, expected[0])
          expected = expected.slice(1)
        } else {
          queue.add(step, step)
          expected = [...expected, step].toSorted((a, b) => a - b)
        }
      }
      for (const atMs of expected) assert.equal(queue.take()?.item, atMs)
      assert.equal(queue.take(), undefined)
    }),
  )
})
