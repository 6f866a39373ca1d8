import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Condition } from '../../../src/api/status.ts'
import { rowOf } from '../../../src/ui/rows/row-of.ts'
import { aWebhook, type WebhookBuilder } from '../../support/builders/a-webhook.ts'

function condition(type: Condition['type'], status: Condition['status'], reason: Condition['reason']): Condition {
  return {
    type,
    status,
    reason,
    message: `says ${reason}`,
    observedGeneration: 1,
    lastTransitionTime: '2026-11-20T00:00:00Z',
  }
}

const ready = condition('Ready', 'True', 'Succeeded')
const withConditions = (webhook: WebhookBuilder, ...conditions: Condition[]) =>
  webhook.registered().status({ conditions, observedGeneration: 1 })
const sink = { name: 'worker', ready: true }

const cases = [
  {
    name: 'of which no controller has taken notice is Unknown, and says what to look for',
    webhook: aWebhook(),
    want: { health: 'Unknown', remedy: 'See whether a controller runs and watches this namespace.' },
  },
  {
    name: 'with all in place is Ready, and says nothing',
    webhook: withConditions(aWebhook(), ready),
    want: { health: 'Ready', reason: '', message: '', remedy: undefined },
  },
  {
    name: 'that waits for time is Progressing, without a remedy',
    webhook: withConditions(
      aWebhook(),
      condition('Ready', 'False', 'CheckPending'),
      condition('Reconciling', 'True', 'CheckPending'),
    ),
    want: { health: 'Progressing', reason: 'CheckPending', remedy: undefined },
  },
  {
    name: 'that waits for a person has Failed, with the remedy of its reason, also while the controller tries again',
    webhook: withConditions(
      aWebhook(),
      condition('Ready', 'False', 'SecretNotFound'),
      condition('Reconciling', 'True', 'SecretNotFound'),
    ),
    want: { health: 'Failed', reason: 'SecretNotFound', remedy: /^Create the Secret/ },
  },
  {
    name: 'that the pause of the installation holds is Suspended, with what ends it',
    webhook: withConditions(
      aWebhook(),
      condition('Ready', 'False', 'Suspended'),
      condition('Stalled', 'True', 'Suspended'),
    ),
    want: { health: 'Suspended', reason: 'Suspended', message: 'says Suspended', remedy: /"gwh resume"/ },
  },
  {
    name: 'that is Stalled has Failed',
    webhook: withConditions(
      aWebhook(),
      condition('Ready', 'False', 'CredentialsRejected'),
      condition('Stalled', 'True', 'CredentialsRejected'),
    ),
    want: { health: 'Failed', reason: 'CredentialsRejected' },
  },
  {
    name: 'whose sink takes nothing is SinkFailing although it is Ready',
    webhook: withConditions(aWebhook(), ready, condition('SinksHealthy', 'False', 'SinkFailing')).status({
      sinks: [{ ...sink, failingSince: '2026-11-21T11:00:00Z', deadLetters: 2 }],
    }),
    want: { health: 'SinkFailing', reason: 'SinkFailing', broken: 'sink worker', deadLetters: 2 },
  },
  {
    name: 'with dead letters says how many and whose',
    webhook: withConditions(aWebhook(), ready).status({
      sinks: [
        { ...sink, deadLetters: 3 },
        { ...sink, name: 'cluster' },
      ],
    }),
    want: { health: 'DeadLetters', message: '3 dead letters of worker', deadLetters: 3 },
  },
  {
    name: 'that refuses genuine deliveries has Failed',
    webhook: withConditions(aWebhook(), ready).status({ delivery: { refusingSince: '2026-11-21T11:00:00Z' } }),
    want: { health: 'Failed', message: /^genuine deliveries have been refused since 2026/ },
  },
  {
    name: 'whose spec was changed is Progressing until that was looked at',
    webhook: withConditions(aWebhook(), ready).metadata({ generation: 2 }),
    want: { health: 'Progressing', message: /latest change of the spec/ },
  },
  {
    name: 'that is suspended is Suspended, whatever else holds',
    webhook: withConditions(
      aWebhook().spec({ suspend: true }),
      condition('Ready', 'False', 'Suspended'),
      condition('Stalled', 'True', 'Suspended'),
    ),
    want: { health: 'Suspended' },
  },
  {
    name: 'that is being deleted is Deleting',
    webhook: withConditions(aWebhook().deleting(), ready).metadata({ deletionTimestamp: '2026-11-21T11:59:00Z' }),
    want: { health: 'Deleting' },
  },
] as const

for (const { name, webhook, want } of cases) {
  test(`an object ${name}`, () => {
    const row: Readonly<Record<string, unknown>> = { ...rowOf(webhook.build()) }
    for (const [field, value] of Object.entries(want)) {
      if (value instanceof RegExp) assert.match(String(row[field]), value, field)
      else assert.equal(row[field], value, field)
    }
  })
}
