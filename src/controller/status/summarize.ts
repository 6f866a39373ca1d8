import { conditionTypes, type ConditionType } from '../../api/conditions.ts'
import { isDocumented, reasons, type Reason } from '../../api/reasons.ts'
import { maxConditionMessageLength, type Condition, type GeminiWebhookStatus } from '../../api/status.ts'
import { removeCondition, setCondition } from '../../kubernetes/conditions.ts'
import type { ActionState } from '../apply/action-state.ts'
import { allowsEverything, type AllowedKeys } from '../secrets/allowed-metadata.ts'
import { findingAtRest } from '../plan/at-rest.ts'
import { judgeConditions, judgeParts, type SubjectCondition } from './judge-conditions.ts'
import type { Judgement } from '../facts/judgement.ts'
import { checkPendingMessage } from '../facts/endpoint-proof.ts'
import { requestedLook } from '../facts/look-request.ts'
import { isDeleting } from '../facts/life-stage.ts'
import type { Finding } from '../plan/result.ts'
import { summarizeFacts } from './summarize-facts.ts'
import { withGap } from '../gap/with-gap.ts'
import { withDeliveries } from './with-deliveries.ts'
import { withNeighbours } from './with-neighbours.ts'

export interface SummaryContext {
  finding: Finding
  /** Nothing is left to be done now: a request to look is answered, provided that Google was looked at. */
  isAnswered?: boolean
  nowMs: number
  /** What the spec may put on its Secret; absent: nothing is said of it. */
  config?: AllowedKeys
}

/**
 * The whole status after a pass, from what is observed at its end; the same in, the same out. Conditions keep their
 * transition times.
 */
export function summarize(
  state: ActionState,
  { finding: planned, nowMs, isAnswered = false, config = allowsEverything }: SummaryContext,
): GeminiWebhookStatus {
  const { webhook, draft } = state
  // A pass that ends with an open check says at once what the passes that wait for it would say.
  const awaitsCheck = planned.type === 'Progressing' && draft.check !== undefined && draft.operation === undefined
  const finding: Finding = awaitsCheck
    ? { type: 'Progressing', reason: 'CheckPending', message: checkPendingMessage }
    : planned
  const requestedAt = requestedLook(webhook)
  const conditions = summarizeConditions(state, finding, nowMs, judgeParts(webhook, nowMs, config))
  const ready = conditions.find(({ type }) => type === 'Ready')
  const status = {
    ...summarizeFacts(state, nowMs),
    ...(isAnswered && isLookedAt(state) && requestedAt !== undefined && { lastHandledReconcileAt: requestedAt }),
    // What was not evaluated was not observed either: a client that waits for this generation must keep waiting.
    observedGeneration: ready?.observedGeneration ?? webhook.metadata.generation,
    conditions: [...withNeighbours(conditions, state, { finding: planned, nowMs })],
  }
  return withGap(withDeliveries(status, state, nowMs), state, nowMs)
}

/** Google answered this pass, with a list that is newer than a request to look; or it has nothing of the object. */
function isLookedAt({ observed: { remote, apiKey } }: ActionState): boolean {
  return apiKey.state === 'notNeeded' || (remote.state !== 'failed' && remote.state !== 'notAsked')
}

function summarizeConditions(
  state: ActionState,
  planned: Finding,
  nowMs: number,
  ignored: Judgement | undefined,
): readonly Condition[] {
  const { webhook, draft } = state
  const before: readonly Condition[] = webhook.status?.conditions ?? draft.conditions ?? []
  const judged = decide(
    judgeConditions(state, (type) => judgementIn(before, type)),
    planned,
  )
  const ready = judgeReady(state, judged, {
    finding: planned,
    before: judgementIn(before, 'Ready'),
    isWhole: ignored === undefined,
  })
  const rests = planned.type === 'AtRest' && ready.status === 'False' && !isDeleting(webhook)
  const awaitsOthers = state.observed.sinks.recheck === true
  const finding = rests ? findingAtRest(ready, { spec: webhook.spec, awaitsOthers, before, nowMs }) : planned
  const { generation } = webhook.metadata
  const set = (conditions: readonly Condition[], type: ConditionType, judgement: Judgement) => {
    const { status, reason, evaluated: observedGeneration = generation } = judgement
    const message = judgement.message.slice(0, maxConditionMessageLength)
    return setCondition<Condition>(conditions, { type, status, reason, message, observedGeneration }, nowMs)
  }
  const subjects = Object.keys(judged) as SubjectCondition[]
  const withSubjects = subjects.reduce((conditions, type) => set(conditions, type, judged[type]), before)
  const withReady = set(withSubjects, 'Ready', ready)
  const withParts =
    ignored === undefined ? removeCondition(withReady, 'PartIgnored') : set(withReady, 'PartIgnored', ignored)
  return (['Reconciling', 'Stalled'] as const).reduce((conditions, type) => {
    const applies = finding.type === (type === 'Stalled' ? 'Stalled' : 'Progressing')
    if (!applies) return removeCondition(conditions, type)
    return set(conditions, type, { status: 'True', reason: fitting(type, finding.reason), message: finding.message })
  }, withParts)
}

/** The plan knows best about the one condition that its finding is about. */
function decide(judged: Record<SubjectCondition, Judgement>, { condition, reason, message }: Finding) {
  if (condition === undefined || !(condition.type in judged)) return judged
  return { ...judged, [condition.type]: { status: condition.status, reason, message } }
}

function judgeReady(
  { webhook, observed: { pause } }: ActionState,
  judged: Record<SubjectCondition, Judgement>,
  { finding, before, isWhole }: { finding: Finding; before: Judgement | undefined; isWhole: boolean },
): Judgement {
  if (isDeleting(webhook)) return no(finding.type === 'Stalled' ? finding : { ...finding, reason: 'Deleting' })
  if (webhook.spec.suspend === true)
    return no({ reason: 'Suspended', message: 'spec.suspend is true: no calls to Google are made' })
  if (pause !== undefined) return no({ reason: 'Suspended', message: pause.message })
  const inOrder = conditionTypes.filter((type): type is SubjectCondition => type in judged).map((type) => judged[type])
  const failing = inOrder.find((judgement) => !isFine(judgement))
  if (finding.type === 'Stalled') return no(finding)
  if (failing !== undefined) return no(failing)
  const { EndpointVerified: endpoint } = judged
  const unproven = endpoint.status === 'True' ? '' : `; unproven: ${endpoint.message}`
  const ignored = isWhole ? '' : ', but for the part that the condition PartIgnored names'
  const ready = {
    status: 'True',
    reason: 'Succeeded',
    message: `everything that the spec asks for is in place${ignored}${unproven}`,
  } as const
  const { generation } = webhook.metadata
  const evaluated = Math.min(...inOrder.map((judgement) => judgement.evaluated ?? generation))
  if (evaluated === generation) return ready
  // Of an older spec it says what it said; but what was not Ready becomes so only by a look at the spec of now.
  if (before?.status === 'True') return { ...ready, evaluated }
  return no(finding.type === 'AtRest' ? notCompared : finding)
}

const notCompared = { reason: 'Progressing', message: 'the spec was not compared with Google yet' } as const

/** Not asked for, or, for a rollout that others go ahead of, asked for later. */
const unasked: ReadonlySet<Reason> = new Set([
  'NotRequired',
  'DisabledBySpec',
  'NotChecked',
  'ExternalEndpoint',
  'RolloutPending',
])

/** True, or not asked for now. */
function isFine({ status, reason }: Judgement): boolean {
  return status === 'True' || unasked.has(reason)
}

function no({ reason, message, evaluated }: Pick<Judgement, 'reason' | 'message' | 'evaluated'>): Judgement {
  const generation = evaluated === undefined ? {} : { evaluated }
  return { status: 'False', reason: fitting('Ready', reason), message, ...generation }
}

/** The summaries repeat the reason of what they summarise, where the closed list knows it there. */
function fitting(type: 'Ready' | 'Reconciling' | 'Stalled', reason: Reason): Reason {
  if (isDocumented({ type, status: type === 'Ready' ? 'False' : 'True', reason })) return reason
  return type === 'Stalled' ? 'InvalidSpec' : 'Progressing'
}

function judgementIn(conditions: readonly Condition[], type: ConditionType): Judgement | undefined {
  const condition = conditions.find((candidate) => candidate.type === type)
  if (condition === undefined || !isReason(condition.reason)) return undefined
  const { status, reason, message, observedGeneration: evaluated } = condition
  return { status, reason, message, evaluated }
}

function isReason(reason: string): reason is Reason {
  return reason in reasons
}
