import { EventView } from './cel-environment.ts'
import { eventLimits } from './event-limits.ts'

type JsonObject = Readonly<Record<string, unknown>>

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
 * The `user_metadata` that the job was started with. Where Google puts it differs, so every place is looked at, in this order: `user_metadata` and
 * `userMetadata` of the envelope, then of its `data`; as an object or as a JSON text of one. The first that holds an object counts.
 */
export function metadataOf({ envelope = {} }: ReadableEvent): JsonObject {
  const data = memberOf(envelope, 'data')
  for (const holder of isObject(data) ? [envelope, data] : [envelope]) {
    for (const name of ['user_metadata', 'userMetadata']) {
      const given = memberOf(holder, name)
      const found = typeof given === 'string' ? parseObject(given) : given
      if (isObject(found)) return found
    }
  }
  return {}
}

/** One value of the metadata as text: numbers and booleans as JSON writes them, since filters compare text. Anything else has no text. */
export function metadataText(metadata: JsonObject, key: string): string | undefined {
  const value = memberOf(metadata, key)
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

/** The event as expressions see it; undefined when it is beyond `eventLimits`. Whole numbers are ints, as they are written in expressions. */
export function viewOf(event: ReadableEvent): EventView | undefined {
  if (event.bodyBytes > eventLimits.bodyBytes) return undefined
  const { envelope = {} } = event
  const budget = { values: eventLimits.values }
  const given = memberOf(envelope, 'data')
  const data = toMap(isObject(given) ? given : {}, 1, budget)
  const metadata = toMap(metadataOf(event), 1, budget)
  if (data === undefined || metadata === undefined) return undefined
  const [version, timestamp] = [memberOf(envelope, 'version'), memberOf(envelope, 'timestamp')]
  return new EventView({
    type: event.type,
    ...(typeof version === 'string' && { version }),
    ...(typeof timestamp === 'string' && { timestamp }),
    data,
    metadata,
  })
}

interface Budget {
  values: number
}

/** Maps instead of objects: a key such as `__proto__` is then a key like any other. */
function toMap(object: JsonObject, depth: number, budget: Budget): Map<string, unknown> | undefined {
  const entries = Object.entries(object)
  if (entries.length > eventLimits.items || depth > eventLimits.depth) return undefined
  const map = new Map<string, unknown>()
  for (const [key, value] of entries) {
    const converted = toCel(value, depth, budget)
    if (converted === undefined) return undefined
    map.set(key, converted)
  }
  return map
}

function toCel(value: unknown, depth: number, budget: Budget): unknown {
  budget.values -= 1
  if (budget.values < 0) return undefined
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value
  if (Array.isArray(value)) return toList(value, depth + 1, budget)
  return isObject(value) ? toMap(value, depth + 1, budget) : value
}

function toList(list: readonly unknown[], depth: number, budget: Budget): unknown[] | undefined {
  if (list.length > eventLimits.items || depth > eventLimits.depth) return undefined
  const converted = list.map((value) => toCel(value, depth, budget))
  return converted.includes(undefined) ? undefined : converted
}

function parseObject(json: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(json)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function memberOf(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
