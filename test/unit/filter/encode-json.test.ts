import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { createEventEvaluator } from '../../../src/filter/evaluate-event.ts'
import { encodeJson, NotJsonError, TooLargeError } from '../../../src/filter/encode-json.ts'
import { maxResultBytes } from '../../../src/filter/result-limits.ts'
import { anAskedEvent } from '../../support/builders/an-asked-event.ts'

const values: { what: string; value: unknown; json: string }[] = [
  { what: 'a text', value: 'a "b"\n\u0001é', json: '"a \\"b\\"\\n\\u0001é"' },
  { what: 'half of a pair of surrogates', value: '\ud800', json: '"\\ud800"' },
  { what: 'a whole number of any size', value: 9_223_372_036_854_775_807n, json: '9223372036854775807' },
  { what: 'a fraction', value: 0.5, json: '0.5' },
  { what: 'a bool', value: true, json: 'true' },
  { what: 'null', value: null, json: 'null' },
  { what: 'bytes', value: Buffer.from('abc'), json: '"YWJj"' },
  { what: 'a time', value: new Date('2026-11-21T11:59:58Z'), json: '"2026-11-21T11:59:58Z"' },
  { what: 'a time with a part of a second', value: new Date(1), json: '"1970-01-01T00:00:00.001Z"' },
  { what: 'lists and maps', value: [new Map([['a', [1n]]]), { b: {} }, []], json: '[{"a":[1]},{"b":{}},[]]' },
  { what: 'a key that objects have by themselves', value: new Map([['__proto__', 1n]]), json: '{"__proto__":1}' },
]

for (const { what, value, json } of values) {
  test(`${what} becomes ${json}`, () => assert.equal(encodeJson(value), json))
}

for (const [what, value] of Object.entries({
  'a number without end': Infinity,
  'no number': Number.NaN,
  'a function': () => 1,
  'nothing at all': undefined,
  'an object of another class': new URL('https://example.com'),
  'a key that is no text': new Map([[1n, 1n]]),
  'one of these inside': [{ a: [Infinity] }],
})) {
  test(`${what} has no form in JSON`, () => assert.throws(() => encodeJson(value), NotJsonError))
}

test('what JSON can hold is read back as it was', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.deepEqual(JSON.parse(encodeJson(value)), JSON.parse(JSON.stringify(value)))
    }),
    { numRuns: 2_000 },
  )
})

test('as much as a result may have is written, and nothing beyond, however far it would go', () => {
  const most = 'a'.repeat(maxResultBytes - 2)
  assert.equal(encodeJson(most).length, maxResultBytes)
  assert.throws(() => encodeJson(`${most}a`), TooLargeError)
  assert.throws(() => encodeJson('"'.repeat(maxResultBytes / 2)), TooLargeError, 'with its escapes')
  let large: unknown = most
  for (let at = 0; at < 60; at++) large = [large, large]
  assert.throws(() => encodeJson(large), TooLargeError, 'two to the sixtieth texts')
})

test('unsigned numbers and durations of the language are written as they are meant', () => {
  const { transformed } = createEventEvaluator()({
    filter: { typesExact: [], typesPrefix: [] },
    transform: {
      body: '{"u": 18446744073709551615u, "d": duration("1h30m"), "t": type(1) == int}',
      contentType: 'application/json',
      facts: { id: 'a', source: '/b', attempt: 1 },
    },
    expressions: [],
    ...anAskedEvent(Buffer.from('{}')),
  })
  assert.ok(transformed?.type === 'made')
  assert.equal(Buffer.from(transformed.content).toString(), '{"u":18446744073709551615,"d":"5400s","t":true}')
})
