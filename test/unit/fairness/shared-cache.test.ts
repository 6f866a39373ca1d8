import assert from 'node:assert/strict'
import { test } from 'node:test'

import { SharedCache } from '../../../src/fairness/shared-cache.ts'

test('the longest unused one of the namespace that has most makes room', () => {
  const cache = new SharedCache<string>(4)
  cache.add('quiet', 'q', 'Q')
  for (const key of ['a', 'b', 'c']) assert.equal(cache.add('loud', key, key.toUpperCase()), undefined)
  assert.equal(cache.get('a'), 'A', 'used: now the newest')
  assert.equal(cache.add('loud', 'd', 'D'), 'B')
  assert.equal(cache.add('quiet', 'r', 'R'), 'C')
  assert.deepEqual([...cache.values()], ['Q', 'A', 'D', 'R'])
  assert.equal(cache.get('b'), undefined)
})
