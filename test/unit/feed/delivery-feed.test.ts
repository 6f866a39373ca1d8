import assert from 'node:assert/strict'
import { test } from 'node:test'

import { DeliveryFeed } from '../../../src/feed/delivery-feed.ts'
import type { FeedEntry } from '../../../src/contract/feed-entry.ts'

function aRefusal(n: number): FeedEntry {
  return { kind: 'request', atMs: n, route: 'unrouted', outcome: 'UnknownEndpoint', headers: {}, durationMs: 0 }
}

function aStored(eventId: string, namespace = 'ml'): FeedEntry {
  const owner = { namespace, name: 'a' }
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

test('a namespace with much traffic pushes out its own, and leaves what others have up to an even share', () => {
  const feed = new DeliveryFeed()
  for (let n = 0; n < 300; n++) feed.add(aStored(`quiet_${n}`, 'quiet'))
  for (let n = 0; n < 5_000; n++) feed.add(aStored(`loud_${n}`, 'loud'))
  assert.equal(feed.recent({ namespace: 'quiet' }, 5_000).length, 300)
  assert.equal(feed.recent({ namespace: 'loud' }, 5_000).length, 700)
  for (let n = 0; n < 2_000; n++) feed.add(aStored(`new_${n}`, 'new'))
  const counts = ['quiet', 'loud', 'new'].map((namespace) => feed.recent({ namespace }, 5_000).length)
  assert.ok(
    counts.every((count) => count >= 300),
    counts.join(' '),
  )
})
