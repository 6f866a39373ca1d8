import assert from 'node:assert/strict'
import { test } from 'node:test'

import { FewestFirst } from '../../../src/dispatcher/fewest-first.ts'

const order = (turns: FewestFirst<string>) => [...turns.inOrder()].join(' ')

test('who has least comes first, among equals who came first', () => {
  const turns = new FewestFirst<string>()
  turns.put('two', 2)
  turns.put('half', 0.5)
  turns.put('a', 1)
  turns.put('b', 1)
  assert.equal(order(turns), 'half a b two')
})

test('whose load changes goes behind those that have as much; whose load does not keeps its place', () => {
  const turns = new FewestFirst<string>()
  turns.put('a', 0)
  turns.put('b', 0)
  turns.put('a', 0)
  assert.equal(order(turns), 'a b')
  turns.put('a', 1)
  turns.put('a', 0)
  assert.equal(order(turns), 'b a')
})

test('who is gone is gone', () => {
  const turns = new FewestFirst<string>()
  turns.put('a', 0)
  turns.put('b', 3)
  turns.delete('a')
  turns.delete('nobody')
  assert.deepEqual([order(turns), turns.size], ['b', 1])
})
