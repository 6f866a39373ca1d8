import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { packAppend, packRecord, packResults, unpackItem, unpackResult } from '../../../src/inbox/sqlite/batch-codec.ts'
import { ByteReader, ByteWriter } from '../../../src/inbox/sqlite/byte-codec.ts'
import type { DeadLetterReason, NewEvent, NextStep } from '../../../src/inbox/port.ts'

// Whole characters only: a lone surrogate is no text that could come from an HTTP header or a Kubernetes object.
const text = fc.string({ unit: 'grapheme' })
const plain = { noNullPrototype: true }
const owner = fc.record({ uid: text, namespace: text, name: text }, plain)
const fields = {
  owner,
  eventId: text,
  sentAtSeconds: fc.double({ noNaN: true }),
  receivedAtMs: fc.maxSafeInteger(),
  mode: fc.constantFrom<NewEvent['mode']>('static', 'dynamic'),
  contentType: text,
  signature: text,
  body: fc.uint8Array({ maxLength: 40_000 }).map((bytes) => Buffer.from(bytes)),
  sinks: fc.array(text, { maxLength: 16 }),
}
const trace = fc.constant('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 theirs=1')
const dedupe = fc.record({ key: fc.string({ minLength: 1 }), rememberMs: fc.nat() }, plain)
const event: fc.Arbitrary<NewEvent> = fc.record(
  { ...fields, trace, dedupe },
  {
    ...plain,
    requiredKeys: [
      'owner',
      'eventId',
      'sentAtSeconds',
      'receivedAtMs',
      'mode',
      'contentType',
      'signature',
      'body',
      'sinks',
    ],
  },
)
const reason = fc.constantFrom<DeadLetterReason>(
  'RetriesExhausted',
  'Rejected',
  'SinkRemoved',
  'FilterError',
  'OwnerGone',
  'CrashedRepeatedly',
  'Unsendable',
)
const atMs = fc.double({ noNaN: true, noDefaultInfinity: true })
const cause = fc.constant('status 503')
const step: fc.Arbitrary<NextStep> = fc.oneof(
  fc.constant<NextStep>({ type: 'Succeed' }),
  fc.record({ type: fc.constant('Succeed' as const), keepUntilMs: atMs }, plain),
  fc.constant<NextStep>({ type: 'Skip' }),
  fc.record({ type: fc.constant('RetryAt' as const), atMs, cause }, { ...plain, requiredKeys: ['type', 'atMs'] }),
  fc.record(
    { type: fc.constant('Hold' as const), untilMs: atMs, cause },
    { ...plain, requiredKeys: ['type', 'untilMs'] },
  ),
  fc.record(
    { type: fc.constant('DeadLetter' as const), reason, cause, unsent: fc.constant(true as const) },
    { ...plain, requiredKeys: ['type', 'reason'] },
  ),
)

test('any batch of appends and records arrives as it was sent', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(event, fc.nat(), fc.nat(), step), { maxLength: 20 }), (batch) => {
      const writer = new ByteWriter()
      for (const [appended, id, claim, next] of batch) {
        packAppend(writer, appended)
        packRecord(writer, id, claim, next)
      }
      const reader = new ByteReader(writer.take())
      for (const [appended, id, claim, next] of batch) {
        assert.deepEqual(unpackItem(reader), { type: 'append', event: appended })
        assert.deepEqual(unpackItem(reader), { type: 'record', id, claim, next })
      }
      assert.equal(reader.isAtEnd, true)
      assert.equal(writer.length, 0, 'the writer starts anew')
    }),
    { numRuns: 50 },
  )
})

test('the leases that an append asks for arrive with it', () => {
  const leases = fc.array(fc.tuple(text, fc.double({ noNaN: true })), { maxLength: 16 })
  fc.assert(
    fc.property(event, leases, (appended, entries) => {
      const writer = new ByteWriter()
      packAppend(writer, appended, new Map(entries))
      packRecord(writer, 1, 2, { type: 'Skip' })
      const reader = new ByteReader(writer.take())
      assert.deepEqual(unpackItem(reader), { type: 'append', event: appended, leases: new Map(entries) })
      assert.deepEqual(unpackItem(reader), { type: 'record', id: 1, claim: 2, next: { type: 'Skip' } })
    }),
    { numRuns: 50 },
  )
})

test('results keep their order', () => {
  const results = ['stored', 'duplicate', 'ownerFull', 'ownerBusy', 'inboxFull', 'recorded', 'stored'] as const
  assert.deepEqual([...packResults(results)].map(unpackResult), results)
  assert.throws(() => unpackResult(99))
  assert.throws(() => unpackResult(undefined))
})
