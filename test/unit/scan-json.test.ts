import assert from 'node:assert/strict'
import { test } from 'node:test'

import { array, assert as property, constantFrom, json, property as forAll } from 'fast-check'

import { isString, scanJson, type Span } from '../../src/scan-json.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

const is = (text: string, name: string) => isString(bytes(text), { start: 0, end: text.length }, name)

const isFound = (text: string, maxDepth = 64) => scanJson(bytes(text), maxDepth) !== undefined

function isParsed(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const pieces = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ':',
  ',',
  '1',
  '0',
  '-',
  '.',
  'e',
  '+',
  ' ',
  '\\',
  'u',
  '\n',
  '\u0001',
  'é',
  'true',
  'null',
  '"a"',
  '"b":',
  '{"a":1}',
  '[1]',
  '0041',
]

test('says what a parser says: of JSON, and of what looks like it', () => {
  property(
    forAll(json(), (text) => isFound(text)),
    { numRuns: 2_000 },
  )
  property(
    forAll(array(constantFrom(...pieces), { maxLength: 10 }), (parts) => {
      const text = parts.join('')
      return isFound(text) === isParsed(text)
    }),
    { numRuns: 20_000 },
  )
})

test('text that ends too early is no JSON, wherever it ends', () => {
  const whole = ' {"a":[1,-2.5e+3,true,null],"\\u00e9":{"b":"c\\n"},"d":{},"e":[]} '
  assert.deepEqual(scanJson(bytes(whole), 64), { start: 1, end: bytes(whole).length - 1 })
  for (let length = 0; length < whole.length - 1; length += 1) {
    assert.equal(isFound(whole.slice(0, length)), false, whole.slice(0, length))
  }
})

test('is bounded in depth, not in length', () => {
  assert.equal(isFound('[{"a":[1]},[[]]]', 3), true)
  assert.equal(isFound('[{"a":[1]},[[[]]]]', 3), false)
})

test('reports the members of the outer objects, and of a list or an object where it begins', () => {
  const text = '{"a":"x","b":{"c":1,"d":{"e":2}},"f":[{"g":3}],"h":null}'
  const seen: [number, string, string][] = []
  const textAt = ({ start, end }: Span) => text.slice(start, end)
  const call = (depth: number, key: Span, value: Span) => seen.push([depth, textAt(key), textAt(value)])
  assert.ok(scanJson(bytes(text), 64, { upTo: 2, call }))
  assert.deepEqual(seen, [
    [1, '"a"', '"x"'],
    [1, '"b"', '{'],
    [2, '"c"', '1'],
    [2, '"d"', '{'],
    [1, '"f"', '['],
    [1, '"h"', 'null'],
  ])
})

test('a name is the same name however it is escaped, and no other', () => {
  assert.ok(is('"data"', 'data'))
  assert.ok(is('"d\\u0061t\\u0061"', 'data'))
  for (const other of ['""', '"dat"', '"data1"', '"d\\nta"', '"d\\u0062ta"', '"dat\\u0061a"']) {
    assert.equal(is(other, 'data'), false, other)
  }
})

test('a name that is escaped is compared without making texts of its characters: a body may be full of them', (t) => {
  const made = t.mock.method(String, 'fromCharCode')
  assert.ok(is('"\\u0074i\\u006De\\u0073tam\\u0070"', 'timestamp'))
  assert.ok(is('"\\u0074i\\u006de\\u0073tam\\u0070"', 'timestamp'))
  assert.equal(is('"\\u0074i\\u004de\\u0073tam\\u0070"', 'timestamp'), false)
  assert.equal(made.mock.callCount(), 0)
})
