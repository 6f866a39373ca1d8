import assert from 'node:assert/strict'
import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto'
import { test } from 'node:test'

import * as fc from 'fast-check'
import { Webhook } from 'standardwebhooks'

import { parseHeaders, type SignedHeaders } from '../../../src/signature/parse-headers.ts'
import { signatureHeader } from '../../../src/signature/sign.ts'
import { decodeSigningSecret } from '../../../src/signature/signing-secret.ts'
import {
  maxLiveKeys,
  timestampToleranceSeconds,
  verifyDelivery,
  type VerificationKey,
} from '../../../src/signature/verify.ts'
import { asymmetricSignature, strangersSignature, v1Vectors } from './vectors.ts'

const nowSeconds = 1_795_223_501
const nowMs = nowSeconds * 1000
const body = Buffer.from('{"type":"batch.succeeded","data":{"id":"batches/1"}}')

function keyOf(secret: string): KeyObject {
  const decoded = decodeSigningSecret(secret)
  assert.ok(decoded.ok)
  return decoded.value
}

function aKey(keyId: string, notAfterMs?: number): VerificationKey {
  return { keyId, key: createSecretKey(randomBytes(24)), notAfterMs }
}

function headersOf(signature: string, timestamp = String(nowSeconds), id = 'msg_1'): SignedHeaders {
  const parsed = parseHeaders({ 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature })
  assert.ok(parsed.ok, signature)
  return parsed.value
}

function signed(keys: readonly VerificationKey[], timestamp = String(nowSeconds)): SignedHeaders {
  return headersOf(
    signatureHeader(
      { id: 'msg_1', timestamp },
      body,
      keys.map(({ key }) => key),
    ),
    timestamp,
  )
}

for (const vector of v1Vectors) {
  const keys = [{ keyId: 'vector', key: keyOf(vector.secret) }]
  const atThatTime = { keys, nowMs: Number(vector.timestamp) * 1000 }
  test(`the published vector ${vector.id} verifies, and is what we would have signed`, () => {
    const headers = headersOf(vector.signature, vector.timestamp, vector.id)
    assert.deepEqual(verifyDelivery(headers, Buffer.from(vector.body), atThatTime), { accepted: true, keyId: 'vector' })
    assert.equal(signatureHeader(vector, Buffer.from(vector.body), [keyOf(vector.secret)]), vector.signature)
  })
  for (const wrong of [strangersSignature, strangersSignature.replace('v1', 'v2'), asymmetricSignature]) {
    test(`${wrong.slice(0, 9)}... does not verify ${vector.id}, but beside the right one it does no harm`, () => {
      const alone = headersOf(wrong, vector.timestamp, vector.id)
      const refused = verifyDelivery(alone, Buffer.from(vector.body), atThatTime)
      assert.deepEqual(refused, { accepted: false, reason: 'BadSignature' })
      const beside = headersOf(`${wrong} ${vector.signature}`, vector.timestamp, vector.id)
      assert.equal(verifyDelivery(beside, Buffer.from(vector.body), atThatTime).accepted, true)
    })
  }
}

test('the tolerance holds in both directions, to the second', () => {
  const keys = [aKey('current')]
  for (const sign of [-1, 1]) {
    const edge = String(nowSeconds + sign * timestampToleranceSeconds)
    const beyond = String(nowSeconds + sign * (timestampToleranceSeconds + 1))
    assert.equal(verifyDelivery(signed(keys, edge), body, { keys, nowMs }).accepted, true)
    assert.deepEqual(verifyDelivery(signed(keys, beyond), body, { keys, nowMs }), {
      accepted: false,
      reason: 'StaleTimestamp',
      authentic: true,
    })
  }
})

test('a stale forgery is told apart from a stale delivery', () => {
  const keys = [aKey('current')]
  const forged = signed([aKey('stranger')], String(nowSeconds - 3600))
  assert.deepEqual(verifyDelivery(forged, body, { keys, nowMs }), {
    accepted: false,
    reason: 'StaleTimestamp',
    authentic: false,
  })
})

test('every live key is tried, and the verdict names the one that matched', () => {
  const keys = Array.from({ length: maxLiveKeys }, (_, index) => aKey(`key-${index}`))
  for (const key of keys) {
    assert.deepEqual(verifyDelivery(signed([key]), body, { keys, nowMs }), { accepted: true, keyId: key.keyId })
  }
  assert.equal(verifyDelivery(signed(keys.toReversed()), body, { keys, nowMs }).accepted, true)
})

test('keys beyond the bound are not tried', () => {
  const keys = Array.from({ length: maxLiveKeys + 1 }, (_, index) => aKey(`key-${index}`))
  assert.deepEqual(verifyDelivery(signed(keys.slice(-1)), body, { keys, nowMs }), {
    accepted: false,
    reason: 'BadSignature',
  })
})

test('a key ends at its notAfter by our clock', () => {
  const previous = aKey('previous', nowMs + 1)
  const keys = [aKey('current'), previous]
  assert.equal(verifyDelivery(signed([previous]), body, { keys, nowMs }).accepted, true)
  assert.deepEqual(verifyDelivery(signed([previous]), body, { keys, nowMs: nowMs + 1 }), {
    accepted: false,
    reason: 'BadSignature',
  })
})

test('an ended key takes no place among the live ones', () => {
  const ended = Array.from({ length: maxLiveKeys }, (_, index) => aKey(`ended-${index}`, nowMs))
  const current = aKey('current')
  assert.equal(verifyDelivery(signed([current]), body, { keys: [...ended, current], nowMs }).accepted, true)
})

test('without a live key nothing is accepted, whatever was signed', () => {
  const ended = aKey('ended', nowMs)
  for (const keys of [[], [ended]]) {
    assert.deepEqual(verifyDelivery(signed([ended]), body, { keys, nowMs }), { accepted: false, reason: 'NoLiveKey' })
  }
})

test('bodies that are no UTF-8 verify byte for byte', () => {
  const key = aKey('current')
  const bytes = Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x0d, 0x0a])
  const fields = { id: 'msg_1', timestamp: String(nowSeconds) }
  const headers = headersOf(signatureHeader(fields, bytes, [key.key]))
  assert.equal(verifyDelivery(headers, bytes, { keys: [key], nowMs }).accepted, true)
  const replaced = Buffer.from(bytes.toString('utf8'))
  assert.equal(verifyDelivery(headers, replaced, { keys: [key], nowMs }).accepted, false)
})

test('we and the reference library agree on what either signs and on what either refuses', () => {
  const secretBytes = fc.uint8Array({ minLength: 24, maxLength: 64 })
  const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,60}$/)
  const text = fc.string({ unit: 'grapheme', maxLength: 300 })
  // The library reads the machine's clock, so these timestamps are of now.
  const seconds = Math.floor(performance.timeOrigin / 1000 + performance.now() / 1000)
  fc.assert(
    fc.property(secretBytes, secretBytes, id, text, (ours, theirs, id, text) => {
      const oracle = new Webhook(Buffer.from(ours).toString('base64'))
      const bytes = Buffer.from(text)
      const fields = { id, timestamp: String(seconds) }
      const header = signatureHeader(fields, bytes, [createSecretKey(ours)])
      assert.equal(header, oracle.sign(id, new Date(seconds * 1000), bytes.toString()))
      const headers = headersOf(header, fields.timestamp, id)
      for (const secret of [ours, theirs]) {
        const keys = [{ keyId: 'k', key: createSecretKey(secret) }]
        const verdict = verifyDelivery(headers, bytes, { keys, nowMs: seconds * 1000 })
        assert.equal(verdict.accepted, accepts(new Webhook(Buffer.from(secret).toString('base64'))))
      }
      function accepts(library: Webhook): boolean {
        try {
          library.verify(bytes.toString(), {
            'webhook-id': id,
            'webhook-timestamp': fields.timestamp,
            'webhook-signature': header,
          })
          return true
        } catch (error) {
          // The library parses what it verified; ours looks at bytes only.
          return error instanceof SyntaxError
        }
      }
    }),
    { numRuns: 500 },
  )
})

test('a signature of another length is a bad one, and no fault', () => {
  const key = aKey('a')
  const headers = { ...signed([key]), signatures: ['short'] }
  assert.deepEqual(verifyDelivery(headers, body, { keys: [key], nowMs }), { accepted: false, reason: 'BadSignature' })
})
