import { createHash } from 'node:crypto'

/**
 * What stands for the token of a dynamic endpoint in the keyring: its SHA-256. A token has 128 random bits or more, so
 * no salt and no slow hash is needed.
 */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
