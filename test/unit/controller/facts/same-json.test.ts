import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { isSameJson } from '../../../../src/controller/facts/same-json.ts'

const cases: { name: string; a: unknown; b: unknown; same: boolean }[] = [
  {
    name: 'the order of keys does not count',
    a: { x: 1, y: [{ p: 1, q: 2 }] },
    b: { y: [{ q: 2, p: 1 }], x: 1 },
    same: true,
  },
  { name: 'an undefined member is an absent one', a: { x: 1, y: undefined }, b: { x: 1 }, same: true },
  { name: 'as many members under other names', a: { x: 1, y: 2 }, b: { x: 1, z: 2 }, same: false },
  { name: 'one member more', a: { x: 1 }, b: { x: 1, y: 2 }, same: false },
  { name: 'the order of a list counts', a: [1, 2], b: [2, 1], same: false },
  { name: 'a longer list', a: [1], b: [1, 2], same: false },
  { name: 'a list is no object', a: [], b: {}, same: false },
  { name: 'null is not an empty object', a: { x: null }, b: { x: {} }, same: false },
  { name: 'null is not absent', a: { x: null }, b: {}, same: false },
  { name: 'nothing is nothing', a: undefined, b: undefined, same: true },
  { name: 'nothing is not an empty object', a: undefined, b: {}, same: false },
]
for (const { name, a, b, same } of cases) {
  test(name, () => {
    assert.equal(isSameJson(a, b), same)
    assert.equal(isSameJson(b, a), same)
  })
}

test('agrees with the JSON text under sorted keys, whatever the values', () => {
  // Few keys and values, so that equal and nearly equal ones are common.
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      fc.constantFrom(0, 1, 'a', 'b', true, null),
      fc.array(tie('value'), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom('x', 'y', 'z'), fc.oneof(tie('value'), fc.constant(undefined)), { maxKeys: 3 }),
    ),
  }))
  fc.assert(
    fc.property(value, value, (a, b) => assert.equal(isSameJson(a, b), sortedJson(a) === sortedJson(b))),
    { numRuns: 5_000 },
  )
  fc.assert(fc.property(value, (a) => isSameJson(a, structuredClone(a))))
})

function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  )
}
