import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'

import * as fc from 'fast-check'
import { SignJWT } from 'jose'

import { readKeySet, type KeySet } from '../../../src/signature/key-set.ts'
import {
  maxAsymmetricSignatures,
  maxJwtLength,
  parseDynamicHeaders,
  type RequestHeaders,
} from '../../../src/signature/parse-headers.ts'
import { PublicKeyVerifier } from '../../../src/signature/verify-public-key.ts'
import { aDynamicSender } from '../../support/doubles/dynamic-sender.ts'
import { v1aVector, v1Vectors } from './vectors.ts'

const nowSeconds = 1_795_000_000
const nowMs = nowSeconds * 1000
const body = '{"type":"batch.succeeded"}'
const audience = 'https://hooks.example.com/v1/d/ml/batch-events/token'

function headersOf(headers: RequestHeaders, acceptsJwt = false) {
  const parsed = parseDynamicHeaders(headers, { acceptsJwt })
  assert.ok(parsed.ok, 'the headers of the test are well-formed')
  return parsed.value
}

function verify(
  headers: RequestHeaders,
  given: { keys: KeySet; body?: string; audiences?: string[]; verifier?: PublicKeyVerifier; atMs?: number },
) {
  const { keys, audiences = [], verifier = new PublicKeyVerifier(), atMs = nowMs } = given
  const parsed = headersOf(headers, audiences.length > 0)
  return verifier.verify(parsed, Buffer.from(given.body ?? body), { keys, audiences, nowMs: atMs })
}

test('the published v1a vector verifies, and with any byte of the body changed it does not', async () => {
  const x = Buffer.from(v1aVector.publicKey.slice('whpk_'.length), 'base64').toString('base64url')
  const keys = readKeySet({ keys: [{ kty: 'OKP', crv: 'Ed25519', x }] })
  assert.ok(keys)
  const headers = {
    'webhook-id': v1aVector.id,
    'webhook-timestamp': v1aVector.timestamp,
    'webhook-signature': v1aVector.signature,
  }
  assert.equal((await verify(headers, { keys, body: v1aVector.body })).accepted, true)
  for (let at = 0; at < v1aVector.body.length; at++) {
    const changed = Buffer.from(v1aVector.body)
    changed[at] = (changed[at] ?? 0) ^ 1
    assert.equal((await verify(headers, { keys, body: changed.toString('latin1') })).accepted, false)
  }
})

test('a signature by any key of the set is accepted and its key named, whatever stands before it', async () => {
  const sender = aDynamicSender()
  const keys = sender.keySet()
  const stranger = aDynamicSender().headers({ timestampSeconds: nowSeconds, body })['webhook-signature']
  for (const key of [0, 1, 2]) {
    const headers = sender.headers({ timestampSeconds: nowSeconds, body, key })
    const list = `v9,later v1,${'A'.repeat(43)}= ${stranger} ${headers['webhook-signature']}`
    const verdict = await verify({ ...headers, 'webhook-signature': list }, { keys })
    assert.deepEqual(verdict, { accepted: true, keyId: keys.ed25519[key]?.keyId })
  }
})

test('a verifier that has seen a key fit still accepts all the others', async () => {
  const sender = aDynamicSender()
  const verifier = new PublicKeyVerifier()
  for (const key of [2, 0, 1, 2, 2]) {
    const headers = sender.headers({ timestampSeconds: nowSeconds, body, key })
    assert.equal((await verify(headers, { keys: sender.keySet(), verifier })).accepted, true)
  }
})

test('id, timestamp and body are each bound by the signature', async () => {
  const sender = aDynamicSender()
  const keys = sender.keySet()
  const headers = sender.headers({ timestampSeconds: nowSeconds, body })
  assert.equal((await verify({ ...headers, 'webhook-id': 'msg_2' }, { keys })).accepted, false)
  assert.equal((await verify({ ...headers, 'webhook-timestamp': String(nowSeconds + 1) }, { keys })).accepted, false)
  assert.equal((await verify(headers, { keys, body: `${body} ` })).accepted, false)
})

test('another service with keys of its own is refused', async () => {
  const headers = aDynamicSender().headers({ timestampSeconds: nowSeconds, body })
  assert.equal((await verify(headers, { keys: aDynamicSender().keySet() })).accepted, false)
})

test('signatures of version v1 are not looked at, and too many of version v1a are malformed', () => {
  const [vector] = v1Vectors
  const fields = { 'webhook-id': vector.id, 'webhook-timestamp': vector.timestamp }
  assert.deepEqual(headersOf({ ...fields, 'webhook-signature': vector.signature }).signatures, [])
  const many = Array.from({ length: maxAsymmetricSignatures + 1 }, () => v1aVector.signature).join(' ')
  const parsed = parseDynamicHeaders({ ...fields, 'webhook-signature': many }, { acceptsJwt: true })
  assert.deepEqual(parsed, { ok: false, problem: 'MalformedHeader' })
})

const jwtHeaders = (jwt: string) => ({
  'webhook-id': 'msg_1',
  'webhook-timestamp': String(nowSeconds),
  'webhook-signature': jwt,
})

test('a JWT of the documented form is accepted for one of the audiences', async () => {
  const sender = aDynamicSender()
  const headers = jwtHeaders(await sender.jwt({ audience, nowSeconds }))
  const verdict = await verify(headers, { keys: sender.keySet(), audiences: ['other', audience] })
  assert.deepEqual(verdict, { accepted: true, keyId: 'rsa-1' })
})

test('without audiences a JWT is no well-formed signature', async () => {
  const jwt = await aDynamicSender().jwt({ audience, nowSeconds })
  assert.deepEqual(parseDynamicHeaders(jwtHeaders(jwt), { acceptsJwt: false }), {
    ok: false,
    problem: 'MalformedHeader',
  })
})

const wrongJwts: { name: string; change: Partial<Parameters<ReturnType<typeof aDynamicSender>['jwt']>[0]> }[] = [
  { name: 'for another audience', change: { audience: 'https://elsewhere.example.com' } },
  { name: 'of another issuer', change: { issuer: 'https://accounts.google.com' } },
  { name: 'by a key that the set does not have', change: { kid: 'rsa-2' } },
  { name: 'that has ended', change: { endsAt: nowSeconds - 301 } },
  { name: 'that never ends', change: { endsAt: 'never' } },
]
for (const { name, change } of wrongJwts) {
  test(`a JWT ${name} is refused`, async () => {
    const sender = aDynamicSender()
    const headers = jwtHeaders(await sender.jwt({ audience, nowSeconds, ...change }))
    assert.deepEqual(await verify(headers, { keys: sender.keySet(), audiences: [audience] }), { accepted: false })
  })
}

test('a JWT that chooses its own algorithm is refused', async () => {
  const sender = aDynamicSender()
  const claims = { iss: 'https://generativelanguage.googleapis.com', aud: audience, exp: nowSeconds + 300 }
  const none = [{ alg: 'none' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  const hmac = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', kid: 'rsa-1' })
    .sign(Buffer.from(JSON.stringify(sender.jwks().keys.at(-1))))
  for (const jwt of [`${none}.AA`, hmac]) {
    assert.deepEqual(await verify(jwtHeaders(jwt), { keys: sender.keySet(), audiences: [audience] }), {
      accepted: false,
    })
  }
})

test('keys for encryption, of other kinds and damaged ones are left out of a set; a set without any other is none', () => {
  const { keys } = aDynamicSender({ ed25519Keys: 1 }).jwks()
  const strange = [
    { kty: 'OKP', crv: 'Ed25519', x: 'AAAA' },
    { kty: 'OKP', crv: 'X25519', x: Buffer.alloc(32, 1).toString('base64url') },
    { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' },
    { kty: 'EC', crv: 'Ed25519', x: Buffer.alloc(32, 1).toString('base64url') },
    { kty: 'OKP', crv: 'Ed25519' },
    { ...keys[0], use: 'enc' },
  ]
  assert.equal(readKeySet({ keys: [...strange, ...keys] })?.ed25519.length, 1)
  assert.equal(readKeySet({ keys: strange }), undefined)
})

for (const alg of ['RS512', 'PS256'] as const) {
  test(`a JWT by the right key with ${alg} is refused, also where the key names no algorithm`, async () => {
    const sender = aDynamicSender()
    const keys = readKeySet({ keys: sender.jwks().keys.map(({ alg: _named, ...key }) => key) })
    assert.ok(keys)
    const given = { keys, audiences: [audience] }
    assert.equal((await verify(jwtHeaders(await sender.jwt({ audience, nowSeconds })), given)).accepted, true)
    const jwt = await sender.jwt({ audience, nowSeconds, alg })
    assert.deepEqual(await verify(jwtHeaders(jwt), given), { accepted: false })
  })
}

test('the key that fitted last is tried first, and each key once', async () => {
  const sender = aDynamicSender()
  const keys = sender.keySet()
  const tried: number[] = []
  const recorded = keys.ed25519.map(({ keyId, key }, index) => ({
    keyId,
    get key() {
      tried.push(index)
      return key
    },
  }))
  const verifier = new PublicKeyVerifier()
  const check = (headers: RequestHeaders) => verify(headers, { keys: { ...keys, ed25519: recorded }, verifier })
  const from = (key: number) => sender.headers({ timestampSeconds: nowSeconds, body, key })
  const stranger = aDynamicSender().headers({ timestampSeconds: nowSeconds, body })
  for (const headers of [from(1), from(1), stranger, from(0), from(2)]) await check(headers)
  assert.deepEqual(tried, [0, 1, 1, 1, 0, 2, 1, 0, 0, 1, 2])
})

test('what is no verdict on the delivery is a fault, and not taken for a refusal', async () => {
  const sender = aDynamicSender()
  const keys = sender.keySet()
  const { publicKey } = generateKeyPairSync('x25519')
  const unfit = { ...keys, ed25519: [{ keyId: 'unfit', key: publicKey }] }
  await assert.rejects(verify(sender.headers({ timestampSeconds: nowSeconds, body }), { keys: unfit }))
  const broken = { ...keys, rs256: () => Promise.reject(new TypeError('the thread is gone')) }
  const jwt = jwtHeaders(await sender.jwt({ audience, nowSeconds }))
  await assert.rejects(verify(jwt, { keys: broken, audiences: [audience] }), TypeError)
})

test('a header that is one JWT is read as such up to its bound', () => {
  const long = `${'a'.repeat(512)}.${'b'.repeat(1_024)}.`
  const jwt = `${long}${'c'.repeat(maxJwtLength - long.length)}`
  assert.deepEqual(headersOf(jwtHeaders(jwt), true), {
    id: 'msg_1',
    timestamp: String(nowSeconds),
    timestampSeconds: nowSeconds,
    signatures: [],
    jwt,
  })
  for (const wrong of [`${jwt}c`, '?a.b.c', 'a.b.c?']) {
    const parsed = parseDynamicHeaders(jwtHeaders(wrong), { acceptsJwt: true })
    assert.deepEqual(parsed, { ok: false, problem: 'MalformedHeader' }, wrong)
  }
})

for (const wrong of [`v1a,A${v1aVector.signature.slice('v1a,'.length)}`, `${v1aVector.signature}A`]) {
  test(`the entry ${wrong.slice(0, 9)}...${wrong.slice(-4)} is no signature`, () => {
    const parsed = parseDynamicHeaders(jwtHeaders(wrong), { acceptsJwt: false })
    assert.deepEqual(parsed, { ok: false, problem: 'MalformedHeader' })
  })
}

test('at most sixteen keys of a kind are kept, each under twelve digits of its own', async () => {
  const { keys } = aDynamicSender({ ed25519Keys: 17 }).jwks()
  const rsa = Array.from({ length: 17 }, (_, index) => ({ ...keys.at(-1), kty: 'RSA', kid: `rsa-${index}` }))
  const set = readKeySet({ keys: [...keys.slice(0, -1), ...rsa] })
  assert.equal(set?.ed25519.length, 16)
  for (const { keyId } of set.ed25519) assert.match(keyId, /^[0-9a-f]{12}$/)
  assert.ok(await set.rs256({ alg: 'RS256', kid: 'rsa-15' }, { payload: '', signature: '' }))
  await assert.rejects(async () => set.rs256({ alg: 'RS256', kid: 'rsa-16' }, { payload: '', signature: '' }))
})

test('an RSA key alone is a set, unless it is for another algorithm; its change is a change of the set', () => {
  const key = { ...aDynamicSender().jwks().keys.at(-1), kty: 'RSA' }
  const { alg: _alg, ...unnamed } = { alg: 'RS256', ...key }
  assert.ok(readKeySet({ keys: [key] }))
  assert.ok(readKeySet({ keys: [unnamed] }))
  assert.equal(readKeySet({ keys: [{ ...key, alg: 'RS512' }] }), undefined)
  const other = { ...aDynamicSender().jwks().keys.at(-1), kty: 'RSA' }
  const fingerprints = [key, { ...key, kid: 'rsa-2' }, other].map((each) => readKeySet({ keys: [each] })?.fingerprint)
  assert.equal(new Set(fingerprints).size, 3)
})

test('no text in the signature header makes a verifier throw, or accept what was not signed', async () => {
  const sender = aDynamicSender({ ed25519Keys: 1 })
  const keys = sender.keySet()
  const verifier = new PublicKeyVerifier()
  const good = sender.headers({ timestampSeconds: nowSeconds, body })
  const genuine = good['webhook-signature'] ?? ''
  const jwt = await sender.jwt({ audience, nowSeconds })
  const header = fc.oneof(
    fc.string({ maxLength: 120 }),
    mutated(genuine),
    mutated(jwt),
    fc.array(mutated(genuine), { minLength: 1, maxLength: 4 }).map((entries) => entries.join(' ')),
  )
  await fc.assert(
    fc.asyncProperty(header, fc.boolean(), async (signature, acceptsJwt) => {
      const parsed = parseDynamicHeaders({ ...good, 'webhook-signature': signature }, { acceptsJwt })
      if (!parsed.ok) return
      const check = { keys, audiences: acceptsJwt ? [audience] : [], nowMs }
      const { accepted } = await verifier.verify(parsed.value, Buffer.from(`${body} `), check)
      assert.equal(accepted, false)
    }),
    { numRuns: 2_000 },
  )
})

/** The text with one character put in the place of another: never the text itself. */
function mutated(text: string): fc.Arbitrary<string> {
  const printable = fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCodePoint(code))
  // The last characters of base64url hold bits that nobody reads, so another one there may say the same.
  return fc
    .tuple(fc.nat({ max: text.length - 3 }), printable)
    .map(([at, character]) => `${text.slice(0, at)}${character === text[at] ? '~' : character}${text.slice(at + 1)}`)
}
