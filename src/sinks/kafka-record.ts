import type { Destination } from '../contract/keyring/entry.ts'
import { buildRequest, type RequestOptions } from './build-request.ts'
import { attributesOf, eventTypeOf } from './event-attributes.ts'
import { fillKey, fillTopic } from './kafka-topic.ts'
import { unsendable, type OutgoingDelivery, type SendOutcome } from './port.ts'

/** What is stored of one event. */
export interface KafkaRecord {
  readonly topic: string
  readonly key?: Buffer
  readonly headers: ReadonlyMap<Buffer, Buffer>
  readonly value: Buffer
}

type KafkaDestination = Extract<Destination, { type: 'kafka' }>

/** The record of a delivery, or why there is none. */
export function buildRecord(
  delivery: OutgoingDelivery,
  { topic: template, key: keyTemplate }: KafkaDestination,
  { parseEnvelope, nowMs }: RequestOptions,
): KafkaRecord | SendOutcome {
  const { event } = delivery
  const envelope = parseEnvelope(event.body, event)
  const type = eventTypeOf(envelope)
  const topic = fillTopic(template, event.owner, type)
  if (topic === undefined) return { type: 'retryable', cause: 'forbiddenTopic' }
  try {
    const request = buildRequest(delivery, { parseEnvelope: () => envelope, nowMs })
    if (!request.built) return { type: 'retryable', cause: request.cause }
    const { id, subject } = attributesOf(delivery, envelope)
    const key = keyTemplate === undefined ? undefined : fillKey(keyTemplate, { id, subject, type, owner: event.owner })
    const { buffer, byteOffset, byteLength } = request.body
    return {
      topic,
      ...(key !== undefined && { key: Buffer.from(key) }),
      headers: inBytes(recordHeadersOf(request.headers)),
      value: Buffer.from(buffer, byteOffset, byteLength),
    }
  } catch {
    return { type: 'permanent', cause: unsendable }
  }
}

/**
 * By the CloudEvents binding for Kafka: attributes are headers `ce_*`, in UTF-8 and not encoded as HTTP needs it. What
 * a Secret would send under such a name is left out, as attributes are ours.
 */
export function recordHeadersOf(ofRequest: Readonly<Record<string, string>>): Map<string, string> {
  const headers = new Map<string, string>()
  for (const [name, value] of Object.entries(ofRequest)) {
    if (name === 'user-agent' || name.startsWith('ce_')) continue
    const isAttribute = name.startsWith('ce-')
    const ownName = isAttribute ? `ce_${name.slice('ce-'.length)}` : name
    headers.set(ownName, isAttribute ? decodeURIComponent(value) : value)
  }
  return headers
}

function inBytes(headers: ReadonlyMap<string, string>): Map<Buffer, Buffer> {
  return new Map([...headers].map(([name, value]) => [Buffer.from(name), Buffer.from(value)]))
}

/** About what a record takes of a request. */
export function bytesOf({ key, headers, value }: KafkaRecord): number {
  let bytes = value.length + (key?.length ?? 0)
  for (const [name, text] of headers) bytes += name.length + text.length
  return bytes
}
