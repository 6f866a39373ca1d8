import assert from 'node:assert/strict'
import { test } from 'node:test'

import { readBatch, type ReadBatch } from '../../../src/gemini/read-batch.ts'

const endTime = '2026-11-20T10:00:00.5Z'
const endedAtMs = Date.parse(endTime)
const aBatch = (changes: object = {}) => ({ name: 'batches/b1', state: 'JOB_STATE_SUCCEEDED', endTime, ...changes })
const unreadable: ReadBatch = { state: 'unreadable' }
const ended = (changes: object = {}): ReadBatch => ({
  state: 'ended',
  batch: { id: 'batches/b1', state: 'JOB_STATE_SUCCEEDED', type: 'batch.succeeded', endedAtMs, ...changes },
})

const cases: [name: string, shown: unknown, want: ReadBatch][] = [
  ['one that succeeded', aBatch(), ended()],
  [
    'one that failed',
    aBatch({ state: 'JOB_STATE_FAILED' }),
    ended({ state: 'JOB_STATE_FAILED', type: 'batch.failed' }),
  ],
  [
    'one that expired',
    aBatch({ state: 'JOB_STATE_EXPIRED' }),
    ended({ state: 'JOB_STATE_EXPIRED', type: 'batch.expired' }),
  ],
  [
    'one that was cancelled',
    aBatch({ state: 'JOB_STATE_CANCELLED' }),
    ended({ state: 'JOB_STATE_CANCELLED', type: 'batch.cancelled' }),
  ],
  [
    'a state as the service writes it',
    aBatch({ state: 'BATCH_STATE_SUCCEEDED' }),
    ended({ state: 'BATCH_STATE_SUCCEEDED' }),
  ],
  ['its file', aBatch({ dest: { fileName: 'files/out' } }), ended({ outputFileUri: 'files/out' })],
  ['no file where the answers are inline', aBatch({ dest: { inlinedResponses: [] } }), ended()],
  ['a destination of another form', aBatch({ dest: 'files/out' }), ended()],
  [
    'no file of one that failed',
    aBatch({ state: 'JOB_STATE_FAILED', dest: { fileName: 'files/out' } }),
    ended({ state: 'JOB_STATE_FAILED', type: 'batch.failed' }),
  ],
  [
    'an id of another form, as it came',
    aBatch({ name: 'projects/p.1/jobs/x.y' }),
    ended({ id: 'projects/p.1/jobs/x.y' }),
  ],
  ['the last change where no end is told', aBatch({ endTime: undefined, updateTime: endTime }), ended()],
  ['one that runs', aBatch({ state: 'JOB_STATE_RUNNING', endTime: undefined }), { state: 'goesOn' }],
  ['one that is being cancelled', aBatch({ state: 'BATCH_STATE_CANCELLING' }), { state: 'goesOn' }],
  ['a state that nobody knows', aBatch({ state: 'JOB_STATE_PAID' }), { state: 'unknown', name: 'JOB_STATE_PAID' }],
  ['a state of any length', aBatch({ state: 'X'.repeat(500) }), { state: 'unknown', name: 'X'.repeat(64) }],
  ['an end without a time', aBatch({ endTime: undefined }), unreadable],
  ['an end at no time', aBatch({ endTime: 'yesterday' }), unreadable],
  ['no state', aBatch({ state: undefined }), unreadable],
  ['no name', aBatch({ name: undefined }), unreadable],
  ['a name without an id', aBatch({ name: 'batches/' }), unreadable],
  ['a name of any length', aBatch({ name: 'b'.repeat(1_025) }), unreadable],
  ['nothing', undefined, unreadable],
  ['a text', 'batches/b1', unreadable],
]
for (const [name, shown, want] of cases) {
  test(`reads ${name}`, () => assert.deepEqual(readBatch(shown), want))
}
