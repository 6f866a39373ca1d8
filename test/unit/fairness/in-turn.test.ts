import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { inTurn } from '../../../src/fairness/in-turn.ts'

const waiting = (text: string) =>
  text.split(' ').map((name) => ({ name, party: name[0] ?? '', isUrgent: name.endsWith('!') }))
const names = (text: string, lastTurns: Record<string, number> = {}) =>
  inTurn(waiting(text), new Map(Object.entries(lastTurns)))
    .map(({ name }) => name)
    .join(' ')

test('parties take turns, the one whose last is longest ago first', () => {
  assert.equal(names('a1 a2 a3 b1 b2 c1', { a: 7, b: 3, c: 5 }), 'b1 c1 a1 b2 a2 a3')
})

test('who has just come stands behind the others, in the order of coming', () => {
  assert.equal(names('x1 y1 a1', { a: 7 }), 'a1 x1 y1')
})

test('what is urgent goes first within its party only', () => {
  assert.equal(names('a1 a2 b1 a3!', { a: 1, b: 2 }), 'a3! b1 a1 a2')
})

test('nobody waits: nobody is served', () => {
  assert.deepEqual(inTurn([], new Map()), [])
})

const someone = fc.record({ party: fc.constantFrom('a', 'b', 'c', 'd'), isUrgent: fc.boolean() })

test('for any parties and demands everybody is in the order once, and nobody has two turns while another of them has none', () => {
  fc.assert(
    fc.property(fc.array(someone, { maxLength: 40 }), fc.array(fc.nat(9), { maxLength: 4 }), (all, turns) => {
      const lastTurns = new Map(turns.map((turn, index) => ['abcd'[index] ?? '', turn]))
      const order = inTurn(all, lastTurns)
      assert.deepEqual(new Set(order), new Set(all))
      assert.equal(order.length, all.length)
      const served = new Map<string, number>()
      for (const [at, { party }] of order.entries()) {
        const left = new Set(order.slice(at).map((each) => each.party))
        for (const other of left) assert.ok((served.get(party) ?? 0) <= (served.get(other) ?? 0))
        served.set(party, (served.get(party) ?? 0) + 1)
      }
    }),
  )
})
