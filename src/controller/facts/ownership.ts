import { createHash } from 'node:crypto'

import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { RemoteWebhook } from '../../gemini/webhook-service.ts'
import type { ObjectKey } from '../../kubernetes/client.ts'

/**
 * `gwh:` and 24 hex digits of a SHA-256: 96 bits, so that no name of an object can be found with the marker of another.
 * It comes first, because a length limit on remote names would cut off the end. Earlier versions wrote the first 12
 * digits of the same.
 */
const markerDigits = 24
const shortMarkerDigits = 12
const markerPattern = /^(gwh:(?:[0-9a-f]{24}|[0-9a-f]{12}))(?: |$)/
/** After the marker and before the display name, which would be cut off first. */
const tokenPattern = /^(gwh:(?:[0-9a-f]{24}|[0-9a-f]{12})) @([0-9a-f]{8})(?: |$)/
const tokenDigits = 8

/** Who an installation is. */
export interface Installation {
  /** Chosen by people or minted: what its markers are made from. */
  id: string
  /**
   * Follows from the uid of the operator's namespace: distinguishes two installations of one id, such as two clusters
   * with the same Helm values.
   */
  token: string
  /** Tokens of namespaces and clusters that a person has said this one replaces. */
  formerTokens: readonly string[]
}

/** By what the webhook of one object is known at Google. */
export interface RemoteIdentity {
  marker: string
  token: string
  formerTokens: readonly string[]
  /** Of the installation that the object was taken over from, until the webhook carries our own. */
  formerMarker?: string
  /**
   * Distinguishes a webhook with a short marker from one of another object with the same: the id in status, and how the
   * URL of the object's endpoint ends.
   */
  recordedId?: string
  urlEnd?: string
}

/**
 * What the remote name of this object's webhook starts with. The service lets the client choose nothing else that could
 * carry ownership.
 */
export function markerOf(installationId: string, key: ObjectKey): string {
  const digest = createHash('sha256').update(`${installationId}/${key.namespace}/${key.name}`).digest('hex')
  return `gwh:${digest.slice(0, markerDigits)}`
}

/** The marker as earlier versions wrote it. */
export function shortMarkerOf(marker: string): string {
  return marker.slice(0, 'gwh:'.length + shortMarkerDigits)
}

/** Whether two markers, each whole or short, are of the same object as far as the shorter one tells. */
export function isSameMarker(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && (a.startsWith(b) || b.startsWith(a))
}

export function tokenOf(namespaceUid: string): string {
  return createHash('sha256').update(`installation of namespace ${namespaceUid}`).digest('hex').slice(0, tokenDigits)
}

export function identityOf(
  { id, token, formerTokens }: Installation,
  { metadata, status }: { metadata: ObjectKey; status?: GeminiWebhook['status'] },
): RemoteIdentity {
  const former = status?.formerInstallation
  return {
    marker: markerOf(id, metadata),
    token,
    formerTokens: former?.token === undefined ? formerTokens : [...formerTokens, former.token],
    ...(former !== undefined && { formerMarker: markerOf(former.id, metadata) }),
    ...(status?.webhook?.id !== undefined && { recordedId: status.webhook.id }),
    urlEnd: `/${metadata.namespace}/${metadata.name}`,
  }
}

/** The whole remote name: the marker, the token of the installation, then the display name for people. */
export function remoteNameOf(
  { marker, token }: Pick<RemoteIdentity, 'marker' | 'token'>,
  displayName: string | undefined,
): string {
  const ours = `${marker} @${token}`
  return displayName === undefined ? ours : `${ours} ${displayName}`
}

export type RemoteOwner = 'ours' | 'another' | 'nobody'

/**
 * Whose marker a remote name carries. `nobody`: no marker at all, so it was made or renamed by hand. A marker without a
 * token was written by a version without tokens, and counts by itself.
 */
export function ownerOf(remoteName: string | undefined, identity: RemoteIdentity): RemoteOwner {
  const marker = markerIn(remoteName)
  if (marker === undefined) return 'nobody'
  if (!isSameMarker(marker, identity.marker) && !isSameMarker(marker, identity.formerMarker)) return 'another'
  const token = tokenIn(remoteName)
  const isOurs = token === undefined || token === identity.token || identity.formerTokens.includes(token)
  return isOurs ? 'ours' : 'another'
}

/**
 * Whose a webhook is. The 48 bits of a short marker are few enough that a name with the same marker can be found on
 * purpose, so it counts only for the object that has recorded the webhook, or whose endpoint it calls.
 */
export function ownerOfRemote(
  { id, name, uri }: Pick<RemoteWebhook, 'id' | 'name'> & Partial<Pick<RemoteWebhook, 'uri'>>,
  identity: RemoteIdentity,
): RemoteOwner {
  const owner = ownerOf(name, identity)
  const marker = markerIn(name)
  const isShort = marker !== undefined && marker === shortMarkerOf(marker)
  if (owner !== 'ours' || !isShort || identity.urlEnd === undefined) return owner
  return id === identity.recordedId || uri?.endsWith(identity.urlEnd) === true ? 'ours' : 'another'
}

/** The marker that a remote name starts with, whoever it belongs to. */
export function markerIn(remoteName: string | undefined): string | undefined {
  return markerPattern.exec(remoteName ?? '')?.[1]
}

/** The token after the marker; undefined where there is none, or not a whole one. */
export function tokenIn(remoteName: string | undefined): string | undefined {
  return tokenPattern.exec(remoteName ?? '')?.[2]
}

/** The name without the token. */
export function withoutToken(remoteName: string): string {
  return remoteName.replace(tokenPattern, (whole, marker: string) => (whole.endsWith(' ') ? `${marker} ` : marker))
}

/** The name as earlier versions would have written it: with the short marker, and before that without the token. */
export function formerNamesOf(remoteName: string): string[] {
  const short = remoteName.replace(markerPattern, (whole, marker: string) =>
    whole.replace(marker, shortMarkerOf(marker)),
  )
  return [short, withoutToken(short), withoutToken(remoteName)]
}
