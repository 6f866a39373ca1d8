import assert from 'node:assert/strict'
import { test } from 'node:test'

import { heldBackMs, oneMoreTry } from '../../../../src/controller/memory/retry.ts'

const pauseMs = (row: number) => row * 1_000

test('each try in vain makes the row longer, and the next is held back from then on', () => {
  const first = oneMoreTry(undefined, { occasion: 'a', nowMs: 10, pauseMs })
  assert.deepEqual(first, { occasion: 'a', row: 1, untilMs: 1_010 })
  assert.deepEqual(oneMoreTry(first, { occasion: 'a', nowMs: 5_000, pauseMs }), {
    occasion: 'a',
    row: 2,
    untilMs: 7_000,
  })
  assert.equal(heldBackMs(first, 'a', 1_009), 1)
  assert.equal(heldBackMs(first, 'a', 1_010), 0, 'due, and not forgotten')
})

test('another occasion is another try: nothing holds it back, and its row begins anew', () => {
  const many = { occasion: 'a', row: 9, untilMs: 90_000 }
  assert.equal(heldBackMs(many, 'b', 0), undefined)
  assert.equal(heldBackMs(undefined, 'b', 0), undefined)
  assert.equal(oneMoreTry(many, { occasion: 'b', nowMs: 0, pauseMs }).row, 1)
})

test('a row goes on for ever, or is over when it was not gone on with for as long as it lasts', () => {
  const before = { occasion: 'a', row: 3, untilMs: 1_000 }
  assert.equal(oneMoreTry(before, { occasion: 'a', nowMs: 1e12, pauseMs }).row, 4)
  assert.equal(oneMoreTry(before, { occasion: 'a', nowMs: 1_499, pauseMs, lastsMs: 500 }).row, 4)
  assert.equal(oneMoreTry(before, { occasion: 'a', nowMs: 1_500, pauseMs, lastsMs: 500 }).row, 1)
})
