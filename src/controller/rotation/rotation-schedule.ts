import { createHash } from 'node:crypto'
import { requestWindowOf, revokePreviousOf } from '../../api/defaults.ts'
import { parseDuration } from '../../api/duration.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { RotationSpec } from '../../api/spec.ts'
import type { Operation } from '../../api/status.ts'
import type { RevocationBehavior } from '../../gemini/webhook-service.ts'
import { nextOpportunity, windowProblems } from './rotation-window.ts'

/** Share of the interval over which objects with the same interval are spread. */
const spread = 0.1

/** The request in spec, unless it was handled once before: going back to an old commit rotates nothing. */
export function openRequestOf({ spec, status }: GeminiWebhook): RotationSpec['request'] {
  const request = spec.rotation?.request
  if (request === undefined || status?.rotation?.handledRequestIDs?.includes(request.id) === true) return undefined
  return request
}

/** Whether a request is open that waits for nothing: it goes before other work. */
export function isRotationUrged(webhook: GeminiWebhook): boolean {
  const request = openRequestOf(webhook)
  return request !== undefined && requestWindowOf(request) === 'Now'
}

/**
 * When the open request may rotate, in milliseconds since the epoch: -Infinity where it waits for no window. Undefined
 * without an open request, and where no window ever opens.
 */
export function requestDueMs(webhook: GeminiWebhook, nowMs: number): number | undefined {
  const request = openRequestOf(webhook)
  if (request === undefined) return undefined
  if (requestWindowOf(request) === 'Now') return -Infinity
  // Nobody knows when it was asked for: whenever that was, a window that is open now is the next one.
  const { windows = [] } = webhook.spec.rotation ?? {}
  return nextOpportunity(windows, { dueMs: -Infinity, nowMs, share: shareOf(webhook) })
}

/**
 * When a rotation comes by itself, in milliseconds since the epoch: by the interval, inside a window where there are
 * windows, or by a request that waits for one. Undefined where neither will.
 */
export function nextRotationMs(webhook: GeminiWebhook, nowMs: number): number | undefined {
  const moments = [scheduledMs(webhook, nowMs), requestDueMs(webhook, nowMs)].filter(
    (atMs): atMs is number => atMs !== undefined && atMs !== -Infinity,
  )
  return moments.length === 0 ? undefined : Math.min(...moments)
}

/** Undefined without an interval, before the first secret, and when no window ever opens. */
function scheduledMs(webhook: GeminiWebhook, nowMs: number): number | undefined {
  const { interval, windows = [] } = webhook.spec.rotation ?? {}
  const parsed = interval === undefined ? undefined : parseDuration(interval)
  const last = webhook.status?.rotation?.lastRotationTime
  if (parsed?.ok !== true || last === undefined) return undefined
  const share = shareOf(webhook)
  const dueMs = Date.parse(last) + parsed.value * (1 + spread * share)
  return windows.length === 0 ? dueMs : nextOpportunity(windows, { dueMs, nowMs, share })
}

/** The place of an object among those that would otherwise rotate together, from 0 to 1. */
function shareOf({ metadata }: GeminiWebhook): number {
  return createHash('sha256').update(metadata.uid).digest().readUInt32BE(0) / 2 ** 32
}

/**
 * What is wrong with the schedule. It must be reported: without a message the rotation would seem to be still to come.
 * Empty where all is well.
 */
export function scheduleProblems(webhook: GeminiWebhook, nowMs: number): string[] {
  const { interval, windows = [], request } = webhook.spec.rotation ?? {}
  const asksForWindow = request !== undefined && requestWindowOf(request) === 'Next'
  // One that was answered stays in the spec and waits for nothing.
  const isAwaited = asksForWindow && openRequestOf(webhook) !== undefined
  const isUnscheduled = windows.length > 0 && interval === undefined && request === undefined
  const unscheduled = 'spec.rotation.windows: without spec.rotation.interval nothing is scheduled in them'
  const windowless = 'spec.rotation.request.window: Next waits for one of spec.rotation.windows, and there is none'
  return [
    ...(isUnscheduled ? [unscheduled] : []),
    ...(isAwaited && windows.length === 0 ? [windowless] : []),
    ...windowProblems(windows, nowMs),
  ]
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
