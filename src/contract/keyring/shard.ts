import { createHash } from 'node:crypto'

import { keyringSecretPrefix, keyringShardCount } from './entry.ts'

/** The most that the values of a Secret may have together, bytes (MaxSecretSize of the Kubernetes API). */
export const maxShardBytes = 1024 * 1024

/** The keyring Secret that holds the entry of the object with this uid. */
export function keyringSecretNameFor(uid: string): string {
  const shard = createHash('sha256').update(uid).digest().readUInt32BE(0) % keyringShardCount
  return `${keyringSecretPrefix}${shard}`
}

export function allKeyringSecretNames(): string[] {
  return Array.from({ length: keyringShardCount }, (_, shard) => `${keyringSecretPrefix}${shard}`)
}

/** Identifies a signing secret without revealing it: first 12 hex digits of its SHA-256. */
export function keyIdOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex').slice(0, 12)
}
