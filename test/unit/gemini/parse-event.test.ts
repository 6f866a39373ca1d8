import assert from 'node:assert/strict'
import { test } from 'node:test'

import { assert as property, property as forAll, uint8Array, json } from 'fast-check'

import { parseEnvelope } from '../../../src/gemini/parse-event.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const jsonOf = (body: Uint8Array) => parseEnvelope(body).json
const nested = (depth: number) => `{"type":"a.b","data":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`

const cases: [string, string, object][] = [
  [
    'a whole envelope',
    '{"type":"batch.succeeded","version":"v1","timestamp":"2026-01-22T12:00:00Z","data":{"id":"batches/1"}}',
    { type: 'batch.succeeded', timestamp: '2026-01-22T12:00:00Z', dataId: 'batches/1' },
  ],
  ['an unknown type', '{"type":"something.new"}', { type: 'something.new' }],
  [
    'an offset and a fraction',
    '{"type":"a","timestamp":"2026-01-22T12:00:00.5+02:00"}',
    { type: 'a', timestamp: '2026-01-22T12:00:00.5+02:00' },
  ],
  ['a time that is none', '{"type":"a","timestamp":"2026-13-41T12:00:00Z"}', { type: 'a' }],
  ['a time as a number', '{"type":"a","timestamp":1}', { type: 'a' }],
  ['a type that is no string', '{"type":7}', { type: 'unknown' }],
  ['an empty type', '{"type":""}', { type: 'unknown' }],
  ['a type of 300 characters', `{"type":"${'x'.repeat(300)}"}`, { type: 'unknown' }],
  ['data that is a list', '{"type":"a","data":[1]}', { type: 'a' }],
  ['an id that is no string', '{"type":"a","data":{"id":5}}', { type: 'a' }],
  ['an id of 2000 characters', `{"type":"a","data":{"id":"${'x'.repeat(2000)}"}}`, { type: 'a' }],
  ['a byte order mark', '\uFEFF{"type":"a"}', { type: 'a' }],
  [
    'names that are escaped',
    '{"t\\u0079pe":"a\\u002eb","d\\u0061ta":{"\\u0069d":"\\ud83d\\ude00"}}',
    { type: 'a.b', dataId: '\u{1F600}' },
  ],
  ['the last of several', '{"type":"a","data":{"id":"1"},"type":"b","data":{"id":"2"}}', { type: 'b', dataId: '2' }],
  ['the last of several, which has no id', '{"type":"a","data":{"id":"1"},"data":7,"other":{"id":"2"}}', { type: 'a' }],
  ['an id deeper than the job', '{"type":"a","data":{"x":{"id":"1"}},"list":[{"id":"2"}]}', { type: 'a' }],
  ['members after one that is no JSON', '{"type":"a","x":01}', { type: 'unknown' }],
  [
    'an id of 1024 escapes',
    `{"type":"a","data":{"id":"${'\\u0078'.repeat(1024)}"}}`,
    { type: 'a', dataId: 'x'.repeat(1024) },
  ],
  ['a list', '[{"type":"a"}]', { type: 'unknown' }],
  ['null', 'null', { type: 'unknown' }],
  ['nothing', '', { type: 'unknown' }],
  ['no JSON', '<html>', { type: 'unknown' }],
  ['JSON as deep as allowed', nested(64), { type: 'a.b' }],
  ['JSON deeper than 64', nested(65), { type: 'unknown' }],
  ['brackets inside strings, which are no depth', `{"type":"a","x":"\\"${'['.repeat(100)}"}`, { type: 'a' }],
]
for (const [name, body, want] of cases) {
  test(`reads ${name}`, () => {
    const { json: _, ...envelope } = parseEnvelope(bytes(body))
    assert.deepEqual(envelope, want)
  })
}

test('a deeply nested body of 256 KiB is told apart without parsing it', () => {
  assert.deepEqual(parseEnvelope(bytes('['.repeat(256 * 1024))), { type: 'unknown' })
})

test('tells where JSON stands that may be sent on as it is', () => {
  assert.deepEqual(jsonOf(bytes('\uFEFF {} \n')), { start: 4, end: 6 })
  assert.deepEqual(jsonOf(bytes('7')), { start: 0, end: 1 })
  assert.equal(jsonOf(bytes('{} {}')), undefined)
  assert.equal(jsonOf(Buffer.from([0x22, 0xff, 0x22])), undefined, 'not in UTF-8')
})

test('never throws, whatever the bytes', () => {
  property(
    forAll(uint8Array(), (body) => typeof parseEnvelope(body).type === 'string'),
    { numRuns: 2_000 },
  )
  property(
    forAll(json(), (body) => typeof parseEnvelope(bytes(body)).type === 'string'),
    { numRuns: 2_000 },
  )
})
