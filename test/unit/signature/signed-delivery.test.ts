import assert from 'node:assert/strict'
import { test } from 'node:test'

import { macOf } from '../../../src/signature/sign.ts'
import { signedDelivery } from '../../../src/signature/signed-delivery.ts'
import { decodeSigningSecret } from '../../../src/signature/signing-secret.ts'

const nowMs = Date.parse('2026-11-21T12:00:00.750Z')

test('an event that we make up is signed over what travels, to the byte', () => {
  const decoded = decodeSigningSecret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')
  assert.ok(decoded.ok)
  const { value: key } = decoded
  const { headers, body } = signedDelivery({ id: 'a-1', type: 'ping', data: { a: 'ü' } }, { key, nowMs })
  assert.equal(
    body.toString(),
    '{"type":"ping","version":"v1","timestamp":"2026-11-21T12:00:00.750Z","data":{"a":"ü"}}',
  )
  const timestamp = '1795262400'
  assert.deepEqual(headers, {
    'content-type': 'application/json',
    'webhook-id': 'a-1',
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${macOf({ id: 'a-1', timestamp }, body, key)}`,
  })
})
