import { createHmac, type KeyObject } from 'node:crypto'

/** What a signature covers besides the body: both exactly as they travel in the headers. */
export interface SignedFields {
  /** Without `.`: it separates the signed fields. */
  readonly id: string
  /** Whole seconds since the epoch, as decimal digits. */
  readonly timestamp: string
}

/** HMAC-SHA256 over `id.timestamp.body`, in padded base64. The body is taken byte for byte. */
export function macOf({ id, timestamp }: SignedFields, body: Uint8Array, key: KeyObject): string {
  return createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')
}

/** The `webhook-signature` value for one delivery: one `v1` entry per key, in the order given. */
export function signatureHeader(fields: SignedFields, body: Uint8Array, keys: readonly KeyObject[]): string {
  return keys.map((key) => `v1,${macOf(fields, body, key)}`).join(' ')
}
