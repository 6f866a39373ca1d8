import type { Condition, GeminiWebhookStatus } from '../../api/status.ts'
import { removeCondition, setCondition } from '../../kubernetes/conditions.ts'
import type { ActionState } from '../apply/action-state.ts'
import { foldDelivery } from './fold-delivery.ts'
import { judgeDrops } from './judge-conditions.ts'
import type { Judgement } from '../facts/judgement.ts'
import { routesTold, routingStep, sinksWithStep } from '../reports/routing-step.ts'
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
  const { delivery, sinks, routes } = hasTurned || counts ? told(status, state, true) : turned
  const generation = status.observedGeneration ?? state.webhook.metadata.generation
  const set = (conditions: readonly Condition[], type: Condition['type'], judgement: Judgement) =>
    setCondition<Condition>(conditions, { type, ...judgement, observedGeneration: generation }, nowMs)
  const judged = routes?.failingSince === undefined ? (sinks ?? []) : sinksWithStep({ sinks, routes })
  const health = judgeSinkHealth(judged, state.observed.sinkReports ?? noSinkReports)
  const drops = judgeDrops(delivery?.lastDropTime, nowMs)
  const withHealth = set(status.conditions ?? [], 'SinksHealthy', health)
  const conditions =
    drops === undefined
      ? removeCondition(withHealth, 'DeadLettersDropped')
      : set(withHealth, 'DeadLettersDropped', drops)
  const { delivery: _delivery, sinks: _sinks, routes: _routes, ...rest } = status
  return {
    ...rest,
    ...(delivery !== undefined && { delivery }),
    ...(sinks !== undefined && { sinks }),
    ...(routes !== undefined && { routes }),
    conditions: [...conditions],
  }
}

function told(
  status: GeminiWebhookStatus,
  { observed, draft }: ActionState,
  countsDue: boolean,
): Pick<GeminiWebhookStatus, 'delivery' | 'sinks' | 'routes'> {
  const delivery = foldDelivery(draft.delivery, observed.report, countsDue)
  const reports = observed.sinkReports ?? noSinkReports
  const sinks = status.sinks && foldSinkStatus(status.sinks, draft.sinks, reports, countsDue)
  const before = { routes: status.routes }
  const [step] = foldSinkStatus([routingStep], sinksWithStep(before), reports, countsDue)
  return { delivery, sinks, routes: routesTold(observed.routes ?? status.routes, step) }
}

/** What is written at once when it begins or ends. */
function troubles({ delivery, sinks, routes }: Pick<GeminiWebhookStatus, 'delivery' | 'sinks' | 'routes'>) {
  const failing = sinksWithStep({ sinks, routes }).flatMap(({ name, failingSince }) =>
    failingSince === undefined ? [] : [name],
  )
  // Stryker disable next-line EqualityOperator: two of these are compared, and two that are negated are the same just where the two are.
  return [delivery?.refusingSince === undefined, delivery?.lastDropTime ?? '', failing]
}
