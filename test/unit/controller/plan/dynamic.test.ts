import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Action } from '../../../../src/controller/facts/action.ts'
import { shippedConfig } from '../../../support/builders/shipped-config.ts'
import type { DynamicSecret } from '../../../../src/controller/secrets/dynamic-secret.ts'
import { dynamicEntryOf } from '../../../../src/controller/observe/look-up-dynamic.ts'
import type { DynamicView } from '../../../../src/controller/facts/observed.ts'
import { found, missing } from '../../../../src/controller/facts/lookup.ts'
import { planWebhook } from '../../../../src/controller/plan/plan.ts'
import type { DynamicEndpointEntry } from '../../../../src/contract/keyring/entry.ts'
import { hashToken } from '../../../../src/contract/keyring/token-hash.ts'
import type { DynamicSpec } from '../../../support/builders/a-dynamic-endpoint.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'
import { aFailure, anObservation, currentSecret, live } from '../../../support/builders/an-observation.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const inFourDays = '2026-11-25T12:00:00Z'
const token = 'k3mWq7yT5uXz0aBcDeFgHiJkLmNoPqRsTuVwXyZ1234'
const uri = `https://hooks.example.com/v1/d/ml/batch-events/${token}`
const name = 'batch-events-dynamic-endpoint'
const config = { ...shippedConfig, namespace: 'home', baseUrl: 'https://hooks.example.com' }
const told: DynamicEndpointEntry = { tokens: [{ hash: hashToken(token) }], audiences: [] }

const writesKeyring: Action[] = [{ type: 'WriteKeyring', secrets: [live(currentSecret)] }]

function aSecret(changes: Partial<DynamicSecret> = {}): DynamicSecret {
  return {
    ownership: 'ours',
    resourceVersion: '7',
    token,
    uri,
    previous: [],
    handledRequestIDs: [],
    labels: {},
    annotations: {},
    ...changes,
  }
}

interface Given {
  spec?: DynamicSpec | undefined
  secret?: DynamicView['secret']
  former?: DynamicView['former']
  keyring?: DynamicEndpointEntry | undefined
  wanted?: boolean
}

/** The plan for a registered object at rest whose dynamic part is as given. */
function planFor(given: Given) {
  const { spec = {}, secret = found(aSecret()), former, wanted = true } = given
  const keyring = 'keyring' in given ? given.keyring : told
  const base = anObservation().build()
  const entry = {
    uid: 'uid-1',
    namespace: 'ml',
    name: 'batch-events',
    secrets: [live(currentSecret)],
    sinks: [],
    ...(keyring !== undefined && { dynamic: keyring }),
  }
  const held = secret.state === 'found' && secret.value.ownership !== 'stranger' ? secret.value : undefined
  const dynamic: DynamicView = {
    name: wanted ? name : undefined,
    secret,
    ...(former !== undefined && { former }),
    entry: wanted ? dynamicEntryOf(held, spec.audiences ?? [], entry, nowMs) : undefined,
  }
  const webhook = aWebhook()
    .registered()
    .spec(wanted ? { dynamic: spec } : {})
    .build()
  return planWebhook(webhook, { ...base, keyring: entry, dynamic }, { config, nowMs })
}

function storeOf(given: Given) {
  const { actions } = planFor(given)
  const [store, ...rest] = actions
  assert.equal(store?.type, 'StoreDynamicSecret')
  assert.deepEqual(rest, writesKeyring)
  return store.type === 'StoreDynamicSecret' ? store : assert.fail()
}

const actionsFor = (given: Given) => planFor(given).actions
const types = (given: Given) => planFor(given).actions.map(({ type }) => type)

test('an endpoint whose Secret and keyring agree needs nothing of its own', () => {
  assert.ok(!types({}).some((type) => type.includes('Dynamic') || type === 'WriteKeyring'))
})

test('a new endpoint gets a Secret with a new token, and then the keyring is written', () => {
  const store = storeOf({ secret: missing, keyring: undefined })
  assert.deepEqual(
    [store.name, store.token, store.previous, store.cause, store.existing],
    [name, undefined, [], 'Created', undefined],
  )
})

test('a request that is there from the start is recorded and not executed', () => {
  const spec = { tokenRequest: { id: 'r1' } }
  assert.deepEqual(storeOf({ spec, secret: missing, keyring: undefined }).handledRequestIDs, ['r1'])
  assert.deepEqual(
    types({ spec, secret: found(aSecret({ handledRequestIDs: ['r1'] })) }).includes('WriteKeyring'),
    false,
  )
})

test('a new request replaces the token once, and the former one opens the endpoint for 96 hours more', () => {
  const store = storeOf({ spec: { tokenRequest: { id: 'r1' } } })
  assert.deepEqual(
    [store.token, store.previous, store.handledRequestIDs, store.cause],
    [undefined, [{ hash: hashToken(token), notAfter: inFourDays }], ['r1'], 'Requested'],
  )
})

test('going back to a request that was handled replaces nothing', () => {
  const secret = found(aSecret({ handledRequestIDs: ['r1', 'r2'] }))
  assert.ok(!types({ spec: { tokenRequest: { id: 'r1' } }, secret }).includes('StoreDynamicSecret'))
})

test('a request that says Immediately ends the former token and all before it', () => {
  const spec = { tokenRequest: { id: 'r1', revokePrevious: 'Immediately' as const } }
  const older = { hash: 'a'.repeat(64), notAfter: '2026-11-23T00:00:00Z' }
  const keyring = { ...told, tokens: [...told.tokens, older] }
  const store = storeOf({ spec, secret: found(aSecret({ previous: [older] })), keyring })
  assert.deepEqual(store.previous, [{ hash: hashToken(token), notAfter: '2026-11-21T12:00:00Z' }])
})

test('what was revoked is not taken back when the keyring still has it: receivers are told', () => {
  const next = aSecret({
    token: 'another-token-of-enough-characters',
    uri: 'https://hooks.example.com/v1/d/ml/batch-events/another-token-of-enough-characters',
    previous: [{ hash: hashToken(token), notAfter: '2026-11-21T12:00:00Z' }],
  })
  assert.deepEqual(actionsFor({ secret: found(next) }), writesKeyring)
  const entry = dynamicEntryOf(next, [], undefined, nowMs)
  assert.deepEqual(entry?.tokens, [{ hash: hashToken('another-token-of-enough-characters') }])
})

test('a Secret that was deleted gets a new token, and the lost one is not refused to the jobs that have it', () => {
  const older = { hash: 'a'.repeat(64), notAfter: '2026-11-23T00:00:00Z' }
  const store = storeOf({ secret: missing, keyring: { ...told, tokens: [...told.tokens, older] } })
  assert.deepEqual(
    [store.token, store.previous, store.cause],
    [undefined, [{ hash: hashToken(token), notAfter: inFourDays }, older], 'Lost'],
  )
})

test('a Secret that another hand changed is followed, with an overlap for what receivers knew before', () => {
  const edited = aSecret({ token: 'restored-from-an-older-backup' })
  const store = storeOf({ secret: found(edited) })
  assert.deepEqual(
    [store.token, store.previous],
    ['restored-from-an-older-backup', [{ hash: hashToken(token), notAfter: inFourDays }]],
  )
})

test('a Secret that an object of the same name left behind is taken over with its token', () => {
  const store = storeOf({ secret: found(aSecret({ ownership: 'inherited' })), keyring: undefined })
  assert.deepEqual([store.token, store.previous, store.cause], [token, [], 'Updated'])
})

test('a keyring that was lost is written again from the Secret, with the tokens before it', () => {
  const previous = [{ hash: 'a'.repeat(64), notAfter: '2026-11-23T00:00:00Z' }]
  assert.deepEqual(actionsFor({ secret: found(aSecret({ previous })), keyring: undefined }), writesKeyring)
  assert.deepEqual(dynamicEntryOf(aSecret({ previous }), ['a'], undefined, nowMs), {
    tokens: [{ hash: hashToken(token) }, ...previous],
    audiences: ['a'],
  })
})

test('a token that has ended leaves the Secret and the keyring', () => {
  const ended = { hash: 'a'.repeat(64), notAfter: '2026-11-21T12:00:00Z' }
  const store = storeOf({
    secret: found(aSecret({ previous: [ended] })),
    keyring: { ...told, tokens: [...told.tokens, ended] },
  })
  assert.deepEqual([store.token, store.previous, store.cause], [token, [], 'Updated'])
})

test('a new base URL changes the published URI and keeps the token', () => {
  const store = storeOf({ secret: found(aSecret({ uri: uri.replace('hooks', 'old') })) })
  assert.deepEqual([store.token, store.endpointUrl], [token, 'https://hooks.example.com/v1/s/ml/batch-events'])
})

test('while another object proves a new base URL, jobs are not sent there: the published URI stays', () => {
  const [given, base] = [aSecret(), anObservation().build()]
  const rollout = { state: 'wait', canary: { namespace: 'ml', name: 'first', failed: false } } as const
  const keyring = {
    uid: 'uid-1',
    namespace: 'ml',
    name: 'batch-events',
    secrets: [live(currentSecret)],
    sinks: [],
    dynamic: told,
  }
  const observed = {
    ...base,
    keyring,
    dynamic: { name, secret: found(given), entry: told },
    endpoint: { state: 'ours', url: 'https://new.example.com/v1/s/ml/batch-events' } as const,
  }
  const webhook = aWebhook().registered().spec({ dynamic: {} }).build()
  const actions = (turn: typeof rollout | { state: 'go' }) =>
    planWebhook(webhook, { ...observed, rollout: turn }, { config, nowMs }).actions.map(({ type }) => type)
  assert.ok(!actions(rollout).includes('StoreDynamicSecret'))
  assert.ok(actions({ state: 'go' }).includes('StoreDynamicSecret'))
})

test('a Secret under a new name takes the token along, and the one under the former name goes afterwards', () => {
  const former = { name: 'former', secret: found(aSecret()) }
  assert.equal(storeOf({ secret: missing, former }).token, token)
  assert.deepEqual(actionsFor({ former }), [{ type: 'DeleteDynamicSecret', name: former.name }])
})

test('an endpoint that is not wanted any more leaves the keyring first, then its Secret goes', () => {
  const former = { name, secret: found(aSecret()) }
  assert.deepEqual(actionsFor({ wanted: false, secret: missing, former }), writesKeyring)
  assert.deepEqual(actionsFor({ wanted: false, secret: missing, former, keyring: undefined }), [
    { type: 'DeleteDynamicSecret', name: former.name },
  ])
})

test("a stranger's Secret is not written, and says so without holding up anything else", () => {
  const plan = planFor({ secret: found(aSecret({ ownership: 'stranger' })), keyring: undefined })
  assert.ok(!plan.actions.some(({ type }) => type === 'StoreDynamicSecret'))
  const only = aWebhook().finalized().spec({ events: undefined, dynamic: {} }).build()
  const dynamic: DynamicView = { name, secret: found(aSecret({ ownership: 'stranger' })), entry: undefined }
  const unregistered = { ...anObservation().unregistered().build(), dynamic }
  const { finding, actions } = planWebhook(only, unregistered, { config, nowMs })
  assert.deepEqual([finding.type, finding.reason, actions], ['Stalled', 'SecretNameTaken', []])
  assert.match(finding.message, /^Secret ml\/batch-events-dynamic-endpoint exists .* spec\.dynamic\.secretName$/)
})

test('a Secret that cannot be read changes nothing', () => {
  const secret = { state: 'failed' as const, failure: aFailure() }
  assert.ok(!types({ secret }).some((type) => type.includes('Dynamic') || type === 'WriteKeyring'))
})

test('deleting the object deletes the Secret of the dynamic endpoint before the object is released', () => {
  const webhook = aWebhook().deleting().spec({ dynamic: {}, deletionPolicy: 'Retain' }).build()
  const { actions } = planWebhook(webhook, anObservation().build(), { config, nowMs })
  assert.deepEqual(actions, [
    { type: 'RemoveKeyringEntry' },
    { type: 'DeleteDynamicSecret', name },
    { type: 'RemoveFinalizer' },
  ])
})
