import assert from 'node:assert/strict'
import { test } from 'node:test'

import { shippedConfig } from '../../../support/builders/shipped-config.ts'
import { planWebhook } from '../../../../src/controller/plan/plan.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'
import {
  anObservation,
  currentSecret,
  live,
  marker,
  otherSecret,
  proof,
} from '../../../support/builders/an-observation.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const config = { ...shippedConfig, namespace: 'gwh', baseUrl: 'https://hooks.example.com' }
const givenUp = { state: 'disabled_due_to_failed_deliveries' } as const
const foreign = { signingSecrets: [{ truncatedSecret: 'whsec_...zzzz' }] }

const registered = aWebhook().registered({ name: marker, checkedSpec: proof })
const asked = registered.spec({ rotation: { request: { id: 'r-1' } } })
const healthy = anObservation().with({ probe: { state: 'healthy' } })
const unhealthy = anObservation().with({ probe: { state: 'unhealthy', cause: 'Tls', restingMs: 1000 } })
const refused = { refused: 'RotateSigningSecret' } as const

const plan = (
  webhook: { build(): ReturnType<typeof asked.build> },
  observed: { build(): ReturnType<typeof healthy.build> },
) => planWebhook(webhook.build(), observed.build(), { config, nowMs })
const rotate = (cause: string) => ({ type: 'RecordIntent', operation: 'Rotate', cause })

test('a healthy endpoint is enabled again before a rotation that somebody asks for', () => {
  assert.deepEqual(plan(asked, healthy.withRemote(givenUp)).actions, [{ type: 'CountReenable' }])
  assert.deepEqual(plan(asked, anObservation().withRemote(givenUp)).actions, [{ type: 'ProbeEndpoint' }])
})

test('while the endpoint is not well the rotation is tried; refused, it waits until the webhook is enabled', () => {
  assert.deepEqual(plan(asked, unhealthy.withRemote(givenUp)).actions, [{ ...rotate('Request'), requestID: 'r-1' }])
  const waiting = plan(asked, unhealthy.withRemote(givenUp).with(refused))
  assert.deepEqual(waiting.actions, [])
  assert.equal(waiting.finding.reason, 'DisabledByGoogle')
  assert.deepEqual(plan(asked, anObservation().with(refused)).actions, [{ ...rotate('Request'), requestID: 'r-1' }])
})

test('a lost secret is rotated first, and where that is refused the webhook is enabled first', () => {
  const lost = { ...givenUp, ...foreign }
  assert.deepEqual(plan(registered, healthy.withRemote(lost, { confirmed: true })).actions, [rotate('Repair')])
  assert.deepEqual(plan(registered, healthy.withRemote(lost, { confirmed: true }).with(refused)).actions, [
    { type: 'CountReenable' },
  ])
})

test('refused, and nothing held to try the endpoint with: told at once, and no endless row of steps', () => {
  const nothing = healthy.withRemote(givenUp, { confirmed: true }).withKeyring().withoutSecret().with(refused)
  const told = plan(registered, nothing)
  assert.deepEqual(told.actions, [])
  assert.equal(told.finding.type, 'Stalled')
  assert.match(told.finding.message, /no signing secret is held.*Disabled and back to Enabled/)
})

test('an edit of the spec does not wait for a surprising secret to be confirmed, nor for a contested one', () => {
  const edited = registered.spec({ events: ['batch.failed'] }).metadata({ generation: 2 })
  const [step] = plan(edited, anObservation().withRemote(foreign, { confirmInMs: 60_000 })).actions
  assert.deepEqual(step, {
    type: 'UpdateWebhook',
    id: registered.build().status?.webhook?.id,
    changes: { subscribedEvents: ['batch.failed'] },
    field: 'subscribedEvents',
    cause: 'Spec',
  })
  const spent = edited.status({
    signingSecret: { ...registered.build().status?.signingSecret, repairTimes: Array(3).fill('2026-11-21T11:00:00Z') },
  })
  const contested = anObservation().withSecret({ secrets: { current: otherSecret } })
  assert.equal(plan(spent, contested).actions[0]?.type, 'UpdateWebhook')
  assert.equal(plan(spent.spec({ events: ['batch.succeeded'] }), contested).finding.reason, 'SecretContested')
  assert.deepEqual(plan(spent.spec({ events: ['batch.succeeded'] }), contested.with({ mayForgive: true })).actions, [
    { type: 'ForgiveRepairs' },
  ])
})

test('what was never served from here is not changed before its secret is settled', () => {
  const adopted = registered
    .status({ signingSecret: {} })
    .spec({ events: ['batch.failed'] })
    .metadata({ generation: 2 })
  const surprising = anObservation().withRemote(foreign, { confirmInMs: 60_000 })
  assert.deepEqual(plan(adopted, surprising).actions, [])
})

test('a secret that can be given back comes before an edit of the spec, also where Google refuses rotations', () => {
  const edited = registered.spec({ events: ['batch.failed'] }).metadata({ generation: 2 })
  const store = { type: 'StoreSecret', secrets: [live(currentSecret)], cause: 'Restored' }
  assert.deepEqual(plan(edited, anObservation().withoutSecret()).actions, [store])
  assert.deepEqual(plan(edited, anObservation().withoutSecret().with(refused)).actions, [store])
})

const spent = registered.status({
  signingSecret: { ...registered.build().status?.signingSecret, repairTimes: Array(3).fill('2026-11-21T11:00:00Z') },
})
const contested = (observed: typeof healthy) => observed.withSecret({ secrets: { current: otherSecret } })

test('while the Secret is given to a human, what receivers hold is enough to enable the webhook with', () => {
  assert.deepEqual(plan(spent, contested(healthy.withRemote(givenUp))).actions, [{ type: 'CountReenable' }])
})

test('a webhook is not enabled with a secret that receivers do not hold: it would only be refused again', () => {
  const surprising = healthy.withRemote({ ...givenUp, ...foreign }, { confirmInMs: 60_000 })
  const { actions, finding, next } = plan(registered, surprising)
  assert.deepEqual(actions, [])
  assert.equal(finding.reason, 'Repairing')
  assert.deepEqual(next, { type: 'after', delayMs: 60_000 })
})

test('a contested Secret is what is told, not the check nor the disabled webhook that come after it', () => {
  const unproven = spent.status({ webhook: aWebhook().registered({ name: marker }).build().status?.webhook })
  for (const observed of [anObservation(), unhealthy.withRemote(givenUp)]) {
    const { actions, finding } = plan(unproven, contested(observed))
    assert.deepEqual([actions, finding.reason], [[], 'SecretContested'])
  }
})

test('a rotation that Google refused is asked for again before an endpoint is checked that is not disabled', () => {
  const unproven = aWebhook().registered({ name: marker })
  const lost = anObservation().withRemote(foreign, { confirmed: true }).with(refused)
  assert.deepEqual(plan(unproven, lost).actions, [rotate('Repair')])
})

test('receivers are told of sinks while Google cannot be asked', () => {
  const sinks = { resolved: [{ name: 'ours' }], held: [], status: [] } as never
  const { actions, next } = plan(registered, anObservation().remoteFails().with({ sinks }))
  assert.deepEqual(actions, [{ type: 'WriteKeyring', secrets: [live(currentSecret)] }])
  assert.equal(next.type, 'now')
})

test('who has something else to do first is not kept from it by sinks', () => {
  const sinks = { resolved: [{ name: 'ours' }], held: [], status: [] } as never
  const starting = registered.metadata({ finalizers: [] })
  assert.deepEqual(plan(starting, anObservation().remoteFails().with({ sinks })).actions, [{ type: 'AddFinalizer' }])
})

test('receivers are told of sinks by an object that rests too, but not by one whose installation is in doubt', () => {
  const changed = anObservation().with({ sinks: { resolved: [{ name: 'ours' }], held: [], status: [] } as never })
  const suspended = registered.spec({ suspend: true })
  const unasked = changed.with({ remote: { state: 'notAsked' } })
  assert.deepEqual(plan(suspended, unasked).actions, [{ type: 'WriteKeyring', secrets: [live(currentSecret)] }])
  assert.deepEqual(plan(suspended, unasked.withKeyring()).actions, [])
  assert.deepEqual(plan(suspended, changed).actions, [], 'Google was asked: the plan for the webhook tells them')
  const doubtful = unasked.with({ installation: { state: 'unconfirmed', message: 'made in another cluster' } })
  assert.deepEqual(plan(registered, doubtful).actions, [])
})
