import { createHash } from 'node:crypto'
import { revokePreviousOf } from '../../api/defaults.ts'
import { parseDuration } from '../../api/duration.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { Operation } from '../../api/status.ts'
import type { RevocationBehavior } from '../../gemini/webhook-service.ts'
import { nextOpportunity, windowProblems } from './rotation-window.ts'

/** Share of the interval over which objects with the same interval are spread. */
const spread = 0.1

/** The request in spec, unless it was handled once before: going back to an old commit rotates nothing. */
export function openRequestOf({ spec, status }: GeminiWebhook): { id: string } | undefined {
  const request = spec.rotation?.request
  if (request === undefined || status?.rotation?.handledRequestIDs?.includes(request.id) === true) return undefined
  return request
}

/**
 * Milliseconds since the epoch: when the interval has passed and, with windows, one of them is open. Undefined without
 * an interval, before the first secret, and when no window ever opens.
 */
export function nextRotationMs({ metadata, spec, status }: GeminiWebhook, nowMs: number): number | undefined {
  const { interval, windows = [] } = spec.rotation ?? {}
  const parsed = interval === undefined ? undefined : parseDuration(interval)
  const last = status?.rotation?.lastRotationTime
  if (parsed?.ok !== true || last === undefined) return undefined
  const share = createHash('sha256').update(metadata.uid).digest().readUInt32BE(0) / 2 ** 32
  const dueMs = Date.parse(last) + parsed.value * (1 + spread * share)
  return windows.length === 0 ? dueMs : nextOpportunity(windows, { dueMs, nowMs, share })
}

/**
 * What is wrong with the schedule. It must be reported: without a message the rotation would seem to be still to come.
 * Empty where all is well.
 */
export function scheduleProblems({ spec }: Pick<GeminiWebhook, 'spec'>, nowMs: number): string[] {
  const { interval, windows = [] } = spec.rotation ?? {}
  const isUnscheduled = windows.length > 0 && interval === undefined
  const unscheduled = 'spec.rotation.windows: without spec.rotation.interval nothing is scheduled in them'
  return [...(isUnscheduled ? [unscheduled] : []), ...windowProblems(windows, nowMs)]
}

/** Immediately only where the request that is being answered still says so: everything else gets the overlap. */
export function revocationOf({ spec }: GeminiWebhook, { cause, requestID }: Operation): RevocationBehavior {
  const request = spec.rotation?.request
  const immediate =
    cause === 'Request' &&
    request?.id === requestID &&
    request !== undefined &&
    revokePreviousOf(request) === 'Immediately'
  return immediate ? 'revoke_previous_secrets_immediately' : 'revoke_previous_secrets_after_h24'
}
