import { desiredStateOf, driftPolicyOf, endpointCheckOf, signingSecretNameOf } from '../api/defaults.ts'
import type { ConditionType, ConditionStatus } from '../api/conditions.ts'
import { knownEventTypes } from '../api/names.ts'
import type { GeminiWebhookSpec } from '../api/spec.ts'
import type { Reason } from '../api/reasons.ts'
import type { ActionState } from './action-state.ts'
import { disabledByGoogle, differencesOf } from './differences.ts'
import { isCheckWanted, sameAddress, wantedProof } from './endpoint-proof.ts'
import { checkPendingMessage } from './plan-check.ts'
import { desiredFor, explainRolloutWait } from './plan-drift.ts'
import { holdsSecretOf } from './held-secret.ts'
import { explainProbe } from './probe.ts'

/** What one condition is to say. */
export interface Judgement {
  status: ConditionStatus
  reason: Reason
  message: string
}

/** What the last pass said: kept where this one could not look. */
export type Kept = (type: ConditionType) => Judgement | undefined

/** Every condition but the summary, from what is observed at the end of a pass. Pure. */
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

export type SubjectCondition = Exclude<ConditionType, 'Ready' | 'DeadLettersDropped' | 'Reconciling' | 'Stalled'>

/** How long one drop is told: long enough for a daily look, short enough not to outlast the repair. */
const dropToldMs = 24 * 3_600_000

/** Undefined once it is over: the condition is then absent. */
export function judgeDrops(lastDropTime: string | undefined, nowMs: number): Judgement | undefined {
  // An unreadable time is no drop.
  if (lastDropTime === undefined || !(nowMs - Date.parse(lastDropTime) <= dropToldMs)) return undefined
  return {
    status: 'True',
    reason: 'BoundReached',
    message: `dead letters were dropped for good, last in the hour of ${lastDropTime}: they were older than they are kept, or more than the share of this object; look at why its sinks fail`,
  }
}

function judgeCredentials({ observed: { apiKey, remote } }: ActionState, kept: Kept): Judgement {
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
  if (draft.operation?.type === 'Rotate') {
    // A planned rotation replaces a secret that works: it stays available all the while.
    const before = kept('SecretAvailable')
    if (before?.status === 'True' && draft.operation.cause !== 'Repair') return before
    return no('RotationInProgress', `Secret ${name}: the signing secret is being replaced`)
  }
  const { remote, secret, keyring } = observed
  if (remote.state !== 'found')
    return kept('SecretAvailable') ?? unknown('Progressing', 'no webhook to compare with yet')
  const target = secret.state === 'found' ? secret.value : undefined
  const agrees = target?.secrets.current !== undefined && target.secrets.current === keyring?.secrets[0]?.secret
  if (agrees && holdsSecretOf(remote.value.webhook, observed)) return yes(`Secret ${name} holds what Google signs with`)
  return no(
    draft.signingSecret?.hint === undefined ? 'Progressing' : 'Repairing',
    `Secret ${name} does not hold it yet`,
  )
}

function judgeSync({ webhook, observed, draft }: ActionState, kept: Kept): Judgement {
  if (webhook.spec.events === undefined) return unknown('NotRequired', 'no webhook is registered')
  const desired = desiredFor(webhook, observed)
  if (observed.remote.state !== 'found' || desired === undefined) {
    return kept('InSync') ?? unknown('Progressing', 'the webhook was not read yet')
  }
  // Compared with what was applied in this very pass, not with what status said before it.
  const asApplied = { ...webhook, status: { ...webhook.status, webhook: draft.webhook } }
  const { rollout } = observed
  const differences = differencesOf(asApplied, desired, observed.remote.value.webhook)
  const first = differences.find(({ field }) => field !== 'uri' || rollout.state === 'go')
  if (first === undefined && differences.length > 0 && rollout.state === 'wait')
    return no('RolloutPending', explainRolloutWait(rollout))
  if (first === undefined) return yes(`URI, events, name and state are as the spec says${unknownEvents(webhook.spec)}`)
  if (first.cause === 'Spec') return no('UpdatePending', `${first.field} at Google is not yet as the spec says`)
  const hint = driftPolicyOf(webhook.spec) === 'Report' ? '; spec.driftPolicy is Report, so it is left alone' : ''
  return no('Drifted', `${first.field} at Google was changed by another hand${hint}`)
}

/** A warning, no refusal: Google may know events that this version does not. */
function unknownEvents({ events = [] }: GeminiWebhookSpec): string {
  const known: readonly string[] = knownEventTypes
  const unknown = events.filter((event) => !known.includes(event))
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
  return no('Progressing', `the webhook is ${state} at Google`)
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
  // Google still delivers to the former address, and what is known about that one counts.
  if (observed.rollout.state === 'wait') return unproven(state, kept)
  const proof = wantedProof(observed, observed.keyring)
  const isGivenUp = observed.remote.state === 'found' && observed.remote.value.webhook.state === disabledByGoogle
  // Nothing is pinged until it is enabled again; and a look that failed says nothing about the endpoint.
  if (isGivenUp || observed.remote.state === 'failed') return unproven(state, kept)
  if (proof === undefined || !isCheckWanted(webhook, observed)) return unproven(state, kept)
  if (draft.webhook?.checkedSpec === proof) return yes('a signed ping of Google came back through the endpoint')
  const before = kept('EndpointVerified')
  if (observed.check.restingMs > 0) return judgeFailedCheck(state, before)
  if (before?.status === 'False') return before
  // Only the secret changed: the address stays proven while the new secret is.
  if (before?.status === 'True' && sameAddress(draft.webhook?.checkedSpec, proof)) return before
  return unproven(state, () => undefined)
}

/** A request of our own tells how far one gets from here. Where it is not at hand any more, what it said stays. */
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

function yes(message: string): Judgement {
  return { status: 'True', reason: 'Succeeded', message }
}

function no(reason: Reason, message: string): Judgement {
  return { status: 'False', reason, message }
}

function unknown(reason: Reason, message: string): Judgement {
  return { status: 'Unknown', reason, message }
}
