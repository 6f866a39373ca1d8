import assert from 'node:assert/strict'
import { test } from 'node:test'

import { SpacedWork } from '../../../src/observability/spaced-work.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'

const settled = () => new Promise((resolve) => setImmediate(resolve))

test('who asks alone is served at once; who asks meanwhile shares the next one, which rests first and begins after they asked', async () => {
  const clock = new FakeClock()
  let begun = 0
  let finish: (() => void) | undefined
  const work = new SpacedWork(() => {
    begun += 1
    const nth = begun
    return new Promise<number>((resolve) => (finish = () => resolve(nth)))
  }, clock)

  const first = work.ask()
  await settled()
  const crowd = Array.from({ length: 100 }, () => work.ask())
  await settled()
  assert.equal(begun, 1)
  await clock.advance({ ms: 10 })
  finish?.()
  assert.equal(await first, 1)
  await clock.advance({ ms: 89 })
  await settled()
  assert.equal(begun, 1, 'nine times as long as it took')
  await clock.advance({ ms: 1 })
  await settled()
  finish?.()
  assert.deepEqual(new Set(await Promise.all(crowd)), new Set([2]))
})

test('work that fails is told to all who waited for it, and tried again for the next', async () => {
  let begun = 0
  const clock = new FakeClock()
  const work = new SpacedWork(
    () => (++begun === 1 ? Promise.reject(new Error('broken')) : Promise.resolve(begun)),
    clock,
  )
  const both = [work.ask(), work.ask()]
  for (const each of both) await assert.rejects(each, /broken/)
  const next = work.ask()
  await clock.advance({ ms: 0 })
  assert.equal(await next, 2)
})
