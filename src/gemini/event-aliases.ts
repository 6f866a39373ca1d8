import type { EventEnvelope } from './event.ts'
import { isPingType } from './known-event-types.ts'
import { parseEnvelope } from './parse-event.ts'

/**
 * Names that Google gives to events which this version knows under another one: the name it knows by each of them. One
 * step: a name that an alias leads to is no alias itself.
 */
export type EventAliases = ReadonlyMap<string, string>

export const noAliases: EventAliases = new Map()

/** The name under which an event is known here, whatever Google calls it. */
export function canonicalType(type: string, aliases: EventAliases): string {
  return aliases.get(type) ?? type
}

/** The names under which what a webhook is subscribed to is known here: each once, in the order of the first. */
export function canonicalTypes(types: readonly string[], aliases: EventAliases): string[] {
  return [...new Set(types.map((type) => canonicalType(type, aliases)))]
}

/** The names that mean a test delivery. */
export function pingNames(aliases: EventAliases): string[] {
  return [...aliases].filter(([, name]) => isPingType(name)).map(([alias]) => alias)
}

/**
 * Reads envelopes as `parseEnvelope` does, with the canonical type in each. The bytes stay as they came: what is handed
 * on in its original form has the name that Google used.
 */
export function envelopeReader(aliases: EventAliases): (body: Uint8Array) => EventEnvelope {
  if (aliases.size === 0) return parseEnvelope
  return (body) => {
    const envelope = parseEnvelope(body)
    const type = canonicalType(envelope.type, aliases)
    return type === envelope.type ? envelope : { ...envelope, type }
  }
}
