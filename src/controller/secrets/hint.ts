import type { RemoteSecret, RemoteWebhook } from '../../gemini/webhook-service.ts'

const ellipsis = '...'
/** The service shows this many characters of a secret's end. */
const shownTail = 4

/** The entry without an expiry is the current one; the order of the list means nothing. */
export function currentHint(remote: Pick<RemoteWebhook, 'signingSecrets'>): string | undefined {
  return remote.signingSecrets.find((secret) => secret.expireTime === undefined)?.truncatedSecret
}

/** Whether a full secret can be the one behind a hint such as `whsec_...3frh`. */
export function fitsHint(secret: string, hint: string): boolean {
  const cut = hint.indexOf(ellipsis)
  if (cut < 0) return secret === hint
  const tail = hint.slice(cut + ellipsis.length)
  return tail.length > 0 && secret.startsWith(hint.slice(0, cut)) && secret.endsWith(tail)
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
