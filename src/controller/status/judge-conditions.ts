import { desiredStateOf, driftPolicyOf, endpointCheckOf, signingSecretNameOf } from '../../api/defaults.ts'
import type { ConditionType } from '../../api/conditions.ts'
import { knownEventTypes } from '../../api/names.ts'
import type { RemoteWebhook } from '../../gemini/webhook-service.ts'
import { canonicalType, noAliases, type EventAliases } from '../../gemini/event-aliases.ts'
import { knownWebhookStates } from '../../gemini/unknown-in-answer.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { Reason } from '../../api/reasons.ts'
import type { ActionState } from '../apply/action-state.ts'
import { backfillRequestProblem } from '../backfill/backfill-task.ts'
import { disabledByGoogle, differencesOf } from '../facts/differences.ts'
import { isCheckWanted, sameAddress, wantedProof, checkPendingMessage } from '../facts/endpoint-proof.ts'
import { explainRolloutWait } from '../plan/drift.ts'
import { desiredFor } from '../facts/desired-remote.ts'
import { heldSecretOf, holdsSecretOf } from '../facts/held-secret.ts'
import { currentHint, fitsHint } from '../secrets/hint.ts'
import { valueOf } from '../facts/lookup.ts'
import { scheduleProblems } from '../rotation/rotation-schedule.ts'
import { metadataProblems } from '../secrets/secret-metadata.ts'
import type { AllowedKeys } from '../secrets/allowed-metadata.ts'
import type { Judgement } from '../facts/judgement.ts'
import { explainProbe } from '../facts/probe.ts'

/** What the last pass said: kept where this one could not look. */
export type Kept = (type: ConditionType) => Judgement | undefined

/**
 * The conditions about the webhook, its key, its secret, its endpoint and its sinks, from what is observed at the end
 * of a pass; not the summaries, nor what receivers report. Pure.
 */
export function judgeConditions(state: ActionState, kept: Kept): Record<SubjectCondition, Judgement> {
  return {
    CredentialsValid: judgeCredentials(state, kept),
    Registered: judgeRegistered(state, kept),
    SecretAvailable: judgeSecret(state, kept),
    InSync: judgeSync(state, kept),
    Enabled: judgeEnabled(state, kept),
    EndpointVerified: judgeEndpoint(state, kept),
    SinksResolved: judgeSinks(state),
  }
}

export type SubjectCondition = Exclude<
  ConditionType,
  | 'Ready'
  | 'Accepted'
  | 'SinksHealthy'
  | 'DeliveriesComplete'
  | 'DeadLettersDropped'
  | 'RouteFull'
  | 'PartIgnored'
  | 'ProjectShared'
  | 'Reconciling'
  | 'Stalled'
>

/** How long one drop is shown: long enough for a daily check, short enough not to outlast the repair. */
const dropReportedMs = 24 * 3_600_000

/** Undefined once it is over: the condition is then absent. */
export function judgeDrops(lastDropTime: string | undefined, nowMs: number): Judgement | undefined {
  // An unreadable time is no drop.
  if (lastDropTime === undefined || !(nowMs - Date.parse(lastDropTime) <= dropReportedMs)) return undefined
  return {
    status: 'True',
    reason: 'BoundReached',
    message: `dead letters were dropped for good, last in the hour of ${lastDropTime}: they were older than they are kept, or more than the share of this object; look at why its sinks fail`,
  }
}

/** An optional part that is wrong: it is reported, and everything else works. Undefined where there is none. */
export function judgeParts(webhook: GeminiWebhook, nowMs: number, allowed: AllowedKeys): Judgement | undefined {
  const schedule = scheduleProblems(webhook, nowMs)
  const metadata = metadataProblems(webhook, allowed)
  const blocked = `${schedule.join('; ')}: correct or remove it, no rotation is scheduled by it`
  const request = backfillRequestProblem(webhook, nowMs)
  const wrong = [
    ...(schedule.length > 0 ? [{ reason: 'RotationBlocked', message: blocked } as const] : []),
    ...metadata.map((message) => ({ reason: 'MetadataNotAllowed', message }) as const),
    ...(request === undefined ? [] : [{ reason: 'BackfillRequestRefused', message: request } as const]),
  ]
  const [first] = wrong
  if (first === undefined) return undefined
  return { status: 'True', reason: first.reason, message: wrong.map(({ message }) => message).join('; ') }
}

function judgeCredentials({ observed: { apiKey, remote } }: ActionState, kept: Kept): Judgement {
  if (apiKey.state === 'notNeeded')
    return unknown('NotRequired', 'spec.apiKeySecretRef is absent: nothing is asked of Google')
  if (apiKey.state === 'missing') return no(apiKey.reason, apiKey.message)
  if (remote.state === 'failed' && remote.failure.class === 'credentials') {
    return no('CredentialsRejected', remote.failure.message)
  }
  const wasAnswered = remote.state === 'found' || remote.state === 'missing' || remote.state === 'several'
  if (wasAnswered) return yes('Google accepts the API key')
  return kept('CredentialsValid') ?? unknown('Progressing', 'Google was not asked yet')
}

function judgeRegistered({ webhook, observed: { remote }, draft }: ActionState, kept: Kept): Judgement {
  if (webhook.spec.events === undefined) return no('NotRequired', 'spec.events is absent: no webhook is registered')
  const id = draft.webhook?.id
  switch (remote.state) {
    case 'found':
      return id === remote.value.webhook.id
        ? yes(`webhook ${id} at Google`)
        : unknown('Progressing', 'being taken over')
    case 'several':
      return unknown('Progressing', 'several webhooks at Google carry the marker of this object')
    case 'missing':
      return remote.confirmed
        ? no(id === undefined ? 'Progressing' : 'Missing', 'no webhook at Google yet')
        : unknown('Missing', 'Google answers that the webhook does not exist; asking again')
    case 'failed':
      return kept('Registered') ?? unknown('RemoteUnavailable', 'Google could not be asked')
    case 'notAsked':
      return kept('Registered') ?? unknown('Progressing', 'Google was not asked yet')
  }
}

function judgeSecret(state: ActionState, kept: Kept): Judgement {
  const { webhook, observed, draft } = state
  const name = `${webhook.metadata.namespace}/${signingSecretNameOf(webhook)}`
  if (webhook.spec.events === undefined) return unknown('NotRequired', 'no webhook is registered')
  const { operation } = draft
  const comparison = compareSecret(state)
  const rotating = no('RotationInProgress', `Secret ${name}: the signing secret is being replaced`)
  if (operation?.type === 'Rotate' && operation.cause === 'Repair') return rotating
  if (comparison === 'agrees') return yes(`Secret ${name} holds what Google signs with`)
  if (comparison === 'unseen') {
    const before = kept('SecretAvailable') ?? unknown('Progressing', 'no webhook to compare with yet')
    if (operation?.type !== 'Rotate') return before
    // A planned rotation replaces a secret that works: it stays available throughout.
    if (before.status === 'True') return seenNow(before)
  }
  const refusal = observed.refusedWrites?.find(({ type }) => storing.has(type))
  if (refusal !== undefined) return no(refusal.failure.reason, refusal.failure.message)
  if (operation?.type === 'Rotate') return rotating
  return no(
    draft.signingSecret?.hint === undefined ? 'Progressing' : 'Repairing',
    `Secret ${name} does not hold it yet`,
  )
}

const storing: ReadonlySet<string> = new Set(['PrepareSecret', 'StoreRevealedSecret', 'StoreSecret', 'WriteKeyring'])

/**
 * This very Secret, the keyring and what Google shows. `unseen`: Google was not asked, and the Secret is as it was when
 * it was; what was true then may be kept.
 */
function compareSecret({ observed, draft }: ActionState): 'agrees' | 'differs' | 'unseen' {
  const { remote, secret, keyring } = observed
  if (secret.state === 'failed') return 'unseen'
  const current = valueOf(secret)?.secrets.current
  const isTold = current !== undefined && current === keyring?.secrets[0]?.secret
  if (remote.state === 'found' && !isHintUnsaid(remote.value.webhook)) {
    const { webhook } = remote.value
    const isIt = holdsSecretOf(webhook, observed) && heldSecretOf(webhook, observed) === current
    return isTold && isIt ? 'agrees' : 'differs'
  }
  const hint = draft.signingSecret?.hint
  return hint === undefined || (isTold && fitsHint(current, hint)) ? 'unseen' : 'differs'
}

/** No hint at all, where it may be in a field that this version does not know: then nothing was looked at. */
function isHintUnsaid(webhook: RemoteWebhook): boolean {
  return currentHint(webhook) === undefined && webhook.hasUnknownFields === true
}

function judgeSync({ webhook, observed, draft }: ActionState, kept: Kept): Judgement {
  const { events } = webhook.spec
  if (events === undefined) return unknown('NotRequired', 'no webhook is registered')
  const desired = desiredFor(webhook, observed)
  if (observed.remote.state !== 'found' || desired === undefined) {
    return kept('InSync') ?? unknown('Progressing', 'the webhook was not read yet')
  }
  // Compared with what was applied in this very pass, not with what status said before it.
  const asApplied = { ...webhook, status: { ...webhook.status, webhook: draft.webhook } }
  const { rollout } = observed
  const { eventAliases = noAliases } = observed
  const differences = differencesOf(asApplied, desired, observed.remote.value.webhook, eventAliases).filter(
    ({ cause }) => cause !== 'Fence',
  )
  const first = differences.find(({ field }) => field !== 'uri' || rollout.state === 'go')
  if (first === undefined && differences.length > 0 && rollout.state === 'wait')
    return no('RolloutPending', explainRolloutWait(rollout))
  if (first === undefined)
    return yes(`URI, events, name and state are as the spec says${unknownEvents(events, eventAliases)}`)
  if (first.cause === 'Spec') return no('UpdatePending', `${first.field} at Google is not yet as the spec says`)
  const hint = driftPolicyOf(webhook.spec) === 'Report' ? '; spec.driftPolicy is Report, so it is left alone' : ''
  return no('Drifted', `${first.field} at Google was changed by another hand${hint}`)
}

/** A warning, no refusal: Google may know events that this version does not. */
function unknownEvents(events: readonly string[], aliases: EventAliases): string {
  const known: readonly string[] = knownEventTypes
  const unknown = events.filter((event) => !known.includes(canonicalType(event, aliases)))
  return unknown.length === 0
    ? ''
    : `; warning: not known to this version, and passed on to Google as they are: ${unknown.join(', ')}`
}

function judgeEnabled({ webhook: { spec }, observed: { remote } }: ActionState, kept: Kept): Judgement {
  if (spec.events === undefined) return unknown('NotRequired', 'no webhook is registered')
  if (remote.state !== 'found') return kept('Enabled') ?? unknown('Progressing', 'the webhook was not read yet')
  const { state } = remote.value.webhook
  if (state === 'enabled') return yes('the webhook is enabled at Google')
  if (state === disabledByGoogle && desiredStateOf(spec) === 'Enabled')
    return no('DisabledByGoogle', 'Google disabled the webhook after failed deliveries')
  if (desiredStateOf(spec) === 'Disabled') return no('DisabledBySpec', 'spec.state is Disabled')
  if (knownWebhookStates.has(state)) return no('Progressing', `the webhook is ${state} at Google`)
  if (/^disabled/i.test(state))
    return no(
      'DisabledByGoogle',
      `Google disabled the webhook; its state is ${state}, which this version does not know`,
    )
  const said =
    state === ''
      ? 'Google names no state of the webhook'
      : `the state of the webhook at Google is ${state}, which this version does not know`
  return yes(`${said}: it counts as enabled, as long as nothing else says otherwise`)
}

function judgeEndpoint(state: ActionState, kept: Kept): Judgement {
  const { webhook, observed, draft } = state
  if (webhook.spec.events === undefined) return unknown('NotRequired', 'no webhook is registered')
  if (observed.endpoint.state === 'external') {
    return unknown(
      'ExternalEndpoint',
      'spec.endpoint.url is a server of your own: what arrives there cannot be seen from here',
    )
  }
  if (endpointCheckOf(webhook.spec) === 'Never') return unknown('NotChecked', 'spec.endpointCheck is Never')
  if (desiredStateOf(webhook.spec) === 'Disabled')
    return unknown('DisabledBySpec', 'spec.state is Disabled: nothing is delivered')
  // A proof is about an address and a secret, not about a generation; while Google does not answer, the address to
  // which it delivers is unknown.
  const isHeard = observed.remote.state !== 'failed' && observed.remote.state !== 'notAsked'
  const known: Kept = (type) => {
    const before = kept(type)
    return before !== undefined && isHeard ? seenNow(before) : before
  }
  // Google still delivers to the former address, and what is known about that one counts.
  if (observed.rollout.state === 'wait') return unproven(state, known)
  const proof = wantedProof(observed, observed.keyring)
  const isGivenUp = observed.remote.state === 'found' && observed.remote.value.webhook.state === disabledByGoogle
  // Nothing is pinged until it is enabled again; and a look that failed says nothing about the endpoint.
  if (isGivenUp || observed.remote.state === 'failed') return unproven(state, known)
  if (proof === undefined || !isCheckWanted(webhook, observed)) return unproven(state, known)
  if (draft.webhook?.checkedSpec === proof) return yes('a signed ping of Google came back through the endpoint')
  const before = known('EndpointVerified')
  if (observed.check.restingMs > 0) return judgeFailedCheck(state, before)
  if (before?.status === 'False') return before
  // Only the secret changed: the address stays proven while the new secret is.
  if (before?.status === 'True' && sameAddress(draft.webhook?.checkedSpec, proof)) return before
  return unproven(state, () => undefined)
}

/**
 * A request of our own shows how far one gets from here. Where its result is not in memory any more, the condition
 * stays.
 */
function judgeFailedCheck({ webhook, observed: { probe } }: ActionState, before: Judgement | undefined): Judgement {
  const again = 'pings were sent and none came back; tried again at the next resync'
  switch (probe.state) {
    case 'unhealthy': {
      const { reason, message } = explainProbe(webhook, probe)
      return no(reason, `${message}; ${again}`)
    }
    case 'healthy':
      return no(
        'NeverArrived',
        `a signed request of the controller does get through, so look at what is special about Google's: firewall, address filter, another route; ${again}`,
      )
    case 'none':
      return before?.status === 'False' ? before : no('NeverArrived', `check DNS, TLS, ingress and receivers; ${again}`)
  }
}

/** Nothing new is known: what was known stays, but what was still to come may be something else by now. */
function unproven({ draft }: ActionState, kept: Kept): Judgement {
  const before = kept('EndpointVerified')
  if (before !== undefined && before.reason !== 'CheckPending') return before
  const message =
    draft.webhook?.id === undefined
      ? 'no webhook is registered at Google yet: there is nothing to check'
      : checkPendingMessage
  return unknown('CheckPending', message)
}

function judgeSinks({ observed: { sinks } }: ActionState): Judgement {
  if (sinks.problem !== undefined) return no(sinks.problem.reason, sinks.problem.message)
  return yes(
    sinks.status.length === 0
      ? 'there are no sinks: events are verified, stored and counted'
      : 'all sinks are resolved',
  )
}

/** What was said before and was found to be so still. */
function seenNow({ status, reason, message }: Judgement): Judgement {
  return { status, reason, message }
}

function yes(message: string): Judgement {
  return { status: 'True', reason: 'Succeeded', message }
}

function no(reason: Reason, message: string): Judgement {
  return { status: 'False', reason, message }
}

function unknown(reason: Reason, message: string): Judgement {
  return { status: 'Unknown', reason, message }
}
