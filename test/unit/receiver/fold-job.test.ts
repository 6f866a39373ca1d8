import assert from 'node:assert/strict'
import { test } from 'node:test'

import { envelopeReader } from '../../../src/gemini/event-aliases.ts'
import { dedupeByJob } from '../../../src/receiver/fold-job.ts'

const rememberMs = 266_400_000
const read = envelopeReader(new Map([['batch.completed', 'batch.succeeded']]))

function dedupeOf(type: string, id: string, mode: 'static' | 'dynamic' = 'static') {
  const envelope = () => read(Buffer.from(JSON.stringify({ type, version: 'v1', data: { id } })))
  return dedupeByJob({ endpoint: { foldJobsForMs: rememberMs }, mode, envelope })
}

test('the end of a batch is recognised under each name that Google gives it, so that what the backfill sends is the same', () => {
  const known = dedupeOf('batch.succeeded', 'batches/a')
  assert.equal(known?.rememberMs, rememberMs)
  assert.deepEqual(dedupeOf('batch.completed', 'a'), known)
  assert.notDeepEqual(dedupeOf('batch.failed', 'a'), known)
})

test('ids of jobs in another form are recognised as they are, and kept apart', () => {
  const ids = ['projects/p.1/locations/eu-4/batches/a', 'projects/p/1/locations/eu-4/batches/a', 'a.rev/2', 'a/rev.2']
  const keys = ids.map((id) => dedupeOf('batch.succeeded', id)?.key ?? assert.fail(id))
  assert.equal(new Set(keys).size, ids.length)
  for (const key of keys) assert.ok(key.length <= 256)
})

test('what may come again, and what was sent to an address of its own, is not recognised by its job', () => {
  assert.equal(dedupeOf('interaction.requires_action', 'a'), undefined)
  assert.equal(dedupeOf('batch.succeeded', 'a', 'dynamic'), undefined)
})
