import { createHmac, generateKeyPairSync, randomUUID, sign, type KeyObject } from 'node:crypto'

import { SignJWT } from 'jose'

import type { Switches } from './switches.ts'
import { liveSecrets, type WebhookRecord } from './webhook-record.ts'

export interface ToSign {
  id: string
  /** Seconds since the epoch, of the attempt. */
  timestamp: number
  body: Uint8Array
}

function signedContent({ id, timestamp, body }: ToSign): Buffer {
  return Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body])
}

/** Standard Webhooks `v1`: HMAC-SHA256 under the bytes behind `whsec_`. */
export function signV1(secret: string, content: ToSign): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  return `v1,${createHmac('sha256', key).update(signedContent(content)).digest('base64')}`
}

/** Standard Webhooks `v1a`: Ed25519. */
function signV1a(key: KeyObject, content: ToSign): string {
  return `v1a,${sign(null, signedContent(content), key).toString('base64')}`
}

const jwtIssuer = 'https://generativelanguage.googleapis.com'
const keysPerSet = 3

interface RsaKey {
  kid: string
  privateKey: KeyObject
  publicKey: KeyObject
}

/**
 * The service's own key pairs: three Ed25519 keys without `kid` as observed, and one RSA key where the documented JWT
 * is asked for.
 */
export class SigningKeys {
  readonly #sets = new Map<string, KeyObject[]>()
  #rsa: RsaKey | undefined

  #set(scope: string): KeyObject[] {
    const known = this.#sets.get(scope)
    if (known !== undefined) return known
    const fresh = Array.from({ length: keysPerSet }, () => generateKeyPairSync('ed25519').privateKey)
    this.#sets.set(scope, fresh)
    return fresh
  }

  #rsaKey(): RsaKey {
    this.#rsa ??= { kid: randomUUID(), ...generateKeyPairSync('rsa', { modulusLength: 2048 }) }
    return this.#rsa
  }

  /** The oldest key of each set gives way to a new one, which signs from now on. */
  rotate(): void {
    this.#rsa = undefined
    for (const [scope, keys] of this.#sets) {
      this.#sets.set(scope, [...keys.slice(1), generateKeyPairSync('ed25519').privateKey])
    }
  }

  /** The JSON Web Key Set as served at /.well-known/jwks.json. */
  jwks(projects: readonly string[], switches: Switches): { keys: Record<string, unknown>[] } {
    const scopes = switches.jwksScope === 'global' ? [globalScope] : projects
    const ed25519 = scopes.flatMap((scope) => this.#set(scope)).map((key) => publicJwk(key, { alg: 'EdDSA' }))
    if (switches.dynamicSigning === 'v1a') return { keys: ed25519 }
    const { kid, privateKey } = this.#rsaKey()
    return { keys: [...ed25519, publicJwk(privateKey, { alg: 'RS256', kid })] }
  }

  #signerFor(project: string, switches: Switches): KeyObject {
    const keys = this.#set(switches.jwksScope === 'global' ? globalScope : project)
    const key = keys.at(-1)
    if (key === undefined) throw new Error('the signing key set is empty')
    return key
  }

  /** `webhook-signature` of a static delivery: one `v1` entry for each valid secret. */
  signStatic(
    record: WebhookRecord,
    project: string,
    content: ToSign,
    context: { nowMs: number; switches: Switches },
  ): string {
    const { nowMs, switches } = context
    const entries = liveSecrets(record, nowMs).map(({ secret }) => signV1(secret, content))
    const v1 = inOrder(entries, switches.rotationSignatures)
    const v1a = switches.v1aOnStatic === 'added' ? [signV1a(this.#signerFor(project, switches), content)] : []
    return [...v1, ...v1a].join(' ')
  }

  /** `webhook-signature` of a dynamic delivery: a `v1a` entry, or the bare JWT, which does not bind the body. */
  async signDynamic(project: string, uri: string, content: ToSign, switches: Switches): Promise<string> {
    if (switches.dynamicSigning === 'v1a') return signV1a(this.#signerFor(project, switches), content)
    const { kid, privateKey } = this.#rsaKey()
    return new SignJWT()
      .setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' })
      .setIssuer(jwtIssuer)
      .setAudience(uri)
      .setJti(content.id)
      .setIssuedAt(content.timestamp)
      .setExpirationTime(content.timestamp + 300)
      .sign(privateKey)
  }
}

const globalScope = ''

function inOrder(oldToNew: string[], order: Switches['rotationSignatures']): string[] {
  switch (order) {
    case 'oldNew':
      return oldToNew
    case 'newOld':
      return oldToNew.toReversed()
    case 'newOnly':
      return oldToNew.slice(-1)
  }
}

function publicJwk(privateKey: KeyObject, extra: { alg: string; kid?: string }): Record<string, unknown> {
  const { kty, crv, x, n, e } = privateKey.export({ format: 'jwk' })
  const material = kty === 'OKP' ? { kty, crv, x } : { kty, n, e }
  return { ...material, use: 'sig', ...extra }
}
