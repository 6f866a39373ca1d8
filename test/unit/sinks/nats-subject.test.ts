import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { fillSubject, isBelow, tokenOf } from '../../../src/sinks/nats-subject.ts'

const owner = { uid: 'uid-1', namespace: 'ml', name: 'batch-events' }

test('each value becomes one token', () => {
  const filled = fillSubject('gwh.events.ml.{namespace}.{name}-x.{type}', owner, 'batch.succeeded')
  assert.equal(filled, 'gwh.events.ml.ml.batch-events-x.batch_succeeded')
})

test('a route has its own namespace and its plain name', () => {
  const route = { uid: 'uid-2', namespace: 'search', name: 'groute/nightly-eval' }
  assert.equal(fillSubject('gwh.{namespace}.{name}', route, 'batch.succeeded'), 'gwh.search.nightly-eval')
})

test('a value cannot name another value', () => {
  assert.equal(fillSubject('a.{name}', { ...owner, name: '{type}' }, 'x'), 'a._type_')
})

for (const template of [
  '',
  'a..b',
  '.a',
  'a.',
  'a.*',
  'a.>',
  '$JS.API.STREAM.DELETE.X',
  'a b',
  'a\r\nPUB x',
  'a.{uid}',
  'ü',
]) {
  test(`the template ${JSON.stringify(template)} makes no subject, wherever it came from`, () => {
    assert.equal(fillSubject(template, owner, 'batch.succeeded'), undefined)
  })
}

test('a subject has its bounds', () => {
  assert.equal(fillSubject('x'.repeat(1_024), owner, '')?.length, 1_024)
  assert.equal(fillSubject('x'.repeat(1_025), owner, ''), undefined)
  assert.equal(tokenOf('y'.repeat(5_000)).length, 128)
  assert.equal(tokenOf(''), '_')
})

test('whatever an event calls itself, the subject has the tokens of its template and no more', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (type) => {
      assert.match(fillSubject('p.ml.{type}.end', owner, type) ?? '', /^p\.ml\.[A-Za-z0-9_-]{1,128}\.end$/)
    }),
  )
})

test('what is below a prefix is told by whole tokens', () => {
  assert.equal(isBelow('gwh.inbox', 'gwh.inbox'), true)
  assert.equal(isBelow('gwh.inbox.x', 'gwh.inbox'), true)
  assert.equal(isBelow('gwh.inboxes', 'gwh.inbox'), false)
  assert.equal(isBelow('gwh', 'gwh.inbox'), false)
})
