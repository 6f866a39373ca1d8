import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Judgement } from '../../../../src/controller/facts/judgement.ts'
import { checkPendingMessage } from '../../../../src/controller/facts/endpoint-proof.ts'
import { aWebhook, type WebhookBuilder } from '../../../support/builders/a-webhook.ts'
import { anObservation, marker, proof, type ObservationBuilder } from '../../../support/builders/an-observation.ts'
import { judged } from '../../../support/measures/judged-conditions.ts'

const withProof = (checkedSpec: string) => aWebhook().registered({ name: marker, checkedSpec })
const proven = withProof(proof)
const unproven = aWebhook().registered({ name: marker })
/** The same address with another secret, and another address. */
const formerSecret = withProof(`${proof.split('.')[0] ?? ''}.former`)
const formerAddress = withProof('former.former')
const resting = anObservation().withCheck({ restingMs: 60_000 })

/** Said by an earlier pass about an earlier generation. */
const good: Judgement = { status: 'True', reason: 'Succeeded', message: 'before', evaluated: 1 }
const bad: Judgement = { status: 'False', reason: 'TLSFailed', message: 'before', evaluated: 1 }
const seenNow = ({ status, reason, message }: Judgement): Judgement => ({ status, reason, message })
const pending: Judgement = {
  status: 'Unknown',
  reason: 'CheckPending',
  message: checkPendingMessage,
}

const judge = (webhook: WebhookBuilder, observed: ObservationBuilder, said?: Judgement) =>
  judged(webhook, observed, said === undefined ? {} : { EndpointVerified: said }).EndpointVerified
const unknown = (reason: string, message: string) => ({ status: 'Unknown', reason, message })

test('what cannot or is not to be proven says which, whatever was proven before', () => {
  assert.deepEqual(
    judge(proven.spec({ events: undefined, dynamic: {} }), anObservation(), good),
    unknown('NotRequired', 'no webhook is registered'),
  )
  assert.deepEqual(
    judge(proven, anObservation().with({ endpoint: { state: 'external', url: 'https://own.example.com' } }), good),
    unknown(
      'ExternalEndpoint',
      'spec.endpoint.url is a server of your own: what arrives there cannot be seen from here',
    ),
  )
  assert.deepEqual(
    judge(proven.spec({ endpointCheck: 'Never' }), anObservation(), good),
    unknown('NotChecked', 'spec.endpointCheck is Never'),
  )
  assert.deepEqual(
    judge(proven.spec({ state: 'Disabled' }), anObservation(), good),
    unknown('DisabledBySpec', 'spec.state is Disabled: nothing is delivered'),
  )
})

test('a ping that came back proves this very address and secret', () => {
  const want = {
    status: 'True',
    reason: 'Succeeded',
    message: 'a signed ping of Google came back through the endpoint',
  }
  assert.deepEqual(judge(proven, anObservation(), bad), want)
})

test('what is kept is about the spec of now only where Google was heard', () => {
  assert.deepEqual(judge(formerSecret, anObservation(), good), seenNow(good))
  assert.deepEqual(judge(formerSecret, anObservation().remoteFails(), good), good)
  assert.deepEqual(judge(formerSecret, anObservation().with({ remote: { state: 'notAsked' } }), good), good)
  const gone = anObservation().with({ remote: { state: 'missing', confirmed: true, confirmInMs: 0 } })
  assert.deepEqual(judge(formerSecret, gone, good), seenNow(good))
})

test('while a rollout is waited for, what was known of the former address counts, and no check of the new one', () => {
  const canary = { namespace: 'ml', name: 'first', failed: false }
  const waiting = resting.with({ rollout: { state: 'wait', canary } })
  assert.deepEqual(judge(unproven, waiting, good), seenNow(good))
})

test('what Google gave up on is pinged no more, so that no ping came back is not said of its endpoint', () => {
  const givenUp = resting.withRemote({ state: 'disabled_due_to_failed_deliveries' })
  assert.deepEqual(judge(unproven, givenUp, good), seenNow(good))
})

test('a look that failed says nothing about the endpoint, though a check before it failed', () => {
  assert.deepEqual(judge(unproven, resting.remoteFails(), good), good)
})

test('a check that failed stays told until another one is over', () => {
  assert.deepEqual(judge(unproven, anObservation(), bad), seenNow(bad))
})

test('a proof outlives the secret that it was made with, but not its address', () => {
  assert.deepEqual(judge(formerSecret, anObservation(), good), seenNow(good))
  assert.deepEqual(judge(formerAddress, anObservation(), good), pending)
  assert.deepEqual(judge(unproven, anObservation(), good), pending)
})

test('what was not to be proven before is still to be proven, though the address was once', () => {
  const unchecked: Judgement = { ...good, status: 'Unknown', reason: 'NotChecked' }
  assert.deepEqual(judge(formerSecret, anObservation(), unchecked), pending)
})
