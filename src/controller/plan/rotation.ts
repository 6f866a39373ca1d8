import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { act, type Plan, type PlanContext } from './result.ts'
import { nextRotationMs, openRequestOf, requestDueMs } from '../rotation/rotation-schedule.ts'

/**
 * A new request id, in its window if it asks for one, or the interval; a lost secret is planSecret's. Undefined when
 * nothing is due.
 */
export function planRotation(webhook: GeminiWebhook, { nowMs }: PlanContext): Plan | undefined {
  const request = openRequestOf(webhook)
  if (request !== undefined && (requestDueMs(webhook, nowMs) ?? Infinity) <= nowMs) {
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

/**
 * What rests until the next resync is woken for a rotation that is due before it: a short window must not be missed.
 */
export function wakeForRotation(webhook: GeminiWebhook, plan: Plan, { config, nowMs }: PlanContext): Plan {
  const waitMs = (nextRotationMs(webhook, nowMs) ?? Infinity) - nowMs
  if (plan.next.type !== 'resync' || waitMs >= config.resyncIntervalMs) return plan
  return { ...plan, next: { type: 'after', delayMs: Math.max(Math.ceil(waitMs), 1) } }
}
