import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ObjectRecords } from '../../../../src/controller/backfill/object-records.ts'
import { runBackfill, type RunSubject } from '../../../../src/controller/backfill/run-backfill.ts'
import { SeenBatches } from '../../../../src/controller/backfill/seen-batches.ts'
import { aBatch } from '../../../support/builders/a-batch.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'
import { FakeClock } from '../../../support/doubles/fake-clock.ts'

const startMs = Date.parse('2026-11-20T00:00:00Z')

test('of thousands of events that go in portions no more is remembered than how far they reach', async () => {
  const records = new ObjectRecords(new FakeClock('2026-11-21T12:00:00Z'))
  const webhook = aWebhook().registered().build()
  const { uid } = webhook.metadata
  const seen = new SeenBatches()
  const jobs = Array.from({ length: 5_500 }, (_, at) => aBatch(`job-${at}`, startMs + Math.floor(at / 7)))
  const sent: string[] = []
  const task = { fromMs: startMs, toMs: startMs + 86_400_000, oldestMs: startMs, intervalMs: 1_800_000 }
  for (let run = 1; run <= 6; run += 1) {
    const progress = records.progressOf(uid)
    assert.ok((progress?.acknowledged.size ?? 0) < 14, `${progress?.acknowledged.size} ids`)
    const subject: RunSubject = { webhook, events: ['batch.succeeded'], task, progress, isFirst: false }
    const [outcome] = await runBackfill([subject], {
      run,
      seen,
      batches: { listEndedBatches: async () => ({ jobs, unknownStates: [], unreadable: 0, isWhole: true }) },
      send: async (_uid, { id }) => {
        sent.push(id)
        return { state: 'stored' }
      },
      listing: new AbortController().signal,
      signal: new AbortController().signal,
    })
    assert.ok(outcome)
    records.note(outcome, webhook)
  }
  assert.equal(sent.length, 5_500)
  assert.equal(new Set(sent).size, 5_500)
  assert.ok(records.viewOf(uid)?.covered)
})
