import type { ConditionType } from '../../api/conditions.ts'
import type { GeminiRoute } from '../../api/gemini-route.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { GeminiRouteStatus } from '../../api/route-status.ts'
import { maxConditionMessageLength, type Condition } from '../../api/status.ts'
import { removeCondition, setCondition } from '../../kubernetes/conditions.ts'
import type { Failure } from '../facts/failure-class.ts'
import type { FoldedSinks } from '../facts/folded-sinks.ts'
import type { Judgement } from '../facts/judgement.ts'
import type { SinkResolution } from '../facts/sink-resolution.ts'
import type { FoldedReport } from '../reports/receiver-reports.ts'
import { foldSinkStatus, judgeSinkHealth } from '../reports/sink-status.ts'
import { conditionOf } from '../status/kubernetes-events.ts'
import { foldDelivery } from '../status/fold-delivery.ts'
import { judgeDrops } from '../status/judge-conditions.ts'
import type { Consent } from './consent.ts'
import type { RouteEndpoint } from './route-endpoint.ts'
import { findingOf } from './rest-of-route.ts'
import { refOf } from './route-indices.ts'

/** What one pass found out about a route. */
export interface RouteFindings {
  consent: Consent
  /** The webhook that it names, where it is there. */
  webhook: GeminiWebhook | undefined
  sinks: SinkResolution
  /** Why the receivers could not be told, for a reason that does not pass by itself. */
  failure?: Failure
  /** The Secret of the endpoint of its own, and what prevents it. */
  endpoint: Pick<RouteEndpoint, 'secretName' | 'failure'>
  /** The receivers know the route as one that is allowed. */
  isKnown: boolean
  reports: RouteReports
}

/** What the receivers say of a route. */
export interface RouteReports {
  report: FoldedReport | undefined
  sinks: FoldedSinks
  /** False while counts were written so lately that newer ones have to wait. */
  countsDue: boolean
}

/**
 * The whole status of a route after a pass; the same in, the same out. Of the webhook it tells nothing but its name
 * while its owner does not allow the route. Pure.
 */
export function summarizeRoute(route: GeminiRoute, findings: RouteFindings, nowMs: number): GeminiRouteStatus {
  const { status: before = {}, metadata } = route
  const turned = tell(before, findings, false)
  // What turns is written at once, and then with the counts of the same moment.
  const hasTurned = troublesIn(turned) !== troublesIn(before)
  const told = hasTurned || findings.reports.countsDue ? tell(before, findings, true) : turned
  const conditions = conditionsOf(route, findings, told, nowMs)
  const { secretName } = findings.endpoint
  return {
    observedGeneration: metadata.generation,
    conditions: [...conditions],
    webhook: webhookOf(route, findings),
    ...(secretName !== undefined && { endpoint: { dynamicSecretName: secretName } }),
    ...told,
  }
}

function tell(before: GeminiRouteStatus, { sinks, reports }: RouteFindings, countsDue: boolean) {
  const folded = foldSinkStatus(sinks.status, before.sinks, reports.sinks, countsDue)
  const delivery = foldDelivery(deliveryTold(before), reports.report, countsDue)
  const deadLetters = folded.reduce((sum, { deadLetters: kept = 0 }) => sum + kept, 0)
  return {
    sinks: folded,
    pending: delivery?.pending ?? 0,
    ...(deadLetters > 0 && { deadLetters }),
    ...(delivery?.lastVerifiedTime !== undefined && { lastDeliveredTime: delivery.lastVerifiedTime }),
    ...(delivery?.refusingSince !== undefined && { fullSince: delivery.refusingSince }),
    ...(delivery?.lastDropTime !== undefined && { lastDropTime: delivery.lastDropTime }),
  }
}

/** As the status of a webhook tells it. A route that is full refuses nobody: it gets events as dead letters. */
function deliveryTold({ pending = 0, lastDeliveredTime, fullSince, lastDropTime }: GeminiRouteStatus) {
  return {
    pending,
    ...(lastDeliveredTime !== undefined && { lastVerifiedTime: lastDeliveredTime }),
    ...(fullSince !== undefined && { refusingSince: fullSince }),
    ...(lastDropTime !== undefined && { lastDropTime }),
  }
}

/** What is written at once when it begins or ends. */
function troublesIn({ sinks = [], fullSince, lastDropTime }: GeminiRouteStatus): string {
  const failing = sinks.flatMap(({ name, failingSince }) => (failingSince === undefined ? [] : [name]))
  return JSON.stringify([failing, fullSince === undefined, lastDropTime])
}

function webhookOf(route: GeminiRoute, { consent, webhook }: RouteFindings): GeminiRouteStatus['webhook'] {
  const { namespace, name } = refOf(route)
  const isTold = webhook !== undefined && (consent.type === 'attached' || consent.reason === 'WebhookNotServing')
  const ready = webhook?.status?.conditions?.find(({ type }) => type === 'Ready')?.status
  return {
    namespace,
    name,
    ...(isTold && { uid: webhook.metadata.uid, ...(ready !== undefined && { ready }) }),
  }
}

function conditionsOf(
  { metadata, spec, status }: GeminiRoute,
  findings: RouteFindings,
  { sinks, fullSince, lastDropTime }: ReturnType<typeof tell>,
  nowMs: number,
): readonly Condition[] {
  const { reports, failure, endpoint } = findings
  const before: readonly Condition[] = status?.conditions ?? []
  const accepted = judgeAccepted(findings)
  const resolved = judgeResolved(findings.sinks)
  const ready = judgeReady({ accepted, resolved, failure, endpoint, isSuspended: spec.suspend === true })
  const awaitsOthers = findings.sinks.recheck === true
  const finding = findingOf(ready, { before: conditionBehind(ready, accepted, before), awaitsOthers, nowMs })
  const judged: [ConditionType, Judgement | undefined][] = [
    ['Ready', ready],
    ['Accepted', accepted],
    ['SinksResolved', resolved],
    ['SinksHealthy', judgeSinkHealth(sinks, reports.sinks)],
    ['DeadLettersDropped', judgeDrops(lastDropTime, nowMs)],
    ['RouteFull', judgeFull(fullSince)],
    ['Reconciling', finding === 'Reconciling' ? { ...ready, status: 'True' } : undefined],
    ['Stalled', finding === 'Stalled' ? { ...ready, status: 'True' } : undefined],
  ]
  return judged.reduce((conditions, [type, judgement]) => {
    if (judgement === undefined) return removeCondition(conditions, type)
    const { status: value, reason } = judgement
    const message = judgement.message.slice(0, maxConditionMessageLength)
    const next = { type, status: value, reason, message, observedGeneration: metadata.generation }
    return setCondition<Condition>(conditions, next, nowMs)
  }, before)
}

/** What the route waits for, as it was told before: since when it lasts. */
function conditionBehind(
  ready: Judgement,
  accepted: Judgement,
  conditions: readonly Condition[],
): Condition | undefined {
  return conditionOf({ conditions: [...conditions] }, ready.reason === accepted.reason ? 'Accepted' : 'SinksResolved')
}

function judgeAccepted({ consent, failure, isKnown }: RouteFindings): Judgement {
  if (consent.type === 'attached' && !isKnown && failure?.reason === 'KeyringFull') return no(failure)
  if (consent.type === 'attached' && !isKnown) {
    return { status: 'Unknown', reason: 'Progressing', message: 'the receivers could not be told of the route yet' }
  }
  if (consent.type === 'attached') {
    return { status: 'True', reason: 'Attached', message: 'the route gets the events of the webhook that it wants' }
  }
  const { reason, message } = consent
  return { status: reason === 'Progressing' ? 'Unknown' : 'False', reason, message }
}

function judgeResolved({ problem }: SinkResolution): Judgement {
  if (problem !== undefined) return { status: 'False', reason: problem.reason, message: problem.message }
  return { status: 'True', reason: 'Succeeded', message: 'all sinks are resolved' }
}

/** Undefined while there is room: the condition is then absent. */
function judgeFull(fullSince: string | undefined): Judgement | undefined {
  if (fullSince === undefined) return undefined
  const message = `since ${fullSince} the route has used up its share of the inbox, and gets events as dead letters RouteFull: repair the sink that takes too little, then replay them`
  return { status: 'True', reason: 'ShareUsedUp', message }
}

interface Parts {
  accepted: Judgement
  resolved: Judgement
  failure: Failure | undefined
  endpoint: RouteFindings['endpoint']
  isSuspended: boolean
}

/** Whether the webhook is Ready is told beside, not here: it may not be so for reasons that concern no route. */
function judgeReady({ accepted, resolved, failure, endpoint, isSuspended }: Parts): Judgement {
  if (failure !== undefined) return no(failure)
  if (accepted.status !== 'True') return no(accepted)
  if (isSuspended) {
    return no({ reason: 'Suspended', message: 'spec.suspend is true: events are kept for the sinks, and none is sent' })
  }
  if (resolved.status !== 'True') return no(resolved)
  if (endpoint.failure !== undefined) return no(endpoint.failure)
  return { status: 'True', reason: 'Succeeded', message: 'everything that the spec asks for is in place' }
}

function no({ reason, message }: Pick<Judgement, 'reason' | 'message'>): Judgement {
  return { status: 'False', reason, message }
}
