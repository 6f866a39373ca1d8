import { reconcileRequestedAtAnnotation } from '../../api/names.ts'
import type { ObservedWebhook } from '../facts/observed.ts'
import { restMs, type Plan } from './result.ts'
import { longestPauseMs } from '../config.ts'

/**
 * A call that fails again and again is announced again only after its pause. The intent itself waits, not the call
 * after it: while one is open, receivers answer 503 to deliveries that they would otherwise refuse with 401.
 */
export function heldBack(plan: Plan, { setback }: Pick<ObservedWebhook, 'setback'>): Plan {
  const isHeld = plan.actions.some(
    (action) => action.type === 'RecordIntent' && action.operation === setback?.operation,
  )
  if (setback === undefined || !isHeld) return plan
  const { operation, why, remainingMs } = setback
  const call = operation === 'Create' ? 'registering' : 'rotating'
  // How long it still is changes with every look, and status must not.
  const message = `${call} failed several times; tried again after pauses that grow to ${longestPauseMs / 60_000} minutes, and at once with a changed spec or API key or a new ${reconcileRequestedAtAnnotation}: ${why}`
  const { condition } = plan.finding
  const about = operation === 'Create' ? ({ type: 'Registered', status: 'False' } as const) : condition
  return restMs(remainingMs, 'ProgressingWithRetry', message, about)
}
