import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhook } from '../../../../src/api/gemini-webhook.ts'
import type { Operation } from '../../../../src/api/status.ts'
import type { Action } from '../../../../src/controller/facts/action.ts'
import { shippedConfig } from '../../../support/builders/shipped-config.ts'
import type { ObservedWebhook } from '../../../../src/controller/facts/observed.ts'
import { planRecovery, planUnstored } from '../../../../src/controller/plan/recovery.ts'
import { aWebhook, remoteId, type WebhookBuilder } from '../../../support/builders/a-webhook.ts'
import {
  anObservation,
  aRemote,
  currentSecret,
  live,
  otherSecret,
  type ObservationBuilder,
} from '../../../support/builders/an-observation.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const config = { ...shippedConfig, namespace: 'gwh', baseUrl: 'https://hooks.example.com' }
const attemptID = 'attempt-1'
const stranger = 'whsec_strangerstrangerstrangerstcccc'

const plan = (webhook: WebhookBuilder, observed: ObservationBuilder) =>
  planRecovery(webhook.build(), observed.build(), { config, nowMs })
const creating = aWebhook().intending('Create')
const rotating = (changes: Partial<Operation> = {}) => aWebhook().registered().intending('Rotate', changes)
const ready = anObservation().withIntent({ state: 'ready' })
const settled = anObservation().withIntent({ state: 'settled' })
const finish: Action[] = [{ type: 'StoreRevealedSecret' }, { type: 'CloseIntent' }, { type: 'OpenCheck' }]
const foreign = { signingSecrets: [{ truncatedSecret: 'whsec_...zzzz' }] }
const several: ObservedWebhook['remote'] = {
  state: 'several',
  webhooks: [aRemote({ id: 'aaa', ...foreign }), aRemote()],
}
const dropTwin: Action[] = [{ type: 'DeleteWebhooks', ids: ['aaa'], cause: 'Twin' }]
const failed = { class: 'transient', reason: 'RemoteUnavailable' } as const

test('without an intent, in status or in what was observed, there is only another look', () => {
  const again = { actions: [], next: { type: 'now' } }
  for (const plans of [plan(rotating(), anObservation()), plan(aWebhook().registered(), settled)]) {
    assert.deepEqual({ actions: plans.actions, next: plans.next }, again)
  }
  assert.deepEqual(plan(aWebhook(), ready).next, { type: 'now' })
})

const waiting = (why?: string) =>
  anObservation().withIntent({ state: 'waiting', remainingMs: 9, ...(why !== undefined && { why }) })

test('a wait says what is waited for, and how the call failed', () => {
  assert.match(plan(creating, waiting()).finding.message, /^create attempt-1 was begun; .*over$/)
  assert.match(plan(creating, waiting('500')).finding.message, /^create attempt-1 was begun; .*over: 500$/)
  const rotation = plan(rotating(), waiting()).finding
  assert.deepEqual(rotation.reason, 'RotationInProgress')
  assert.match(rotation.message, /^rotation attempt-1 is under way$/)
})

const rotations: { name: string; observed: ObservationBuilder; want: Action[] }[] = [
  {
    name: 'is called with the grace of the default, and what it reveals is stored',
    observed: ready,
    want: [{ type: 'RotateSigningSecret', id: remoteId, revocation: 'revoke_previous_secrets_after_h24' }, ...finish],
  },
  { name: 'is not called while Google does not answer', observed: ready.remoteFails(failed), want: [] },
  { name: 'waits until twins are gone', observed: ready.with({ remote: several }), want: dropTwin },
  {
    name: 'is given up when the webhook is gone',
    observed: ready.with({ remote: { state: 'missing', confirmed: true, confirmInMs: 0 } }),
    want: [{ type: 'CloseIntent' }],
  },
  {
    name: 'is given up when the webhook carries the marker of somebody else',
    observed: ready.withRemote({ name: 'gwh:0123456789ab' }, { owner: 'another' }),
    want: [{ type: 'CloseIntent' }],
  },
]

for (const { name, observed, want } of rotations) {
  test(`a rotation whose intent is written ${name}`, () => {
    const { actions, next } = plan(rotating(), observed)
    assert.deepEqual(actions, want)
    assert.equal(next.type, want.length === 0 ? 'retry' : 'now')
  })
}

test('a settled intent waits for Google: until it was asked nobody knows what came of the call', () => {
  assert.deepEqual(plan(rotating(), settled.remoteFails(failed)).next, { type: 'retry' })
  const unasked = plan(rotating(), settled.with({ remote: { state: 'notAsked' } }))
  assert.deepEqual([unasked.actions, unasked.next], [[], { type: 'after', delayMs: config.resyncIntervalMs }])
  assert.equal(unasked.finding.reason, 'RotationInProgress')
  assert.deepEqual(plan(rotating(), settled.with({ remote: several })).actions, dropTwin)
})

const lost = settled.withRemote(foreign, { confirmed: true })

for (const { operation, want } of [
  { operation: { cause: 'Adoption' }, want: { cause: 'Adoption' } },
  { operation: { cause: 'Interval' }, want: { cause: 'Interval' } },
  { operation: { cause: 'Request', requestID: 'leak-1' }, want: { cause: 'Request', requestID: 'leak-1' } },
  { operation: { cause: 'Repair' }, want: { cause: 'Repair' } },
  { operation: { cause: 'OfAnotherVersion' }, want: { cause: 'Repair' } },
  { operation: {}, want: { cause: 'Repair' } },
] as const) {
  test(`a rotation by ${JSON.stringify(operation)} whose answer was lost is begun again for the same cause`, () => {
    assert.deepEqual(plan(rotating(operation), lost).actions, [{ type: 'RecordIntent', operation: 'Rotate', ...want }])
  })
}

for (const { held, observed } of [
  { held: 'the Secret alone', observed: settled.withKeyring() },
  { held: 'the keyring alone', observed: settled.withoutSecret() },
]) {
  test(`while ${held} holds something, a hint that surprises is believed only after a second look`, () => {
    assert.deepEqual(plan(rotating(), observed.withRemote(foreign)).actions, [{ type: 'ConfirmRemote', id: remoteId }])
    const early = plan(rotating(), observed.withRemote(foreign, { confirmInMs: 5 }))
    assert.deepEqual([early.actions, early.next], [[], { type: 'after', delayMs: 5 }])
  })
}

test('with nothing held there is nothing that a second look could save', () => {
  const nothing = settled.withoutSecret().withKeyring().withRemote(foreign)
  assert.deepEqual(plan(rotating({ cause: 'Repair' }), nothing).actions, [
    { type: 'PrepareSecret' },
    { type: 'RecordIntent', operation: 'Rotate', cause: 'Repair' },
  ])
})

const messageFor = (name: string | undefined) =>
  plan(creating, settled.withRemote({ name, uri: 'https://elsewhere.example.com/' } as never, { owner: 'nobody' }))
    .finding.message

test('what a create left without our marker is named as Google names it', () => {
  assert.match(messageFor('by hand'), /\(name "by hand"\)/)
  assert.match(messageFor(undefined), /\(name ""\)/)
})

const revealed = { attemptID, secrets: [live(otherSecret)], replaced: currentSecret }
const unstored = (webhook: GeminiWebhook, observed: ObservedWebhook) =>
  planUnstored(webhook, { revealed, ...observed })?.actions

for (const { name, observed, want } of [
  { name: 'without any Secret', observed: anObservation().withoutSecret(), want: finish },
  { name: 'over the secret that it replaces', observed: anObservation(), want: finish },
  {
    name: 'again where it is stored already',
    observed: anObservation().withSecret({ secrets: { current: otherSecret } }),
    want: finish,
  },
  { name: 'in an empty Secret', observed: anObservation().withSecret({ secrets: {} }), want: finish },
  {
    name: 'not over one that nobody here knows',
    observed: anObservation().withSecret({ secrets: { current: stranger } }),
    want: undefined,
  },
]) {
  test(`what a call revealed is stored ${name}`, () =>
    assert.deepEqual(unstored(rotating().build(), observed.build()), want))
}

test('what a create revealed is stored under the id that Google shows, once it shows one', () => {
  const nowhere = anObservation().unregistered().build()
  assert.equal(unstored(creating.build(), nowhere), undefined)
  const seen = unstored(creating.build(), anObservation().withoutSecret().build())
  assert.deepEqual(seen, [{ type: 'AdoptWebhook', id: remoteId }, ...finish])
  assert.deepEqual(unstored(rotating().build(), nowhere), finish)
})

test('what another attempt revealed is not stored under this one', () => {
  assert.equal(unstored(rotating({ attemptID: 'attempt-2' }).build(), anObservation().build()), undefined)
  assert.equal(unstored(aWebhook().registered().build(), anObservation().build()), undefined)
})
