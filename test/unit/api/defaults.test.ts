import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  adoptionPolicyOf,
  apiKeyFieldOf,
  autoReenableOf,
  completeService,
  defaultDeliveryPolicy,
  deletionPolicyOf,
  deliveryPolicyOf,
  keepDeliveredMsOf,
  desiredStateOf,
  driftPolicyOf,
  dynamicSecretNameOf,
  endpointCheckOf,
  revokePreviousOf,
  routeSecretNameOf,
  signingSecretNameOf,
  sinkFormatOf,
} from '../../../src/api/defaults.ts'
import type { DynamicSpec } from '../../../src/api/dynamic.ts'
import type { GeminiWebhookSpec } from '../../../src/api/spec.ts'
import { aRoute } from '../../support/builders/a-route.ts'

const minimal: GeminiWebhookSpec = { apiKeySecretRef: { name: 'gemini-api-key' }, events: ['batch.succeeded'] }
const named = (spec: Partial<GeminiWebhookSpec>) => ({
  metadata: { name: 'batch-events' },
  spec: { ...minimal, ...spec },
})

test('an absent field means what the documentation of the field says', () => {
  assert.equal(apiKeyFieldOf(minimal), 'api-key')
  assert.equal(desiredStateOf(minimal), 'Enabled')
  assert.equal(endpointCheckOf(minimal), 'OnChange')
  assert.equal(autoReenableOf(minimal), 'WhenHealthy')
  assert.equal(adoptionPolicyOf(minimal), 'CreateOrReadopt')
  assert.equal(driftPolicyOf(minimal), 'Correct')
  assert.equal(revokePreviousOf({}), 'AfterGracePeriod')
  assert.equal(sinkFormatOf({}), 'CloudEventBinary')
})

test('Secrets are named after the object unless the spec names them', () => {
  assert.equal(signingSecretNameOf(named({})), 'batch-events-signing-secret')
  assert.equal(signingSecretNameOf(named({ signingSecret: { labels: {} } })), 'batch-events-signing-secret')
  assert.equal(signingSecretNameOf(named({ signingSecret: { name: 'mine' } })), 'mine')
  assert.equal(dynamicSecretNameOf(named({})), undefined)
  assert.equal(dynamicSecretNameOf(named({ dynamic: {} })), 'batch-events-dynamic-endpoint')
  assert.equal(dynamicSecretNameOf(named({ dynamic: { secretName: 'mine' } })), 'mine')
})

const routeWith = (dynamic: DynamicSpec | undefined) =>
  aRoute({ metadata: { name: 'batch-events' }, spec: { dynamic } })

test('the Secret of a route has another name than that of a webhook of the same name', () => {
  assert.equal(routeSecretNameOf(routeWith(undefined)), undefined)
  assert.equal(routeSecretNameOf(routeWith({})), 'batch-events-route-endpoint')
  assert.equal(routeSecretNameOf(routeWith({ secretName: 'mine' })), 'mine')
})

test('an adopted webhook outlives the object unless the spec says otherwise', () => {
  assert.equal(deletionPolicyOf(minimal), 'Delete')
  assert.equal(deletionPolicyOf({ ...minimal, externalID: 'wh1' }), 'Retain')
  assert.equal(deletionPolicyOf({ ...minimal, externalID: 'wh1', deletionPolicy: 'Delete' }), 'Delete')
})

test('a Service is reached on the port of its scheme', () => {
  assert.deepEqual(completeService({ name: 'w' }), { name: 'w', scheme: 'http', port: 80, path: '/' })
  assert.deepEqual(completeService({ name: 'w', scheme: 'https' }), {
    name: 'w',
    scheme: 'https',
    port: 443,
    path: '/',
  })
  assert.equal(completeService({ name: 'w', scheme: 'https', port: 8443 }).port, 8443)
})

test('delivery is tried for a day, and time ends it before the count does', () => {
  assert.deepEqual(deliveryPolicyOf({}), defaultDeliveryPolicy)
  const { retry, backoffDelayMs, backoffMaxMs, retryForMs } = defaultDeliveryPolicy
  const longest = Array.from({ length: retry }, (_, attempt) => Math.min(backoffDelayMs * 2 ** attempt, backoffMaxMs))
  assert.ok(longest.reduce((sum, pause) => sum + pause, 0) > retryForMs)
})

test('given delivery fields replace their defaults one by one', () => {
  const policy = deliveryPolicyOf({ delivery: { timeout: '1m', retry: 0, backoffPolicy: 'Linear', retryFor: '1h30m' } })
  assert.deepEqual(policy, {
    ...defaultDeliveryPolicy,
    timeoutMs: 60_000,
    retry: 0,
    backoffPolicy: 'Linear',
    retryForMs: 5_400_000,
  })
  assert.equal(deliveryPolicyOf({ delivery: { timeout: 'soon' } }).timeoutMs, defaultDeliveryPolicy.timeoutMs)
})

test('what was delivered is kept only where the object says how long', () => {
  assert.equal(keepDeliveredMsOf({ delivery: { keepDelivered: '1h30m' } }), 5_400_000)
  for (const delivery of [undefined, {}, { keepDelivered: 'soon' }])
    assert.equal(keepDeliveredMsOf({ delivery }), undefined)
})
