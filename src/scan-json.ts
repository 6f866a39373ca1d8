const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const colon = 0x3a
const minus = 0x2d
const plus = 0x2b
const dot = 0x2e
const zero = 0x30
const openBracket = 0x5b
const openBrace = 0x7b
const letterA = 0x61
const letterU = 0x75
const lowerCase = 0x20
const letterE = 0x65
/** What closes a bracket or brace comes two after it. */
const toClosing = 2
const byteOrderMark = [0xef, 0xbb, 0xbf] as const
const words = ['true', 'false', 'null'].map((word) => new TextEncoder().encode(word))
/** 1 for each byte that may follow a backslash. Tables, because every byte is looked up. */
const escaped = tableOf('"\\/bfnrt')
const digits = tableOf('0123456789')
const hexDigits = tableOf('0123456789abcdefABCDEF')
/** Not JSON, or not a valid continuation at this byte. */
const wrong = -1

/** Where something stands in the bytes. */
export interface Span {
  readonly start: number
  readonly end: number
}

/**
 * `depth`: of the object that it is a member of, from 1. Of a value that is an object or a list, the span is its first
 * byte.
 */
export type OnMember = (depth: number, key: Span, value: Span) => void

/**
 * The span of the JSON text in the bytes, which may have blanks around it and nothing else; undefined where the bytes
 * are not JSON, or are nested deeper than `maxDepth`. Reports the members of the outermost objects on the way. One pass
 * that builds nothing, so that scanning any body costs about as much as copying it. UTF-8 is not validated, because its
 * bytes never look like another character. A byte order mark is skipped.
 */
export function scanJson(
  bytes: Uint8Array,
  maxDepth: number,
  onMember?: { upTo: number; call: OnMember },
): Span | undefined {
  const open = new Uint8Array(maxDepth + 1)
  let depth = 0
  let key: Span | undefined
  const begin = skipBlanks(
    bytes,
    byteOrderMark.every((byte, index) => bytes[index] === byte) ? byteOrderMark.length : 0,
  )
  let at = begin
  for (;;) {
    const first = bytes[at] ?? 0
    const isNested = first === openBrace || first === openBracket
    const start = at
    let isOver = !isNested
    if (isNested) {
      if (key !== undefined) onMember?.call(depth, key, { start, end: start + 1 })
      depth += 1
      if (depth > maxDepth) return undefined
      open[depth] = first
      at = skipBlanks(bytes, at + 1)
      isOver = bytes[at] === first + toClosing
    } else {
      at = endOfScalar(bytes, at)
      if (at === wrong) return undefined
      if (key !== undefined) onMember?.call(depth, key, { start, end: at })
      at = skipBlanks(bytes, at)
    }
    if (isOver) {
      while (depth > 0 && bytes[at] === (open[depth] ?? 0) + toClosing) {
        depth -= 1
        at = skipBlanks(bytes, at + 1)
      }
      if (depth === 0) return at === bytes.length ? { start: begin, end: endOfText(bytes) } : undefined
      if (bytes[at] !== comma) return undefined
      at = skipBlanks(bytes, at + 1)
    }
    key = undefined
    if (open[depth] !== openBrace) continue
    const end = bytes[at] === quote ? endOfString(bytes, at) : wrong
    if (end === wrong) return undefined
    if (onMember !== undefined && depth <= onMember.upTo) key = { start: at, end }
    at = skipBlanks(bytes, end)
    if (bytes[at] !== colon) return undefined
    at = skipBlanks(bytes, at + 1)
  }
}

/** Whether the string at `span` says `name`, whichever of its characters are escaped. */
export function isString(bytes: Uint8Array, span: Span, name: string): boolean {
  let at = span.start + 1
  for (let index = 0; index < name.length; index += 1) {
    if (at >= span.end - 1) return false
    let code = bytes[at]
    at += 1
    if (code === backslash) {
      // Names are letters: no other escape stands for one.
      if (bytes[at] !== letterU) return false
      code = codeOfDigits(bytes, at + 1)
      at += 5
    }
    if (code !== name.charCodeAt(index)) return false
  }
  return at === span.end - 1
}

/**
 * Of the four hexadecimal digits of an escape. Without making a text of them: a body may be nothing but names that are
 * escaped.
 */
function codeOfDigits(bytes: Uint8Array, from: number): number {
  let code = 0
  for (let at = from; at < from + 4; at += 1) {
    const digit = bytes[at] ?? 0
    code = code * 16 + (isDigit(digit) ? digit - zero : (digit | lowerCase) - letterA + 10)
  }
  return code
}

function skipBlanks(bytes: Uint8Array, from: number): number {
  let at = from
  while ((bytes[at] ?? 0xff) <= 0x20 && isBlank(bytes[at])) at += 1
  return at
}

function endOfText(bytes: Uint8Array): number {
  let end = bytes.length
  while (isBlank(bytes[end - 1])) end -= 1
  return end
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function endOfScalar(bytes: Uint8Array, at: number): number {
  const first = bytes[at]
  if (first === quote) return endOfString(bytes, at)
  if (first === minus || isDigit(first)) return endOfNumber(bytes, at)
  const word = words.find((expected) => expected.every((byte, index) => bytes[at + index] === byte))
  return word === undefined ? wrong : at + word.length
}

function endOfString(bytes: Uint8Array, start: number): number {
  for (let at = start + 1; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0
    if (byte === quote) return at + 1
    if (byte < 0x20) return wrong
    if (byte !== backslash) continue
    at += 1
    const kind = bytes[at] ?? 0
    if (kind === letterU) {
      for (let digit = 1; digit <= 4; digit += 1) if (!isHexDigit(bytes[at + digit])) return wrong
      at += 4
    } else if (escaped[kind] !== 1) return wrong
  }
  return wrong
}

function endOfNumber(bytes: Uint8Array, start: number): number {
  let at = bytes[start] === minus ? start + 1 : start
  if (!isDigit(bytes[at])) return wrong
  at = bytes[at] === zero ? at + 1 : endOfDigits(bytes, at)
  if (bytes[at] === dot) {
    if (!isDigit(bytes[at + 1])) return wrong
    at = endOfDigits(bytes, at + 1)
  }
  if (((bytes[at] ?? 0) | lowerCase) === letterE) {
    at += bytes[at + 1] === plus || bytes[at + 1] === minus ? 2 : 1
    if (!isDigit(bytes[at])) return wrong
    at = endOfDigits(bytes, at)
  }
  return at
}

function endOfDigits(bytes: Uint8Array, from: number): number {
  let at = from
  while (isDigit(bytes[at])) at += 1
  return at
}

function isDigit(byte: number | undefined): boolean {
  return digits[byte ?? 0] === 1
}

function isHexDigit(byte: number | undefined): boolean {
  return hexDigits[byte ?? 0] === 1
}

function tableOf(characters: string): Uint8Array {
  const table = new Uint8Array(256)
  for (const character of characters) table[character.charCodeAt(0)] = 1
  return table
}
