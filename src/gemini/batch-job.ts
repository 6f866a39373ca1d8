import { createHash } from 'node:crypto'

/**
 * How a batch and its end are named, by Google and by us, so that what Google sends of a job and what the backfill
 * sends of it are known to be one.
 */

/** The events with which a batch ends. Each comes once for a job; other types may repeat, and are never folded. */
export const terminalBatchTypes = ['batch.succeeded', 'batch.failed', 'batch.expired', 'batch.cancelled'] as const

export type TerminalBatchType = (typeof terminalBatchTypes)[number]

/** What the name of a batch begins with at Google. Some of its answers and events leave it out. */
const collection = 'batches/'

/** Ids of Google are shorter. With the rest of an event id it stays below the 256 characters of a `webhook-id`. */
const maxPlainJobCharacters = 200

/** Of these characters a job's id is written as it is: each may stand in a header, a URL, a file name and a subject. */
const plainJob = new RegExp(`^[A-Za-z0-9_-]{1,${maxPlainJobCharacters}}$`)

const backfillId = new RegExp(
  `^backfill_(?:[A-Za-z0-9_-]{1,${maxPlainJobCharacters}}|~[0-9a-f]{64})_(?:${terminalBatchTypes.map(inId).join('|')})$`,
)

/**
 * The id of a job without `batches/`, however often it is written before it: `batches/x` and `x` are one job. All else
 * in it stays, so that ids that differ in a dot, a slash or the case of a letter remain different. Empty where nothing
 * else is there.
 */
export function canonicalJobId(id: string): string {
  let job = id
  while (job.startsWith(collection)) job = job.slice(collection.length)
  return job
}

/**
 * The `webhook-id` with which the backfill sends the end of a job: the same for each way of writing the job's id, and
 * another for each other job or event. At most 256 characters, none of which a `webhook-id` may not have.
 */
export function backfillEventId(jobId: string, type: TerminalBatchType): string {
  return `backfill_${writtenJob(jobId)}_${inId(type)}`
}

/** Whether an event with this id was sent by the backfill: Google's ids do not have this form. */
export function isBackfillId(eventId: string): boolean {
  return backfillId.test(eventId)
}

/**
 * What an inbox recognises the end of a job by, whoever sends it; undefined for an event that may come more than once,
 * or that names no job. At most 256 characters. It has a dot, which no `webhook-id` has, so that no id can be taken for
 * it.
 */
export function foldKey(type: string, dataId: string | undefined): string | undefined {
  if (dataId === undefined || !isTerminal(type) || canonicalJobId(dataId) === '') return undefined
  return `${type}.${writtenJob(dataId)}`
}

function isTerminal(type: string): type is TerminalBatchType {
  return (terminalBatchTypes as readonly string[]).includes(type)
}

/**
 * A job's id in bounded, plain text. What is long or has other characters is written as its hash, behind a character
 * that no plain one has; of its UTF-16 units, because UTF-8 makes all halves of surrogate pairs the same.
 */
function writtenJob(jobId: string): string {
  const job = canonicalJobId(jobId)
  if (plainJob.test(job)) return job
  return `~${createHash('sha256').update(Buffer.from(job, 'utf16le')).digest('hex')}`
}

/** A `webhook-id` has no dots: they separate what is signed. */
function inId(type: string): string {
  return type.replaceAll('.', '_')
}
