import assert from 'node:assert/strict'
import { test } from 'node:test'

import { TokenBucket } from '../../../src/kubernetes/token-bucket.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'

test('a burst goes at once, then each reservation waits one interval longer than the one before', () => {
  const bucket = new TokenBucket({ ratePerSecond: 10, burst: 2 }, new FakeClock())
  assert.deepEqual([bucket.reserve(), bucket.reserve(), bucket.reserve(), bucket.reserve()], [0, 0, 100, 200])
})

test('tokens come back with time, never more than the burst', async () => {
  const clock = new FakeClock()
  const bucket = new TokenBucket({ ratePerSecond: 10, burst: 2 }, clock)
  bucket.reserve()
  bucket.reserve()
  await clock.advance({ ms: 100 })
  assert.equal(bucket.reserve(), 0)
  await clock.advance({ hours: 1 })
  assert.deepEqual([bucket.reserve(), bucket.reserve(), bucket.reserve()], [0, 0, 100])
})

test('when the next token comes is known', async () => {
  const clock = new FakeClock()
  const bucket = new TokenBucket({ ratePerSecond: 10, burst: 1 }, clock)
  assert.equal(bucket.nextInMs(), 0)
  bucket.reserve()
  assert.equal(bucket.nextInMs(), 100)
  await clock.advance({ ms: 40 })
  assert.equal(bucket.nextInMs(), 60)
})

test('tryTake refuses rather than borrows', async () => {
  const clock = new FakeClock()
  const bucket = new TokenBucket({ ratePerSecond: 1, burst: 1 }, clock)
  assert.deepEqual([bucket.tryTake(), bucket.tryTake()], [true, false])
  await clock.advance({ seconds: 1 })
  assert.equal(bucket.tryTake(), true)
})

test('a rate that could never give a token is refused when it is built', () => {
  const clock = new FakeClock()
  assert.throws(() => new TokenBucket({ ratePerSecond: 0, burst: 1 }, clock), RangeError)
  assert.throws(() => new TokenBucket({ ratePerSecond: 1, burst: 0 }, clock), RangeError)
})
