import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhookSpec } from '../../../../src/api/spec.ts'
import { shippedConfig } from '../../../support/builders/shipped-config.ts'
import { planReservedNames } from '../../../../src/controller/plan/reserved-names.ts'
import { planWebhook } from '../../../../src/controller/plan/plan.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'
import { anObservation } from '../../../support/builders/an-observation.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const contextIn = (namespace: string) => ({
  config: { ...shippedConfig, namespace, baseUrl: 'https://hooks.example.com' },
  nowMs,
})
const home = aWebhook().build().metadata.namespace

const cases: [field: string, spec: Partial<GeminiWebhookSpec>][] = [
  ['spec.apiKeySecretRef.name', { apiKeySecretRef: { name: 'gwh-keyring-0' } }],
  ['spec.signingSecret.name', { signingSecret: { name: 'gwh-keyring-15' } }],
  ['spec.dynamic.secretName', { dynamic: { secretName: 'gwh-keyring-7' } }],
]

for (const [field, spec] of cases) {
  test(`${field} may not name the keyring in the namespace of the operator`, () => {
    const webhook = aWebhook().finalized().spec(spec).build()
    const plan = planWebhook(webhook, anObservation().build(), contextIn(home))
    assert.deepEqual(plan.actions, [])
    assert.equal(plan.finding.reason, 'SecretNameTaken')
    assert.match(
      plan.finding.message,
      new RegExp(`^${field.replaceAll('.', '\\.')}: Secret .* belongs to the operator`),
    )
    assert.equal(planReservedNames(webhook, contextIn('another')), undefined, 'elsewhere the name means nothing')
  })
}

test('other names are free there', () => {
  const webhook = aWebhook()
    .spec({ signingSecret: { name: 'gwh-keyring-16' } })
    .build()
  assert.equal(planReservedNames(webhook, contextIn(home)), undefined)
})
