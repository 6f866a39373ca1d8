import type { EventEnvelope } from '../gemini/event.ts'
import type { EventAttributes } from './event-attributes.ts'

/** A request without its destination. */
export interface EncodedEvent {
  readonly headers: Record<string, string>
  readonly body: Uint8Array
}

interface EventData {
  /** As the sender sent it. */
  readonly contentType: string
  readonly body: Uint8Array
}

/** Where the JSON text stands in the body, if it is one. */
type JsonSpan = EventEnvelope['json']

/** What Google sends; taken for a delivery that names none. */
const defaultContentType = 'application/json'
const opaqueContentType = 'application/octet-stream'

/** CloudEvents HTTP binding 1.0, binary mode: attributes are headers, the body is the original one, byte for byte. */
export function encodeBinary(attributes: EventAttributes, data: EventData): EncodedEvent {
  const headers: Record<string, string> = {
    'ce-specversion': '1.0',
    'content-type': dataContentType(data.contentType),
  }
  for (const [name, value] of Object.entries(attributes)) headers[`ce-${name}`] = percentEncode(String(value))
  return { headers, body: data.body }
}

/**
 * Structured mode: one JSON object. Data that is JSON stands in it as the sender wrote it, so that no number loses a
 * digit; other data in base64.
 */
export function encodeStructured(attributes: EventAttributes, data: EventData, span: JsonSpan): EncodedEvent {
  const datacontenttype = dataContentType(data.contentType)
  const head = JSON.stringify({ specversion: '1.0', ...attributes, datacontenttype }).slice(0, -1)
  const json = isJson(datacontenttype) && span !== undefined ? data.body.subarray(span.start, span.end) : undefined
  const parts =
    json === undefined
      ? [`${head},"data_base64":"`, Buffer.from(data.body).toString('base64'), '"}']
      : [`${head},"data":`, json, '}']
  return {
    headers: { 'content-type': 'application/cloudevents+json; charset=utf-8' },
    body: Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part))),
  }
}

/**
 * The content type of the original bytes, as it may be sent on. A body must not count as a structured CloudEvent
 * because its sender declared it one: the attributes around it are ours.
 */
export function dataContentType(given: string): string {
  if (given === '') return defaultContentType
  if (!/^[\x20-\x7e]+$/.test(given) || /^\s*application\/cloudevents/i.test(given)) return opaqueContentType
  return given
}

function isJson(contentType: string): boolean {
  return /^\s*[\w.+-]+\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(contentType)
}

/**
 * Header values by the HTTP binding, section 3.1.3.2: blanks, `"`, `%` and all outside of printable ASCII are
 * percent-encoded UTF-8.
 */
export function percentEncode(value: string): string {
  if (/^[\x21\x23\x24\x26-\x7e]*$/.test(value)) return value
  let encoded = ''
  for (const byte of Buffer.from(value)) {
    const isPlain = byte > 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x25
    encoded += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return encoded
}
