import type { KeyObject } from 'node:crypto'

import { signatureHeader } from './sign.ts'

export interface SignedDelivery {
  headers: Record<string, string>
  body: Buffer
}

/**
 * A delivery of an artificial event, signed like those of Google, to test an endpoint. `nowMs` is both its time and the
 * time of signing.
 */
export function signedDelivery(
  { id, type, data }: { id: string; type: string; data: Record<string, unknown> },
  { key, nowMs }: { key: KeyObject; nowMs: number },
): SignedDelivery {
  const body = Buffer.from(JSON.stringify({ type, version: 'v1', timestamp: new Date(nowMs).toISOString(), data }))
  const timestamp = String(Math.floor(nowMs / 1000))
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatureHeader({ id, timestamp }, body, [key]),
  }
  return { headers, body }
}
