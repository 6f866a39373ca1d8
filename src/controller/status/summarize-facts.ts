import { signingSecretNameOf } from '../../api/defaults.ts'
import type { GeminiWebhookStatus } from '../../api/status.ts'
import type { ActionState } from '../apply/action-state.ts'
import { withoutKey } from '../facts/without-key.ts'
import { desiredStateAtGoogle } from '../facts/differences.ts'
import { addressNow } from '../facts/endpoint-view.ts'
import { formatTime } from '../../format-time.ts'
import { holdsSecretOf } from '../facts/held-secret.ts'
import { currentHint } from '../secrets/hint.ts'
import { isSameMarker, markerIn, markerOf, tokenIn } from '../facts/ownership.ts'
import { nextRotationMs } from '../rotation/rotation-schedule.ts'

/**
 * What status says but the conditions: who it is, where it is served, what is at Google, its secret and its rotation.
 * Pure.
 */
export function summarizeFacts(state: ActionState, nowMs: number): GeminiWebhookStatus {
  const { webhook, observed, draft } = state
  const { installation, endpoint, sinks } = observed
  const rotation = summarizeRotation(state, nowMs)
  const signingSecret = summarizeSecret(state, nowMs)
  const remote = summarizeRemote(state)
  const project = summarizeProject(state)
  const rest = withoutKey(draft, 'project')
  return {
    ...(isRenamed(state) ? withoutKey(rest, 'formerInstallation') : rest),
    ...(project !== undefined && { project }),
    ...(installation.state === 'confirmed' && {
      installationID: installation.id,
      installationToken: installation.token,
    }),
    ...(endpoint.state !== 'invalid' && {
      endpoint: { ...draft.endpoint, ...summarizeDynamic(state), url: addressNow(webhook, observed, endpoint.url) },
    }),
    ...(remote !== undefined && { webhook: remote }),
    ...(signingSecret !== undefined && { signingSecret }),
    ...(rotation !== undefined && { rotation }),
    sinks: sinks.status,
  }
}

/** From then on the marker of the installation that it was taken over from means nothing here any more. */
function isRenamed({ webhook, observed: { installation, remote } }: ActionState): boolean {
  if (installation.state !== 'confirmed' || remote.state !== 'found') return false
  const { name } = remote.value.webhook
  const isMarked = isSameMarker(markerIn(name), markerOf(installation.id, webhook.metadata))
  return isMarked && tokenIn(name) === installation.token
}

/** A list says it; what one has said stays where none was made. */
function summarizeProject({ observed: { remote, unmanaged }, draft }: ActionState): GeminiWebhookStatus['project'] {
  if (remote.state !== 'found' || unmanaged === undefined) return draft.project
  return unmanaged === 0 ? undefined : { unmanagedWebhooks: unmanaged }
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
  // Status of before it was recorded: what is as the spec says was applied.
  const desired = desiredStateAtGoogle(webhook.spec)
  const appliedState = draft.webhook?.appliedState ?? (remote.value.webhook.state === desired ? desired : undefined)
  return {
    ...draft.webhook,
    ...(remote.value.webhook.state !== '' && { state: remote.value.webhook.state }),
    ...(appliedState !== undefined && { appliedState }),
    eventCount: webhook.spec.events?.length ?? 0,
    ...(apiKey.state === 'found' && { keyFingerprint: apiKey.value.fingerprint }),
  }
}

/** As many as status has room for; the end is what tells secrets apart. */
const maxHintCharacters = 64

function summarizeSecret(state: ActionState, nowMs: number): GeminiWebhookStatus['signingSecret'] {
  const { webhook, observed, draft } = state
  const { remote, secret, keyring } = observed
  if (remote.state !== 'found' || !holdsSecretOf(remote.value.webhook, observed)) return draft.signingSecret
  const isStored = secret.state === 'found' && secret.value.ownership === 'ours'
  const previousExpireTime = keyring?.secrets.find(({ notAfter }) => notAfter !== undefined)?.notAfter
  const rest = withoutKey(draft.signingSecret ?? {}, 'previousExpireTime')
  return {
    ...rest,
    // A former name stays until its Secret is deleted: it is what finds it.
    ...(isStored && rest.name === undefined && { name: signingSecretNameOf(webhook) }),
    hint: currentHint(remote.value.webhook)?.slice(-maxHintCharacters),
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
