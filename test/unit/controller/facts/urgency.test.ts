import assert from 'node:assert/strict'
import { test } from 'node:test'

import { isUrgent } from '../../../../src/controller/facts/urgency.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'

const registered = () => aWebhook().registered()
const request = { rotation: { request: { id: 'leak-1', revokePrevious: 'Immediately' } } } as const
const operation = { attemptID: 'a', startTime: '2026-11-01T00:00:00Z' }
const lost = {
  type: 'SecretAvailable',
  status: 'False',
  reason: 'Repairing',
  message: '',
  observedGeneration: 1,
  lastTransitionTime: '',
} as const

const cases = [
  { name: 'one at rest', webhook: registered(), urgent: false },
  { name: 'a new one', webhook: aWebhook(), urgent: false },
  { name: 'a deletion', webhook: registered().metadata({ deletionTimestamp: '2026-11-01T00:00:00Z' }), urgent: true },
  { name: 'a revocation that is asked for', webhook: registered().spec(request), urgent: true },
  { name: 'a request that comes with a new object', webhook: aWebhook().spec(request), urgent: false },
  { name: 'a request of a suspended object', webhook: registered().spec({ ...request, suspend: true }), urgent: false },
  {
    name: 'a request that was handled',
    webhook: registered()
      .spec(request)
      .status({ rotation: { handledRequestIDs: ['leak-1'] } }),
    urgent: false,
  },
  {
    name: 'a repair under way',
    webhook: registered().status({ operation: { ...operation, type: 'Rotate', cause: 'Repair' } }),
    urgent: true,
  },
  {
    name: 'a rotation by the clock',
    webhook: registered().status({ operation: { ...operation, type: 'Rotate', cause: 'Interval' } }),
    urgent: false,
  },
  {
    name: 'a registration under way',
    webhook: aWebhook().status({ operation: { ...operation, type: 'Create', cause: 'Registration' } }),
    urgent: false,
  },
  { name: 'a lost secret', webhook: registered().status({ conditions: [lost] }), urgent: true },
]
for (const { name, webhook, urgent } of cases) {
  test(`${name} is ${urgent ? '' : 'not '}urgent`, () => assert.equal(isUrgent(webhook.build()), urgent))
}
