import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createFilterEvaluator } from '../../../src/filter/evaluate-filter.ts'
import { eventLimits } from '../../../src/filter/event-limits.ts'
import type { FilterVerdict } from '../../../src/filter/verdict.ts'
import type { SinkFilter } from '../../../src/contract/keyring/entry.ts'

const evaluate = createFilterEvaluator()

function judge(filter: Partial<SinkFilter>, body: unknown, type = 'batch.succeeded'): FilterVerdict {
  const bytes = typeof body === 'string' ? body : JSON.stringify(body)
  const event = { type, body: Buffer.from(bytes), mode: 'dynamic', ageMs: 90_500 } as const
  return evaluate({ typesExact: [], typesPrefix: [], ...filter }, event, [])
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
    assert.equal(judge({ metadataExact: { team: 'search', size: '4' } }, body), 'unwanted')
    assert.equal(judge({ metadataPrefix: { team: 'sea', job_group: 'night' } }, body), 'wanted')
    assert.equal(judge({ metadataPrefix: { team: 'search2', job_group: 'night' } }, body), 'unwanted')
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
  { cel: 'event.mode == "dynamic"', want: 'wanted' },
  { cel: 'event.mode == "static"', want: 'unwanted' },
  { cel: 'event.age < duration("2m") && event.age > duration("90s")', want: 'wanted' },
  { cel: 'event.age >= duration("1h")', want: 'unwanted' },
  { cel: 'event.age.getSeconds() == 90 && has(event.age)', want: 'wanted' },
  { cel: 'event.age == 90', want: 'invalid' },
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

/** What an object may cost allows for one of these, and not for two. */
const [one, other] = ['a', 'b'].map((letter) => `!event.data.id.contains("${letter.repeat(310)}")`) as [string, string]

test('an expression is judged with those of the other sinks, each once', () => {
  const body = Buffer.from(JSON.stringify(batch))
  const event = { type: 'batch.succeeded', body, mode: 'static', ageMs: 0 } as const
  const verdictOf = (cel: string | undefined, expressions: readonly string[]) =>
    evaluate({ typesExact: [], typesPrefix: [], ...(cel !== undefined && { cel }) }, event, expressions)
  assert.equal(verdictOf(other, [other]), 'wanted')
  assert.equal(verdictOf(other, [one, other]), 'invalid')
  assert.equal(verdictOf(other, [one]), 'invalid', 'where it is new and not among them yet')
  assert.equal(verdictOf(one, [one, other]), 'wanted', 'of two that cost the same the first may run')
  assert.equal(verdictOf(undefined, [one, other]), 'wanted')
})

test('a version or a timestamp that is no text is not there', () => {
  for (const body of [{}, { version: 1, timestamp: 2 }, { version: null, timestamp: {} }]) {
    assert.equal(judge({ cel: 'has(event.version) || has(event.timestamp)' }, body), 'unwanted')
    assert.equal(judge({ cel: 'event.version != "v1"' }, body), 'failed')
  }
  assert.equal(judge({ cel: 'has(event.version) && has(event.timestamp)' }, batch), 'wanted')
})

const levels = (count: number, [open, close]: readonly [string, string]) =>
  `{"data":{"a":${open.repeat(count)}1${close.repeat(count)}}}`
const objects = ['{"a":', '}'] as const
const lists = ['[', ']'] as const
/** An object whose body is so many bytes long. */
const bytes = (length: number) => ({ data: { text: 'a'.repeat(length - '{"data":{"text":""}}'.length) } })
/** Twenty lists, and so many values together with what is in them. */
const values = (count: number) => ({
  data: {
    lists: Array.from({ length: 20 }, (_, at) => Array.from({ length: at === 0 ? count - 1_902 : 99 }, () => 1)),
  },
})
const keys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, at]))

const tooBig: Record<string, unknown> = {
  'a list that is too long': { data: { list: Array.from({ length: eventLimits.items + 1 }, () => 1) } },
  'too many keys': { data: keys(eventLimits.items + 1) },
  'too many keys in its metadata': { data: { id: 1 }, user_metadata: keys(eventLimits.items + 1) },
  'too many values': { data: { l: Array.from({ length: 50 }, () => Array.from({ length: 50 }, () => 1)) } },
  'a body that is too long': { data: { text: 'a'.repeat(eventLimits.bodyBytes) } },
  'a body of a byte too much': bytes(eventLimits.bodyBytes + 1),
  'a value too many': values(eventLimits.values + 1),
  'too many levels': `{"data":${'{"a":'.repeat(70)}1${'}'.repeat(71)}`,
  'a level too many of objects': levels(eventLimits.depth, objects),
  'a level too many of lists': levels(eventLimits.depth, lists),
}

for (const [what, body] of Object.entries(tooBig)) {
  test(`an event with ${what} is not judged by an expression, but is by type and metadata`, () => {
    assert.equal(judge({ cel: 'true' }, body), 'failed')
    assert.equal(judge({ typesExact: ['batch.succeeded'] }, body), 'wanted')
    assert.equal(judge({ metadataExact: { a: 'b' } }, body), 'unwanted')
  })
}

const atTheLimit: Record<string, unknown> = {
  'as many elements': { data: { list: Array.from({ length: eventLimits.items }, () => 1) } },
  'as many keys': { data: keys(eventLimits.items) },
  'as many values': values(eventLimits.values),
  'as many bytes': bytes(eventLimits.bodyBytes),
  'as many levels of objects': levels(eventLimits.depth - 1, objects),
  'as many levels of lists': levels(eventLimits.depth - 1, lists),
}

for (const [what, body] of Object.entries(atTheLimit)) {
  test(`an event with ${what} as there may be is judged`, () => assert.equal(judge({ cel: 'true' }, body), 'wanted'))
}

test('the last element of the longest list is seen', () => {
  const list = Array.from({ length: eventLimits.items }, (_, index) => index)
  assert.equal(judge({ cel: 'event.data.list.exists(x, x == 99)' }, { data: { list } }), 'wanted')
})
