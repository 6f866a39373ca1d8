import assert from 'node:assert/strict'
import { test } from 'node:test'

import { applyMergePatch } from '../../../../playground/kubernetes-api/patch/merge-patch.ts'
import { applyStrategicMergePatch } from '../../../../playground/kubernetes-api/patch/strategic-merge-patch.ts'

/** The examples of RFC 7386, appendix A. */
const examples: [unknown, unknown, unknown][] = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [
    ['a', 'b'],
    ['c', 'd'],
    ['c', 'd'],
  ],
  [{ a: 'b' }, ['c'], ['c']],
  [{ a: 'foo' }, null, null],
  [{ a: 'foo' }, 'bar', 'bar'],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
]
for (const [target, patch, want] of examples) {
  test(`merge patch ${JSON.stringify(patch)} on ${JSON.stringify(target)}`, () => {
    assert.deepEqual(applyMergePatch(target, patch), want)
  })
}

const strategic: { name: string; target: unknown; patch: unknown; want: unknown }[] = [
  {
    name: 'merges maps and removes with null',
    target: { data: { a: '1', b: '2' } },
    patch: { data: { a: null, c: '3' } },
    want: { data: { b: '2', c: '3' } },
  },
  {
    name: 'merges ports by number, new ones last',
    target: { ports: [{ port: 80, name: 'web' }, { port: 81 }] },
    patch: { ports: [{ port: 80, targetPort: 8080 }, { port: 82 }] },
    want: { ports: [{ port: 80, name: 'web', targetPort: 8080 }, { port: 81 }, { port: 82 }] },
  },
  {
    name: 'deletes from a keyed list',
    target: { ports: [{ port: 80 }, { port: 81 }] },
    patch: { ports: [{ port: 80, $patch: 'delete' }] },
    want: { ports: [{ port: 81 }] },
  },
  {
    name: 'replaces a keyed list',
    target: { ports: [{ port: 80 }] },
    patch: { ports: [{ $patch: 'replace' }, { port: 90 }] },
    want: { ports: [{ port: 90 }] },
  },
  {
    name: 'replaces a map',
    target: { selector: { a: '1' } },
    patch: { selector: { $patch: 'replace', b: '2' } },
    want: { selector: { b: '2' } },
  },
  {
    name: 'deletes a map',
    target: { selector: { a: '1' }, x: 1 },
    patch: { selector: { $patch: 'delete' } },
    want: { x: 1 },
  },
  {
    name: 'merges finalizers as a set',
    target: { finalizers: ['a'] },
    patch: { finalizers: ['a', 'b'] },
    want: { finalizers: ['a', 'b'] },
  },
  {
    name: 'deletes from a list of values',
    target: { finalizers: ['a', 'b'] },
    patch: { '$deleteFromPrimitiveList/finalizers': ['a'] },
    want: { finalizers: ['b'] },
  },
  {
    name: 'replaces lists without a key',
    target: { externalIPs: ['1', '2'] },
    patch: { externalIPs: ['3'] },
    want: { externalIPs: ['3'] },
  },
  {
    name: 'keeps only retained keys',
    target: { a: 1, b: 2 },
    patch: { $retainKeys: ['a', 'c'], c: 3 },
    want: { a: 1, c: 3 },
  },
  {
    name: 'ignores the order of elements',
    target: { ports: [{ port: 1 }] },
    patch: { '$setElementOrder/ports': [{ port: 1 }] },
    want: { ports: [{ port: 1 }] },
  },
]
for (const { name, target, patch, want } of strategic) {
  test(`a strategic merge patch ${name}`, () => {
    const before = structuredClone(target)
    assert.deepEqual(applyStrategicMergePatch(target, patch), want)
    assert.deepEqual(target, before, 'the target stays as it was')
  })
}
