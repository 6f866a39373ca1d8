import assert from 'node:assert/strict'
import { test } from 'node:test'

import { median, ratiosOf, spreadOf, spreadText } from '../../../bench/spread.ts'

test('the median is the one in the middle, or the mean of the two there, in whichever order they come', () => {
  assert.equal(median([9, 1, 5]), 5)
  assert.equal(median([9, 1, 5, 7]), 6)
  assert.equal(median([4]), 4)
  assert.ok(Number.isNaN(median([])))
})

test('a spread tells the typical round and the furthest from it', () => {
  assert.deepEqual(spreadOf([3, 1, 20]), { median: 3, least: 1, most: 20 })
})

test('a ratio is taken round by round: a slow minute of the machine is in both halves of it', () => {
  assert.deepEqual(ratiosOf([10, 100, 12], [20, 200, 24]), [0.5, 0.5, 0.5])
  assert.deepEqual(ratiosOf([10, 100], []), [])
  assert.deepEqual(ratiosOf([0, 3], [0, 0]), [])
})

test('figures for people have three digits that count, and the spread behind them', () => {
  assert.equal(spreadText({ median: 1.23456, least: 0.98765, most: 2 }), '1.23 (0.988–2)')
  assert.equal(spreadText({ median: 12345.6, least: 900.4, most: 20_000 }), '12,346 (900–20,000)')
  assert.equal(spreadText(spreadOf([7])), '7')
  assert.equal(spreadText(spreadOf([Number.NaN])), '?')
})
