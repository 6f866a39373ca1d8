import { timingSafeEqual } from 'node:crypto'

import { maxLiveTokens, type DynamicEndpointEntry } from '../contract/keyring/entry.ts'
import { hashToken } from '../contract/keyring/token-hash.ts'

/** One token that opens a dynamic endpoint, as its hash. */
interface TokenKey {
  readonly hash: Buffer
  /** Our clock, milliseconds since the epoch: from then on it opens nothing. Absent on the current one. */
  readonly notAfterMs: number | undefined
}

/** What a request on a dynamic path needs to know, made ready. */
export interface DynamicEndpoint {
  readonly tokens: readonly TokenKey[]
  /** Empty: no JWT is accepted. */
  readonly audiences: readonly string[]
}

/** A token without a readable end is left out: it would open the endpoint for ever. */
export function decodeDynamic(
  entry: DynamicEndpointEntry | undefined,
): { endpoint: DynamicEndpoint; problems: string[] } | undefined {
  if (entry === undefined) return undefined
  const tokens: TokenKey[] = []
  const problems: string[] = []
  for (const { hash, notAfter } of entry.tokens) {
    const notAfterMs = notAfter === undefined ? undefined : Date.parse(notAfter)
    if (Number.isNaN(notAfterMs)) problems.push('a token of the dynamic endpoint has a notAfter that is not a time')
    else tokens.push({ hash: Buffer.from(hash, 'hex'), notAfterMs })
  }
  return { endpoint: { tokens, audiences: entry.audiences }, problems }
}

/** Stands in where there is no token to compare with. No text has this hash. */
const nobody: TokenKey = { hash: Buffer.alloc(32), notAfterMs: undefined }

/**
 * Whether `token` opens the endpoint at `nowMs`. Takes the same time for an endpoint that does not exist, for a wrong
 * token and for a right one: always the same number of comparisons, each in constant time, none skipped.
 */
export function opensEndpoint(endpoint: DynamicEndpoint | undefined, token: string, nowMs: number): boolean {
  const given = Buffer.from(hashToken(token), 'hex')
  let opens = false
  for (let slot = 0; slot < maxLiveTokens; slot++) {
    const { hash, notAfterMs } = endpoint?.tokens[slot] ?? nobody
    const isSame = timingSafeEqual(given, hash)
    const isLive = notAfterMs === undefined || nowMs < notAfterMs
    opens = (isSame && isLive) || opens
  }
  return opens
}
