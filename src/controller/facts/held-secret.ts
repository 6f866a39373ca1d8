import type { RemoteWebhook } from '../../gemini/webhook-service.ts'
import { currentHint, fitsHint } from '../secrets/hint.ts'
import { valueOf } from './lookup.ts'
import type { ObservedWebhook } from './observed.ts'

type Holdings = Pick<ObservedWebhook, 'secret' | 'keyring' | 'revealed'>

/**
 * The full secret behind the current hint: from this process's memory, the keyring, or the Secret, in this order.
 * Undefined: it is not held. Without a hint none can be refuted. A hint is four characters, which have only 256 values
 * where the secret has 64 bytes; so where the service shows it more often than secrets are held that fit it, one of
 * them is not ours, and which of them is the current one is unknown.
 */
export function heldSecretOf(remote: RemoteWebhook, { secret, keyring, revealed }: Holdings): string | undefined {
  const target = valueOf(secret)?.secrets
  const current = [revealed?.secrets[0]?.secret, keyring?.secrets[0]?.secret, target?.current].filter(isThere)
  const hint = currentHint(remote)
  if (hint === undefined) return current[0]
  const others = [...(revealed?.secrets ?? []), ...(keyring?.secrets ?? [])].map((live) => live.secret)
  const fitting = [...current, ...others, target?.previous].filter(isThere).filter((held) => fitsHint(held, hint))
  const shown = remote.signingSecrets.filter(({ truncatedSecret }) => truncatedSecret === hint)
  if (shown.length > new Set(fitting).size) return undefined
  return current.find((held) => fitsHint(held, hint))
}

/** Whether the service shows a hint, and the secret behind it is held. */
export function holdsSecretOf(remote: RemoteWebhook, holdings: Holdings): boolean {
  return currentHint(remote) !== undefined && heldSecretOf(remote, holdings) !== undefined
}

/** The create or rotation that revealed a held secret, where that was written down with it. */
export function attemptOf(held: string | undefined, { secret, keyring, revealed }: Holdings): string | undefined {
  if (held === undefined) return undefined
  if (revealed?.secrets[0]?.secret === held) return revealed.attemptID
  if (keyring?.secrets[0]?.secret === held && keyring.attemptID !== undefined) return keyring.attemptID
  const target = valueOf(secret)
  return target?.secrets.current === held ? target.attemptID : undefined
}

function isThere(secret: string | undefined): secret is string {
  return secret !== undefined
}
