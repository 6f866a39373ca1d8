import type { ClaimedDelivery, NextStep } from '../inbox/port.ts'
import { unsendable, type SendOutcome } from '../sinks/port.ts'
import { unreachable } from '../unreachable.ts'
import { backoffMs, type DeliveryPolicy } from './backoff.ts'

export interface StepContext {
  policy: DeliveryPolicy
  nowMs: number
  random: () => number
  /** Until when a delivery waits that the sink refused for its credentials. */
  holdUntilMs: number
}

/**
 * What follows an attempt. `retry` counts attempts after the first, `retryFor` runs from the moment the delivery was first due, and the earlier of both
 * ends it: no attempt is made after that time, so a pause that would reach beyond it ends the delivery now. The first attempt is always made, however
 * late. A refusal of our credentials spends no attempt, but does not outlive `retryFor` either.
 */
export function nextStep(
  delivery: Pick<ClaimedDelivery, 'attempts' | 'firstDueMs'>,
  outcome: SendOutcome,
  context: StepContext,
): NextStep {
  switch (outcome.type) {
    case 'delivered':
      return { type: 'Succeed' }
    case 'permanent':
      return { type: 'DeadLetter', reason: outcome.cause === unsendable ? 'Unsendable' : 'Rejected' }
    case 'unauthorized':
      return isOver(delivery, context.nowMs, context.policy)
        ? { type: 'DeadLetter', reason: 'RetriesExhausted' }
        : { type: 'Hold', untilMs: context.holdUntilMs }
    case 'retryable':
      return retryStep(delivery, outcome.retryAfterMs, context)
    default:
      return unreachable(outcome)
  }
}

/** True once `retryFor` has passed since the delivery was first due. */
export function isOver(
  { firstDueMs }: Pick<ClaimedDelivery, 'firstDueMs'>,
  nowMs: number,
  { retryForMs }: Pick<DeliveryPolicy, 'retryForMs'>,
): boolean {
  return nowMs >= firstDueMs + retryForMs
}

function retryStep(
  delivery: Pick<ClaimedDelivery, 'attempts' | 'firstDueMs'>,
  retryAfterMs: number | undefined,
  { policy, nowMs, random }: StepContext,
): NextStep {
  const failedAttempts = delivery.attempts + 1
  const wishedMs = Math.min(retryAfterMs ?? 0, policy.retryAfterMaxMs)
  const atMs = nowMs + Math.max(backoffMs(failedAttempts, policy, random), wishedMs)
  if (failedAttempts > policy.retry || isOver(delivery, atMs, policy)) {
    return { type: 'DeadLetter', reason: 'RetriesExhausted' }
  }
  return { type: 'RetryAt', atMs }
}
