import assert from 'node:assert/strict'
import { test } from 'node:test'

import { FairPace } from '../../../src/kubernetes/fair-pace.ts'
import { FakeClock, settle } from '../../support/doubles/fake-clock.ts'

function aPace(rate = { ratePerSecond: 10, burst: 2 }) {
  const clock = new FakeClock()
  const pace = new FairPace(rate, clock)
  const went: string[] = []
  const take = (namespace: string, count: number, signal = new AbortController().signal) => {
    for (let index = 0; index < count; index++) {
      pace.take(namespace, signal).then(
        () => went.push(namespace),
        () => went.push(`${namespace} gave up`),
      )
    }
  }
  return { clock, take, went }
}

test('a burst goes at once, the rest at the steady rate', async () => {
  const { clock, take, went } = aPace()
  take('ml', 5)
  await settle()
  assert.equal(went.length, 2)
  await clock.advance({ ms: 100 })
  assert.equal(went.length, 3)
  await clock.advance({ ms: 200 })
  assert.equal(went.length, 5)
  assert.equal(clock.pending, 0, 'no timer is left when nobody waits')
})

test('namespaces take turns, however many calls one of them has', async () => {
  const { clock, take, went } = aPace()
  take('evil', 50)
  await settle()
  take('victim', 2)
  await clock.advance({ ms: 400 })
  assert.deepEqual(went.slice(2), ['evil', 'victim', 'evil', 'victim'])
})

test('who calls little goes first, call for call, while two others use up the pace; who calls much has its turns and no more', async () => {
  const { clock, take, went } = aPace({ ratePerSecond: 10, burst: 10 })
  for (const crowd of ['evil', 'wicked']) take(crowd, 50)
  await clock.advance({ seconds: 1 })
  for (let call = 0; call < 2; call++) {
    const before = went.length
    take('victim', 1)
    await clock.advance({ ms: 100 })
    assert.deepEqual(went.slice(before), ['victim'])
  }
  const before = went.length
  take('victim', 6)
  await clock.advance({ ms: 600 })
  assert.equal(went.slice(before).filter((namespace) => namespace === 'victim').length, 2)
})

test('who gives up leaves its turn to the others', async () => {
  const { clock, take, went } = aPace()
  const leaving = new AbortController()
  take('ml', 2)
  take('ml', 3, leaving.signal)
  take('search', 1)
  await settle()
  leaving.abort(new Error('gave up'))
  await clock.advance({ ms: 100 })
  assert.deepEqual(went.toSorted(), ['ml', 'ml', 'ml gave up', 'ml gave up', 'ml gave up', 'search'])
  take('ml', 1, leaving.signal)
  await settle()
  assert.equal(went.at(-1), 'ml gave up')
})
