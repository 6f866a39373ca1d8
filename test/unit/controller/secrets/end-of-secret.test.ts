import assert from 'node:assert/strict'
import { test } from 'node:test'

import { endOfSecret, overlapEnd } from '../../../../src/controller/secrets/end-of-secret.ts'
import { timestampToleranceSeconds } from '../../../../src/signature/verify.ts'
import { aRemote, otherSecret } from '../../../support/builders/an-observation.ts'
import { hintOf } from '../../../../src/controller/secrets/hint.ts'

const expiresMs = Date.parse('2026-11-22T12:00:00.250Z')

test('a secret ends for receivers no earlier than the last delivery that Google signed with it may be on its way', () => {
  assert.equal(endOfSecret(expiresMs), '2026-11-22T12:05:01Z')
  assert.ok(Date.parse(endOfSecret(expiresMs)) >= expiresMs + timestampToleranceSeconds * 1000)
})

test('a secret that Google lists as expiring ends by its time, and one that it does not list has no end', () => {
  const expiring = { truncatedSecret: hintOf(otherSecret), expireTime: '2026-11-22T12:00:00Z' }
  const remote = { ...aRemote(), signingSecrets: [...aRemote().signingSecrets, expiring] }
  assert.equal(overlapEnd(remote, otherSecret, expiresMs - 10_000), '2026-11-22T12:05:00Z')
  assert.equal(overlapEnd(remote, otherSecret, expiresMs), undefined)
  assert.equal(overlapEnd(aRemote(), otherSecret, 0), undefined)
})
