import assert from 'node:assert/strict'
import { test } from 'node:test'

import { currentHint, fitsHint, hintOf, overlapOf } from '../../../../src/controller/secrets/hint.ts'
import { aRemote } from '../../../support/builders/an-observation.ts'

test('a hint fits the secret whose end it shows', () => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  assert.equal(hintOf(secret), 'whsec_...LaSw')
  assert.ok(fitsHint(secret, 'whsec_...LaSw'))
  for (const hint of ['whsec_...LaSx', 'whsec_...', '', '...', '***', 'LaSw', 'whsec_']) {
    assert.ok(!fitsHint(secret, hint), hint)
  }
})

test('what stands before the end of a hint may change without a secret having changed', () => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  for (const hint of [
    'other_...LaSw',
    '...LaSw',
    'whsec_****LaSw',
    'whsec_\u2026LaSw',
    'whsec_Mf...2La...LaSw',
    secret,
  ]) {
    assert.ok(fitsHint(secret, hint), hint)
  }
})

test('the current secret is the one without an expiry, wherever it stands in the list', () => {
  const old = { truncatedSecret: 'whsec_...aaaa', expireTime: '2026-11-22T00:00:00Z' }
  const current = { truncatedSecret: 'whsec_...bbbb' }
  assert.equal(currentHint({ signingSecrets: [old, current] }), 'whsec_...bbbb')
  assert.equal(currentHint({ signingSecrets: [current, old] }), 'whsec_...bbbb')
  assert.equal(currentHint({ signingSecrets: [] }), undefined)
  const remote = aRemote({ signingSecrets: [current, old] })
  assert.equal(overlapOf(remote, 'whsec_xaaaa', Date.parse('2026-11-21T00:00:00Z')), old)
  assert.equal(overlapOf(remote, 'whsec_xaaaa', Date.parse('2026-11-22T00:00:00Z')), undefined)
})
