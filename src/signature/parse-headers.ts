import { ok, problem, type Result } from '../result.ts'

/**
 * The three Standard Webhooks headers, read strictly, so that everything after this file deals with bounded,
 * unambiguous text.
 */

export interface SignedHeaders {
  /**
   * `webhook-id`: visible ASCII without `.` (which separates the signed fields) and `,` (which a repeated header is
   * joined with).
   */
  readonly id: string
  /** `webhook-timestamp` exactly as it was sent: these digits were signed. */
  readonly timestamp: string
  /** The same in seconds since the epoch. */
  readonly timestampSeconds: number
  /**
   * The payloads of the well-formed entries of the wanted version, in their order; empty when `webhook-signature`
   * carries other versions only.
   */
  readonly signatures: readonly string[]
}

/** The headers of a delivery on a dynamic path: `v1a` entries, or the one JWT that takes their place. */
export interface DynamicHeaders extends SignedHeaders {
  readonly jwt?: string
}

export type HeaderProblem = 'MissingHeader' | 'MalformedHeader'
export type ParsedHeaders<H = SignedHeaders> = Result<H, HeaderProblem>

/** Header names are in lower case, as Node gives them; a repeated header is one text joined with a comma, or a list. */
export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>

/** One per live secret is what a genuine sender writes; more would only buy a forger more comparisons per request. */
export const maxSignatures = 8

/** One is what the sender writes. Each costs a public-key operation for every key of the set. */
export const maxAsymmetricSignatures = 4

/**
 * A bound of our own that does not move with the server's header limit. Roomy for entries of a version to come beside
 * those of today, for each of two secrets: what resists quantum computers (ML-DSA) has 3,228 characters in base64.
 */
export const maxSignatureHeaderLength = 8_192

/** A bare token has about 700. */
export const maxJwtLength = 2_048

/** `msg_` and a UUID are 40; the inbox keeps at most 256. */
const idPattern = /^[\x21-\x2b\x2d\x2f-\x7e]{1,256}$/
/**
 * All digits, because parsers that stop at the first odd character accept what was never signed; twelve last until the
 * year 33,658.
 */
const timestampPattern = /^[0-9]{1,12}$/
const entryPattern = /^[A-Za-z0-9]{1,16},[^\s,]+$/
/** 32 bytes in padded base64. */
const hmacPattern = /^[A-Za-z0-9+/]{43}=$/

/** 64 bytes in padded base64. */
const ed25519Pattern = /^[A-Za-z0-9+/]{86}==$/
/** Three parts in base64url. */
const jwtPattern = /^[A-Za-z0-9_-]{1,512}\.[A-Za-z0-9_-]{1,1024}\.[A-Za-z0-9_-]{1,1024}$/

interface Version {
  readonly prefix: string
  readonly pattern: RegExp
  readonly max: number
}

const hmacVersion: Version = { prefix: 'v1,', pattern: hmacPattern, max: maxSignatures }
const ed25519Version: Version = { prefix: 'v1a,', pattern: ed25519Pattern, max: maxAsymmetricSignatures }

/**
 * Reads the headers of one delivery on a static path. Unknown versions are ignored, malformed entries skipped; a
 * signature header without one well-formed entry, with more than `maxSignatures` of version `v1`, or sent more than
 * once is malformed as a whole.
 */
export function parseHeaders(headers: RequestHeaders): ParsedHeaders {
  const fields = parseFields(headers)
  if (!fields.ok) return fields
  const signatures = parseSignatures(fields.value.signature, hmacVersion)
  if (signatures === undefined) return malformed
  return ok({ ...fields.value.signed, signatures })
}

/**
 * The same for a dynamic path, where the entries are of version `v1a`. With `acceptsJwt` the whole signature header may
 * be one bare JWT instead.
 */
export function parseDynamicHeaders(
  headers: RequestHeaders,
  { acceptsJwt }: { acceptsJwt: boolean },
): ParsedHeaders<DynamicHeaders> {
  const fields = parseFields(headers)
  if (!fields.ok) return fields
  const { signed, signature } = fields.value
  if (acceptsJwt && signature.length <= maxJwtLength && jwtPattern.test(signature)) {
    return ok({ ...signed, signatures: [], jwt: signature })
  }
  const signatures = parseSignatures(signature, ed25519Version)
  if (signatures === undefined) return malformed
  return ok({ ...signed, signatures })
}

interface Fields {
  readonly signed: Omit<SignedHeaders, 'signatures'>
  readonly signature: string
}

function parseFields(headers: RequestHeaders): Result<Fields, HeaderProblem> {
  const id = headers['webhook-id']
  const timestamp = headers['webhook-timestamp']
  const signature = headers['webhook-signature']
  if (isMissing(id) || isMissing(timestamp) || isMissing(signature)) return problem('MissingHeader')
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signature !== 'string') return malformed
  if (!idPattern.test(id) || !timestampPattern.test(timestamp)) return malformed
  return ok({ signed: { id, timestamp, timestampSeconds: Number(timestamp) }, signature })
}

const malformed = problem<HeaderProblem>('MalformedHeader')

function isMissing(value: string | string[] | undefined): value is undefined {
  return value === undefined || value.length === 0
}

function parseSignatures(header: string, { prefix, pattern, max }: Version): string[] | undefined {
  // A comma before a space appears in no entry: it is how a repeated header is joined.
  if (header.length > maxSignatureHeaderLength || header.includes(', ')) return undefined
  const signatures: string[] = []
  let wellFormed = 0
  for (const entry of header.split(' ')) {
    if (!entryPattern.test(entry)) continue
    if (!entry.startsWith(prefix)) {
      wellFormed++ // another version: not ours to judge
      continue
    }
    const payload = entry.slice(prefix.length)
    if (!pattern.test(payload)) continue
    wellFormed++
    signatures.push(payload)
  }
  return wellFormed === 0 || signatures.length > max ? undefined : signatures
}
