/** The three Standard Webhooks headers, read strictly, so that everything after this file deals with bounded, unambiguous text. */

export interface SignedHeaders {
  /** `webhook-id`: visible ASCII without `.` (which separates the signed fields) and `,` (which a repeated header is joined with). */
  readonly id: string
  /** `webhook-timestamp` exactly as it was sent: these digits were signed. */
  readonly timestamp: string
  /** The same in seconds since the epoch. */
  readonly timestampSeconds: number
  /** The payloads of the well-formed `v1` entries of `webhook-signature`, in their order; empty when it carries other versions only. */
  readonly signatures: readonly string[]
}

export type HeaderProblem = 'MissingHeader' | 'MalformedHeader'
export type ParsedHeaders = { valid: true; headers: SignedHeaders } | { valid: false; reason: HeaderProblem }

/** Header names are in lower case, as Node gives them; a repeated header is one text joined with a comma, or a list. */
export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>

/** One per live secret is what a genuine sender writes; more would only buy a forger more comparisons per request. */
export const maxSignatures = 8

/** Roomy for eight entries of any version; a bound of our own that does not move with the server's header limit. */
export const maxSignatureHeaderLength = 2_048

/** `msg_` and a UUID are 40; the inbox keeps at most 256. */
const idPattern = /^[\x21-\x2b\x2d\x2f-\x7e]{1,256}$/
/** All digits, for parsers that stop at the first odd character accept what was never signed; twelve last until the year 33,658. */
const timestampPattern = /^[0-9]{1,12}$/
const entryPattern = /^[A-Za-z0-9]{1,16},[^\s,]+$/
/** 32 bytes in padded base64. */
const hmacPattern = /^[A-Za-z0-9+/]{43}=$/

/**
 * Reads the headers of one delivery. Unknown versions are ignored, malformed entries skipped; a signature header without one well-formed
 * entry, with more than `maxSignatures` of version `v1`, or sent more than once is malformed as a whole.
 */
export function parseHeaders(headers: RequestHeaders): ParsedHeaders {
  const id = headers['webhook-id']
  const timestamp = headers['webhook-timestamp']
  const signature = headers['webhook-signature']
  if (isMissing(id) || isMissing(timestamp) || isMissing(signature)) return { valid: false, reason: 'MissingHeader' }
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signature !== 'string') return malformed
  if (!idPattern.test(id) || !timestampPattern.test(timestamp)) return malformed
  const signatures = parseSignatures(signature)
  if (signatures === undefined) return malformed
  return { valid: true, headers: { id, timestamp, timestampSeconds: Number(timestamp), signatures } }
}

const malformed: ParsedHeaders = { valid: false, reason: 'MalformedHeader' }

function isMissing(value: string | string[] | undefined): value is undefined {
  return value === undefined || value.length === 0
}

function parseSignatures(header: string): string[] | undefined {
  // A comma before a space appears in no entry: it is how a repeated header is joined.
  if (header.length > maxSignatureHeaderLength || header.includes(', ')) return undefined
  const signatures: string[] = []
  let wellFormed = 0
  for (const entry of header.split(' ')) {
    if (!entryPattern.test(entry)) continue
    if (!entry.startsWith('v1,')) {
      wellFormed++ // another version: not ours to judge
      continue
    }
    const payload = entry.slice('v1,'.length)
    if (!hmacPattern.test(payload)) continue
    wellFormed++
    signatures.push(payload)
  }
  return wellFormed === 0 || signatures.length > maxSignatures ? undefined : signatures
}
