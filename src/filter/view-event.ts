import { Duration } from '@marcbachmann/cel-js/evaluator'

import { EventView, type DeadLetterFields, type DeliveryFields } from './cel-environment.ts'
import { eventLimits } from './event-limits.ts'
import { memberOf, metadataOf, type JsonObject, type ReadableEvent } from './read-event.ts'
import { isRecord } from '../is-record.ts'

/**
 * The event as expressions see it; undefined when it is beyond `eventLimits`. Whole numbers are ints, as they are
 * written in expressions. `delivery`: what transforms see beside that,
 * those of dead letters all of it.
 */
export function viewOf(
  event: ReadableEvent,
  { mode, ageMs }: Circumstances,
  delivery?: DeliveryFields & Partial<DeadLetterFields>,
): EventView | undefined {
  if (event.bodyBytes > eventLimits.bodyBytes) return undefined
  const { envelope = {} } = event
  const budget = { values: eventLimits.values }
  const given = memberOf(envelope, 'data')
  const data = toMap(isRecord(given) ? given : {}, 1, budget)
  const metadata = toMap(metadataOf(event), 1, budget)
  if (data === undefined || metadata === undefined) return undefined
  const version = textOf(envelope, 'version')
  const timestamp = textOf(envelope, 'timestamp')
  const age = Duration.fromMilliseconds(ageMs)
  return new EventView({ type: event.type, version, timestamp, data, metadata, mode, age }, delivery)
}

/** What an event's body does not say. */
export interface Circumstances {
  readonly mode: 'static' | 'dynamic'
  /** 0 or more, in whole milliseconds. */
  readonly ageMs: number
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
  return isRecord(value) ? toMap(value, depth + 1, budget) : value
}

function toList(list: readonly unknown[], depth: number, budget: Budget): unknown[] | undefined {
  if (list.length > eventLimits.items || depth > eventLimits.depth) return undefined
  const converted = list.map((value) => toCel(value, depth, budget))
  return converted.includes(undefined) ? undefined : converted
}

function textOf(object: JsonObject, name: string): string | undefined {
  const value = memberOf(object, name)
  return typeof value === 'string' ? value : undefined
}
