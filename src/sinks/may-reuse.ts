import type { IncomingMessage } from 'node:http'

/** Statuses whose answers have no body, whatever their headers say. */
const bodiless = new Set([204, 304])

/**
 * Whether the connection can carry another request. Not when the end of the answer is ambiguous: bytes that one reader
 * treats as the rest of it another would treat as the answer to the next request.
 */
export function mayReuse({ statusCode = 0, rawHeaders }: Pick<IncomingMessage, 'statusCode' | 'rawHeaders'>): boolean {
  const lengths = valuesOf(rawHeaders, 'content-length')
  const encodings = valuesOf(rawHeaders, 'transfer-encoding')
  if (bodiless.has(statusCode)) return encodings.length === 0 && lengths.every((length) => length === '0')
  if (encodings.length > 0) return lengths.length === 0 && encodings.join() === 'chunked'
  return lengths.length === 1 && /^\d+$/.test(lengths[0] ?? '')
}

function valuesOf(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders
    .filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name)
    .map((value) => value.trim().toLowerCase())
}
