import type { ClaimedDelivery, NextStep } from '../inbox/port.ts'
import { unsendable, type SendOutcome } from '../sinks/port.ts'
import { unreachable } from '../unreachable.ts'
import { backoffMs, type DeliveryPolicy } from './backoff.ts'

export interface StepOptions {
  policy: DeliveryPolicy
  nowMs: number
  random: () => number
  /** Until when a delivery waits that the sink refused for its credentials. */
  holdUntilMs: number
  /** It was sent to see whether a sink that takes nothing is well again. */
  isProbe: boolean
}

/**
 * So long before the end of `retryFor` the last attempt falls due: it has to be claimed and sent, and is not to be
 * late.
 */
const lastTryMarginMs = 1_000

/**
 * What follows an attempt. `retry` counts attempts after the first, `retryFor` runs from the moment the delivery was
 * first due, and the earlier of both ends it. A pause that would reach beyond that time, the sink's own wish included,
 * is cut short, so that the delivery is tried once more just before its end. The first attempt is always made, however
 * late. A refusal of our credentials and a probe spend no attempt, but do not outlive `retryFor` either.
 */
export function nextStep(
  delivery: Pick<ClaimedDelivery, 'attempts' | 'firstDueMs'>,
  outcome: SendOutcome,
  context: StepOptions,
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

/** True once `retryFor` has passed since the delivery was first due, or since it last stood still. */
export function isOver({ firstDueMs }: Pick<ClaimedDelivery, 'firstDueMs'>, nowMs: number, policy: RetryTime): boolean {
  return nowMs >= endMs(firstDueMs, policy)
}

type RetryTime = Pick<DeliveryPolicy, 'retryForMs' | 'retryFromMs'>

function endMs(firstDueMs: number, { retryForMs, retryFromMs = 0 }: RetryTime): number {
  return Math.max(firstDueMs, retryFromMs) + retryForMs
}

function retryStep(
  delivery: Pick<ClaimedDelivery, 'attempts' | 'firstDueMs'>,
  retryAfterMs: number | undefined,
  { policy, nowMs, random, isProbe }: StepOptions,
): NextStep {
  const failedAttempts = isProbe ? Math.max(delivery.attempts, 1) : delivery.attempts + 1
  const wishedMs = Math.min(retryAfterMs ?? 0, policy.retryAfterMaxMs)
  const atMs = nowMs + Math.max(backoffMs(failedAttempts, policy, random), wishedMs)
  const exhausted: NextStep = { type: 'DeadLetter', reason: 'RetriesExhausted' }
  if (!isProbe && failedAttempts > policy.retry) return exhausted
  const lastTryMs = endMs(delivery.firstDueMs, policy) - lastTryMarginMs
  const isTooLate = isOver(delivery, atMs, policy)
  if (isTooLate && nowMs >= lastTryMs) return exhausted
  const nextMs = isTooLate ? lastTryMs : atMs
  return isProbe ? { type: 'Hold', untilMs: nextMs } : { type: 'RetryAt', atMs: nextMs }
}
