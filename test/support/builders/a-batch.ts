import { backfillEventId } from '../../../src/gemini/batch-job.ts'
import type { EndedBatch } from '../../../src/gemini/batch-service.ts'
import type { SeenBatch } from '../../../src/controller/backfill/seen-batches.ts'

/** A batch that has succeeded, as a list shows it. `ended`: RFC 3339, or milliseconds since the epoch. */
export function aBatch(name: string, ended: string | number, changes: Partial<EndedBatch> = {}): EndedBatch {
  const endedAtMs = typeof ended === 'number' ? ended : Date.parse(ended)
  return { id: `batches/${name}`, state: 'JOB_STATE_SUCCEEDED', type: 'batch.succeeded', endedAtMs, ...changes }
}

/** The same, as a run sees it. */
export function aSeenBatch(name: string, ended: string | number, changes: Partial<SeenBatch> = {}): SeenBatch {
  const batch = aBatch(name, ended, changes)
  return { ...batch, eventId: backfillEventId(batch.id, batch.type), firstRun: 1, ...changes }
}
