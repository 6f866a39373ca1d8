import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { fillKey, fillTopic } from '../../../src/sinks/kafka-topic.ts'

const owner = { uid: 'uid-1', namespace: 'ml', name: 'batch-events' }
const route = { uid: 'uid-2', namespace: 'search', name: 'groute/nightly-eval' }

test('each value becomes one token of the topic', () => {
  assert.equal(
    fillTopic('gwh.events.ml.batches.{type}', owner, 'batch.succeeded'),
    'gwh.events.ml.batches.batch_succeeded',
  )
  assert.equal(fillTopic('gwh.{namespace}.{name}', route, 'batch.succeeded'), 'gwh.search.nightly-eval')
})

for (const template of ['', '.', '..', 'a..b', 'a/b', 'a b', 'ü', 'a.{uid}']) {
  test(`the template ${JSON.stringify(template)} makes no topic, wherever it came from`, () => {
    assert.equal(fillTopic(template, owner, 'batch.succeeded'), undefined)
  })
}

test('a topic has at most 249 characters', () => {
  assert.equal(fillTopic('x'.repeat(249), owner, '')?.length, 249)
  assert.equal(fillTopic('x'.repeat(250), owner, ''), undefined)
})

test('whatever an event calls itself, the topic stays below those of its namespace', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (type) => {
      assert.match(fillTopic('p.ml.{type}.end', owner, type) ?? '', /^p\.ml\.[A-Za-z0-9_-]{1,128}\.end$/)
    }),
  )
})

test('a key has the values as they are', () => {
  const values = { subject: 'batches/a b', id: 'msg_1', type: 'batch.succeeded', owner: route }
  const key = fillKey('{subject} {id} {type} {namespace}/{name}', values)
  assert.equal(key, 'batches/a b msg_1 batch.succeeded search/nightly-eval')
})

test('a value cannot name another value', () => {
  assert.equal(fillKey('{subject}', { subject: '{id}', id: 'msg_1', type: 'x', owner }), '{id}')
})

test('an event without a subject has no key of it', () => {
  const values = { subject: undefined, id: 'msg_1', type: 'x', owner }
  assert.equal(fillKey('{subject}', values), undefined)
  assert.equal(fillKey('job-{subject}', values), 'job-')
})
