import assert from 'node:assert/strict'
import { test } from 'node:test'

import { TurnQueue } from '../../../src/kubernetes/turn-queue.ts'

test('parties are served by turns, each in its order', () => {
  const queue = new TurnQueue<string>(10)
  for (const item of ['a1', 'a2', 'a3', 'b1', 'c1', 'c2']) queue.push(item.slice(0, 1), item)
  const served = Array.from({ length: 7 }, () => queue.shift())
  assert.deepEqual(served, ['a1', 'b1', 'c1', 'a2', 'c2', 'a3', undefined])
})

test('where there is no room the last of who has most gives way, whoever comes', () => {
  const queue = new TurnQueue<string>(3)
  for (const item of ['a1', 'a2', 'a3']) assert.equal(queue.push('a', item), undefined)
  assert.equal(queue.push('b', 'b1'), 'a3')
  assert.equal(queue.push('a', 'a4'), 'a4')
  assert.equal(queue.has('b1'), true)
  assert.equal(queue.has('a3'), false)
  assert.deepEqual([queue.shift(), queue.shift(), queue.shift(), queue.shift()], ['a1', 'b1', 'a2', undefined])
})

test('what leaves waits no longer, and its party has no turn without anything to serve', () => {
  const queue = new TurnQueue<string>(10)
  for (const item of ['a1', 'a2', 'b1', 'c1']) queue.push(item.slice(0, 1), item)
  queue.remove('b', 'b1')
  queue.remove('a', 'a1')
  queue.remove('a', 'a1')
  assert.equal(queue.length, 2)
  assert.deepEqual([queue.shift(), queue.shift(), queue.shift()], ['a2', 'c1', undefined])
})
