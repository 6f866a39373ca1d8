import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { createFilterEvaluator, type FilterVerdict } from '../../../src/filter/evaluate-filter.ts'
import { eventLimits } from '../../../src/filter/event-limits.ts'
import type { SinkFilter } from '../../../src/keyring/entry.ts'

const evaluate = createFilterEvaluator()

function judge(filter: Partial<SinkFilter>, body: unknown, type = 'batch.succeeded'): FilterVerdict {
  const bytes = typeof body === 'string' ? body : JSON.stringify(body)
  return evaluate({ typesExact: [], typesPrefix: [], ...filter }, { type, body: Buffer.from(bytes) })
}

const typeCases: { filter: Partial<SinkFilter>; type: string; want: FilterVerdict }[] = [
  { filter: {}, type: 'batch.succeeded', want: 'wanted' },
  { filter: { typesExact: ['batch.succeeded'] }, type: 'batch.succeeded', want: 'wanted' },
  { filter: { typesExact: ['batch.succeeded'] }, type: 'batch.succeeded2', want: 'unwanted' },
  { filter: { typesExact: ['batch.succeeded'] }, type: 'Batch.Succeeded', want: 'unwanted' },
  { filter: { typesPrefix: ['batch.'] }, type: 'batch.failed', want: 'wanted' },
  { filter: { typesPrefix: ['batch.'] }, type: 'my.batch.failed', want: 'unwanted' },
  { filter: { typesExact: ['video.generated'], typesPrefix: ['batch.'] }, type: 'video.generated', want: 'wanted' },
  { filter: { typesExact: ['video.generated'], typesPrefix: ['batch.'] }, type: 'batch.expired', want: 'wanted' },
  { filter: { typesExact: ['video.generated'], typesPrefix: ['batch.'] }, type: 'unknown', want: 'unwanted' },
  { filter: { typesExact: ['unknown'] }, type: 'unknown', want: 'wanted' },
  { filter: { typesPrefix: [''] }, type: 'anything', want: 'wanted' },
]

for (const { filter, type, want } of typeCases) {
  test(`${type} is ${want} by ${JSON.stringify(filter)}`, () => assert.equal(judge(filter, '{}', type), want))
}

const team = { team: 'search', job_group: 'nightly-7', size: 3, dry: true, nested: { a: 1 } }
const places: Record<string, unknown> = {
  'the envelope': { user_metadata: team },
  'the envelope, as JSON text': { user_metadata: JSON.stringify(team) },
  'the envelope, in camel case': { userMetadata: team },
  'data.user_metadata': { data: { id: 'a', user_metadata: team } },
  'data.user_metadata, as JSON text': { data: { user_metadata: JSON.stringify(team) } },
  'data.userMetadata': { data: { userMetadata: team } },
  'data.userMetadata, as JSON text': { data: { userMetadata: JSON.stringify(team) } },
  'data, beside something else of that name in the envelope': { user_metadata: 'none', data: { user_metadata: team } },
}

for (const [place, body] of Object.entries(places)) {
  test(`metadata is found in ${place}`, () => {
    const exact = { team: 'search', size: '3', dry: 'true' }
    assert.equal(judge({ metadataExact: exact, metadataPrefix: { job_group: 'nightly-' } }, body), 'wanted')
    assert.equal(judge({ metadataExact: { team: 'sear' } }, body), 'unwanted')
    assert.equal(judge({ metadataPrefix: { team: 'search2' } }, body), 'unwanted')
    assert.equal(judge({ metadataExact: { team: 'search' }, metadataPrefix: { absent: '' } }, body), 'unwanted')
    assert.equal(judge({ metadataExact: { nested: '[object Object]' } }, body), 'unwanted')
    assert.equal(judge({ cel: 'event.metadata.team == "search" && event.metadata.size + 1 == 4' }, body), 'wanted')
  })
}

test('an event without metadata, or that is no JSON, has none', () => {
  for (const body of ['{}', '[]', 'null', 'nonsense', '{"user_metadata":"{","data":[]}', '\u0000']) {
    assert.equal(judge({ metadataExact: { a: 'b' } }, body), 'unwanted')
    assert.equal(judge({ metadataPrefix: { constructor: '' } }, body), 'unwanted')
    assert.equal(judge({ cel: '"a" in event.metadata || has(event.data.id)' }, body), 'unwanted')
  }
})

const batch = {
  type: 'batch.succeeded',
  version: 'v1',
  timestamp: '2026-11-21T12:00:00Z',
  data: { id: 'batches/1', count: 2, ratio: 0.5, big: 1e300, tags: ['a', 'b'], gone: null },
}
const celCases: { cel: string; want: FilterVerdict }[] = [
  { cel: 'has(event.data.id) && event.data.id.startsWith("batches/")', want: 'wanted' },
  { cel: 'has(event.data.nope) && event.data.nope == 1', want: 'unwanted' },
  { cel: 'event.data.count * 2 == 4 && event.data.count == 2', want: 'wanted' },
  { cel: 'event.data.ratio < 1.0 && event.data.big > 1.0', want: 'wanted' },
  { cel: 'event.data.gone == null', want: 'wanted' },
  { cel: '"b" in event.data.tags && event.data.tags.exists(tag, tag == "a")', want: 'wanted' },
  { cel: 'timestamp(event.timestamp).getFullYear() == 2026 && event.version == "v1"', want: 'wanted' },
  { cel: 'event.type == "batch.failed"', want: 'unwanted' },
  { cel: 'event.data.nope == 1', want: 'failed' },
  { cel: 'event.data.id > 3', want: 'failed' },
  { cel: 'event.data.id', want: 'failed' },
  { cel: 'event.data.count / 0 == 1', want: 'failed' },
  { cel: 'event.data.__proto__ == 1', want: 'failed' },
  { cel: 'has(event.data.constructor)', want: 'unwanted' },
  { cel: 'event.data.id.matches("b")', want: 'invalid' },
  { cel: 'event.typo == 1', want: 'invalid' },
]

for (const { cel, want } of celCases) {
  test(`${cel} is ${want}`, () => assert.equal(judge({ cel }, batch), want))
}

test('keys that mean something to JavaScript are keys like any other', () => {
  const body = '{"data":{"__proto__":{"a":1},"toString":"x"}}'
  assert.equal(judge({ cel: 'event.data.__proto__.a == 1 && event.data.toString == "x"' }, body), 'wanted')
})

test('all parts of a filter must hold', () => {
  const body = { ...batch, user_metadata: team }
  const filter = { typesPrefix: ['batch.'], metadataExact: { team: 'search' }, cel: 'event.data.count == 2' }
  assert.equal(judge(filter, body), 'wanted')
  assert.equal(judge({ ...filter, typesPrefix: ['video.'] }, body), 'unwanted')
  assert.equal(judge({ ...filter, metadataExact: { team: 'x' } }, body), 'unwanted')
  assert.equal(judge({ ...filter, cel: 'event.data.count == 3' }, body), 'unwanted')
})

test('an invalid expression is invalid for every event, also where another part does not want it', () => {
  assert.equal(judge({ typesExact: ['video.generated'], cel: 'event.typo' }, batch), 'invalid')
})

const tooBig: Record<string, unknown> = {
  'a list that is too long': { data: { list: Array.from({ length: eventLimits.items + 1 }, () => 1) } },
  'too many keys': { data: Object.fromEntries(Array.from({ length: eventLimits.items + 1 }, (_, i) => [`k${i}`, i])) },
  'too many values': { data: { l: Array.from({ length: 50 }, () => Array.from({ length: 50 }, () => 1)) } },
  'a body that is too long': { data: { text: 'a'.repeat(eventLimits.bodyBytes) } },
  'too many levels': `{"data":${'{"a":'.repeat(70)}1${'}'.repeat(71)}`,
}

for (const [what, body] of Object.entries(tooBig)) {
  test(`an event with ${what} is not judged by an expression, but is by type and metadata`, () => {
    assert.equal(judge({ cel: 'true' }, body), 'failed')
    assert.equal(judge({ typesExact: ['batch.succeeded'] }, body), 'wanted')
    assert.equal(judge({ metadataExact: { a: 'b' } }, body), 'unwanted')
  })
}

test('an event at the limits is judged', () => {
  const list = Array.from({ length: eventLimits.items }, (_, index) => index)
  assert.equal(judge({ cel: 'event.data.list.exists(x, x == 99)' }, { data: { list } }), 'wanted')
})

test('whatever the event, a verdict comes back, and the same one again', () => {
  const filters: Partial<SinkFilter>[] = [
    { metadataExact: { a: 'b' }, metadataPrefix: { c: '' } },
    { cel: 'event.data.a == event.metadata.a' },
    { cel: 'event.data.list.exists(x, x > 1) || has(event.data.a.b)' },
    { cel: 'event.type.size() > 3 && string(event.data.a) == "1"' },
  ]
  const metadata = fc.oneof(fc.jsonValue(), fc.json())
  const events = fc.oneof(
    fc.json(),
    fc.string(),
    fc
      .record(
        {
          data: fc.oneof(
            fc.jsonValue(),
            fc.record({ a: fc.jsonValue(), list: fc.array(fc.jsonValue()), user_metadata: metadata }),
          ),
          user_metadata: metadata,
        },
        { requiredKeys: [] },
      )
      .map((event) => JSON.stringify(event)),
  )
  fc.assert(
    fc.property(fc.constantFrom(...filters), events, fc.string(), (filter, body, type) => {
      const verdict = judge(filter, body, type)
      return ['wanted', 'unwanted', 'failed'].includes(verdict) && judge(filter, body, type) === verdict
    }),
    { numRuns: 2_000 },
  )
})

test('a prefix of a value that is wanted exactly is wanted by prefix', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.string(), fc.nat(), (key, value, cut) => {
      const body = { data: { userMetadata: Object.fromEntries([[key, value]]) } }
      const prefix = value.slice(0, cut % (value.length + 1))
      const by = (entry: string) => Object.fromEntries([[key, entry]])
      return judge({ metadataExact: by(value), metadataPrefix: by(prefix) }, body) === 'wanted'
    }),
  )
})
