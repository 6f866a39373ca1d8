import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'

import type { RunEnd } from '../../../src/filter/limited-worker.ts'
import { settle } from '../../support/doubles/fake-clock.ts'
import { aPool, question } from '../../support/doubles/played-pool.ts'

const wanted = (costMs: number): RunEnd => ({ type: 'answered', verdict: 'wanted', costMs })

test('a namespace that uses much waits for the others, and nobody for it', async () => {
  const { ask, answer, order } = aPool()
  for (let at = 0; at < 10; at++) void ask('greedy')
  for (let at = 0; at < 3; at++) void ask('modest')
  await settle()
  for (let at = 0; at < 8; at++) await answer(wanted(order().at(-1) === 'greedy' ? 4 : 1))
  assert.equal(
    order()
      .slice(0, 6)
      .filter((name) => name === 'modest').length,
    3,
  )
})

test('nothing is idle while anything waits: one alone has all threads', async () => {
  const { ask, running, count, pool } = aPool({ size: 2 })
  for (let at = 0; at < 5; at++) void ask('alone')
  await settle()
  assert.deepEqual([running.length, count.started, pool.waiting], [2, 2, 3])
})

test('no thread is started before the first question', async () => {
  const { count } = aPool()
  await settle()
  assert.equal(count.started, 0)
})

test('whoever had no turn for too long is given back, and what has begun is not', async () => {
  const { ask, answer, clock, pool } = aPool()
  const first = ask('a')
  const second = ask('b')
  await settle()
  await clock.advance({ seconds: 5 })
  assert.deepEqual(await second, { type: 'noTurn' })
  assert.equal(pool.waiting, 0)
  await answer(wanted(1))
  assert.equal((await first).type, 'answered')
})

test('a thread is replaced after a job that overran, and who waited has its turn', async () => {
  const { ask, answer, order, ends, count } = aPool()
  const culprit = ask('evil')
  const neighbour = ask('ml')
  await settle()
  await answer({ type: 'overran', costMs: 250 })
  assert.equal((await culprit).type, 'overran')
  await answer(wanted(1))
  assert.equal((await neighbour).type, 'answered')
  assert.deepEqual([order(), ends, count], [['evil', 'ml'], ['overran'], { started: 2, ended: 1 }])
})

test('a job whose thread died is run once more elsewhere', async () => {
  const { ask, answer, order, ends } = aPool()
  const unlucky = ask('ml')
  await settle()
  await answer({ type: 'crashed', costMs: 1 })
  await answer(wanted(1))
  assert.equal((await unlucky).type, 'answered')
  const deadly = ask('evil')
  await settle()
  for (let at = 0; at < 2; at++) await answer({ type: 'crashed', costMs: 1 })
  assert.equal((await deadly).type, 'crashed')
  assert.deepEqual(order(), ['ml', 'ml', 'evil', 'evil'])
  assert.deepEqual(ends, ['crashed', 'crashed', 'crashed'])
})

test('threads that do not start are tried again after growing pauses', async () => {
  let isMended = false
  const { ask, answer, clock, ends, count } = aPool({ starts: () => isMended })
  const first = ask('ml')
  await clock.advance({ seconds: 4 })
  assert.equal(count.started, 3, 'at once, after one second, and two seconds later')
  await clock.advance({ seconds: 1 })
  assert.deepEqual(await first, { type: 'noTurn' })
  isMended = true
  const second = ask('ml')
  await clock.advance({ seconds: 4 })
  await answer(wanted(1))
  assert.equal((await second).type, 'answered')
  assert.deepEqual(ends, ['notStarted', 'notStarted', 'notStarted'])
})

test('pauses between starts double up to thirty seconds, and are short again after one that started', async () => {
  let isMended = false
  const { ask, answer, clock, count } = aPool({ starts: () => isMended })
  const startedAfter: number[] = []
  const passSeconds = async (seconds: number) => {
    for (const until = clock.monotonic() + seconds * 1_000; clock.monotonic() < until;) {
      void ask('ml')
      await settle()
      while (startedAfter.length < count.started) startedAfter.push(clock.monotonic() / 1_000)
      await clock.advance({ seconds: 1 })
    }
  }
  await passSeconds(100)
  assert.deepEqual(startedAfter, [0, 1, 3, 7, 15, 31, 61, 91])
  isMended = true
  await passSeconds(22)
  assert.deepEqual(startedAfter.slice(8), [121])
  isMended = false
  await answer({ type: 'overran', costMs: 1 })
  await passSeconds(4)
  assert.deepEqual(startedAfter.slice(9), [122, 123, 125])
})

test('a thread that is full is replaced after an answer that counts', async () => {
  const { ask, answer, ends, count } = aPool()
  const last = ask('ml')
  await settle()
  await answer(wanted(1), true)
  assert.deepEqual(await last, wanted(1))
  assert.deepEqual([ends, count], [['full'], { started: 1, ended: 1 }])
  void ask('ml')
  assert.equal(count.started, 2)
})

test('a thread is given a copy of the body, and nothing around it', async () => {
  const { pool, given } = aPool()
  const around = Buffer.from('secret{}secret')
  const event = { mode: 'dynamic', sentAtSeconds: 7 } as const
  const asked = { ...question('ml'), expressions: ['true'], event: { ...event, body: around.subarray(6, 8) } }
  void pool.run(['ml', 'uid', 'sink'], asked, new AbortController().signal)
  await settle()
  const [message, transfer] = given[0] ?? assert.fail('no turn')
  assert.deepEqual(message, { ...asked, event: { ...event, body: new Uint8Array(Buffer.from('{}')) } })
  assert.equal(message.event.body.buffer.byteLength, 2)
  assert.equal(transfer.length, 1)
  assert.equal(transfer[0], message.event.body.buffer)
})

test('it tells how long each had to wait for its turn', async () => {
  const { ask, answer, clock, waitedMs } = aPool()
  await clock.advance({ seconds: 1 })
  void ask('a')
  void ask('b')
  await clock.advance({ seconds: 2 })
  await answer(wanted(1))
  assert.deepEqual(waitedMs, [0, 2_000])
})

test('a heavier namespace has its turn as much more often', async () => {
  const { ask, answer, order } = aPool({ weightOf: (namespace) => (namespace === 'heavy' ? 2 : 1) })
  for (const namespace of ['heavy', 'light']) for (let at = 0; at < 9; at++) void ask(namespace)
  await settle()
  for (let at = 0; at < 9; at++) await answer(wanted(1))
  assert.equal(order().filter((name) => name === 'heavy').length, 6)
})

test('whoever gives up while it waits has no turn, who does later has an answer, and nothing of either is left', async () => {
  const { ask, answer, order, clock, pool } = aPool()
  const caller = new AbortController()
  const first = ask('a', 'first', caller.signal)
  const second = ask('a', 'second', caller.signal)
  await settle()
  caller.abort()
  assert.deepEqual(await second, { type: 'noTurn' })
  assert.deepEqual(await ask('a', 'third', caller.signal), { type: 'noTurn' })
  await answer(wanted(1))
  assert.deepEqual(await first, wanted(1))
  assert.deepEqual([order(), pool.waiting, clock.pending], [['first'], 0, 0])
  assert.deepEqual(getEventListeners(caller.signal, 'abort'), [])
})

test('whoever gave up is charged nothing for it', async () => {
  const { ask, answer, order } = aPool()
  const caller = new AbortController()
  void ask('a', 'a1')
  void ask('a', 'a2', caller.signal)
  void ask('a', 'a3')
  for (const name of ['b1', 'b2', 'b3']) void ask('b', name)
  await settle()
  caller.abort()
  for (const costMs of [10, 8, 8, 10]) await answer(wanted(costMs))
  assert.deepEqual(order(), ['a1', 'b1', 'b2', 'a3', 'b3'])
})

test('a pool that is closed takes nothing, gives back what waits, and ends what runs for good', async () => {
  const { ask, answer, pool, order, count } = aPool({ size: 2 })
  const [first, second, third] = [ask('a'), ask('b'), ask('c')]
  await settle()
  await pool.close()
  assert.deepEqual(await third, { type: 'noTurn' })
  assert.deepEqual(await ask('d'), { type: 'noTurn' })
  assert.deepEqual(count, { started: 2, ended: 2 })
  const crashed: RunEnd = { type: 'crashed', costMs: 1 }
  for (let at = 0; at < 2; at++) await answer(crashed)
  assert.deepEqual(await Promise.all([first, second]), [crashed, crashed])
  assert.deepEqual(order(), ['a', 'b'])
})

test('a pool that is closed while it waits to start a thread starts none, and takes no notice of one that did not start', async () => {
  const { ask, pool, clock, count, ends } = aPool({ starts: () => false })
  void ask('a')
  await settle()
  await pool.close()
  await clock.advance({ seconds: 60 })
  assert.deepEqual([count.started, ends], [1, ['notStarted']])
  const starting = aPool({ starts: () => false })
  void starting.ask('a')
  await starting.pool.close()
  await starting.clock.advance({ seconds: 60 })
  assert.deepEqual([starting.count.started, starting.ends, starting.clock.pending], [1, [], 0])
})
