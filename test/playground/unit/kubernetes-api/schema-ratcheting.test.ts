import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Schema } from '../../../../playground/kubernetes-api/schema.ts'
import { checkRules } from '../../../../playground/kubernetes-api/validation/check-rules.ts'
import { compileRules } from '../../../../playground/kubernetes-api/validation/compile-rules.ts'
import { checkSchema } from '../../../../playground/kubernetes-api/validation/schema-check.ts'

const items: Schema = {
  type: 'object',
  properties: { name: { type: 'string' }, size: { type: 'integer', maximum: 10 } },
}
const schema: Schema = {
  type: 'object',
  properties: {
    old: { type: 'string', maxLength: 3 },
    parts: { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'], items },
    atomic: { type: 'array', items },
  },
}
const place = { field: '', shown: '' }
const fields = (value: unknown, old?: unknown) => checkSchema(schema, value, place, old).map(({ field }) => field)

test('what an update leaves as it was is not judged again', () => {
  const stored = { old: 'too long now' }
  assert.deepEqual(fields(stored), ['old'])
  assert.deepEqual(fields({ ...stored, parts: [] }, stored), [])
  assert.deepEqual(fields({ old: 'another one' }, stored), ['old'])
})

test('items of a map list are compared by their keys, wherever they moved; items of an atomic list are judged anew', () => {
  const big = { name: 'a', size: 11 }
  const small = { name: 'b', size: 1 }
  assert.deepEqual(fields({ parts: [small, big] }, { parts: [big] }), [])
  assert.deepEqual(fields({ atomic: [small, big] }, { atomic: [big] }), ['atomic[1].size'])
})

const ruled: Schema = {
  type: 'object',
  'x-kubernetes-validations': [{ rule: 'self.size < 5', message: 'small only' }],
  properties: {
    size: { type: 'integer' },
    label: { type: 'string' },
    once: {
      type: 'string',
      'x-kubernetes-validations': [
        { rule: 'self == oldSelf', message: 'set once' },
        { rule: 'oldSelf.hasValue() || self != "new"', message: 'not at first', optionalOldSelf: true },
      ],
    },
  },
}

function messages(value: unknown, old?: unknown): string[] {
  const { compiled, problems } = compileRules({
    ...ruled,
    'x-kubernetes-validations': ruled['x-kubernetes-validations'] ?? [],
  })
  assert.deepEqual(problems, [])
  assert.ok(compiled)
  return checkRules(compiled, value, 'spec', old).map(({ message }) => message)
}

test('a rule does not judge an unchanged value, a transition rule judges changes only', () => {
  assert.deepEqual(messages({ size: 9 }), ['Invalid value: small only'])
  assert.deepEqual(messages({ size: 9 }, { size: 9 }), [])
  assert.deepEqual(
    messages({ size: 9, label: 'x' }, { size: 9 }),
    ['Invalid value: small only'],
    'the object around it changed',
  )
  assert.deepEqual(messages({ size: 1, once: 'a' }, { size: 1, once: 'b' }), ['Invalid value: set once'])
})

test('with optionalOldSelf a transition rule also judges what is new', () => {
  assert.deepEqual(messages({ size: 1, once: 'new' }), ['Invalid value: not at first'])
  assert.deepEqual(messages({ size: 1, once: 'a' }), [])
  assert.deepEqual(messages({ size: 1, once: 'new' }, { size: 1, once: 'new' }), [])
})
