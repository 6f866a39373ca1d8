import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { DeliveryEntry } from '../../../src/contract/admin-api/deliveries.ts'
import { FeedJoin } from '../../../src/ui/receivers/feed-join.ts'

function entry(second: number, eventId = 'e'): DeliveryEntry {
  const at = `2026-11-21T12:00:0${second}.000Z`
  return { kind: 'step', at, namespace: 'ml', name: 'a', eventId, sink: 's', next: 'Succeed' }
}

test('what is remembered and what is streamed is passed on once and in order, also after the stream broke', () => {
  const passed: string[] = []
  const join = new FeedJoin(({ at, eventId }) => passed.push(`${at.slice(17, 19)} ${eventId}`))
  join.addRemembered([entry(1), entry(2, 'a')])
  // Came while the list was on its way, and is in it in part.
  join.addRemembered([entry(2, 'a'), entry(2, 'b')])
  join.add(entry(3))
  // The stream broke; the list has all of it, and what was missed.
  join.addRemembered([entry(1), entry(2, 'a'), entry(2, 'b'), entry(3), entry(3, 'missed'), entry(4)])
  assert.deepEqual(passed, ['01 e', '02 a', '02 b', '03 e', '03 missed', '04 e'])
  assert.equal(join.lastAt, entry(4).at)
})

test('two entries that are the same in every field are both streamed', () => {
  let passed = 0
  const join = new FeedJoin(() => (passed += 1))
  join.add(entry(1))
  join.add(entry(1))
  assert.equal(passed, 2)
})
