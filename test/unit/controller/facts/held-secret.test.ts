import assert from 'node:assert/strict'
import { test } from 'node:test'

import { heldSecretOf, holdsSecretOf } from '../../../../src/controller/facts/held-secret.ts'
import { aRemote, anObservation, currentSecret, live, otherSecret } from '../../../support/builders/an-observation.ts'

const expiring = { truncatedSecret: 'whsec_...aaaa', expireTime: '2026-11-22T12:00:00Z' }
const current = { truncatedSecret: 'whsec_...aaaa' }
/** Ends as the current one does. */
const double = 'whsec_doubledoubledoubledoubledoubleaaaa'

test('what fits the hint is held, whoever keeps it', () => {
  for (const holdings of [
    anObservation().build(),
    anObservation().withoutSecret().build(),
    anObservation().withKeyring().build(),
    anObservation()
      .withKeyring(live(otherSecret))
      .withSecret({ secrets: { current: otherSecret } })
      .with({ revealed: { attemptID: 'a', secrets: [live(currentSecret)] } })
      .build(),
  ]) {
    assert.equal(heldSecretOf(aRemote(), holdings), currentSecret)
    assert.equal(holdsSecretOf(aRemote(), holdings), true)
  }
})

test('a hint that another valid secret shares proves nothing of the one that is held', () => {
  const remote = aRemote({ signingSecrets: [current, expiring] })
  assert.equal(heldSecretOf(remote, anObservation().build()), undefined)
  assert.equal(holdsSecretOf(remote, anObservation().build()), false)
})

test('where both that share a hint are held, the one that was stored as current is', () => {
  const remote = aRemote({ signingSecrets: [expiring, current] })
  const both = anObservation().withKeyring(live(double), live(currentSecret, '2026-11-22T12:05:00Z')).build()
  assert.equal(heldSecretOf(remote, both), double)
})

test('without a hint nothing can be refuted, and nothing is proven', () => {
  const remote = aRemote({ signingSecrets: [] })
  assert.equal(heldSecretOf(remote, anObservation().build()), currentSecret)
  assert.equal(holdsSecretOf(remote, anObservation().build()), false)
})
