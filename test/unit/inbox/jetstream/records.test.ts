import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { readRecord, toOpenRecord, writeRecord } from '../../../../src/inbox/jetstream/records.ts'
import { anEvent } from '../../../support/builders/an-event.ts'

const stored = { storedAtMs: 1_795_000_001_501, home: 'receiver-0', claims: { run: 'first', leases: [] } }

test('whatever a sender puts into its headers, a record is one line of ASCII and reads back the same', () => {
  const text = fc.string({ unit: 'binary' })
  fc.assert(
    fc.property(text, text, fc.array(text), fc.nat(3), (contentType, signature, sinks, claimed) => {
      const leases = sinks.slice(0, claimed).map((sink) => ({ sink, leaseMs: 60_000 }))
      const record = toOpenRecord(anEvent({ contentType, signature, sinks }), {
        ...stored,
        claims: { run: 'first', leases },
      })
      const written = writeRecord(record)
      assert.match(written, /^[\x20-\x7e]+$/)
      assert.deepEqual(readRecord(written), { type: 'read', record })
    }),
  )
})

test('what is not ours is unreadable, never an exception', () => {
  fc.assert(fc.property(fc.string(), (text) => assert.equal(readRecord(text).type, 'unreadable')))
  fc.assert(fc.property(fc.json(), (text) => assert.equal(readRecord(text).type, 'unreadable')))
  assert.equal(readRecord('{"format":1,"kind":"delivery","state":"waiting"}').type, 'unreadable')
})

const read = (record: object) => readRecord(JSON.stringify({ format: 1, ...record }))

test('records of versions without types of events, causes and times of steps are read, and what newer ones add is passed over', () => {
  const { eventType: _, ...open } = toOpenRecord(anEvent(), stored)
  const delivery = { kind: 'delivery', state: 'waiting', sink: 'a', attempts: 1, unrecorded: 0, firstDueMs: 1 }
  const waiting = { ...delivery, replayed: false, home: 'receiver-0', dueMs: 2 }
  assert.deepEqual(read(open), { type: 'read', record: { ...open, eventType: 'unknown' } })
  assert.deepEqual(read(waiting), { type: 'read', record: waiting })
  const now = { ...waiting, cause: 'timeout', stepMs: 3 }
  assert.deepEqual(read({ ...now, later: true }), { type: 'read', record: now })
})

test('what an event is recognised by is written, and passed over by versions that do not know it', () => {
  const dedupe = { key: 'batch.succeeded.x', rememberMs: 1_000 }
  const record = toOpenRecord(anEvent({ dedupe }), stored)
  assert.deepEqual(record.dedupe, dedupe)
  assert.deepEqual(readRecord(writeRecord(record)), { type: 'read', record })
  const { dedupe: _, ...asBefore } = record
  assert.deepEqual(asBefore, toOpenRecord(anEvent(), stored))
})

test('a newer format is told apart from nonsense', () => {
  assert.deepEqual(readRecord('{"format":2,"kind":"something new"}'), { type: 'newer' })
})

test('an event without claims is written as versions before claims wrote it', () => {
  assert.equal('claims' in toOpenRecord(anEvent(), stored), false)
})

test('an event that is given up from the beginning says so itself, and to versions before it is one to deliver', () => {
  const record = toOpenRecord(anEvent(), { ...stored, reason: 'RouteFull' })
  assert.deepEqual(record.givenUp, { reason: 'RouteFull', endedAtMs: stored.storedAtMs })
  assert.deepEqual(readRecord(writeRecord(record)), { type: 'read', record })
  const { givenUp: _, ...asBefore } = record
  assert.deepEqual(asBefore, toOpenRecord(anEvent(), stored))
})

test('a reason that versions before it do not know is written so that they read the record', () => {
  const counts = { sink: 'a', attempts: 1, unrecorded: 0, firstDueMs: 1, replayed: false, home: 'receiver-0' }
  const ended = { ...counts, endedAtMs: 2, eventType: 'batch.succeeded' }
  const dead = { kind: 'delivery', state: 'dead', reason: 'TransformError', ...ended } as const
  const written = writeRecord(dead)
  assert.equal((JSON.parse(written) as { reason: string }).reason, 'FilterError')
  assert.deepEqual(readRecord(written), { type: 'read', record: dead })
  const ofNewer = read({ ...dead, reason: 'FilterError', newerReason: 'OfTomorrow' })
  assert.deepEqual(ofNewer, { type: 'read', record: { ...dead, reason: 'FilterError' } })
})
