import { createHash, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'

import { createLocalJWKSet, type JSONWebKeySet, type JWK, type JWTVerifyGetKey } from 'jose'

/** One Ed25519 key of the service, ready to verify with. */
export interface PublicKey {
  /** Names the key in logs: first 12 hex digits of the SHA-256 of its bytes. The set as observed carries no `kid`. */
  readonly keyId: string
  readonly key: KeyObject
}

/** The service's public keys, sorted by what they verify. They are shared by all of its customers. */
export interface KeySet {
  readonly ed25519: readonly PublicKey[]
  /** Finds the RSA key that a JWT names. */
  readonly rs256: JWTVerifyGetKey
  /** The same for two sets with the same keys. */
  readonly fingerprint: string
}

/** Three were seen. More than this would only multiply the price of a forged request. */
const maxEd25519Keys = 16
const maxRsaKeys = 16
/** Of all kinds that are looked at: each costs a parse, on the serving thread. */
const maxKeys = 64

/**
 * Sorts a JSON Web Key Set. Keys of other kinds, for encryption, or that cannot be read are left out; undefined when
 * nothing is left.
 */
export function readKeySet({ keys }: JSONWebKeySet): KeySet | undefined {
  const signing = keys.slice(0, maxKeys).filter(({ use }) => use === undefined || use === 'sig')
  const ed25519 = signing.flatMap(readEd25519).slice(0, maxEd25519Keys)
  const rsa = signing.filter(({ kty, alg }) => kty === 'RSA' && (alg === undefined || alg === 'RS256'))
  if (ed25519.length === 0 && rsa.length === 0) return undefined
  return {
    ed25519,
    rs256: createLocalJWKSet({ keys: rsa.slice(0, maxRsaKeys) }),
    fingerprint: [...ed25519.map(({ keyId }) => keyId), ...rsa.map(({ kid, n }) => `${kid}:${n}`)].toSorted().join(' '),
  }
}

function readEd25519({ kty, crv, x = '' }: JWK): PublicKey[] {
  if (kty !== 'OKP' || crv !== 'Ed25519') return []
  const jwk: JsonWebKey = { kty: 'OKP', crv: 'Ed25519', x }
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    return [{ keyId: createHash('sha256').update(Buffer.from(x, 'base64url')).digest('hex').slice(0, 12), key }]
  } catch {
    return [] // Node checks the bytes: too few, too many or none are no key.
  }
}
