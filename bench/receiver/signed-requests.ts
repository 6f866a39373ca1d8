import { randomUUID, type KeyObject } from 'node:crypto'

import { signatureHeader } from '../../src/signature/sign.ts'

export interface RequestSource {
  /** Request target. */
  path: string
  key: KeyObject
  /** Some 700 bytes is what a notification with its proxy headers comes to. */
  bodyBytes: number
  nowMs: number
  /** What the job was started with, for filters. */
  metadata?: Readonly<Record<string, string>>
}

/** In the same order. */
export interface SignedRequests {
  ids: readonly string[]
  bytes: readonly Buffer[]
}

/**
 * Whole HTTP requests, each a genuine delivery with an id of its own, as the service would send it. Made before the
 * clock starts: signing would cost the generator as much as verifying costs the server. They stay fresh for five
 * minutes.
 */
export function signedRequests(count: number, source: RequestSource): SignedRequests {
  const ids = Array.from({ length: count }, () => `msg_${randomUUID()}`)
  return { ids, bytes: ids.map((id) => signedRequest(id, source)) }
}

function signedRequest(id: string, { path, key, bodyBytes, nowMs, metadata }: RequestSource): Buffer {
  const timestamp = String(Math.floor(nowMs / 1000))
  const body = bodyOf(id, bodyBytes, metadata)
  const head = [
    `POST ${path} HTTP/1.1`,
    'host: hooks.example.com',
    'user-agent: bench',
    'content-type: application/json',
    `content-length: ${body.length}`,
    `webhook-id: ${id}`,
    `webhook-timestamp: ${timestamp}`,
    `webhook-signature: ${signatureHeader({ id, timestamp }, body, [key])}`,
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), body])
}

function bodyOf(id: string, bytes: number, metadata: RequestSource['metadata']): Buffer {
  const event = {
    type: 'batch.succeeded',
    version: 'v1',
    timestamp: '2026-11-21T12:00:00Z',
    data: { id: `batches/${id}`, ...(metadata !== undefined && { user_metadata: metadata }), note: '' },
  }
  const missing = bytes - JSON.stringify(event).length
  return Buffer.from(JSON.stringify({ ...event, data: { ...event.data, note: 'x'.repeat(Math.max(0, missing)) } }))
}
