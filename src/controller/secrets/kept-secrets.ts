import type { KeyringEntry, LiveSecret } from '../../contract/keyring/entry.ts'

/** What the keyring holds and time has not ended. */
export function keptSecrets(keyring: KeyringEntry | undefined, nowMs: number): LiveSecret[] {
  return (keyring?.secrets ?? []).filter(({ notAfter }) => notAfter === undefined || Date.parse(notAfter) > nowMs)
}
