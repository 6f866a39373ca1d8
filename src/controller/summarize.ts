import { conditionTypes, type ConditionType } from '../api/conditions.ts'
import { reconcileRequestedAtAnnotation } from '../api/names.ts'
import { isDocumented, reasons, type Reason } from '../api/reasons.ts'
import { maxConditionMessageLength, type Condition, type GeminiWebhookStatus } from '../api/status.ts'
import { signingSecretNameOf } from '../api/defaults.ts'
import { removeCondition, setCondition } from '../kubernetes/conditions.ts'
import { withoutKey, type ActionState } from './action-state.ts'
import { foldDelivery } from './fold-delivery.ts'
import { formatTime } from './format-time.ts'
import { currentHint } from './hint.ts'
import { judgeConditions, judgeDrops, type Judgement, type SubjectCondition } from './judge-conditions.ts'
import { holdsSecretOf } from './held-secret.ts'
import { checkPendingMessage } from './plan-check.ts'
import { addressNow } from './endpoint-view.ts'
import { isDeleting } from './life-stage.ts'
import type { Finding } from './plan-result.ts'
import { nextRotationMs } from './plan-rotation.ts'

export interface SummaryContext {
  finding: Finding
  nowMs: number
}

/** The whole status after a pass, from what is observed at its end; the same in, the same out. Conditions keep their transition times. */
export function summarize(state: ActionState, { finding: planned, nowMs }: SummaryContext): GeminiWebhookStatus {
  const { webhook, draft } = state
  // A pass that ends with an open check says at once what the passes that wait for it would say.
  const awaitsCheck = planned.type === 'Progressing' && draft.check !== undefined && draft.operation === undefined
  const finding: Finding = awaitsCheck
    ? { type: 'Progressing', reason: 'CheckPending', message: checkPendingMessage }
    : planned
  const facts = summarizeFacts(state, nowMs)
  return {
    ...facts,
    observedGeneration: webhook.metadata.generation,
    conditions: [...summarizeConditions(state, finding, nowMs, judgeDrops(facts.delivery?.lastDropTime, nowMs))],
  }
}

function summarizeFacts(state: ActionState, nowMs: number): GeminiWebhookStatus {
  const { webhook, observed, draft } = state
  const { installation, endpoint, sinks } = observed
  const requestedAt = webhook.metadata.annotations?.[reconcileRequestedAtAnnotation]
  const delivery = foldDelivery(draft.delivery, observed.report)
  const rotation = summarizeRotation(state, nowMs)
  const signingSecret = summarizeSecret(state, nowMs)
  const remote = summarizeRemote(state)
  return {
    ...draft,
    ...(installation.state === 'confirmed' && { installationID: installation.id }),
    ...(requestedAt !== undefined && { lastHandledReconcileAt: requestedAt.slice(0, 256) }),
    ...(endpoint.state !== 'invalid' && {
      endpoint: { ...draft.endpoint, ...summarizeDynamic(state), url: addressNow(webhook, observed, endpoint.url) },
    }),
    ...(remote !== undefined && { webhook: remote }),
    ...(signingSecret !== undefined && { signingSecret }),
    ...(rotation !== undefined && { rotation }),
    ...(delivery !== undefined && { delivery }),
    sinks: sinks.status,
  }
}

/** A former name stays until its Secret is deleted: it is what finds it. */
function summarizeDynamic({ observed: { dynamic }, draft }: ActionState): { dynamicSecretName?: string } {
  const isHeld = dynamic?.secret.state === 'found' && dynamic.secret.value.ownership !== 'stranger'
  const name = draft.endpoint?.dynamicSecretName ?? (isHeld ? dynamic.name : undefined)
  return name === undefined ? {} : { dynamicSecretName: name }
}

/** Last applied stays as the actions left it; what is merely seen is the state. */
function summarizeRemote({
  webhook,
  observed: { remote, apiKey },
  draft,
}: ActionState): GeminiWebhookStatus['webhook'] {
  const isSeen = remote.state === 'found' && remote.value.webhook.id === draft.webhook?.id
  if (!isSeen) return draft.webhook
  return {
    ...draft.webhook,
    state: remote.value.webhook.state,
    eventCount: webhook.spec.events?.length ?? 0,
    ...(apiKey.state === 'found' && { keyFingerprint: apiKey.value.fingerprint }),
  }
}

function summarizeSecret(state: ActionState, nowMs: number): GeminiWebhookStatus['signingSecret'] {
  const { webhook, observed, draft } = state
  const { remote, secret, keyring } = observed
  if (remote.state !== 'found' || !holdsSecretOf(remote.value.webhook, observed)) return draft.signingSecret
  const hint = currentHint(remote.value.webhook)
  const isStored = secret.state === 'found' && secret.value.ownership === 'ours'
  const previousExpireTime = keyring?.secrets.find(({ notAfter }) => notAfter !== undefined)?.notAfter
  const rest = withoutKey(draft.signingSecret ?? {}, 'previousExpireTime')
  return {
    ...rest,
    // A former name stays until its Secret is deleted: it is what finds it.
    ...(isStored && rest.name === undefined && { name: signingSecretNameOf(webhook) }),
    ...(hint !== undefined && { hint }),
    activeSecrets: remote.value.webhook.signingSecrets.filter(
      ({ expireTime }) => expireTime === undefined || Date.parse(expireTime) > nowMs,
    ).length,
    ...(previousExpireTime !== undefined && { previousExpireTime }),
  }
}

function summarizeRotation({ webhook, draft }: ActionState, nowMs: number): GeminiWebhookStatus['rotation'] {
  if (draft.rotation === undefined && draft.webhook?.id === undefined) return undefined
  // An unknown last rotation counts as now: guessing an older one could rotate everything at once after a restore.
  const isUnknown = draft.webhook?.id !== undefined && draft.rotation?.lastRotationTime === undefined
  const rotation = { ...draft.rotation, ...(isUnknown && { lastRotationTime: formatTime(nowMs) }) }
  const nextMs = nextRotationMs({ ...webhook, status: { ...webhook.status, rotation } }, nowMs)
  const rest = withoutKey(rotation, 'nextRotationTime')
  return { ...rest, ...(nextMs !== undefined && { nextRotationTime: formatTime(nextMs) }) }
}

function summarizeConditions(
  state: ActionState,
  finding: Finding,
  nowMs: number,
  drops: Judgement | undefined,
): readonly Condition[] {
  const { webhook, draft } = state
  const before: readonly Condition[] = webhook.status?.conditions ?? draft.conditions ?? []
  const judged = decide(
    judgeConditions(state, (type) => judgementIn(before, type)),
    finding,
  )
  const set = (conditions: readonly Condition[], type: ConditionType, { status, reason, message }: Judgement) =>
    setCondition<Condition>(
      conditions,
      {
        type,
        status,
        reason,
        message: message.slice(0, maxConditionMessageLength),
        observedGeneration: webhook.metadata.generation,
      },
      nowMs,
    )
  const subjects = Object.keys(judged) as SubjectCondition[]
  const withSubjects = subjects.reduce((conditions, type) => set(conditions, type, judged[type]), before)
  const withReady = set(withSubjects, 'Ready', judgeReady(state, judged, finding))
  const withDrops =
    drops === undefined ? removeCondition(withReady, 'DeadLettersDropped') : set(withReady, 'DeadLettersDropped', drops)
  return (['Reconciling', 'Stalled'] as const).reduce((conditions, type) => {
    const applies = finding.type === (type === 'Stalled' ? 'Stalled' : 'Progressing')
    if (!applies) return removeCondition(conditions, type)
    return set(conditions, type, { status: 'True', reason: fitting(type, finding.reason), message: finding.message })
  }, withDrops)
}

/** The plan knows best about the one condition that its finding is about. */
function decide(judged: Record<SubjectCondition, Judgement>, { condition, reason, message }: Finding) {
  if (condition === undefined || !(condition.type in judged)) return judged
  return { ...judged, [condition.type]: { status: condition.status, reason, message } }
}

function judgeReady(
  { webhook }: ActionState,
  judged: Record<SubjectCondition, Judgement>,
  finding: Finding,
): Judgement {
  if (isDeleting(webhook)) return no(finding.type === 'Stalled' ? finding : { ...finding, reason: 'Deleting' })
  if (webhook.spec.suspend === true)
    return no({ reason: 'Suspended', message: 'spec.suspend is true: no calls to Google are made' })
  const inOrder = conditionTypes.filter((type): type is SubjectCondition => type in judged)
  const failing = inOrder.map((type) => judged[type]).find((judgement) => !isFine(judgement))
  if (finding.type === 'Stalled') return no(finding)
  if (failing !== undefined) return no(failing)
  const { EndpointVerified: endpoint } = judged
  const unproven = endpoint.status === 'True' ? '' : `; unproven: ${endpoint.message}`
  return { status: 'True', reason: 'Succeeded', message: `everything that the spec asks for is in place${unproven}` }
}

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

function no({ reason, message }: { reason: Reason; message: string }): Judgement {
  return { status: 'False', reason: fitting('Ready', reason), message }
}

/** The summaries repeat the reason of what they summarise, where the closed list knows it there. */
function fitting(type: 'Ready' | 'Reconciling' | 'Stalled', reason: Reason): Reason {
  if (isDocumented({ type, status: type === 'Ready' ? 'False' : 'True', reason })) return reason
  return type === 'Stalled' ? 'InvalidSpec' : 'Progressing'
}

function judgementIn(conditions: readonly Condition[], type: ConditionType): Judgement | undefined {
  const condition = conditions.find((candidate) => candidate.type === type)
  if (condition === undefined || !isReason(condition.reason)) return undefined
  return { status: condition.status, reason: condition.reason, message: condition.message }
}

function isReason(reason: string): reason is Reason {
  return reason in reasons
}
