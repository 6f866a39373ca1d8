import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { eventKeyOf, Subjects, tokenOf } from '../../../../src/inbox/jetstream/subjects.ts'

const subjects = new Subjects('gwh.inbox')

test('names that fit stay readable', () => {
  const key = eventKeyOf({ namespace: 'ml', name: 'batch-events' }, 'msg_2LJc')
  assert.equal(subjects.event(key), 'gwh.inbox.event.ml.batch-events.msg_2LJc')
  assert.equal(subjects.delivery(key, tokenOf('worker')), 'gwh.inbox.delivery.ml.batch-events.msg_2LJc.worker')
})

test('every text becomes one valid token, different texts different ones', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (one, other) => {
      assert.match(tokenOf(one), /^[A-Za-z0-9_~-]{1,64}$/)
      assert.equal(tokenOf(one) === tokenOf(other), one === other)
      assert.notEqual(tokenOf(tokenOf(`${one}.`)), tokenOf(`${one}.`), 'a digest cannot be given as a name')
    }),
  )
})

test('subjects are read back as they were written, and strangers are told apart', () => {
  assert.deepEqual(subjects.parse('gwh.inbox.event.a.b.c'), { kind: 'event', key: 'a.b.c' })
  assert.deepEqual(subjects.parse('gwh.inbox.delivery.a.b.c.d'), { kind: 'delivery', key: 'a.b.c', sinkToken: 'd' })
  for (const foreign of [
    'gwh.inbox',
    'gwh.inbox.event.a.b',
    'gwh.inbox.event.a.b.c.d',
    'gwh.inbox.delivery.a.b.c',
    'gwh.inbox.delivery.a.b.c.d.e',
    'gwh.inbox.other.a.b.c',
    'gwh.inboxes.event.a.b.c',
  ]) {
    assert.deepEqual(subjects.parse(foreign), { kind: 'foreign' }, foreign)
  }
})
