import { createHash } from 'node:crypto'

import { revokePreviousOf } from '../api/defaults.ts'
import { parseDuration } from '../api/duration.ts'
import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import type { Operation } from '../api/status.ts'
import type { RevocationBehavior } from '../gemini/webhook-service.ts'
import type { PlanContext } from './plan.ts'
import { act, type Plan } from './plan-result.ts'

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
  const dueMs = nextRotationMs(webhook)
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

/** Milliseconds since the epoch; undefined without an interval, before the first secret, and with windows, which this version does not open. */
export function nextRotationMs({ metadata, spec, status }: GeminiWebhook): number | undefined {
  const interval = spec.rotation?.interval === undefined ? undefined : parseDuration(spec.rotation.interval)
  const last = status?.rotation?.lastRotationTime
  if (interval?.valid !== true || last === undefined || (spec.rotation?.windows?.length ?? 0) > 0) return undefined
  const share = createHash('sha256').update(metadata.uid).digest().readUInt32BE(0) / 2 ** 32
  return Date.parse(last) + interval.ms * (1 + spread * share)
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
