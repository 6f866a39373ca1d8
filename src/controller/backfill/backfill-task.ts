import { backfillPolicyOf, type BackfillSpec } from '../../api/backfill.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'

/** Which batches a run looks for, by when they ended. Milliseconds since the epoch. */
export interface BackfillTask {
  /** Then or later. */
  readonly fromMs: number
  /** Then or earlier. */
  readonly toMs: number
  /** The beginning of the lookback: what ended between it and `fromMs` is counted by the first run. */
  readonly oldestMs: number
  readonly intervalMs: number
  /** The request that is answered along with it. */
  readonly requestID?: string
}

/**
 * A request that was made for the whole lookback is older than that when its turn comes. Receivers remember for an hour
 * longer.
 */
const requestSlackMs = 3_600_000

type Subject = Pick<GeminiWebhook, 'spec'> & { status?: GeminiWebhook['status'] | undefined }

/**
 * What the next run is to do for an object at `nowMs`; undefined without backfill, and as long as receivers cannot tell
 * yet what they have had. Pure.
 */
export function backfillTaskOf({ spec, status }: Subject, nowMs: number): BackfillTask | undefined {
  const sinceMs = Date.parse(status?.backfill?.since ?? '')
  if (spec.backfill === undefined || Number.isNaN(sinceMs)) return undefined
  const { intervalMs, lookbackMs, graceMs } = backfillPolicyOf(spec.backfill)
  const oldestMs = nowMs - lookbackMs
  const request = openBackfillRequest({ spec, status })
  const usualMs = Math.max(sinceMs, oldestMs)
  const isAnswerable = request !== undefined && problemOf(request, { oldestMs, nowMs }) === undefined
  const requestedMs = isAnswerable ? (sinceMsOf(request) ?? oldestMs) : usualMs
  return {
    fromMs: Math.min(usualMs, requestedMs),
    toMs: nowMs - graceMs,
    oldestMs,
    intervalMs,
    ...(isAnswerable && { requestID: request.id }),
  }
}

/** Why the request in the spec is not answered; undefined where it is, or was, or there is none. Pure. */
export function backfillRequestProblem({ spec, status }: Subject, nowMs: number): string | undefined {
  const request = openBackfillRequest({ spec, status })
  if (spec.backfill === undefined || request === undefined) return undefined
  return problemOf(request, { oldestMs: nowMs - backfillPolicyOf(spec.backfill).lookbackMs, nowMs })
}

type Request = NonNullable<BackfillSpec['request']>

/** Unless it was handled once before: going back to an old commit sends nothing. */
function openBackfillRequest({ spec, status }: Subject): Request | undefined {
  const request = spec.backfill?.request
  if (request === undefined || status?.backfill?.handledRequestIDs?.includes(request.id) === true) return undefined
  return request
}

function sinceMsOf({ since }: Request): number | undefined {
  return since === undefined ? undefined : Date.parse(since)
}

function problemOf(request: Request, { oldestMs, nowMs }: { oldestMs: number; nowMs: number }): string | undefined {
  const sinceMs = sinceMsOf(request)
  if (sinceMs === undefined) return undefined
  const what = `spec.backfill.request.since of request ${request.id}`
  if (Number.isNaN(sinceMs)) return `${what} is not a time such as 2026-11-03T08:00:00Z: correct it`
  if (sinceMs > nowMs) return `${what} is in the future: choose a time that has passed`
  if (sinceMs < oldestMs - requestSlackMs)
    return `${what} is longer ago than spec.backfill.lookback: choose a later time, or a longer lookback of at most 336h`
  return undefined
}
