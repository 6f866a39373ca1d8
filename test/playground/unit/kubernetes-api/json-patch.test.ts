import assert from 'node:assert/strict'
import { test } from 'node:test'

import { applyJsonPatch } from '../../../../playground/kubernetes-api/patch/json-patch.ts'

interface Case {
  name: string
  target: unknown
  patch: unknown[]
  /** Absent: the patch must not apply. */
  want?: unknown
}

const cases: Case[] = [
  { name: 'adds a member', target: { a: 1 }, patch: [{ op: 'add', path: '/b', value: 2 }], want: { a: 1, b: 2 } },
  { name: 'inserts into a list', target: [1, 3], patch: [{ op: 'add', path: '/1', value: 2 }], want: [1, 2, 3] },
  { name: 'appends with -', target: { l: [1] }, patch: [{ op: 'add', path: '/l/-', value: 2 }], want: { l: [1, 2] } },
  { name: 'replaces the whole document', target: { a: 1 }, patch: [{ op: 'add', path: '', value: 2 }], want: 2 },
  { name: 'replaces a list item', target: [1, 2], patch: [{ op: 'replace', path: '/1', value: 9 }], want: [1, 9] },
  {
    name: 'replaces an absent member, as a real server does',
    target: {},
    patch: [{ op: 'replace', path: '/a', value: 1 }],
    want: { a: 1 },
  },
  { name: 'removes a member', target: { a: 1, b: 2 }, patch: [{ op: 'remove', path: '/a' }], want: { b: 2 } },
  { name: 'removes a list item', target: [1, 2, 3], patch: [{ op: 'remove', path: '/1' }], want: [1, 3] },
  { name: 'moves', target: { a: { b: 1 } }, patch: [{ op: 'move', from: '/a/b', path: '/c' }], want: { a: {}, c: 1 } },
  { name: 'copies', target: { a: [1] }, patch: [{ op: 'copy', from: '/a', path: '/b' }], want: { a: [1], b: [1] } },
  {
    name: 'unescapes ~1 and ~0',
    target: { 'a/b~c': 1 },
    patch: [{ op: 'test', path: '/a~1b~0c', value: 1 }],
    want: { 'a/b~c': 1 },
  },
  {
    name: 'compares whole values',
    target: { a: { b: [1, { c: null }] } },
    patch: [{ op: 'test', path: '/a', value: { b: [1, { c: null }] } }],
    want: { a: { b: [1, { c: null }] } },
  },
  {
    name: 'takes a test of an absent member for null',
    target: {},
    patch: [{ op: 'test', path: '/a', value: null }],
    want: {},
  },
  { name: 'fails on a test that does not hold', target: { a: 1 }, patch: [{ op: 'test', path: '/a', value: 2 }] },
  { name: 'fails on removing what is absent', target: {}, patch: [{ op: 'remove', path: '/a' }] },
  { name: 'fails below an absent parent', target: {}, patch: [{ op: 'add', path: '/a/b', value: 1 }] },
  { name: 'fails beyond the end of a list', target: [1], patch: [{ op: 'add', path: '/2', value: 1 }] },
  { name: 'fails on an index with a leading zero', target: [1, 2], patch: [{ op: 'remove', path: '/01' }] },
  { name: 'fails on an unknown operation', target: {}, patch: [{ op: 'frob', path: '/a' }] },
  { name: 'fails on a pointer without a slash', target: { a: 1 }, patch: [{ op: 'remove', path: 'a' }] },
  { name: 'fails on an operation without a value', target: {}, patch: [{ op: 'add', path: '/a' }] },
  {
    name: 'does not reach into prototypes',
    target: {},
    patch: [{ op: 'add', path: '/constructor/prototype/x', value: 1 }],
  },
]

for (const { name, target, patch, want } of cases) {
  test(`a JSON patch ${name}`, () => {
    const before = structuredClone(target)
    const outcome = applyJsonPatch(target, patch)
    assert.deepEqual(outcome, want === undefined ? { applied: false } : { applied: true, value: want })
    assert.deepEqual(target, before, 'the target stays as it was')
  })
}

test('a JSON patch applies nothing when a later operation fails', () => {
  const target = { a: 1 }
  const patch = [
    { op: 'replace', path: '/a', value: 2 },
    { op: 'remove', path: '/missing' },
  ]
  assert.deepEqual(applyJsonPatch(target, patch), { applied: false })
  assert.deepEqual(target, { a: 1 })
})
