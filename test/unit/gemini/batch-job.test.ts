import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  backfillEventId,
  canonicalJobId,
  foldKey,
  isBackfillId,
  terminalBatchTypes,
} from '../../../src/gemini/batch-job.ts'
import { parseHeaders } from '../../../src/signature/parse-headers.ts'

/** Jobs that must stay apart, among them what is long, odd, or looks like how another is written. */
const jobs = [
  'x',
  'X',
  'x.y',
  'x/y',
  'x_y',
  'x y',
  'x\ny',
  'batch/x',
  'projects/1/batches/x',
  'ä',
  '\ud800',
  '\udbff',
  '~',
  `~${'0'.repeat(64)}`,
  'x_batch_succeeded',
  'x'.repeat(200),
  'x'.repeat(201),
  'x'.repeat(1_024),
  `${'x'.repeat(1_023)}y`,
]

test('a job is the same with and without the collection before its id, and otherwise as it is written', () => {
  assert.equal(canonicalJobId('batches/x'), 'x')
  assert.equal(canonicalJobId('batches/batches/x'), 'x')
  assert.equal(canonicalJobId('batches/'), '')
  for (const job of jobs) {
    assert.equal(canonicalJobId(job), job)
    for (const type of terminalBatchTypes) {
      assert.equal(backfillEventId(`batches/${job}`, type), backfillEventId(job, type))
      assert.equal(foldKey(type, `batches/${job}`), foldKey(type, job))
    }
  }
})

test('each end of each job has an id and a key of its own', () => {
  const ends = jobs.flatMap((job) => terminalBatchTypes.map((type) => ({ job, type })))
  assert.equal(new Set(ends.map(({ job, type }) => backfillEventId(job, type))).size, ends.length)
  assert.equal(new Set(ends.map(({ job, type }) => foldKey(type, job))).size, ends.length)
})

test('what the backfill sends has an id that a receiver accepts and recognises', () => {
  assert.equal(backfillEventId('batches/x', 'batch.succeeded'), 'backfill_x_batch_succeeded')
  for (const job of jobs) {
    const id = backfillEventId(job, 'batch.expired')
    const parsed = parseHeaders({
      'webhook-id': id,
      'webhook-timestamp': '1',
      'webhook-signature': `v1,${'A'.repeat(43)}=`,
    })
    assert.ok(parsed.ok, id)
    assert.ok(isBackfillId(id), id)
  }
})

test('ids of others are not of the backfill', () => {
  for (const id of ['msg_1', 'backfill_', 'backfill_x', 'backfill__batch_failed', 'backfill_x_batch_completed']) {
    assert.equal(isBackfillId(id), false, id)
  }
  assert.equal(isBackfillId(`x${backfillEventId('x', 'batch.failed')}`), false)
  assert.equal(isBackfillId(`${backfillEventId('x', 'batch.failed')}x`), false)
})

test('no key is a webhook id, so that no id can be taken for it', () => {
  for (const job of jobs) {
    const key = foldKey('batch.failed', job)
    const parsed = parseHeaders({
      'webhook-id': key,
      'webhook-timestamp': '1',
      'webhook-signature': `v1,${'A'.repeat(43)}=`,
    })
    assert.deepEqual(parsed, { ok: false, problem: 'MalformedHeader' })
    assert.ok(key !== undefined && key.length <= 256)
  }
})

test('nothing folds that may repeat or names no job', () => {
  for (const type of ['interaction.requires_action', 'interaction.completed', 'batch.started', 'video.generated', '']) {
    assert.equal(foldKey(type, 'x'), undefined)
  }
  assert.equal(foldKey('batch.succeeded', undefined), undefined)
  assert.equal(foldKey('batch.succeeded', ''), undefined)
  assert.equal(foldKey('batch.succeeded', 'batches/'), undefined)
})
