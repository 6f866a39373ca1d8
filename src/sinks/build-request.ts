import type { SinkTransform } from '../contract/keyring/entry.ts'
import { isReservedHeader } from '../contract/keyring/reserved-headers.ts'
import { signatureHeader } from '../signature/sign.ts'
import { decodeSigningSecret } from '../signature/signing-secret.ts'
import { unreachable } from '../unreachable.ts'
import { dataContentType, encodeBinary, encodeStructured, type EncodedEvent } from './cloud-event.ts'
import { deadLetterHeadersOf } from './dead-letter-attributes.ts'
import { attributesOf } from './event-attributes.ts'
import type { OutgoingDelivery } from './port.ts'
import type { ParseEnvelope } from './remember-envelopes.ts'
import { traceHeadersOf } from './trace-context.ts'

export type RequestMethod = SinkTransform['method']

export interface RequestOptions {
  readonly parseEnvelope: ParseEnvelope
  readonly nowMs: number
}

export type BuiltRequest =
  /** `method`: of HTTP only. */
  | { built: true; method: RequestMethod; headers: Record<string, string>; body: Uint8Array }
  /** A fault of the configuration: once it is corrected, the same delivery can be sent. */
  | { built: false; cause: 'badSigningSecret' }

/**
 * Everything of a request but where it goes: the event in the format of the sink, or what its transform has made of
 * it, the sink's own headers, and a Standard Webhooks signature of that body with a fresh timestamp where the sink has
 * a secret. Without one, `format: Original` carries Google's headers under names of ours: their timestamp is of the
 * first delivery, which every library refuses after five minutes. Throws where the sink has a transform and the
 * delivery nothing that it has made: the event itself is not what the sink wants.
 */
export function buildRequest(delivery: OutgoingDelivery, options: RequestOptions): BuiltRequest {
  const { sink, deadLetter } = delivery
  const { headers, body } = encode(delivery, options)
  const signature = signatureHeaders(delivery, body, options.nowMs)
  if (signature === 'badSigningSecret') return { built: false, cause: signature }
  const original = sink.format === 'Original' && signature === undefined ? originalHeaders(delivery) : {}
  const told = sink.format === 'Original' && deadLetter !== undefined ? deadLetterHeadersOf(deadLetter) : {}
  return {
    built: true,
    method: sink.transform?.method ?? 'POST',
    headers: {
      'user-agent': 'gemini-webhook-operator',
      ...ownHeaders(sink.transform?.headers ?? {}),
      ...ownHeaders(sink.headers),
      ...headers,
      ...original,
      ...told,
      ...signature,
      ...traceHeadersOf(delivery),
    },
    body,
  }
}

function ownHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const sent = Object.entries(headers).filter(([name]) => !isReservedHeader(name))
  return Object.fromEntries(sent.map(([name, value]) => [name.toLowerCase(), value]))
}

function encode(delivery: OutgoingDelivery, options: RequestOptions): EncodedEvent {
  const { event, sink, content } = delivery
  if (sink.transform === undefined) return encodeEvent(delivery, options)
  if (content === undefined) throw new Error('the sink has a transform, and nothing that it has made')
  const attributes = attributesOf(delivery, options.parseEnvelope(event.body, event))
  const headers = sink.format === 'Original' ? {} : encodeBinary(attributes, event).headers
  return { headers: { ...headers, 'content-type': sink.transform.contentType }, body: content }
}

function encodeEvent(delivery: OutgoingDelivery, { parseEnvelope }: RequestOptions): EncodedEvent {
  const { event, sink } = delivery
  switch (sink.format) {
    case 'CloudEventBinary':
      return encodeBinary(attributesOf(delivery, parseEnvelope(event.body, event)), event)
    case 'CloudEventStructured': {
      const envelope = parseEnvelope(event.body, event)
      return encodeStructured(attributesOf(delivery, envelope), event, envelope.json)
    }
    case 'Original':
      return { headers: { 'content-type': dataContentType(event.contentType) }, body: event.body }
    default:
      return unreachable(sink.format)
  }
}

/** Without the signature where the body is not the one that Google signed. */
function originalHeaders({ event, sink }: OutgoingDelivery): Record<string, string> {
  return {
    'x-gemini-webhook-id': event.eventId,
    'x-gemini-webhook-timestamp': String(event.sentAtSeconds),
    ...(sink.transform === undefined && { 'x-gemini-webhook-signature': event.signature }),
  }
}

/** undefined: the sink has no secret. */
function signatureHeaders(
  { event, sink }: OutgoingDelivery,
  body: Uint8Array,
  nowMs: number,
): Record<string, string> | undefined | 'badSigningSecret' {
  if (sink.signingSecret === undefined) return undefined
  const secret = decodeSigningSecret(sink.signingSecret)
  if (!secret.ok) return 'badSigningSecret' // the user asked for a signature
  const fields = { id: event.eventId, timestamp: String(Math.floor(nowMs / 1000)) }
  return {
    'webhook-id': fields.id,
    'webhook-timestamp': fields.timestamp,
    'webhook-signature': signatureHeader(fields, body, [secret.value]),
  }
}
