import { randomUUID } from 'node:crypto'

import { signatureHeader } from '../../../src/signature/sign.ts'
import { decodeSigningSecret } from '../../../src/signature/signing-secret.ts'

/** A delivery as Google sends it: compact JSON, signed over id, timestamp and body. */
export function signedDelivery(given: {
  secret: string
  atMs: number
  id?: string
  type?: string
  dataId?: string
  /** What the job was started with. */
  metadata?: Readonly<Record<string, string>>
}) {
  const { secret, atMs, id = `msg_${randomUUID()}`, type = 'batch.succeeded', dataId = 'batches/1', metadata } = given
  const body = Buffer.from(
    JSON.stringify({
      type,
      version: 'v1',
      timestamp: new Date(atMs).toISOString(),
      data: { id: dataId, user_metadata: metadata },
    }),
  )
  const timestamp = String(Math.floor(atMs / 1000))
  const decoded = decodeSigningSecret(secret)
  if (!decoded.ok) throw new Error(`the test's signing secret ${decoded.problem}`)
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatureHeader({ id, timestamp }, body, [decoded.value]),
  }
  return { id, headers, body }
}
