import * as z from 'zod'

import { canonicalJobId, type TerminalBatchType } from './batch-job.ts'
import type { EndedBatch } from './batch-service.ts'

/** Far longer than any id of Google. */
const maxIdCharacters = 1_024
/** Of a file or a bucket. */
const maxUriCharacters = 2_048
const maxStateCharacters = 64

/**
 * How a batch ends, by its state: what the SDK makes of it, and how the service writes one that the SDK does not know.
 */
const ends = new Map<string, TerminalBatchType>([
  ['SUCCEEDED', 'batch.succeeded'],
  ['FAILED', 'batch.failed'],
  ['EXPIRED', 'batch.expired'],
  ['CANCELLED', 'batch.cancelled'],
])
const goesOn = new Set(['UNSPECIFIED', 'QUEUED', 'PENDING', 'RUNNING', 'CANCELLING', 'PAUSED', 'UPDATING'])
const prefix = /^(?:JOB|BATCH)_STATE_/

const destinationSchema = z.object({ fileName: z.string().min(1).max(maxUriCharacters) })
const batchSchema = z.object({
  name: z.string().max(maxIdCharacters),
  state: z.string().min(1),
  endTime: z.string().nullish(),
  updateTime: z.string().nullish(),
  dest: destinationSchema.nullish().catch(undefined),
})

export type ReadBatch =
  | { state: 'ended'; batch: EndedBatch }
  | { state: 'goesOn' }
  /** `name`: at most 64 characters. */
  | { state: 'unknown'; name: string }
  | { state: 'unreadable' }

/**
 * What the SDK shows of one batch. Pure; never throws. Of one that has ended without a time, the last change is it.
 */
export function readBatch(shown: unknown): ReadBatch {
  const parsed = batchSchema.safeParse(shown)
  if (!parsed.success || canonicalJobId(parsed.data.name) === '') return { state: 'unreadable' }
  const { name: id, state, endTime, updateTime, dest } = parsed.data
  const word = state.replace(prefix, '')
  if (goesOn.has(word)) return { state: 'goesOn' }
  const type = ends.get(word)
  if (type === undefined) return { state: 'unknown', name: state.slice(0, maxStateCharacters) }
  const endedAtMs = Date.parse(endTime ?? updateTime ?? '')
  if (Number.isNaN(endedAtMs)) return { state: 'unreadable' }
  const outputFileUri = type === 'batch.succeeded' ? dest?.fileName : undefined
  return {
    state: 'ended',
    batch: { id, state, type, endedAtMs, ...(outputFileUri !== undefined && { outputFileUri }) },
  }
}
