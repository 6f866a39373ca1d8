import { isUtf8 } from 'node:buffer'

import { isString, scanJson, type OnMember, type Span } from '../scan-json.ts'
import type { EventEnvelope } from './event.ts'

/** The type of an event whose body cannot be read. */
const unknownType = 'unknown'
/**
 * JSON nested deeper than this is opaque: no known event nests deeper than 4, and deep nesting costs every reader
 * stack.
 */
const maxJsonDepth = 64
const maxTypeCharacters = 256
const maxDataIdCharacters = 1024
/** The longest has 35, or more where it counts smaller parts of a second. */
const maxTimeCharacters = 256
/** As an escape; all others take less. */
const maxBytesPerCharacter = 6
const quote = 0x22
const openBrace = 0x7b
const decoder = new TextDecoder()
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i

/**
 * Reads the envelope `{type, version, timestamp, data}` of a delivery, leniently: whatever is missing, of the wrong
 * kind or too long is left out, and a body that is not JSON has the type `unknown`. Never throws. The body has been
 * verified before; nothing here decides whether it is kept. One pass over the bytes, in which nothing but these texts
 * is built: a body may have 256 KiB of JSON that takes long to parse.
 */
export function parseEnvelope(body: Uint8Array): EventEnvelope {
  const { type, timestamp, dataId, json } = findMembers(body)
  const time = textAt(body, timestamp, maxTimeCharacters)
  const id = textAt(body, dataId, maxDataIdCharacters)
  return {
    type: textAt(body, type, maxTypeCharacters) ?? unknownType,
    ...(time !== undefined && isTime(time) && { timestamp: time }),
    ...(id !== undefined && { dataId: id }),
    ...(json !== undefined && isUtf8(body) && { json }),
  }
}

interface Found {
  type?: Span
  timestamp?: Span
  dataId?: Span
  json?: Span
}

/** Where the last member of each name stands, as in any JSON parser; empty for a body that is no JSON. */
function findMembers(body: Uint8Array): Found {
  const found: Found = {}
  let isInData = false
  const onMember: OnMember = (depth, key, value) => {
    if (depth === 2) {
      if (isInData && isString(body, key, 'id')) found.dataId = value
    } else if (isString(body, key, 'type')) found.type = value
    else if (isString(body, key, 'timestamp')) found.timestamp = value
    else if (isString(body, key, 'data')) delete found.dataId
    if (depth === 1) isInData = body[value.start] === openBrace && isString(body, key, 'data')
  }
  const json = scanJson(body, maxJsonDepth, { upTo: 2, call: onMember })
  return json === undefined ? {} : { ...found, json }
}

/** The string that stands there; undefined where none does, or an empty one, or one that is too long. */
function textAt(body: Uint8Array, span: Span | undefined, maxCharacters: number): string | undefined {
  if (span === undefined || body[span.start] !== quote) return undefined
  if (span.end - span.start > maxCharacters * maxBytesPerCharacter + 2) return undefined
  const text = String(JSON.parse(decoder.decode(body.subarray(span.start, span.end))))
  return text !== '' && text.length <= maxCharacters ? text : undefined
}

function isTime(value: string): boolean {
  return rfc3339.test(value) && !Number.isNaN(Date.parse(value))
}
