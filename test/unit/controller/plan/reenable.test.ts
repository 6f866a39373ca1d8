import assert from 'node:assert/strict'
import { test } from 'node:test'

import { shippedConfig } from '../../../support/builders/shipped-config.ts'
import { planWebhook } from '../../../../src/controller/plan/plan.ts'
import { aWebhook, remoteId, type WebhookBuilder } from '../../../support/builders/a-webhook.ts'
import { anObservation, proof, remoteName, type ObservationBuilder } from '../../../support/builders/an-observation.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const config = { ...shippedConfig, namespace: 'gwh', baseUrl: 'https://hooks.example.com' }
const plan = (webhook: WebhookBuilder, observed: ObservationBuilder) =>
  planWebhook(webhook.build(), observed.build(), { config, nowMs })

const registered = (changes = {}) => aWebhook().registered({ name: remoteName, checkedSpec: proof, ...changes })
const givenUp = anObservation().withRemote({ state: 'disabled_due_to_failed_deliveries' })
const healthy = givenUp.with({ probe: { state: 'healthy' } })
const told = `Google disabled webhook ${remoteId} after failed deliveries`
const byHand = 'make the endpoint answer, then set spec.state to Disabled and back to Enabled'

test('what the spec wants disabled is not enabled again, though Google gave up on it and drift is only reported', () => {
  const disabled = registered({ appliedState: 'disabled' }).spec({ state: 'Disabled', driftPolicy: 'Report' })
  const { actions, finding } = plan(disabled, healthy)
  assert.deepEqual({ actions, type: finding.type }, { actions: [], type: 'AtRest' })
})

test('of a server of the user’s nobody knows whether it is well: it is told, and said that this is why', () => {
  const url = 'https://own.example.com/hook'
  const external = healthy
    .withRemote({ state: 'disabled_due_to_failed_deliveries', uri: url })
    .with({ endpoint: { state: 'external', url } })
  assert.deepEqual(plan(registered({ uri: url }).spec({ endpoint: { url } }), external), {
    actions: [],
    finding: {
      type: 'Stalled',
      reason: 'DisabledByGoogle',
      message: `${told}, and whether a server of your own is well cannot be seen from here: ${byHand}`,
      condition: { type: 'Enabled', status: 'False' },
    },
    next: { type: 'resync' },
  })
})

test('an enabling counts until its window has passed, and not at the moment at which it has', () => {
  const enabledAt = (ms: number) =>
    registered({ reenableTimes: Array<string>(config.maxReenables).fill(new Date(ms).toISOString()) })
  const passedMs = nowMs - config.reenableWindowMs
  assert.deepEqual(plan(enabledAt(passedMs), healthy).actions, [{ type: 'CountReenable' }])
  assert.deepEqual(plan(enabledAt(passedMs + 1), healthy).actions, [])
})
