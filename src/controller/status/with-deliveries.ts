import type { Condition, GeminiWebhookStatus } from '../../api/status.ts'
import { removeCondition, setCondition } from '../../kubernetes/conditions.ts'
import type { ActionState } from '../apply/action-state.ts'
import { foldDelivery } from './fold-delivery.ts'
import { judgeDrops } from './judge-conditions.ts'
import type { Judgement } from '../facts/judgement.ts'
import { foldSinkStatus, judgeSinkHealth, noSinkReports } from '../reports/sink-status.ts'
import { isSameJson } from '../facts/same-json.ts'

/**
 * A status with the receivers' reports on deliveries and sinks, and with how many routes name the webhook. Separate
 * from the rest of the status, because it does not depend on Google. Pure.
 */
export function withDeliveries(status: GeminiWebhookStatus, state: ActionState, nowMs: number): GeminiWebhookStatus {
  const counts = state.observed.countsDue !== false
  const turned = told(status, state, false)
  // What turns is written at once, and then with the counts of the same moment.
  const hasTurned = !isSameJson(troubles(turned), troubles(state.draft))
  const { delivery, sinks } = hasTurned || counts ? told(status, state, true) : turned
  const generation = status.observedGeneration ?? state.webhook.metadata.generation
  const set = (conditions: readonly Condition[], type: Condition['type'], judgement: Judgement) =>
    setCondition<Condition>(conditions, { type, ...judgement, observedGeneration: generation }, nowMs)
  const health = judgeSinkHealth(sinks ?? [], state.observed.sinkReports ?? noSinkReports)
  const drops = judgeDrops(delivery?.lastDropTime, nowMs)
  const withHealth = set(status.conditions ?? [], 'SinksHealthy', health)
  const conditions =
    drops === undefined
      ? removeCondition(withHealth, 'DeadLettersDropped')
      : set(withHealth, 'DeadLettersDropped', drops)
  const { delivery: _delivery, sinks: _sinks, routes: before, ...rest } = status
  const routes = routesTold(state.observed.routes ?? before)
  return {
    ...rest,
    ...(delivery !== undefined && { delivery }),
    ...(sinks !== undefined && { sinks }),
    ...(routes !== undefined && { routes }),
    conditions: [...conditions],
  }
}

/** Nothing is told of none. */
function routesTold(counts: GeminiWebhookStatus['routes']): GeminiWebhookStatus['routes'] {
  return counts?.attached === 0 && counts.refused === 0 ? undefined : counts
}

function told(
  status: GeminiWebhookStatus,
  { observed, draft }: ActionState,
  countsDue: boolean,
): Pick<GeminiWebhookStatus, 'delivery' | 'sinks'> {
  const delivery = foldDelivery(draft.delivery, observed.report, countsDue)
  const reports = observed.sinkReports ?? noSinkReports
  const sinks = status.sinks && foldSinkStatus(status.sinks, draft.sinks, reports, countsDue)
  return { delivery, sinks }
}

/** What is written at once when it begins or ends. */
function troubles({ delivery, sinks = [] }: Pick<GeminiWebhookStatus, 'delivery' | 'sinks'>) {
  const failing = sinks.flatMap(({ name, failingSince }) => (failingSince === undefined ? [] : [name]))
  // Stryker disable next-line EqualityOperator: two of these are compared, and two that are negated are the same just where the two are.
  return [delivery?.refusingSince === undefined, delivery?.lastDropTime ?? '', failing]
}
