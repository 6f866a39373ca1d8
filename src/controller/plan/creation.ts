import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { Action } from '../facts/action.ts'
import type { ObservedWebhook, RemoteLookup } from '../facts/observed.ts'
import { explainNamesake } from '../facts/explain-other.ts'
import { explainFullKeyring } from '../keyring/keyring-room.ts'
import { act, afterFailure, stall, waitMs, type Plan } from './result.ts'
import { signingSecretNameOf } from '../../api/defaults.ts'

type Missing = Extract<RemoteLookup, { state: 'missing' }>

const notRegistered = { type: 'Registered', status: 'False' } as const

/** Nothing carries this object's marker, and the id in status, if any, is gone. */
export function planCreation(webhook: GeminiWebhook, observed: ObservedWebhook, missing: Missing): Plan {
  const knownId = webhook.status?.webhook?.id
  if (!missing.confirmed) {
    const message = `Google answers that webhook ${knownId ?? webhook.spec.externalID ?? ''} does not exist; asking again before it is believed`
    return waitMs(missing.confirmInMs, 'Missing', message, { type: 'Registered', status: 'Unknown' })
  }
  if (knownId !== undefined) return planLoss(webhook, observed, knownId)
  if (webhook.spec.externalID !== undefined) {
    const message = `spec.externalID: the project of the API key has no webhook ${webhook.spec.externalID}: correct the id or the API key`
    return stall('ExternalIDNotFound', message, notRegistered)
  }
  if (missing.rival !== undefined) {
    const { id, uri } = missing.rival
    const message =
      explainNamesake(webhook, observed, missing.rival) ??
      `webhook ${id} of another installation already delivers to ${uri}; nothing is created: delete it there, or adopt it in a new object with spec.externalID ${id} and adoptionPolicy TakeOver`
    return stall('OwnedByAnotherInstallation', message, notRegistered)
  }
  const { problem } = observed.sinks
  if (problem?.blocksRegistration === true) {
    return stall(problem.reason, problem.message, { type: 'SinksResolved', status: 'False' })
  }
  if (!observed.keyringHasRoom) return stall('KeyringFull', explainFullKeyring(webhook.metadata.uid), notRegistered)
  return withPreparedSecret(
    webhook,
    observed,
    [{ type: 'RecordIntent', operation: 'Create' }],
    'registering the webhook',
  )
}

/** Gone with the same key: deleted by others. Gone with another key: perhaps it only exists in another project. */
function planLoss(webhook: GeminiWebhook, observed: ObservedWebhook, id: string): Plan {
  if (isSeenBy(webhook, observed)) {
    return act([{ type: 'ForgetWebhook' }], 'Missing', `webhook ${id} is gone from Google: registering again`)
  }
  const message = `spec.apiKeySecretRef: the new API key belongs to another project, which has no webhook ${id}: leaving the old one and registering here`
  return act([{ type: 'LeaveProject', id }, { type: 'ForgetWebhook' }], 'ProjectChanged', message, {
    type: 'CredentialsValid',
    status: 'False',
  })
}

/**
 * Whether the API key of now has seen the webhook that status names, so that its 404 means something. Status of before
 * it was recorded counts as yes.
 */
export function isSeenBy({ status }: GeminiWebhook, { apiKey }: Pick<ObservedWebhook, 'apiKey'>): boolean {
  const seenBy = status?.webhook?.keyFingerprint
  return seenBy === undefined || (apiKey.state === 'found' && apiKey.value.fingerprint === seenBy)
}

/** A secret is only ever requested when there is a Secret of ours to store it. */
export function withPreparedSecret(
  webhook: GeminiWebhook,
  { secret }: Pick<ObservedWebhook, 'secret'>,
  actions: Action[],
  message: string,
): Plan {
  switch (secret.state) {
    case 'failed':
      return afterFailure(secret.failure, 0)
    case 'missing':
      return act([{ type: 'PrepareSecret' }, ...actions], 'Progressing', message)
    case 'found':
      return secret.value.ownership !== 'ours' ? nameTaken(webhook) : act(actions, 'Progressing', message)
  }
}

export function nameTaken(webhook: GeminiWebhook): Plan {
  const { namespace } = webhook.metadata
  const name = signingSecretNameOf(webhook)
  const message = `Secret ${namespace}/${name} exists and does not belong to this object; it is not touched: remove it, or choose another spec.signingSecret.name`
  return stall('SecretNameTaken', message, { type: 'SecretAvailable', status: 'False' })
}
