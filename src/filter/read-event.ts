import { isRecord } from '../is-record.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** An event as far as filters look at it; `envelope` is undefined when the body is no JSON object. */
export interface ReadableEvent {
  readonly type: string
  readonly bodyBytes: number
  readonly envelope: JsonObject | undefined
}

/** Reads what filters need. Never throws: a body that is no JSON object has a type and nothing else. */
export function readEvent(type: string, body: Uint8Array): ReadableEvent {
  return { type, bodyBytes: body.length, envelope: parseObject(new TextDecoder().decode(body)) }
}

/**
 * The `user_metadata` that the job was started with. Where Google puts it differs, so every place is looked at, in this
 * order: `user_metadata` and `userMetadata` of the envelope, then of its `data`; as an object or as a JSON text of one.
 * The first that holds an object counts.
 */
export function metadataOf({ envelope = {} }: ReadableEvent): JsonObject {
  const data = memberOf(envelope, 'data')
  for (const holder of isRecord(data) ? [envelope, data] : [envelope]) {
    for (const name of ['user_metadata', 'userMetadata']) {
      const given = memberOf(holder, name)
      const found = typeof given === 'string' ? parseObject(given) : given
      if (isRecord(found)) return found
    }
  }
  return {}
}

/**
 * One value of the metadata as text: numbers and booleans as JSON writes them, since filters compare text. Anything
 * else has no text.
 */
export function metadataText(metadata: JsonObject, key: string): string | undefined {
  const value = memberOf(metadata, key)
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

function parseObject(json: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(json)
    if (isRecord(value)) return value
  } catch {
    // What is no JSON is no object.
  }
  return undefined
}

export function memberOf(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined
}
