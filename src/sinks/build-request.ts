import { isReservedHeader } from '../contract/keyring/reserved-headers.ts'
import { signatureHeader } from '../signature/sign.ts'
import { decodeSigningSecret } from '../signature/signing-secret.ts'
import { unreachable } from '../unreachable.ts'
import { dataContentType, encodeBinary, encodeStructured, type EncodedEvent } from './cloud-event.ts'
import { attributesOf } from './event-attributes.ts'
import type { OutgoingDelivery } from './port.ts'
import type { ParseEnvelope } from './remember-envelopes.ts'
import { traceparentOf } from './trace-context.ts'

export interface RequestOptions {
  readonly parseEnvelope: ParseEnvelope
  readonly nowMs: number
}

export type BuiltRequest =
  | { built: true; headers: Record<string, string>; body: Uint8Array }
  /** A fault of the configuration: once it is corrected, the same delivery can be sent. */
  | { built: false; cause: 'badSigningSecret' }

/**
 * Everything of a request but where it goes: the event in the format of the sink, the sink's own headers, and a
 * Standard Webhooks signature with a fresh timestamp where the sink has a secret. Without one, `format: Original`
 * carries Google's headers under names of ours: their timestamp is of the first delivery, which every library refuses
 * after five minutes.
 */
export function buildRequest(delivery: OutgoingDelivery, options: RequestOptions): BuiltRequest {
  const { sink, event } = delivery
  const { headers, body } = encode(delivery, options)
  const signature = signatureHeaders(delivery, body, options.nowMs)
  if (signature === 'badSigningSecret') return { built: false, cause: signature }
  const own = Object.entries(sink.headers).filter(([name]) => !isReservedHeader(name))
  const original = sink.format === 'Original' && signature === undefined ? originalHeaders(event) : {}
  return {
    built: true,
    headers: {
      'user-agent': 'gemini-webhook-operator',
      ...Object.fromEntries(own.map(([name, value]) => [name.toLowerCase(), value])),
      ...headers,
      ...original,
      ...signature,
      traceparent: traceparentOf(delivery),
    },
    body,
  }
}

function encode(delivery: OutgoingDelivery, { parseEnvelope }: RequestOptions): EncodedEvent {
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

function originalHeaders(event: OutgoingDelivery['event']): Record<string, string> {
  return {
    'x-gemini-webhook-id': event.eventId,
    'x-gemini-webhook-timestamp': String(event.sentAtSeconds),
    'x-gemini-webhook-signature': event.signature,
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
