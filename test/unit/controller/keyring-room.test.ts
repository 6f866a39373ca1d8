import assert from 'node:assert/strict'
import { test } from 'node:test'

import { bytesIn, sortByRoom, takesNewEntries } from '../../../src/controller/keyring-room.ts'
import { maxShardBytes } from '../../../src/keyring/shard.ts'

const ofBytes = (bytes: number) => Buffer.alloc(bytes).toString('base64')

test('what counts is the values without base64, as the API server counts them', () => {
  assert.equal(bytesIn(undefined), 0)
  assert.equal(bytesIn({ a: ofBytes(100), b: ofBytes(101), c: ofBytes(102) }), 303)
})

test('new objects are taken up to three quarters', () => {
  assert.equal(takesNewEntries(0.75 * maxShardBytes), true)
  assert.equal(takesNewEntries(0.75 * maxShardBytes + 1), false)
})

const cases = [
  {
    name: 'all that fit together go',
    entries: { a: ofBytes(10) },
    changes: { a: ofBytes(20), b: ofBytes(maxShardBytes - 20) },
    refused: [],
  },
  {
    name: 'one that is too large is refused alone',
    entries: { a: ofBytes(10) },
    changes: { large: ofBytes(maxShardBytes), a: ofBytes(20), b: ofBytes(5) },
    refused: ['large'],
  },
  {
    name: 'what a removal frees can be used in the same patch',
    entries: { old: ofBytes(maxShardBytes) },
    changes: { new: ofBytes(maxShardBytes), old: null },
    refused: [],
  },
  {
    name: 'an entry that shrinks is taken even where somebody else has filled the Secret beyond the bound',
    entries: { foreign: ofBytes(maxShardBytes + 100), a: ofBytes(30) },
    changes: { a: ofBytes(20), b: ofBytes(1) },
    refused: ['b'],
  },
]
for (const { name, entries, changes, refused } of cases) {
  test(name, () => {
    const sorted = sortByRoom(entries, changes)
    assert.deepEqual(sorted.refused, refused)
    const fitting = Object.entries(changes).filter(([uid]) => !refused.some((other) => other === uid))
    assert.deepEqual(sorted.fitting, Object.fromEntries(fitting))
  })
}
