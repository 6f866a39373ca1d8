import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { Workqueue, type RetryLimits } from '../../../src/kubernetes/workqueue.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { FakeClock, settle } from '../../support/doubles/fake-clock.ts'

const limits: RetryLimits = { perKey: { baseMs: 100, maxMs: 1_000 }, overall: { ratePerSecond: 1_000, burst: 1_000 } }

function aQueue(overrides: Partial<RetryLimits> = {}) {
  const clock = new FakeClock()
  const metrics = createMetrics()
  const queue = new Workqueue({ name: 'test', clock, random: () => 1, metrics, limits: { ...limits, ...overrides } })
  return { clock, metrics, queue }
}

/** Everything that is ready now, in order, answered with `done`. */
async function drain(queue: Workqueue): Promise<string[]> {
  const keys: string[] = []
  while (queue.depth > 0) {
    const key = (await queue.get()) ?? ''
    keys.push(key)
    queue.done(key)
  }
  return keys
}

test('keys come out in the order in which they were added, each once', async () => {
  const { queue } = aQueue()
  for (const key of ['b', 'a', 'b', 'c', 'a']) queue.add(key)
  assert.equal(queue.depth, 3)
  assert.deepEqual(await drain(queue), ['b', 'a', 'c'])
})

test('what is behind comes after all that is not, in its own order', async () => {
  const { queue } = aQueue()
  for (const key of ['new-1', 'new-2']) queue.add(key, { behind: true })
  for (const key of ['begun-1', 'begun-2']) queue.add(key)
  assert.equal(queue.depth, 4)
  assert.deepEqual(await drain(queue), ['begun-1', 'begun-2', 'new-1', 'new-2'])
})

test('a key behind that is added in earnest moves up, once', async () => {
  const { queue } = aQueue()
  for (const key of ['a', 'b', 'c']) queue.add(key, { behind: true })
  queue.add('c')
  queue.add('c', { behind: true })
  assert.deepEqual(await drain(queue), ['c', 'a', 'b'])
})

test('a crowd cannot keep what is behind waiting for ever: every eighth turn is theirs', async () => {
  const { queue } = aQueue()
  queue.add('behind', { behind: true })
  const crowd = Array.from({ length: 20 }, (_, index) => `key-${index}`)
  for (const key of crowd) queue.add(key)
  assert.equal((await drain(queue)).indexOf('behind'), 7)
})

test('shutDown drops what is behind, too, and its age counts before', async () => {
  const { queue, clock } = aQueue()
  queue.add('a', { behind: true })
  await clock.advance({ seconds: 2 })
  queue.add('b')
  assert.equal(queue.oldestMs(), 2_000)
  await queue.shutDown()
  assert.equal(queue.depth, 0)
})

test('a key that is added while it is worked on comes again only after done, once', async () => {
  const { queue } = aQueue()
  queue.add('a')
  assert.equal(await queue.get(), 'a')
  queue.add('a')
  queue.add('a')
  assert.equal(queue.depth, 0, 'never two workers on one key')
  queue.done('a')
  assert.deepEqual(await drain(queue), ['a'])
})

test('a waiting taker is served by the next add', async () => {
  const { queue } = aQueue()
  const taken = queue.get()
  queue.add('a')
  assert.equal(await taken, 'a')
})

test('of several delays for one key the earliest counts', async () => {
  const { clock, queue } = aQueue()
  queue.addAfter('a', 500)
  queue.addAfter('a', 100)
  queue.addAfter('a', 900)
  await clock.advance({ ms: 99 })
  assert.equal(queue.depth, 0)
  await clock.advance({ ms: 1 })
  assert.deepEqual(await drain(queue), ['a'])
  await clock.advance({ seconds: 10 })
  assert.equal(queue.depth, 0, 'the later ones are not remembered')
})

test('the backoff of a key grows with its failures and starts over after forget', async () => {
  const { queue } = aQueue()
  const delays = [1, 2, 3, 4, 5, 6].map(() => queue.addRateLimited('a'))
  assert.deepEqual(delays, [100, 200, 400, 800, 1_000, 1_000])
  assert.equal(queue.addRateLimited('b'), 100, 'another key has its own')
  queue.forget('a')
  assert.equal(queue.addRateLimited('a'), 100)
})

test('many keys that fail at once are spread by the overall bucket', () => {
  const { queue } = aQueue({ overall: { ratePerSecond: 1, burst: 1 } })
  const delays = ['a', 'b', 'c', 'd'].map((key) => queue.addRateLimited(key))
  assert.deepEqual(delays, [100, 1_000, 2_000, 3_000])
})

test('a retry does not come before the time that the other side asked for', () => {
  const { queue } = aQueue()
  assert.equal(queue.addRateLimited('a', 30_000), 30_000)
})

test('shutDown hands out nothing more, wakes the takers and waits for the keys in work', async () => {
  const { clock, queue } = aQueue()
  queue.add('held')
  assert.equal(await queue.get(), 'held')
  const taker = queue.get()
  queue.addAfter('delayed', 100)
  let drained = false
  const down = queue.shutDown().then(() => {
    drained = true
  })
  assert.equal(await taker, undefined)
  await clock.advance({ seconds: 10 })
  queue.add('late')
  queue.add('held')
  assert.equal(queue.depth, 0)
  assert.equal(clock.pending, 0, 'no timer is left behind')
  assert.equal(drained, false)
  queue.done('held')
  await down
  assert.equal(await queue.get(), undefined)
})

test('the age of the oldest waiting key is known', async () => {
  const { clock, queue } = aQueue()
  assert.equal(queue.oldestMs(), 0)
  queue.add('a')
  await clock.advance({ seconds: 3 })
  queue.add('b')
  assert.equal(queue.oldestMs(), 3_000)
})

test('depth, adds, retries and waiting time are counted under the names that dashboards know', async () => {
  const { clock, metrics, queue } = aQueue()
  queue.add('a')
  queue.add('b')
  await clock.advance({ seconds: 2 })
  await queue.get()
  queue.addRateLimited('a')
  const { text } = await metrics.expose()
  assert.match(text, /^workqueue_depth\{name="test"\} 1$/m)
  assert.match(text, /^workqueue_adds_total\{name="test"\} 2$/m)
  assert.match(text, /^workqueue_retries_total\{name="test"\} 1$/m)
  assert.match(text, /^workqueue_queue_duration_seconds_sum\{name="test"\} 2$/m)
})

test('whatever is added, taken and done in whatever order, no key is in two hands and none is lost', async () => {
  const step = fc.record({ act: fc.constantFrom('add', 'take', 'done'), key: fc.constantFrom('a', 'b', 'c') })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { queue } = aQueue()
      const held = new Set<string>()
      const owed = new Set<string>()
      const take = async () => {
        const key = (await queue.get()) ?? ''
        assert.ok(!held.has(key), `${key} is in two hands`)
        held.add(key)
        owed.delete(key)
      }
      for (const { act, key } of steps) {
        if (act === 'add') {
          queue.add(key)
          owed.add(key)
        } else if (act === 'take' && queue.depth > 0) await take()
        else if (act === 'done' && held.delete(key)) queue.done(key)
      }
      for (const key of held) queue.done(key)
      held.clear()
      while (queue.depth > 0) await take()
      assert.deepEqual([...owed], [])
    }),
  )
  await settle()
})
