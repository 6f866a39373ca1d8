import { createHmac, type KeyObject } from 'node:crypto'

/** A request in parts, so that a mutation can take hold of one of them. Texts are written as latin1. */
export interface Draft {
  method: string
  target: string
  version: string
  /** Without those that say where the body ends. */
  headers: [name: string, value: string][]
  id: string
  timestamp: string
  signature: string
  body: Buffer
}

/** How the body is put on the wire: the headers that say so, and the bytes. */
export interface Framing {
  headers: [name: string, value: string][]
  bytes: Buffer
}

/** The words that stand in every body, and nowhere else: whoever logs a body logs them. */
export const bodyMarker = 'gwh-fuzz-marker'

export function hmac(key: KeyObject, { id, timestamp, body }: Pick<Draft, 'id' | 'timestamp' | 'body'>): string {
  return createHmac('sha256', key).update(`${id}.${timestamp}.`, 'latin1').update(body).digest('base64')
}

/** A genuine delivery. */
export function genuine(key: KeyObject, given: { id: string; target: string; note: string; nowMs: number }): Draft {
  const { id, target, note, nowMs } = given
  const timestamp = String(Math.floor(nowMs / 1000))
  const body = Buffer.from(
    `{"type":"batch.succeeded","version":"v1","timestamp":"2026-11-21T12:00:00Z","data":{"id":"${id}","${bodyMarker}":"${bodyMarker} ${note}"}}`,
  )
  const headers: Draft['headers'] = [
    ['host', 'hooks.example.com'],
    ['content-type', 'application/json'],
  ]
  const signature = `v1,${hmac(key, { id, timestamp, body })}`
  return { method: 'POST', target, version: 'HTTP/1.1', headers, id, timestamp, signature, body }
}

/** All headers but those of the framing. */
export function allHeaders({ headers, id, timestamp, signature }: Draft): [string, string][] {
  return [...headers, ['webhook-id', id], ['webhook-timestamp', timestamp], ['webhook-signature', signature]]
}

export function byLength(body: Buffer): Framing {
  return { headers: [['content-length', String(body.length)]], bytes: body }
}

export function chunked(chunks: readonly { bytes: Buffer; extension?: string; size?: string }[], end = '0\r\n\r\n') {
  const parts = chunks.flatMap(({ bytes, extension = '', size = bytes.length.toString(16) }) => [
    Buffer.from(`${size}${extension}\r\n`, 'latin1'),
    bytes,
    Buffer.from('\r\n'),
  ])
  const framing: Framing = {
    headers: [['transfer-encoding', 'chunked']],
    bytes: Buffer.concat([...parts, Buffer.from(end, 'latin1')]),
  }
  return framing
}

export function serialise(draft: Draft, framing: Framing = byLength(draft.body), headers = allHeaders(draft)): Buffer {
  const lines = [...headers, ...framing.headers].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const head = `${draft.method} ${draft.target} ${draft.version}\r\n${lines}\r\n`
  return Buffer.concat([Buffer.from(head, 'latin1'), framing.bytes])
}
