import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Action } from '../../../../src/controller/facts/action.ts'
import { shippedConfig } from '../../../support/builders/shipped-config.ts'
import type { ObservedWebhook, RefusedWrite } from '../../../../src/controller/facts/observed.ts'
import { unlessRefused, withRefusalReported } from '../../../../src/controller/plan/refused.ts'
import {
  act,
  actQuietly,
  idle,
  restMs,
  stall,
  waitMs,
  type Finding,
  type Plan,
} from '../../../../src/controller/plan/result.ts'
import { planWebhook } from '../../../../src/controller/plan/plan.ts'
import { aWebhook, remoteId } from '../../../support/builders/a-webhook.ts'
import { anObservation, currentSecret, live, marker, otherSecret } from '../../../support/builders/an-observation.ts'

const config = { ...shippedConfig, namespace: 'gwh', baseUrl: 'https://hooks.example.com' }
const nowMs = Date.parse('2026-11-21T12:00:00Z')

const refusedTo = (type: RefusedWrite['type']): RefusedWrite => ({
  type,
  remainingMs: 3000,
  failure: { class: 'refused', reason: 'RefusedByAPIServer', message: 'immutable', mayHaveCommitted: false },
})

const registered = () => aWebhook().registered({ name: marker })
const unchecked = { endpointCheck: 'Never' } as const
const asking = () => registered().spec({ ...unchecked, rotation: { request: { id: 'r-1' } } })
const plan = (webhook: ReturnType<typeof aWebhook>, observed: ObservedWebhook) =>
  planWebhook(webhook.build(), observed, { config, nowMs })
const typesOf = ({ actions }: ReturnType<typeof plan>) => actions.map(({ type }) => type)

test('a refused rotation is told, and tried again after its pause', () => {
  const refused = plan(asking(), { ...anObservation().build(), refusedWrites: [refusedTo('RecordIntent')] })
  assert.deepEqual(refused.actions, [])
  assert.deepEqual(refused.finding, { type: 'Stalled', reason: 'RefusedByAPIServer', message: 'immutable' })
  assert.deepEqual(refused.next, { type: 'after', delayMs: 3000 })
})

test('what does not need the refused write goes on, and the refusal is told meanwhile', () => {
  const drifted = anObservation()
    .withRemote({ subscribedEvents: ['batch.failed'] })
    .build()
  const { finding, ...rest } = plan(asking(), { ...drifted, refusedWrites: [refusedTo('StoreSecret')] })
  assert.deepEqual(rest.actions, [
    {
      type: 'UpdateWebhook',
      id: remoteId,
      changes: { subscribedEvents: ['batch.succeeded'] },
      field: 'subscribedEvents',
      cause: 'Drift',
    },
  ])
  assert.equal(finding.type, 'Stalled')
  assert.deepEqual(finding.condition, { type: 'InSync', status: 'False' })
  assert.equal(rest.next.type, 'now')
})

test('a Secret that cannot be restored keeps neither the keyring nor the rest waiting', () => {
  const overwritten = anObservation()
    .withSecret({ secrets: { current: otherSecret } })
    .withKeyring(live(currentSecret))
  const before = plan(registered().spec(unchecked), overwritten.build())
  assert.deepEqual(before.actions, [{ type: 'StoreSecret', secrets: [live(currentSecret)], cause: 'Overwritten' }])
  const after = plan(registered().spec(unchecked), {
    ...overwritten.build(),
    refusedWrites: [refusedTo('StoreSecret')],
  })
  assert.deepEqual(after.actions, [])
  assert.equal(after.finding.type, 'Stalled')
})

test('a deletion is not held up by what was refused before it', () => {
  const deleting = registered().metadata({ deletionTimestamp: '2026-11-21T12:00:00Z' })
  assert.deepEqual(plan(deleting, { ...anObservation().build(), refusedWrites: [refusedTo('StoreSecret')] }).actions, [
    { type: 'DeleteWebhooks', ids: [remoteId], cause: 'Deletion' },
  ])
})

const attemptID = 'attempt-1'
const unstored = () => ({
  ...anObservation().withIntent({ state: 'settled' }).build(),
  revealed: { attemptID, secrets: [live(otherSecret)], replaced: currentSecret },
})

for (const { what, spec, changes } of [
  { what: 'the object was suspended', spec: { suspend: true }, changes: {} },
  { what: 'Google does not answer', spec: {}, changes: { remote: { state: 'notAsked' } } },
  {
    what: 'the API key is gone',
    spec: {},
    changes: { apiKey: { state: 'missing', reason: 'SecretNotFound', message: 'gone' } },
  },
] as const) {
  test(`a revealed secret is stored although ${what}`, () => {
    const rotating = registered().intending('Rotate').spec(spec)
    assert.deepEqual(typesOf(plan(rotating, { ...unstored(), ...changes })), [
      'StoreRevealedSecret',
      'CloseIntent',
      'OpenCheck',
    ])
  })
}

test('another secret in the Secret than the one that was to be replaced may be a newer leader’s: Google decides', () => {
  const { secret, ...rest } = unstored()
  assert.equal(secret.state, 'found')
  const overwritten = anObservation()
    .withSecret({ secrets: { current: 'whsec_newer' } })
    .build().secret
  const types = typesOf(plan(registered().intending('Rotate'), { ...rest, secret: overwritten }))
  assert.equal(types.includes('StoreRevealedSecret'), false)
})

test('an intent whose outcome is in the keyring alone is closed with the Secret restored, and nothing is called', () => {
  const entry = anObservation()
    .withKeyring(live(otherSecret), live(currentSecret, '2026-11-22T12:05:00Z'))
    .build().keyring
  const hinted = anObservation()
    .withRemote({ signingSecrets: [{ truncatedSecret: `whsec_...${otherSecret.slice(-4)}` }] })
    .withIntent({ state: 'settled' })
    .build()
  assert.ok(entry !== undefined)
  const keyring = { ...entry, attemptID }
  const recovered = plan(registered().intending('Rotate'), { ...hinted, keyring })
  assert.deepEqual(recovered.actions, [
    {
      type: 'StoreSecret',
      secrets: [live(otherSecret), live(currentSecret, '2026-11-22T12:05:00Z')],
      cause: 'Restored',
    },
    { type: 'CloseIntent' },
  ])
})

test('a refusal that is due is told until it is come to, and Google that does not answer changes nothing about it', () => {
  const unreachable: ObservedWebhook = {
    ...anObservation().build(),
    remote: {
      state: 'failed',
      failure: { class: 'transient', reason: 'RemoteUnavailable', message: 'no answer', mayHaveCommitted: false },
    },
  }
  const due = [{ ...refusedTo('RecordIntent'), remainingMs: 0 }]
  const waiting = plan(asking(), { ...unreachable, refusedWrites: due })
  assert.equal(waiting.finding.reason, 'RefusedByAPIServer')
  assert.equal(waiting.next.type, 'retry')
  assert.deepEqual(plan(asking(), { ...anObservation().build(), refusedWrites: due }).actions, [
    { type: 'RecordIntent', operation: 'Rotate', cause: 'Request', requestID: 'r-1' },
  ])
})

const rotates: Action = { type: 'RecordIntent', operation: 'Rotate', cause: 'Request' }
const tellsKeyring: Action = { type: 'WriteKeyring', secrets: [] }
const heldFor = (type: RefusedWrite['type'], remainingMs: number, message: string): RefusedWrite => ({
  ...refusedTo(type),
  remainingMs,
  failure: { ...refusedTo(type).failure, message },
})
const refusal = (message: string): Finding => ({ type: 'Stalled', reason: 'RefusedByAPIServer', message })
const fails: Plan = {
  actions: [],
  finding: { type: 'Progressing', reason: 'RemoteUnavailable', message: 'Google is away' },
  next: { type: 'retry' },
}
const inTheWay = stall('SecretNameTaken', 'the name is taken')

const told: { name: string; given: Plan; refused: RefusedWrite[]; want: Plan; because: string }[] = [
  {
    name: 'nothing, of an object at rest',
    given: idle(),
    refused: [heldFor('StoreSecret', 0, 'due')],
    want: idle(),
    because: 'the write is not wanted any more, or it would be in the plan',
  },
  {
    name: 'what is due, while an object at rest is tidied up',
    given: actQuietly([tellsKeyring]),
    refused: [heldFor('StoreSecret', 0, 'due')],
    want: { actions: [tellsKeyring], finding: refusal('due'), next: { type: 'now' } },
    because: 'whether the write is still wanted shows only after this step',
  },
  {
    name: 'what is held back before what is due',
    given: waitMs(9000, 'Progressing', 'waiting'),
    refused: [heldFor('StoreSecret', 0, 'due'), heldFor('RecordIntent', 5000, 'held')],
    want: { actions: [], finding: refusal('held'), next: { type: 'after', delayMs: 5000 } },
    because: 'what is due may be taken the next time',
  },
  {
    name: 'the write that the plan needs before any other that is held back, and the plan waits for the first of them',
    given: act([tellsKeyring, rotates], 'Progressing', 'rotating'),
    refused: [heldFor('StoreSecret', 5000, 'other'), heldFor('RecordIntent', 7000, 'needed')],
    want: { actions: [], finding: refusal('needed'), next: { type: 'after', delayMs: 5000 } },
    because: 'steps of one plan belong together, and nothing of it is done without the refused one',
  },
  {
    name: 'nothing over what stalls the object besides',
    given: inTheWay,
    refused: [heldFor('StoreSecret', 5000, 'held')],
    want: { ...inTheWay, next: { type: 'after', delayMs: 5000 } },
    because: 'only one can be told, and the other one stays when the write is taken',
  },
  {
    name: 'what is due, and when to look again stays as it was',
    given: restMs(9000, 'ProgressingWithRetry', 'resting'),
    refused: [heldFor('StoreSecret', 0, 'due')],
    want: { actions: [], finding: refusal('due'), next: { type: 'after', delayMs: 9000, rests: true } },
    because: 'nothing is held back, so nothing has to be waited for',
  },
  {
    name: 'what is held back, and a look that failed is repeated as ever',
    given: fails,
    refused: [heldFor('StoreSecret', 5000, 'held')],
    want: { actions: [], finding: refusal('held'), next: { type: 'retry' } },
    because: 'the retry has a pause of its own',
  },
  {
    name: 'what is held back, and a wait that ends before stays',
    given: waitMs(1000, 'Progressing', 'waiting'),
    refused: [heldFor('StoreSecret', 5000, 'held')],
    want: { actions: [], finding: refusal('held'), next: { type: 'after', delayMs: 1000 } },
    because: 'what else is waited for is not held up by the refusal',
  },
  {
    name: 'what is held back of a plan that does not need it, which goes on',
    given: act([tellsKeyring], 'Progressing', 'telling'),
    refused: [heldFor('StoreSecret', 5000, 'held')],
    want: { actions: [tellsKeyring], finding: refusal('held'), next: { type: 'now' } },
    because: 'only what needs the write waits for it',
  },
]

for (const { name, given, refused, want, because } of told) {
  test(`of refused writes is told: ${name}`, () => {
    assert.deepEqual(withRefusalReported(registered().build(), given, { refusedWrites: refused }), want, because)
  })
}

test('a step that needs a refused write is left out, any other and one that is due are not', () => {
  const given = act([tellsKeyring, rotates], 'Progressing', 'rotating')
  const left = (...refusedWrites: RefusedWrite[]) => unlessRefused(given, { refusedWrites })
  assert.equal(left(heldFor('RecordIntent', 1, 'held')), undefined)
  assert.equal(left(heldFor('StoreSecret', 1, 'held')), given)
  assert.equal(left(heldFor('RecordIntent', 0, 'due')), given)
  assert.equal(unlessRefused(given, {}), given)
  assert.equal(unlessRefused(undefined, { refusedWrites: [heldFor('RecordIntent', 1, 'held')] }), undefined)
})
