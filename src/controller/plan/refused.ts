import { isDeleting } from '../facts/life-stage.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { ObservedWebhook, RefusedWrite } from '../facts/observed.ts'
import { stall, type Plan } from './result.ts'

type Refused = Pick<ObservedWebhook, 'refusedWrites'>

/**
 * Undefined for a step that the API server refused a moment ago: everything that does not need it is done meanwhile.
 */
export function unlessRefused(plan: Plan | undefined, { refusedWrites: refused = [] }: Refused): Plan | undefined {
  return plan === undefined || refusalIn(plan, refused) === undefined ? plan : undefined
}

/**
 * A refused write is reported until it succeeds, or is not wanted any more, whatever else is done for the object; and
 * it is retried. Where nothing can be done without it, the object waits for that.
 */
export function withRefusalReported(
  webhook: GeminiWebhook,
  plan: Plan,
  { refusedWrites: refused = [] }: Refused,
): Plan {
  const isOver = plan.finding.type === 'AtRest' && plan.actions.length === 0
  const held = refused.filter(({ remainingMs }) => remainingMs > 0)
  // A due write that was not tried yet, for example because Google does not answer, is reported as before.
  const told = refusalIn(plan, refused) ?? held[0] ?? (isOver ? undefined : refused[0])
  if (told === undefined || isDeleting(webhook)) return plan
  const actions = refusalIn(plan, refused) === undefined ? plan.actions : []
  const { condition } = plan.finding
  const stalled = stall(told.failure.reason, told.failure.message, condition)
  const finding = plan.finding.type === 'Stalled' ? plan.finding : stalled.finding
  const delayMs = Math.max(Math.min(...held.map(({ remainingMs }) => remainingMs)), 1)
  const waits = held.length > 0 && actions.length === 0 && plan.next.type !== 'retry'
  const sooner = plan.next.type === 'after' ? Math.min(plan.next.delayMs, delayMs) : delayMs
  return { actions, finding, next: waits ? { type: 'after', delayMs: sooner } : plan.next }
}

function refusalIn({ actions }: Plan, refused: readonly RefusedWrite[]): RefusedWrite | undefined {
  return refused.find(({ type, remainingMs }) => remainingMs > 0 && actions.some((action) => action.type === type))
}
