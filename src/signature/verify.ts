import { timingSafeEqual, type KeyObject } from 'node:crypto'

import type { HeaderProblem, SignedHeaders } from './parse-headers.ts'
import { macOf } from './sign.ts'

/** How far a delivery's timestamp may be from our clock, either way. Five minutes is the sender's own advice:
 *  less turns clock skew into lost events, more lets a stolen delivery live longer. */
export const timestampToleranceSeconds = 300

/** The current secret and those of one overlap. More would multiply the price of a forged request. */
export const maxLiveKeys = 4

export interface VerificationKey {
  /** Identifies the key in logs and reports without revealing it. */
  readonly keyId: string
  readonly key: KeyObject
  /** Our clock, milliseconds since the epoch: from then on the key verifies nothing. Absent on the current key. */
  readonly notAfterMs?: number | undefined
}

export type Verdict =
  | { accepted: true; keyId: string }
  | { accepted: false; reason: HeaderProblem | 'NoLiveKey' | 'BadSignature' }
  /** `authentic`: signed by a live key nevertheless. One of the two clocks is wrong, or the delivery is replayed. */
  | { accepted: false; reason: 'StaleTimestamp'; authentic: boolean }

/**
 * Tries every `v1` signature against every key that is live at `nowMs`; the first match wins. Uses only the given
 * bytes: no decoding, no parsing. Never throws. Beyond `maxLiveKeys` keys are not tried.
 */
export function verifyDelivery(
  headers: SignedHeaders,
  body: Uint8Array,
  { keys, nowMs }: { keys: readonly VerificationKey[]; nowMs: number },
): Verdict {
  const live = keys.filter((key) => isLive(key, nowMs)).slice(0, maxLiveKeys)
  if (live.length === 0) return { accepted: false, reason: 'NoLiveKey' }
  const match = live.find((candidate) => isSignedBy(candidate.key, headers, body))
  if (isStale(headers.timestampSeconds, nowMs)) {
    return { accepted: false, reason: 'StaleTimestamp', authentic: match !== undefined }
  }
  return match === undefined ? { accepted: false, reason: 'BadSignature' } : { accepted: true, keyId: match.keyId }
}

export function isLive(key: VerificationKey, nowMs: number): boolean {
  return key.notAfterMs === undefined || nowMs < key.notAfterMs
}

/**
 * Exactly the tolerance still passes, as in the reference libraries. Their clock, like the header, has whole seconds.
 */
export function isStale(timestampSeconds: number, nowMs: number): boolean {
  return Math.abs(Math.floor(nowMs / 1000) - timestampSeconds) > timestampToleranceSeconds
}

function isSignedBy(key: KeyObject, headers: SignedHeaders, body: Uint8Array): boolean {
  // Stryker disable next-line ConditionalExpression: it only saves computing a MAC that nothing is compared with
  if (headers.signatures.length === 0) return false
  const expected = Buffer.from(macOf(headers, body, key), 'latin1')
  return headers.signatures.some((signature) => isSame(expected, Buffer.from(signature, 'latin1')))
}

/** In constant time for equal lengths; the length is no secret, and timingSafeEqual throws on unequal ones. */
function isSame(expected: Buffer, given: Buffer): boolean {
  return expected.length === given.length && timingSafeEqual(expected, given)
}
