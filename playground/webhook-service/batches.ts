import type { Job } from './jobs.ts'
import { pageSizeOf, readPageToken, writePageToken } from './paging.ts'
import { answered, invalidArgument, type Answer } from './problem.ts'
import type { AuthenticatedCall } from './serve-call.ts'
import type { Switches } from './switches.ts'
import { rfc3339 } from './webhook-record.ts'

/** One page of the batches of the caller's project, whoever made them, as `batches.list` of the SDKs reads it. */
export function listBatches(
  jobs: readonly Job[],
  { project, query, lagMs, pageShift, repeatsPage }: AuthenticatedCall,
  { switches, nowMs }: { switches: Switches; nowMs: number },
): Answer<Record<string, unknown>> {
  const pageSize = pageSizeOf(query['pageSize'], switches.batchListMaxPageSize || Infinity)
  const after = readPageToken(query['pageToken'])
  if (pageSize === undefined) return invalidArgument("Invalid value at 'page_size'.")
  if (after === undefined) return invalidArgument("Invalid value at 'page_token'.")
  const asOfMs = nowMs - switches.batchListLagMs - lagMs
  const all = jobs
    .filter((job) => job.type === 'batch' && job.project === project && job.createdMs <= asOfMs)
    .map((job) => jobAsOf(job, asOfMs))
  if (switches.batchListOrder === 'newestFirst') all.reverse()
  const from = Math.max(after - pageShift, 0)
  const page = all.slice(from, from + pageSize)
  const next = repeatsPage ? after : from + pageSize
  const isLast = !repeatsPage && next >= all.length
  return answered({
    ...(page.length > 0 && { operations: page.map((job) => showListed(job, switches)) }),
    ...(!isLast && { nextPageToken: writePageToken(next) }),
    ...(isLast && switches.batchListEnd === 'emptyToken' && { nextPageToken: '' }),
  })
}

/** How a job that existed at that time was then. */
function jobAsOf(job: Job, asOfMs: number): Job {
  return job.updatedMs <= asOfMs ? job : { ...job, state: 'running', updatedMs: job.createdMs }
}

function showListed(job: Job, switches: Switches): Record<string, unknown> {
  const isCut = switches.batchListOutputs === 'omitted' && job.input === 'inline'
  return render(job, switches, isCut ? {} : { output: outputOf(job) })
}

/** One batch, as `batches.get` of the SDKs reads it. */
export function showBatch(job: Job, switches: Switches): Record<string, unknown> {
  return render(job, switches, { output: outputOf(job) })
}

function render(job: Job, { batchStates }: Switches, result: Record<string, unknown>): Record<string, unknown> {
  const name = `batches/${job.id}`
  const form = batchStates === 'batchState' ? 'BATCH_STATE' : 'JOB_STATE'
  return {
    name,
    metadata: {
      '@type': 'type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch',
      name,
      model: job.model,
      ...(job.displayName !== undefined && { displayName: job.displayName }),
      state: `${form}_${job.state.toUpperCase()}`,
      createTime: rfc3339(job.createdMs),
      updateTime: rfc3339(job.updatedMs),
      ...(job.state !== 'running' && { endTime: rfc3339(job.updatedMs) }),
      ...(job.state === 'succeeded' && result),
    },
    ...(job.state !== 'running' && { done: true }),
  }
}

/** Where the answers are: in a file if the requests came in one, else in the batch itself. */
function outputOf({ id, input }: Job): Record<string, unknown> {
  if (input === 'file') return { responsesFile: `files/${id}` }
  const content = { role: 'model', parts: [{ text: 'A simulated answer.' }] }
  return { inlinedResponses: { inlinedResponses: [{ response: { candidates: [{ content, finishReason: 'STOP' }] } }] } }
}
