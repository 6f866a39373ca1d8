import type { KeyObject } from 'node:crypto'

import { signatureHeader } from './sign.ts'

export interface SignedDelivery {
  headers: Record<string, string>
  body: Buffer
}

interface MadeUpEvent {
  id: string
  type: string
  data: Record<string, unknown>
  /** When it happened, in milliseconds since the epoch. Absent: now. */
  atMs?: number
}

interface Signing {
  key: KeyObject
  /** Of a rotation that a receiver may not have noticed yet, or not finished: it takes what one of them has signed. */
  otherKeys?: readonly KeyObject[]
  /** The time of signing. */
  nowMs: number
}

/** A delivery of an event of our own, signed like those of Google. */
export function signedDelivery(
  { id, type, data, atMs }: MadeUpEvent,
  { key, otherKeys = [], nowMs }: Signing,
): SignedDelivery {
  const time = new Date(atMs ?? nowMs).toISOString()
  const body = Buffer.from(JSON.stringify({ type, version: 'v1', timestamp: time, data }))
  const timestamp = String(Math.floor(nowMs / 1000))
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatureHeader({ id, timestamp }, body, [key, ...otherKeys]),
  }
  return { headers, body }
}
