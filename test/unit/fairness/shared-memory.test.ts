import assert from 'node:assert/strict'
import { test } from 'node:test'

import { SharedMemory } from '../../../src/fairness/shared-memory.ts'

test('who has most loses its own longest untouched, whoever comes', () => {
  const memory = new SharedMemory<number>(4)
  for (const [party, key] of ['b1', 'a1', 'a2', 'a3'].map((id) => [id.slice(0, 1), id] as const)) {
    assert.equal(memory.set(party, key, Number(key.slice(1))), undefined)
  }
  memory.set('a', 'a1', 1)
  assert.equal(memory.set('b', 'b2', 2), 2)
  assert.equal(memory.get('a', 'a2'), undefined)
  assert.deepEqual([memory.get('a', 'a1'), memory.get('b', 'b1'), memory.size], [1, 1, 4])
})

test('what is deleted makes room', () => {
  const memory = new SharedMemory<number>(2)
  memory.set('a', 'x', 1)
  memory.set('a', 'y', 2)
  memory.delete('a', 'x')
  memory.delete('a', 'never there')
  assert.equal(memory.set('b', 'x', 3), undefined)
  assert.deepEqual(new Set(memory.values()), new Set([2, 3]))
})
