import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { SharedRoom, type Taker } from '../../../src/fairness/shared-room.ts'

/** Takes one after the other until it may not. */
function fill(room: SharedRoom, taker: Taker): number {
  let taken = 0
  for (; room.freeFor(taker) >= 1; taken += 1) room.take(taker, 1)
  return taken
}

describe('a shared room', () => {
  it('gives one alone four fifths, and at each level again', () => {
    assert.equal(fill(new SharedRoom({ total: 1_000 }), ['a']), 800)
    assert.equal(fill(new SharedRoom({ total: 1_000 }), ['a', 'x']), 640)
    assert.equal(fill(new SharedRoom({ total: 1_000 }), ['a', 'x', 's']), 512)
  })

  it('gives equal parts to many, and always leaves some for who comes next', () => {
    for (const count of [2, 10, 100]) {
      const room = new SharedRoom({ total: 100_000 })
      const takers = Array.from({ length: count }, (_, at): Taker => [`n${at}`])
      while (takers.some((taker) => room.freeFor(taker) >= 1)) {
        for (const taker of takers) if (room.freeFor(taker) >= 1) room.take(taker, 1)
      }
      const used = takers.map((taker) => room.usedBy(taker))
      assert.ok(Math.max(...used) - Math.min(...used) <= 1, `${count}: ${Math.min(...used)} to ${Math.max(...used)}`)
      assert.equal(Math.round((100_000 - room.used) / 1_000), Math.round(100 / (1 + 4 * count)), `${count}`)
      assert.ok(room.freeFor(['newcomer', 'x', 's']) > 100, `${count}: ${room.freeFor(['newcomer', 'x', 's'])}`)
    }
  })

  it('a crowd of objects in one namespace takes no more from others than one object', () => {
    const room = new SharedRoom({ total: 1_000 })
    for (let at = 0; at < 500; at += 1) fill(room, ['crowd', `o${at}`])
    assert.equal(Math.round(room.usedBy(['crowd']) / 10), 80)
    assert.ok(room.freeFor(['alone', 'o']) >= 128)
  })

  it('a heavier namespace may have more, in the proportion of the weights', () => {
    const room = new SharedRoom({ total: 10_500, weightOf: (namespace) => (namespace === 'big' ? 4 : 1) })
    room.take(['big'], 8_000)
    room.take(['small'], 2_000)
    assert.deepEqual([room.freeFor(['big']), room.freeFor(['small'])].map(Math.round), [0, 0])
    room.give(['big'], 17)
    assert.equal(Math.round(room.freeFor(['big'])), 17)
  })

  it('no namespace takes more than the share that it may have at most', () => {
    const room = new SharedRoom({ total: 1_000, maxShareOf: (namespace) => (namespace === 'held' ? 0.1 : 1) })
    assert.equal(fill(room, ['held']), 100)
    assert.equal(fill(room, ['free']), 720)
  })

  it('an object that is called like a namespace has neither its weight nor its bound', () => {
    const room = new SharedRoom({
      total: 1_000,
      weightOf: (namespace) => (namespace === 'big' ? 4 : 1),
      maxShareOf: (namespace) => (namespace === 'held' ? 0.1 : 1),
    })
    assert.equal(fill(room, ['a', 'big']), 640)
    room.give(['a', 'big'], 640)
    assert.equal(fill(room, ['a', 'held']), 640)
  })

  it('who gives way is the heaviest namespace for its weight, in it the heaviest object, in it the heaviest sink', () => {
    const room = new SharedRoom({ total: 1_000, weightOf: (namespace) => (namespace === 'big' ? 10 : 1) })
    assert.equal(room.heaviest(), undefined)
    room.take(['big', 'x'], 90)
    room.take(['small', 'x', 's'], 4)
    room.take(['small', 'y', 's'], 3)
    room.take(['small', 'y', 't'], 3)
    assert.deepEqual(room.heaviest(), ['small', 'y', 's'])
    room.give(['small', 'y', 's'], 3)
    assert.deepEqual(room.heaviest(), ['big', 'x'])
  })

  it('forgets who has nothing any more', () => {
    const known: string[] = []
    const room = new SharedRoom({ total: 10, weightOf: (namespace) => known.push(namespace) })
    room.take(['a', 'x'], 2)
    room.take(['b', 'x'], 1)
    room.give(['a', 'x'], 2)
    assert.deepEqual([room.used, room.usedBy(['a']), room.usedBy(['a', 'x'])], [1, 0, 0])
    assert.deepEqual([room.heaviest(), known], [['b', 'x'], ['b']], 'the weight of a is not asked for')
    room.give(['b', 'x'], 1)
    assert.deepEqual([room.used, room.heaviest()], [0, undefined])
  })

  it('a room without a total is refused', () => {
    assert.throws(() => new SharedRoom({ total: 0 }), /total above 0, got 0/)
  })
})
