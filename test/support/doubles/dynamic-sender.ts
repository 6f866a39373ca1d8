import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'

import { SignJWT } from 'jose'

import { hashToken } from '../../../src/contract/keyring/token-hash.ts'
import { readKeySet, type KeySet } from '../../../src/signature/key-set.ts'

/**
 * A service of the test's own with Ed25519 keys without `kid` and one RSA key: it signs as Google does, and shows its
 * public keys as Google does.
 */
export function aDynamicSender(options: { ed25519Keys?: number } = {}) {
  const { ed25519Keys = 3 } = options
  const pairs = Array.from({ length: ed25519Keys }, () => generateKeyPairSync('ed25519').privateKey)
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const jwks = () => ({
    keys: [...pairs.map((key) => publicJwk(key, { alg: 'EdDSA' })), publicJwk(rsa, { alg: 'RS256', kid: 'rsa-1' })],
  })
  return {
    jwks,
    keySet: (): KeySet => {
      const set = readKeySet(jwks())
      if (set === undefined) throw new Error("the test's own key set is not usable")
      return set
    },
    rotate: () => void pairs.splice(0, 1, generateKeyPairSync('ed25519').privateKey),
    /** The three headers of a genuine `v1a` delivery, signed with the key at this place of the set. */
    headers(given: { id?: string; timestampSeconds: number; body: string; key?: number }): Record<string, string> {
      const { id = 'msg_1', timestampSeconds, body, key = 0 } = given
      const privateKey = pairs[key]
      if (privateKey === undefined) throw new Error(`the test's sender has no key ${key}`)
      const content = Buffer.from(`${id}.${timestampSeconds}.${body}`)
      return {
        'webhook-id': id,
        'webhook-timestamp': String(timestampSeconds),
        'webhook-signature': `v1a,${sign(null, content, privateKey).toString('base64')}`,
      }
    },
    /** A JWT as the documentation describes it; what is given takes the place of what is right. */
    jwt(given: {
      audience: string
      nowSeconds: number
      issuer?: string
      kid?: string
      alg?: 'RS256' | 'RS512' | 'PS256'
      /** `never`: the token has no `exp`. */
      endsAt?: number | 'never'
    }): Promise<string> {
      const { audience, nowSeconds, kid = 'rsa-1', alg = 'RS256', endsAt = nowSeconds + 300 } = given
      const token = new SignJWT()
        .setProtectedHeader({ alg, kid, typ: 'JWT' })
        .setIssuer(given.issuer ?? 'https://generativelanguage.googleapis.com')
        .setAudience(audience)
        .setIssuedAt(nowSeconds)
      return (endsAt === 'never' ? token : token.setExpirationTime(endsAt)).sign(rsa)
    },
  }
}

/** A keyring entry's dynamic part for these tokens, current first. */
export function aDynamicPart(...tokens: (string | { token: string; notAfter: string })[]) {
  return {
    tokens: tokens.map((each) =>
      typeof each === 'string' ? { hash: hashToken(each) } : { hash: hashToken(each.token), notAfter: each.notAfter },
    ),
    audiences: [] as string[],
  }
}

function publicJwk(privateKey: KeyObject, extra: { alg: string; kid?: string }) {
  const { kty, crv, x, n, e } = privateKey.export({ format: 'jwk' })
  if (kty === 'OKP')
    return { kty, ...(crv !== undefined && { crv }), ...(x !== undefined && { x }), use: 'sig', ...extra }
  return { kty: 'RSA', ...(n !== undefined && { n }), ...(e !== undefined && { e }), use: 'sig', ...extra }
}
