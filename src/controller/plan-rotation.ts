import { createHash } from 'node:crypto'

import { revokePreviousOf } from '../api/defaults.ts'
import { parseDuration } from '../api/duration.ts'
import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import type { Operation } from '../api/status.ts'
import type { RevocationBehavior } from '../gemini/webhook-service.ts'
import { act, stall, type Plan, type PlanContext } from './plan-result.ts'
import { nextOpportunity, windowProblems } from './rotation-window.ts'

/** Share of the interval over which objects with the same interval are spread. */
const spread = 0.1

/** A new request id, or the interval; a lost secret is planSecret's. Undefined when nothing is due. */
export function planRotation(webhook: GeminiWebhook, { nowMs }: PlanContext): Plan | undefined {
  const request = openRequestOf(webhook)
  if (request !== undefined) {
    return act(
      [{ type: 'RecordIntent', operation: 'Rotate', cause: 'Request', requestID: request.id }],
      'RotationInProgress',
      `rotating the signing secret as request ${request.id} asks`,
    )
  }
  const dueMs = nextRotationMs(webhook, nowMs)
  if (dueMs === undefined || dueMs > nowMs) return undefined
  return act(
    [{ type: 'RecordIntent', operation: 'Rotate', cause: 'Interval' }],
    'RotationInProgress',
    'rotating the signing secret: spec.rotation.interval has passed',
  )
}

/** The request in spec, unless it was handled once before: going back to an old commit rotates nothing. */
function openRequestOf({ spec, status }: GeminiWebhook): { id: string } | undefined {
  const request = spec.rotation?.request
  if (request === undefined || status?.rotation?.handledRequestIDs?.includes(request.id) === true) return undefined
  return request
}

/**
 * Milliseconds since the epoch: when the interval has passed and, with windows, one of them is open. Undefined without an interval, before the first
 * secret, and when no window ever opens.
 */
export function nextRotationMs({ metadata, spec, status }: GeminiWebhook, nowMs: number): number | undefined {
  const { interval, windows = [] } = spec.rotation ?? {}
  const parsed = interval === undefined ? undefined : parseDuration(interval)
  const last = status?.rotation?.lastRotationTime
  if (parsed?.valid !== true || last === undefined) return undefined
  const share = createHash('sha256').update(metadata.uid).digest().readUInt32BE(0) / 2 ** 32
  const dueMs = Date.parse(last) + parsed.ms * (1 + spread * share)
  return windows.length === 0 ? dueMs : nextOpportunity(windows, { dueMs, nowMs, share })
}

/** A window that can never open is said aloud: silence would look like a rotation that is still to come. */
export function planBrokenWindows({ spec }: GeminiWebhook, { nowMs }: PlanContext): Plan | undefined {
  const problems = windowProblems(spec.rotation?.windows ?? [], nowMs)
  return problems.length === 0
    ? undefined
    : stall(
        'RotationBlocked',
        `${problems.join('; ')}: correct or remove it, nothing rotates in a window that never opens`,
      )
}

/** What rests until the next resync is woken for a rotation that is due before it: a short window must not be slept through. */
export function wakeForRotation(webhook: GeminiWebhook, plan: Plan, { config, nowMs }: PlanContext): Plan {
  const waitMs = (nextRotationMs(webhook, nowMs) ?? Infinity) - nowMs
  if (plan.next.type !== 'resync' || waitMs >= config.resyncIntervalMs) return plan
  return { ...plan, next: { type: 'after', delayMs: Math.max(Math.ceil(waitMs), 1) } }
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
