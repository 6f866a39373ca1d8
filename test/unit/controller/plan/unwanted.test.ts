import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Action } from '../../../../src/controller/facts/action.ts'
import { shippedConfig } from '../../../support/builders/shipped-config.ts'
import { planUnwanted } from '../../../../src/controller/plan/unwanted.ts'
import { aWebhook, remoteId, type WebhookBuilder } from '../../../support/builders/a-webhook.ts'
import { anObservation, aRemote, type ObservationBuilder } from '../../../support/builders/an-observation.ts'

const ctx = {
  nowMs: Date.parse('2026-11-21T12:00:00Z'),
  config: { ...shippedConfig, namespace: 'gwh', baseUrl: 'https://hooks.example.com' },
}
const registered = aWebhook().registered().spec({ events: undefined, dynamic: {} })
const ofAnotherKey = aWebhook().registered({ keyFingerprint: 'another' }).spec({ events: undefined, dynamic: {} })
const retained = registered.spec({ events: undefined, dynamic: {}, deletionPolicy: 'Retain' })
const forgotten = aWebhook().finalized().spec({ events: undefined, dynamic: {} })
const missing = (confirmed: boolean) =>
  anObservation().with({ remote: { state: 'missing', confirmed, confirmInMs: 7000 } })
const several = anObservation().with({
  remote: { state: 'several', webhooks: [aRemote({ id: 'a' }), aRemote({ id: 'b' })] },
})
const forget: Action[] = [{ type: 'ForgetWebhook' }]
const removing = (...ids: string[]): Action[] => [{ type: 'DeleteWebhooks', ids, cause: 'NotRequired' }]

const cases: { name: string; given: [WebhookBuilder, ObservationBuilder]; want: Action[]; because: string }[] = [
  {
    name: 'everything with our marker is removed',
    given: [registered, several],
    want: removing('a', 'b'),
    because: 'none of them is wanted',
  },
  {
    name: 'what an earlier life left is removed though status does not know it',
    given: [forgotten, anObservation()],
    want: removing(remoteId),
    because: 'it carries the marker',
  },
  {
    name: 'what carries the marker of somebody else is only forgotten',
    given: [registered, anObservation().withRemote({ name: 'gwh:0123456789ab' }, { owner: 'another' })],
    want: forget,
    because: 'nothing without our marker is ever deleted',
  },
  { name: 'with Retain several are let go', given: [retained, several], want: forget, because: 'they stay' },
  {
    name: 'what a key that saw it does not see any more is forgotten',
    given: [registered, missing(false)],
    want: forget,
    because: 'another hand removed it',
  },
  {
    name: 'what another key may see is asked for again',
    given: [ofAnotherKey, missing(false)],
    want: [],
    because: 'one answer is no proof',
  },
  {
    name: 'what another key may see is left to that key',
    given: [ofAnotherKey, missing(true)],
    want: [{ type: 'LeaveProject', id: remoteId }, ...forget],
    because: 'it may live on in the old project',
  },
  {
    name: 'what this process removed is in no other project',
    given: [ofAnotherKey, missing(true).with({ deletedHere: true })],
    want: forget,
    because: 'the key may have changed since',
  },
  {
    name: 'with Retain what another key may see is let go',
    given: [
      aWebhook()
        .registered({ keyFingerprint: 'another' })
        .spec({ events: undefined, dynamic: {}, deletionPolicy: 'Retain' }),
      missing(true),
    ],
    want: forget,
    because: 'it is to stay wherever it is',
  },
  {
    name: 'without a Secret there is none to remove',
    given: [forgotten, missing(true).withKeyring().withoutSecret()],
    want: [],
    because: 'all is gone',
  },
]

for (const { name, given, want, because } of cases) {
  test(`without events ${name}`, () =>
    assert.deepEqual(planUnwanted(given[0].build(), given[1].build(), ctx).actions, want, because))
}

test('without events Google that does not answer is asked again, and what may be elsewhere after its time', () => {
  assert.deepEqual(planUnwanted(registered.build(), anObservation().remoteFails().build(), ctx).next, { type: 'retry' })
  const waiting = planUnwanted(ofAnotherKey.build(), missing(false).build(), ctx)
  assert.deepEqual([waiting.next, waiting.finding.reason], [{ type: 'after', delayMs: 7000 }, 'NotRequired'])
})
