import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createEventEvaluator } from '../../../src/filter/evaluate-event.ts'
import type { Transformed } from '../../../src/filter/evaluate-transform.ts'
import { eventLimits } from '../../../src/filter/event-limits.ts'
import type { Expression } from '../../../src/filter/expression.ts'
import { maxResultBytes } from '../../../src/filter/result-limits.ts'
import { anAskedEvent } from '../../support/builders/an-asked-event.ts'

const evaluate = createEventEvaluator()
const everyEvent = { typesExact: [], typesPrefix: [] }
const facts = { id: 'msg_1', source: '/apis/x/ml/hook', attempt: 2 } as const
const batch = {
  type: 'batch.succeeded',
  timestamp: '2026-11-21T11:59:58Z',
  data: { id: 'batches/1', count: 2, tags: ['a', 'b'], ratio: 0.25, 'gone/1': null },
  user_metadata: { team: 'search' },
}

interface Given {
  contentType?: string
  event?: unknown
  expressions?: readonly Expression[]
}

function transform(body: string, { contentType = 'application/json', event = batch, expressions = [] }: Given = {}) {
  const question = { body, contentType, facts }
  const bytes = Buffer.from(typeof event === 'string' ? event : JSON.stringify(event))
  const { verdict, transformed } = evaluate({
    filter: everyEvent,
    transform: question,
    expressions,
    ...anAskedEvent(bytes, 'dynamic'),
  })
  assert.equal(verdict, 'wanted')
  return transformed ?? assert.fail('nothing was transformed')
}

function textOf(transformed: Transformed): string {
  assert.ok(transformed.type === 'made', JSON.stringify(transformed))
  return Buffer.from(transformed.content).toString()
}

const asJson: { body: string; json: string }[] = [
  {
    body: '{"text": "Batch " + event.data.id + ": " + event.type}',
    json: '{"text":"Batch batches/1: batch.succeeded"}',
  },
  { body: '[event.id, event.source, event.mode]', json: '["msg_1","/apis/x/ml/hook","dynamic"]' },
  {
    body: '{"s": event.subject, "t": event.time, "n": event.attempt}',
    json: '{"s":"batches/1","t":"2026-11-21T11:59:58Z","n":2}',
  },
  { body: 'event.data', json: JSON.stringify(batch.data) },
  { body: 'event.metadata.team', json: '"search"' },
  { body: 'has(event.data.error) ? event.data.error : null', json: 'null' },
  { body: 'event.data.tags.join(", ")', json: '"a, b"' },
  { body: 'event.data.tags.map(tag, tag.upperAscii()).join()', json: '"AB"' },
  {
    body: '"%s has %d, %.1f".format([event.data.id, event.data.count, event.data.ratio])',
    json: '"batches/1 has 2, 0.3"',
  },
  { body: 'string(timestamp(event.time) + duration("24h"))', json: '"2026-11-22T11:59:58Z"' },
  { body: 'string(duration("90s"))', json: '"90s"' },
  { body: '[duration("-1.5s"), duration("20ms"), duration("0s")]', json: '["-1.5s","0.02s","0s"]' },
  {
    body: '"%d/%02d".format([timestamp(event.time).getFullYear(), timestamp(event.time).getMonth() + 1])',
    json: '"2026/11"',
  },
  { body: 'event.data.id.base64()', json: '"YmF0Y2hlcy8x"' },
  { body: '{"data": json(event.data.tags)}', json: '{"data":"[\\"a\\",\\"b\\"]"}' },
  { body: 'json({"a": event.data.count}).base64()', json: '"eyJhIjoyfQ=="' },
]

for (const { body, json } of asJson) {
  test(`${body} makes ${json}`, () => assert.equal(textOf(transform(body)), json))
}

test('a text is sent as it is, and nothing but a text', () => {
  const contentType = 'text/plain; charset=utf-8'
  assert.equal(textOf(transform('"Bärtig: " + event.data.id', { contentType })), 'Bärtig: batches/1')
  assert.equal(textOf(transform('json(event.data.tags)', { contentType: 'text/csv' })), '["a","b"]')
  assert.deepEqual(transform('event.data.count', { contentType }), { type: 'failed', cause: 'notText' })
  assert.deepEqual(transform('{"a": 1}', { contentType }), { type: 'invalid' })
})

const large = { data: { text: 'a'.repeat(30_000), list: Array.from({ length: 100 }, () => 1) } }
const failures: { why: string; body: string; cause: string; given?: Given }[] = [
  { why: 'a field is missing', body: 'event.data.nope', cause: 'expressionFailed' },
  {
    why: 'an event without an id has no subject',
    body: 'event.subject',
    cause: 'expressionFailed',
    given: { event: {} },
  },
  { why: 'kinds do not fit', body: '"a" + event.data.count', cause: 'expressionFailed' },
  { why: 'a format does not fit', body: '"%d".format([event.data.id])', cause: 'expressionFailed' },
  { why: 'a list to be joined has numbers', body: '[event.data.count].join()', cause: 'expressionFailed' },
  { why: 'a number is divided by nothing', body: 'event.data.ratio / (event.data.ratio * 0.0)', cause: 'notJson' },
  { why: 'a type is in it', body: '{"a": dyn(type(event.data))}', cause: 'notJson' },
  { why: 'the event itself is in it', body: '[dyn(event)]', cause: 'notJson' },
  {
    why: 'three times a long text is too long',
    body: '[event.data.text, event.data.text, event.data.text]',
    cause: 'resultTooLarge',
    given: { event: large },
  },
  {
    why: 'a function makes too long a text',
    body: '"%s%s%s".format([event.data.text, event.data.text, event.data.text]).size()',
    cause: 'resultTooLarge',
    given: { event: large },
  },
  { why: 'it is no JSON', body: 'event.data.id', cause: 'expressionFailed', given: { event: 'nonsense' } },
  {
    why: 'the event is larger than those that are computed with',
    body: '1',
    cause: 'eventTooLarge',
    given: { event: { data: 'a'.repeat(eventLimits.bodyBytes) } },
  },
]

for (const { why, body, cause, given } of failures) {
  test(`nothing is made where ${why}`, () => assert.deepEqual(transform(body, given), { type: 'failed', cause }))
}

const doubled = (rest: string) => `event.data.t + event.data.t + "${rest}"`

test('a result may have 64 KiB as it is sent, not in characters', () => {
  const contentType = 'text/plain'
  const half = 'é'.repeat(eventLimits.bodyBytes / 2 - 20)
  const event = { data: { t: half } }
  const left = maxResultBytes - 4 * half.length
  assert.ok(left > 0)
  assert.equal(textOf(transform(doubled('a'.repeat(left)), { contentType, event })).length, 2 * half.length + left)
  const beyond = transform(doubled('a'.repeat(left + 1)), { contentType, event })
  assert.deepEqual(beyond, { type: 'failed', cause: 'resultTooLarge' })
})

test('an event that the filter does not want is not transformed, and one by a filter that is wrong neither', () => {
  const body = Buffer.from(JSON.stringify(batch))
  const question = { body: '1', contentType: 'application/json', facts }
  const asked = { transform: question, expressions: [], ...anAskedEvent(body) }
  assert.deepEqual(evaluate({ ...asked, filter: { ...everyEvent, cel: 'false' } }), { verdict: 'unwanted' })
  assert.deepEqual(evaluate({ ...asked, filter: { ...everyEvent, cel: 'event.typo' } }), { verdict: 'invalid' })
  assert.deepEqual(evaluate({ filter: everyEvent, expressions: [], ...anAskedEvent(body) }), { verdict: 'wanted' })
})

const search = (letter: string, characters: number) => `event.data.id.contains("${letter.repeat(characters)}")`

test('filters and transforms of an object share what it may cost', () => {
  const dear = search('a', 310)
  assert.equal(textOf(transform(dear)), 'false')
  assert.deepEqual(transform(dear, { expressions: [search('b', 300)] }), { type: 'invalid' })
  const both = [search('b', 300), { text: dear, yields: 'json' }] as const
  assert.deepEqual(transform(dear, { expressions: both }), { type: 'invalid' })
})

test('what filters see has nothing of a delivery, so that no verdict depends on the attempt', () => {
  const body = Buffer.from(JSON.stringify(batch))
  for (const field of ['id', 'source', 'subject', 'time', 'attempt']) {
    const filter = { ...everyEvent, cel: `has(event.${field})` }
    assert.deepEqual(evaluate({ filter, expressions: [], ...anAskedEvent(body) }), { verdict: 'invalid' }, field)
  }
})
