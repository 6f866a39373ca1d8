import assert from 'node:assert/strict'
import { test } from 'node:test'

import { canonicalType, canonicalTypes, envelopeReader, noAliases } from '../../../src/gemini/event-aliases.ts'
import { parseEnvelope } from '../../../src/gemini/parse-event.ts'

const aliases = new Map([
  ['batch.completed', 'batch.succeeded'],
  ['webhook.test', 'ping'],
])
const bodyOf = (type: string) =>
  Buffer.from(JSON.stringify({ type, version: 'v1', timestamp: '2026-11-21T12:00:00Z', data: { id: 'batches/a' } }))

test('an event that Google has renamed is read under the name that is known, and nothing else of it changes', () => {
  const read = envelopeReader(aliases)
  const renamed = bodyOf('batch.completed')
  assert.deepEqual(read(renamed), { ...parseEnvelope(renamed), type: 'batch.succeeded' })
  assert.deepEqual(read(bodyOf('batch.failed')), parseEnvelope(bodyOf('batch.failed')))
  assert.equal(read(Buffer.from('no json')).type, 'unknown')
})

test('without aliases a type is what Google calls it', () => {
  assert.equal(envelopeReader(noAliases)(bodyOf('batch.completed')).type, 'batch.completed')
  assert.equal(canonicalType('batch.completed', noAliases), 'batch.completed')
})

test('a subscription counts by what it means, whichever name it is written with', () => {
  const events = ['batch.completed', 'batch.failed', 'batch.succeeded']
  assert.deepEqual(canonicalTypes(events, aliases), ['batch.succeeded', 'batch.failed'])
  assert.deepEqual(canonicalTypes(events, noAliases), events)
})
