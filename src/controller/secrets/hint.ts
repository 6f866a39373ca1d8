import type { RemoteSecret, RemoteWebhook } from '../../gemini/webhook-service.ts'

const ellipsis = '...'
/** What a hint may have in the place of what it does not show. */
const hidden = /(?:\.{2,}|\u2026|\*+)(?!.*(?:\.{2,}|\u2026|\*))/
/** The service shows this many characters of a secret's end. */
const shownTail = 4

/** The entry without an expiry is the current one; the order of the list means nothing. */
export function currentHint(remote: Pick<RemoteWebhook, 'signingSecrets'>): string | undefined {
  return remote.signingSecrets.find((secret) => secret.expireTime === undefined)?.truncatedSecret
}

/**
 * Whether a full secret can be the one behind a hint such as `whsec_...3frh`. Only the end counts: what stands before
 * it is the same for all secrets, and were it compared, another way of writing it would cost every webhook a rotation.
 */
export function fitsHint(secret: string, hint: string): boolean {
  const cut = hidden.exec(hint)
  if (cut === null) return secret === hint
  const tail = hint.slice(cut.index + cut[0].length)
  return tail.length > 0 && secret.endsWith(tail)
}

/** The hint that the service will show for a secret that it just handed out. */
export function hintOf(secret: string): string {
  return `whsec_${ellipsis}${secret.slice(-shownTail)}`
}

/** The entry that a rotation left behind for this secret, if it is still valid at `nowMs`. */
export function overlapOf(remote: RemoteWebhook, secret: string, nowMs: number): RemoteSecret | undefined {
  return remote.signingSecrets.find(
    ({ truncatedSecret, expireTime }) =>
      expireTime !== undefined && Date.parse(expireTime) > nowMs && fitsHint(secret, truncatedSecret),
  )
}
