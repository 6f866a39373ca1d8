import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import * as fc from 'fast-check'

import { Turns } from '../../../src/inbox/turns.ts'

/** Those who want `wants` each take turns; returns whose turn it was, in order. */
function play(wants: Record<string, number>, weights: Record<string, number> = {}): string[] {
  const turns = new Turns<string, undefined>(() => undefined)
  const left = new Map(Object.entries(wants))
  for (const key of left.keys()) turns.add(key)
  const order: string[] = []
  for (let turn = turns.next(); turn !== undefined; turn = turns.next()) {
    const { key } = turn
    order.push(key)
    turns.serve(key, weights[key])
    left.set(key, (left.get(key) ?? 0) - 1)
    if ((left.get(key) ?? 0) > 0) turns.add(key)
    turns.forget()
  }
  return order
}

describe('turns', () => {
  it('go round among those who wait', () => {
    assert.equal(play({ a: 3, b: 1, c: 2 }).join(''), 'abcaca')
  })

  it('come more often to the heavier, in the proportion of the weights', () => {
    const order = play({ a: 30, b: 30 }, { a: 2 })
    const first = order.slice(0, 30)
    assert.equal(first.filter((key) => key === 'a').length, 20)
  })

  it('owe nothing to who was away, and nobody gains by coming and going', () => {
    const turns = new Turns<string, undefined>(() => undefined)
    turns.add('backlog')
    const order: string[] = []
    for (let round = 0; round < 20; round += 1) {
      turns.add('comes and goes')
      const key = turns.next()?.key ?? ''
      order.push(key)
      turns.serve(key)
      if (key === 'backlog') turns.add(key)
      turns.forget()
    }
    assert.equal(order.filter((key) => key === 'backlog').length, 10)
  })

  it('never let anybody wait for more than one turn of each other, whatever the demand', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-h]$/), fc.integer({ min: 1, max: 40 })), (wants) => {
        const order = play(wants)
        const total = Object.values(wants).reduce((sum, count) => sum + count, 0)
        assert.equal(order.length, total)
        for (const key of Object.keys(wants)) {
          const places = order.flatMap((other, at) => (other === key ? [at] : []))
          for (const [at, place] of places.entries()) {
            const between = order.slice((places[at - 1] ?? -1) + 1, place)
            assert.equal(new Set(between).size, between.length, `${key} waited: ${between.join('')}`)
          }
        }
      }),
    )
  })

  it('forget those who are away, and what belongs to those who wait stays', () => {
    let made = 0
    const turns = new Turns<number, number>(() => (made += 1))
    const kept = turns.add(-1)
    for (let key = 0; key < 1_000; key += 1) {
      turns.add(key)
      turns.next() // whoever it is
      turns.serve(key)
      turns.serve(-1)
      turns.add(-1)
      turns.forget()
    }
    assert.equal(turns.add(-1), kept)
  })
})
