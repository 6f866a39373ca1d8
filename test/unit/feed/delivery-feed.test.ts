import assert from 'node:assert/strict'
import { test } from 'node:test'

import { DeliveryFeed } from '../../../src/feed/delivery-feed.ts'
import type { FeedEntry } from '../../../src/feed/entry.ts'

function aRefusal(n: number): FeedEntry {
  return { kind: 'request', atMs: n, route: 'unrouted', outcome: 'UnknownEndpoint', headers: {}, durationMs: 0 }
}

function aStored(eventId: string): FeedEntry {
  const owner = { namespace: 'ml', name: 'a' }
  return { kind: 'request', atMs: 0, route: 'r', outcome: 'Stored', eventId, ...owner, headers: {}, durationMs: 0 }
}

test('a flood of strangers pushes no genuine delivery out', () => {
  const feed = new DeliveryFeed()
  feed.add(aStored('msg_1'))
  for (let n = 0; n < 10_000; n++) feed.add(aRefusal(n))
  const seen = feed.recent({}, 5_000)
  assert.deepEqual(seen.at(-1), aStored('msg_1'))
  assert.equal(seen.length, 251)
  assert.equal(seen[0]?.atMs, 9_999, 'newest first')
})

test('memory is bounded: the oldest of a sort make room', () => {
  const feed = new DeliveryFeed()
  for (let n = 0; n < 2_500; n++) feed.add(aStored(`msg_${n}`))
  const ids = feed.recent({}, 5_000).map((entry) => ('eventId' in entry ? entry.eventId : ''))
  assert.deepEqual([ids.length, ids[0], ids.at(-1)], [1_000, 'msg_2499', 'msg_1500'])
})

test('who stopped listening hears no more', () => {
  const feed = new DeliveryFeed()
  const heard: FeedEntry[] = []
  const stop = feed.listen({ name: 'a' }, (entry) => heard.push(entry))
  feed.add(aRefusal(1))
  feed.add(aStored('msg_1'))
  stop()
  feed.add(aStored('msg_2'))
  assert.deepEqual(heard, [aStored('msg_1')])
})
