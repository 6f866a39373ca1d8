import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { RemoteWebhook } from '../../gemini/webhook-service.ts'
import { maxLiveSecrets, type LiveSecret } from '../../contract/keyring/entry.ts'
import { keyIdOf } from '../../contract/keyring/shard.ts'
import type { Action } from '../facts/action.ts'
import { overlapEnd } from '../secrets/end-of-secret.ts'
import { heldSecretOf } from '../facts/held-secret.ts'
import { currentHint } from '../secrets/hint.ts'
import type { ObservedWebhook, RemoteView } from '../facts/observed.ts'
import { nameTaken, withPreparedSecret } from './creation.ts'
import { act, actQuietly, afterFailure, stall, waitMs, type Plan, type PlanContext } from './result.ts'
import { isSameJson } from '../facts/same-json.ts'
import { hasWanted } from '../secrets/secret-metadata.ts'
import { followsTemplate } from '../secrets/secret-template.ts'
import type { TargetSecret } from '../secrets/target-secret.ts'
import { signingSecretNameOf } from '../../api/defaults.ts'
import { ownerUidAnnotation, reconcileRequestedAtAnnotation, signingSecretKeys } from '../../api/names.ts'

/**
 * Secret, keyring and the hint at Google are compared, the first two in full. Keyring fits: the Secret is restored from
 * it. Secret fits: the keyring is. Neither: rotate with grace. Undefined when all three agree.
 */
export function planSecret(
  webhook: GeminiWebhook,
  observed: ObservedWebhook,
  remote: RemoteView,
  ctx: PlanContext,
): Plan | undefined {
  const { secret } = observed
  if (secret.state === 'failed') return afterFailure(secret.failure, ctx.config.credentialsRetryMs)
  const target = secret.state === 'found' ? secret.value : undefined
  if (target?.ownership === 'stranger') return nameTaken(webhook)
  const current = heldSecretOf(remote.webhook, observed)
  if (target?.ownership === 'importable') return planImport(webhook, target, current, remote)
  if (current === undefined) return planLostSecret(webhook, observed, remote, ctx)
  const secrets = liveSecrets(current, { webhook, observed, target, remote: remote.webhook, nowMs: ctx.nowMs })
  return (
    planTarget(webhook, observed, target, secrets, ctx) ??
    (keyringDiffers(observed, secrets) ? actQuietly([{ type: 'WriteKeyring', secrets }]) : undefined) ??
    planOldName(webhook)
  )
}

/** The steps that write the held secrets to the keyring and to the Secret; or why the Secret cannot be written. */
export function planStored(
  webhook: GeminiWebhook,
  observed: ObservedWebhook,
  remote: RemoteView,
  ctx: PlanContext,
): Action[] | Plan {
  const { secret, keyring } = observed
  if (secret.state === 'failed') return afterFailure(secret.failure, ctx.config.credentialsRetryMs)
  const target = secret.state === 'found' ? secret.value : undefined
  const current = heldSecretOf(remote.webhook, observed)
  if (current === undefined) return []
  const secrets = liveSecrets(current, { webhook, observed, target, remote: remote.webhook, nowMs: ctx.nowMs })
  const isTold = keyring?.secrets[0]?.secret === current
  const isStored = target?.secrets.current === current
  if (!isStored && target !== undefined && target.ownership !== 'ours') return nameTaken(webhook)
  return [
    ...(isTold ? [] : ([{ type: 'WriteKeyring', secrets }] as const)),
    ...(isStored ? [] : ([{ type: 'StoreSecret', secrets, cause: 'Restored' }] as const)),
  ]
}

/** Taken as it is only where it holds what Google signs with; otherwise it is not ours and stays as it is. */
function planImport(
  webhook: GeminiWebhook,
  { secrets }: TargetSecret,
  current: string | undefined,
  remote: RemoteView,
): Plan {
  const hint = currentHint(remote.webhook)
  if (current === undefined || current !== secrets.current || hint === undefined) {
    const { namespace } = webhook.metadata
    const message = `Secret ${namespace}/${signingSecretNameOf(webhook)} is labelled for import but its ${signingSecretKeys.current} is not what webhook ${remote.webhook.id} signs with; it is not touched: correct it, remove it, or choose another spec.signingSecret.name`
    return stall('SecretNameTaken', message, notAvailable)
  }
  const imported: LiveSecret[] = [{ keyId: keyIdOf(current), secret: current }]
  return act(
    [
      { type: 'WriteKeyring', secrets: imported },
      { type: 'StoreSecret', secrets: imported, cause: 'Imported' },
    ],
    'Progressing',
    'taking over the Secret with the signing secret as it is',
  )
}

interface Evidence {
  webhook: GeminiWebhook
  observed: ObservedWebhook
  target: TargetSecret | undefined
  remote: RemoteWebhook
  nowMs: number
}

/** The current secret and every other one that is known to be valid still, the longest-lived first. */
function liveSecrets(current: string, { webhook, observed, target, remote, nowMs }: Evidence): LiveSecret[] {
  const inKeyring = observed.keyring?.secrets ?? []
  const fromStatus = webhook.status?.signingSecret?.previousExpireTime
  const candidates = new Set(
    [...inKeyring.map(({ secret }) => secret), target?.secrets.current, target?.secrets.previous].filter(
      (secret) => secret !== undefined && secret !== current,
    ),
  ) as Set<string>
  const others = [...candidates].flatMap((secret): (LiveSecret & { notAfter: string })[] => {
    const notAfter =
      inKeyring.find((entry) => entry.secret === secret)?.notAfter ??
      overlapEnd(remote, secret, nowMs) ??
      (secret === target?.secrets.previous ? fromStatus : undefined)
    return notAfter !== undefined && Date.parse(notAfter) > nowMs ? [{ keyId: keyIdOf(secret), secret, notAfter }] : []
  })
  const newestFirst = others.toSorted((a, b) => Date.parse(b.notAfter) - Date.parse(a.notAfter))
  return [{ keyId: keyIdOf(current), secret: current }, ...newestFirst].slice(0, maxLiveSecrets)
}

export function keyringDiffers(observed: ObservedWebhook, secrets: LiveSecret[]): boolean {
  const { keyring, sinks, dynamic, foldJobsForSeconds } = observed
  return (
    keyring?.foldJobsForSeconds !== foldJobsForSeconds ||
    !isSameJson(keyring?.secrets, secrets) ||
    !isSameJson(keyring?.sinks, sinks.resolved) ||
    !isSameJson(keyring?.heldSinks ?? [], sinks.held) ||
    !isSameJson(keyring?.suspensions ?? [], sinks.suspensions ?? []) ||
    !isSameJson(keyring?.dynamic, dynamic?.entry)
  )
}

function planTarget(
  webhook: GeminiWebhook,
  observed: ObservedWebhook,
  target: TargetSecret | undefined,
  secrets: LiveSecret[],
  ctx: PlanContext,
): Plan | undefined {
  const [current, previous] = secrets
  const write = (cause: Extract<Action, { type: 'StoreSecret' }>['cause']): Action[] => [
    // First: receivers need it even if the Secret cannot be written, which others can cause.
    ...(keyringDiffers(observed, secrets) ? ([{ type: 'WriteKeyring', secrets }] as const) : []),
    { type: 'StoreSecret', secrets, cause },
  ]
  if (target === undefined || target.secrets.current === undefined) {
    return act(write('Restored'), 'Repairing', 'restoring the Secret from the keyring', notAvailable)
  }
  if (target.secrets.current !== current?.secret) {
    if (repairsSpent(webhook, ctx)) return contested(webhook, observed, target)
    return act(write('Overwritten'), 'Repairing', 'restoring the Secret, which another hand changed', notAvailable)
  }
  if (target.secrets.previous !== previous?.secret) return actQuietly(write('Expired'))
  const hasKeys = target.wellFormed && followsTemplate(webhook.spec.signingSecret?.template, target)
  const isUntidy = !hasKeys || !hasMetadata(webhook, target, ctx)
  if (isUntidy && observed.metadataHeld !== true) return actQuietly(write('Metadata'))
  return undefined
}

const notAvailable = { type: 'SecretAvailable', status: 'False' } as const

function hasMetadata(webhook: GeminiWebhook, target: TargetSecret, { config }: Pick<PlanContext, 'config'>): boolean {
  // The uid changes when an object is made again under the name that an earlier one left its Secret to.
  return target.annotations[ownerUidAnnotation] === webhook.metadata.uid && hasWanted(webhook, target, config)
}

/**
 * The secret with which Google signs is held nowhere. A hint that surprises must first be confirmed; a secret that was
 * never held needs no proof.
 */
function planLostSecret(webhook: GeminiWebhook, observed: ObservedWebhook, remote: RemoteView, ctx: PlanContext): Plan {
  const { id } = remote.webhook
  const target = observed.secret.state === 'found' ? observed.secret.value : undefined
  const holdsAny = (observed.keyring?.secrets.length ?? 0) > 0 || target?.secrets.current !== undefined
  const neverHeld = webhook.status?.signingSecret?.hint === undefined && !holdsAny
  if (holdsAny && !remote.confirmed) {
    const message = `the signing secret of webhook ${id} is not the one held here; asking Google again before it is believed`
    return remote.confirmInMs > 0
      ? waitMs(remote.confirmInMs, 'Repairing', message)
      : act([{ type: 'ConfirmRemote', id }], 'Repairing', message)
  }
  if (!neverHeld && repairsSpent(webhook, ctx)) return contested(webhook, observed, target)
  return withPreparedSecret(
    webhook,
    observed,
    [{ type: 'RecordIntent', operation: 'Rotate', cause: neverHeld ? 'Adoption' : 'Repair' }],
    neverHeld ? 'nobody holds the signing secret: rotating it' : 'the signing secret was lost: rotating it with grace',
  )
}

function repairsSpent({ status }: GeminiWebhook, { config, nowMs }: PlanContext): boolean {
  const recent = status?.signingSecret?.repairTimes?.filter((time) => Date.parse(time) > nowMs - config.repairWindowMs)
  return (recent?.length ?? 0) >= config.maxRepairs
}

/** Until a day has passed, or a requested look says that the other writer has stopped: then repairs begin anew. */
function contested(
  webhook: GeminiWebhook,
  { mayForgive }: Pick<ObservedWebhook, 'mayForgive'>,
  target: TargetSecret | undefined,
): Plan {
  if (mayForgive === true)
    return act([{ type: 'ForgiveRepairs' }], 'Repairing', 'repairing the Secret again, as asked', notAvailable)
  const { namespace } = webhook.metadata
  const by = target?.lastManager === undefined ? '' : ` (last written by ${target.lastManager})`
  const message = `Secret ${namespace}/${signingSecretNameOf(webhook)} was repaired as often as a day allows and is wrong again${by}: stop whatever changes it, or the secret at Google, then set the annotation ${reconcileRequestedAtAnnotation} to a new value`
  return stall('SecretContested', message, notAvailable)
}

/** The new Secret holds; the one under the former name goes. It is looked up and checked before it is deleted. */
function planOldName(webhook: GeminiWebhook): Plan | undefined {
  const old = webhook.status?.signingSecret?.name
  if (old === undefined || old === signingSecretNameOf(webhook)) return undefined
  return actQuietly([{ type: 'DeleteOldSecret', name: old }])
}
