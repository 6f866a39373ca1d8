import assert from 'node:assert/strict'
import { test } from 'node:test'

import { recordsToDrop } from '../../../../src/contract/orphans/make-room.ts'

const record = (namespace: string, second: number) =>
  JSON.stringify({ namespace, name: 'n', time: `2026-11-01T00:00:${String(second).padStart(2, '0')}Z` })
const dataOf = (counts: Record<string, number>) =>
  Object.fromEntries(
    Object.entries(counts).flatMap(([namespace, count]) =>
      Array.from({ length: count }, (_, second) => [`${namespace}-${second}`, record(namespace, second)]),
    ),
  )

test('while there is room nothing is dropped', () => {
  assert.deepEqual(recordsToDrop(dataOf({ evil: 40, ml: 2 })), [])
  assert.deepEqual(recordsToDrop(undefined), [])
})

test('the oldest of the namespace that has most give way, and nobody else’s, however old', () => {
  const dropped = recordsToDrop(dataOf({ evil: 40, ml: 2 }), 2_000).map(({ key }) => key)
  assert.ok(dropped.length > 0 && dropped.length < 40)
  assert.deepEqual(
    dropped,
    Array.from(dropped, (_, second) => `evil-${second}`),
  )
})

test('an entry that is no record belongs to nobody, and gives way like the others', () => {
  assert.deepEqual(
    recordsToDrop({ edited: 'x'.repeat(300), 'ml-0': record('ml', 0) }, 200).map(({ key }) => key),
    ['edited'],
  )
})
