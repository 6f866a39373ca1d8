import assert from 'node:assert/strict'
import { test } from 'node:test'

import { StringPool } from '../../../src/kubernetes/string-pool.ts'

const object = {
  metadata: { name: 'a', labels: { team: 'search' }, finalizers: ['x', 'y'] },
  status: { conditions: [{ type: 'Ready', status: 'True', observedGeneration: 1 }], none: null, flag: false },
}

test('what is shared is equal to what it was, at any depth', () => {
  const pool = new StringPool()
  for (let round = 0; round < 3; round += 1) {
    assert.deepEqual(pool.shareWithin(JSON.parse(JSON.stringify(object))), object)
  }
  assert.equal(pool.size, 6)
})

test('strings that are not one do not grow the pool without end', () => {
  const pool = new StringPool(10)
  for (let index = 0; index < 1_000; index += 1) pool.shareWithin({ uid: `uid-${index}`, type: 'Ready' })
  assert.ok(pool.size <= 10)
})

test('long strings are left alone', () => {
  const pool = new StringPool()
  assert.deepEqual(pool.shareWithin({ long: 'x'.repeat(129) }), { long: 'x'.repeat(129) })
  assert.equal(pool.size, 0)
})
