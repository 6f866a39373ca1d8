import assert from 'node:assert/strict'
import { test } from 'node:test'

import { assert as property, property as forAll, uint8Array, json } from 'fast-check'

import { parseEnvelope } from '../../../src/gemini/parse-event.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
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
    assert.deepEqual(parseEnvelope(bytes(body)), want)
  })
}

test('a deeply nested body of 256 KiB is told apart without parsing it', () => {
  assert.deepEqual(parseEnvelope(bytes('['.repeat(256 * 1024))), { type: 'unknown' })
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
