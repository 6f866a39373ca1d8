import type { EventEnvelope } from './event.ts'

/** What an event is called whose body we cannot read. */
const unknownType = 'unknown'
/** JSON nested deeper than this is opaque: no known event nests deeper than 4, and deep nesting costs every reader stack. */
const maxJsonDepth = 64
const maxTypeCharacters = 256
const maxDataIdCharacters = 1024
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i

/**
 * Reads the envelope `{type, version, timestamp, data}` of a delivery, leniently: whatever is missing, of the wrong kind or too long is left out, and a
 * body that is not JSON has the type `unknown`. Never throws. The body has been verified before; nothing here decides whether it is kept.
 */
export function parseEnvelope(body: Uint8Array): EventEnvelope {
  const envelope = readJsonObject(body)
  if (envelope === undefined) return { type: unknownType }
  const { type, timestamp, data } = envelope
  const dataId = isRecord(data) ? data['id'] : undefined
  return {
    type: isText(type, maxTypeCharacters) ? type : unknownType,
    ...(typeof timestamp === 'string' && isTime(timestamp) && { timestamp }),
    ...(isText(dataId, maxDataIdCharacters) && { dataId }),
  }
}

function readJsonObject(body: Uint8Array): Record<string, unknown> | undefined {
  if (isDeeperThan(maxJsonDepth, body)) return undefined
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body))
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

const quote = 0x22
const backslash = 0x5c
const opening = new Set([0x5b, 0x7b])
const closing = new Set([0x5d, 0x7d])

/** Counts brackets outside of strings, without parsing. Bytes are enough: UTF-8 never uses these values inside another character. */
function isDeeperThan(limit: number, body: Uint8Array): boolean {
  let depth = 0
  let inString = false
  for (let at = 0; at < body.length; at++) {
    const byte = body[at] ?? 0
    if (inString) {
      if (byte === backslash) at++
      else if (byte === quote) inString = false
    } else if (byte === quote) inString = true
    else if (opening.has(byte) && ++depth > limit) return true
    else if (closing.has(byte)) depth--
  }
  return false
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown, maxCharacters: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxCharacters
}

function isTime(value: string): boolean {
  return rfc3339.test(value) && !Number.isNaN(Date.parse(value))
}
