import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { installationAnnotation } from '../../api/names.ts'
import type { GeminiWebhookStatus } from '../../api/status.ts'
import { withoutKey } from '../facts/without-key.ts'
import type { InstallationView } from '../facts/observed.ts'

type ConfirmedView = Extract<InstallationView, { state: 'confirmed' }>

/** `name`: as `installationAnnotation` would say it, for people. */
export type ObjectOwner = { type: 'ours' } | { type: 'claimable' } | { type: 'another'; name: string }

/**
 * Who writes this object: one installation, and no other touches it. The annotation decides, where a person has set it.
 * Else the installation that has claimed the object in its status; an object without a claim is free, and the first
 * status write wins. `isKnownHere`: the keyring of this installation has an entry of it.
 */
export function objectOwnerOf(
  { metadata, status }: Pick<GeminiWebhook, 'metadata' | 'status'>,
  view: InstallationView,
  isKnownHere: boolean,
): ObjectOwner {
  const wanted = metadata.annotations?.[installationAnnotation] ?? ''
  const claimed = nameOf(status)
  if (view.state === 'unconfirmed') return ownerForUnconfirmed(wanted, status, view, isKnownHere)
  if (wanted !== '') {
    const [id, token] = wanted.split('/')
    if (id !== view.id || (token !== undefined && token !== view.token)) return { type: 'another', name: wanted }
    if (token !== undefined || status?.installationID !== view.id) return mineOrClaimable(status, view)
  }
  const isOurs = status?.installationID === view.id && isOwnToken(status.installationToken, view)
  return claimed === undefined || isOurs ? mineOrClaimable(status, view) : { type: 'another', name: claimed }
}

/**
 * The status that claims the object: what could not be derived from it any more once it is ours is kept, everything
 * else stays as it is.
 */
export function claimedStatus(status: GeminiWebhookStatus = {}, { id, token }: ConfirmedView): GeminiWebhookStatus {
  const { installationID: formerId, installationToken: formerToken } = status
  const isTakenOver = formerId !== undefined && (formerId !== id || (formerToken ?? token) !== token)
  const former = { id: formerId ?? id, ...(formerToken !== undefined && { token: formerToken }) }
  // A fingerprint is made with the id: under another one it would look like another key.
  const webhook = formerId !== id && status.webhook ? withoutKey(status.webhook, 'keyFingerprint') : status.webhook
  return {
    ...status,
    installationID: id,
    installationToken: token,
    ...(webhook !== undefined && { webhook }),
    ...(isTakenOver && { formerInstallation: former }),
  }
}

/**
 * Nothing is done for the object, but its status says why: only where this installation has served it. A second
 * installation that has no id yet must not write into what the first one serves.
 */
function ownerForUnconfirmed(
  wanted: string,
  status: GeminiWebhookStatus | undefined,
  { claims }: Extract<InstallationView, { state: 'unconfirmed' }>,
  isKnownHere: boolean,
): ObjectOwner {
  const claimed = nameOf(status)
  if (wanted !== '' && wanted.split('/')[0] !== claims?.id && !isKnownHere) return { type: 'another', name: wanted }
  if (claimed === undefined || isKnownHere) return { type: 'ours' }
  const { installationID: id, installationToken: token } = status ?? {}
  const isOurs = id === claims?.id && (token === undefined || claims?.tokens.includes(token) === true)
  return isOurs ? { type: 'ours' } : { type: 'another', name: claimed }
}

function mineOrClaimable(status: GeminiWebhookStatus | undefined, { id, token }: ConfirmedView): ObjectOwner {
  return { type: status?.installationID === id && status.installationToken === token ? 'ours' : 'claimable' }
}

function isOwnToken(token: string | undefined, view: ConfirmedView): boolean {
  return token === undefined || token === view.token || view.formerTokens.includes(token)
}

function nameOf(status: GeminiWebhookStatus | undefined): string | undefined {
  const { installationID: id, installationToken: token } = status ?? {}
  return id === undefined || token === undefined ? id : `${id}/${token}`
}

/** The same for an object as it is seen now. */
export function ownerOfObject(
  webhook: GeminiWebhook,
  { installation, keyring }: { installation: () => InstallationView; keyring: { entryOf(uid: string): unknown } },
): ObjectOwner {
  const view = installation()
  const isKnownHere = view.state === 'unconfirmed' && keyring.entryOf(webhook.metadata.uid) !== undefined
  return objectOwnerOf(webhook, view, isKnownHere)
}
