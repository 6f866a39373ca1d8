import { verify, type KeyObject } from 'node:crypto'

import { errors, jwtVerify } from 'jose'

import type { KeySet, PublicKey } from './key-set.ts'
import type { DynamicHeaders } from './parse-headers.ts'
import { timestampToleranceSeconds } from './verify.ts'

/**
 * The issuer of the JWTs of the documentation. Every project at the service has the same issuer: the audience shows
 * whose they are.
 */
const jwtIssuer = 'https://generativelanguage.googleapis.com'

export type PublicKeyVerdict = { accepted: true; keyId: string } | { accepted: false }

export interface PublicKeyCheck {
  readonly keys: KeySet
  /** Empty: no JWT is accepted. */
  readonly audiences: readonly string[]
  /**
   * Our clock, milliseconds since the epoch: for the JWT's own times. The caller checks beforehand whether the
   * delivery's timestamp is stale.
   */
  readonly nowMs: number
}

const refused: PublicKeyVerdict = { accepted: false }

/**
 * Verifies deliveries of dynamic endpoints: `v1a` (Ed25519 over `id.timestamp.body`), or the documented RS256 JWT where
 * audiences are given. A try takes some 165 microseconds, so they run on the thread pool, and the key that last fitted
 * is tried first. Never throws on any bytes.
 */
export class PublicKeyVerifier {
  #lastGoodKeyId: string | undefined

  async verify(headers: DynamicHeaders, body: Uint8Array, check: PublicKeyCheck): Promise<PublicKeyVerdict> {
    if (headers.jwt !== undefined) return verifyJwt(headers.jwt, check)
    const content = Buffer.concat([Buffer.from(`${headers.id}.${headers.timestamp}.`), body])
    const candidates = this.#lastGoodFirst(check.keys.ed25519)
    for (const signature of headers.signatures) {
      const bytes = Buffer.from(signature, 'base64')
      for (const { keyId, key } of candidates) {
        if (!(await isSignedBy(key, content, bytes))) continue
        this.#lastGoodKeyId = keyId
        return { accepted: true, keyId }
      }
    }
    return refused
  }

  #lastGoodFirst(keys: readonly PublicKey[]): readonly PublicKey[] {
    const last = keys.find(({ keyId }) => keyId === this.#lastGoodKeyId)
    return last === undefined ? keys : [last, ...keys.filter((key) => key !== last)]
  }
}

function isSignedBy(key: KeyObject, content: Uint8Array, signature: Uint8Array): Promise<boolean> {
  return new Promise((resolve, reject) => {
    verify(null, content, key, signature, (error, holds) => (error === null ? resolve(holds) : reject(error)))
  })
}

/**
 * The documented form. It does not cover the body, which is why it must be asked for; algorithm, issuer and audience
 * are pinned, an end is required.
 */
async function verifyJwt(jwt: string, { keys, audiences, nowMs }: PublicKeyCheck): Promise<PublicKeyVerdict> {
  // Stryker disable next-line ConditionalExpression: jose refuses an empty list as well; this check does not depend on jose alone
  if (audiences.length === 0) return refused
  try {
    const { protectedHeader } = await jwtVerify(jwt, keys.rs256, {
      algorithms: ['RS256'],
      issuer: jwtIssuer,
      audience: [...audiences],
      requiredClaims: ['exp'],
      clockTolerance: timestampToleranceSeconds,
      currentDate: new Date(nowMs),
    })
    return { accepted: true, keyId: protectedHeader.kid ?? 'rs256' }
  } catch (error) {
    // Any error of jose is a verdict on the token.
    if (error instanceof errors.JOSEError) return refused
    throw error
  }
}
