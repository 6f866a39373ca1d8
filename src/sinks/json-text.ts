/** JSON nested deeper than this is opaque bytes: whoever parses it spends stack on every level. */
const maxJsonDepth = 64

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The text of a body that is JSON in UTF-8 (a byte order mark is dropped); undefined for all else. */
export function jsonTextOf(body: Uint8Array): string | undefined {
  try {
    const text = utf8.decode(body)
    JSON.parse(text)
    return isNestedDeeper(text, maxJsonDepth) ? undefined : text
  } catch {
    return undefined
  }
}

/** Counts brackets outside of strings. For text that is known to be JSON. */
function isNestedDeeper(json: string, limit: number): boolean {
  let depth = 0
  for (const [token] of json.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{}]/g)) {
    if (token === '[' || token === '{') depth += 1
    else if (token === ']' || token === '}') depth -= 1
    if (depth > limit) return true
  }
  return false
}
