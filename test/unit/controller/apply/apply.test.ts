import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhook } from '../../../../src/api/gemini-webhook.ts'
import type { Action } from '../../../../src/controller/facts/action.ts'
import type { ActionState } from '../../../../src/controller/apply/action-state.ts'
import { applyPlan } from '../../../../src/controller/apply/apply.ts'
import { GeminiError, type GeminiErrorCode, type WebhookService } from '../../../../src/gemini/webhook-service.ts'
import { viewSetback } from '../../../../src/controller/memory/setbacks.ts'
import { isConflict } from '../../../../src/kubernetes/client.ts'
import { aPass } from '../../../support/worlds/a-pass.ts'
import { aWebhook, remoteId } from '../../../support/builders/a-webhook.ts'
import { anObservation, aRemote, remoteName } from '../../../support/builders/an-observation.ts'

const registered = aWebhook().registered({ name: remoteName }).build()
const renaming = aWebhook()
  .registered({ name: remoteName })
  .spec({ displayName: 'nightly' })
  .metadata({ generation: 2 })
  .build()
const update: Action = {
  type: 'UpdateWebhook',
  id: remoteId,
  changes: { name: `${remoteName} nightly` },
  field: 'name',
  cause: 'Spec',
}

function stateOf(webhook: GeminiWebhook): ActionState {
  return { webhook, observed: anObservation().build(), draft: webhook.status ?? {}, events: [] }
}

/**
 * The API server answers with this version of the object, whichever is asked for, and would store whatever it is shown.
 */
const live = (webhook: GeminiWebhook | undefined) => ({
  get: async <T>() => webhook as T | undefined,
  create: async <T>(_: unknown, object: T) => object,
  replace: async <T>(_: unknown, object: T) => object,
})

const failing = (code: GeminiErrorCode, mayHaveCommitted: boolean) => () =>
  Promise.reject(new GeminiError({ code, message: 'Google says no', mayHaveCommitted }))
const refusal = failing('ERR_GEMINI_REJECTED', false)

const changing: Action[] = [
  { type: 'RegisterWebhook' },
  { type: 'RotateSigningSecret', id: remoteId, revocation: 'revoke_previous_secrets_after_h24' },
  update,
  { type: 'ReenableWebhook', id: remoteId },
  { type: 'DeleteWebhooks', ids: [remoteId], cause: 'Deletion' },
  { type: 'LeaveProject', id: remoteId },
]
const { resourceVersion } = registered.metadata
const surprises = [
  { what: 'has a newer version', live: { ...registered, metadata: { ...registered.metadata, resourceVersion: '2' } } },
  { what: 'is another of the same name', live: { ...registered, metadata: { ...registered.metadata, uid: 'uid-2' } } },
  { what: 'is gone', live: undefined },
]
for (const action of changing) {
  for (const surprise of surprises) {
    test(`${action.type} calls nobody when the live object ${surprise.what}`, async () => {
      const pass = aPass({ client: live(surprise.live) })
      await assert.rejects(applyPlan(stateOf(registered), [action], pass), isConflict)
      assert.equal(resourceVersion, '1')
    })
  }
}

const asking: Action[] = [...changing, { type: 'PingEndpoint', id: remoteId }, { type: 'ConfirmRemote', id: remoteId }]
for (const action of asking) {
  test(`${action.type} calls nobody when the installation was paused during the pass`, async () => {
    const pause = { message: 'the whole installation is paused' }
    const pass = aPass({ client: live(registered), pause: () => pause })
    await assert.rejects(applyPlan(stateOf(registered), [action], pass), isConflict)
  })
}

async function refusedTimes(times: number, webhook: GeminiWebhook, pass: ReturnType<typeof aPass>) {
  const classes = []
  for (let count = 0; count < times; count++) {
    const { failure } = await applyPlan(stateOf(webhook), [update], pass)
    classes.push(failure?.class)
    // What lies between two tries changes nothing at Google.
    await applyPlan(stateOf(webhook), [], pass)
  }
  return classes
}

const serviceThatRefuses: Partial<WebhookService> = { get: async () => aRemote(), update: refusal }

test('a refusal is tried again four times before a human is asked, for it may be a rollout at Google', async () => {
  const pass = aPass({ client: live(renaming) }, serviceThatRefuses)
  const classes = await refusedTimes(7, renaming, pass)
  assert.deepEqual(classes, [...Array.from({ length: 4 }, () => 'transient'), 'terminal', 'terminal', 'terminal'])
})

test('a changed spec gets tries of its own, and a success forgets the refusals', async () => {
  const service = { ...serviceThatRefuses }
  const client = { get: async <T>() => asked as T }
  const pass = aPass({ client }, service)
  let asked = renaming
  await refusedTimes(5, renaming, pass)
  asked = { ...renaming, metadata: { ...renaming.metadata, generation: 3 } }
  assert.deepEqual(await refusedTimes(1, asked, pass), ['transient'])

  service.update = async () => aRemote({ name: `${remoteName} nightly` })
  assert.equal((await applyPlan(stateOf(asked), [update], pass)).failure, undefined)
  service.update = refusal
  assert.deepEqual(await refusedTimes(4, asked, pass), ['transient', 'transient', 'transient', 'transient'])
})

test('an intent whose call was refused outright is withdrawn with the write that tells it', async () => {
  const webhook = aWebhook().intending('Create').build()
  const create = failing('ERR_GEMINI_CREDENTIALS_REJECTED', false)
  const pass = aPass({ client: live(webhook) }, { list: async () => [], create })
  pass.memory.announced('attempt-1')
  const start = { ...stateOf(webhook), observed: anObservation().unregistered().build() }
  const { state, failure } = await applyPlan(start, [{ type: 'RegisterWebhook' }], pass)
  assert.equal(failure?.class, 'credentials')
  assert.equal(state.draft.operation, undefined)
})

test('an intent whose call may have had an effect stays', async () => {
  const webhook = aWebhook().intending('Create').build()
  const create = failing('ERR_GEMINI_TIMEOUT', true)
  const pass = aPass({ client: live(webhook) }, { list: async () => [], create })
  pass.memory.announced('attempt-1')
  const start = { ...stateOf(webhook), observed: anObservation().unregistered().build() }
  const { state } = await applyPlan(start, [{ type: 'RegisterWebhook' }], pass)
  assert.equal(state.draft.operation?.attemptID, 'attempt-1')
  assert.equal(pass.memory.view.intent?.call, 'unclear')
})

/** A create or rotation, each under an intent of its own, that ends so. */
async function attempt(pass: ReturnType<typeof aPass>, webhook: GeminiWebhook, action: Action) {
  pass.memory.announced('attempt-1')
  const observed = action.type === 'RegisterWebhook' ? anObservation().unregistered().build() : anObservation().build()
  return applyPlan({ ...stateOf(webhook), observed }, [action], pass)
}

const rotate: Action = { type: 'RotateSigningSecret', id: remoteId, revocation: 'revoke_previous_secrets_after_h24' }
const creating = aWebhook().intending('Create').build()
const rotating = aWebhook().registered({ name: remoteName }).intending('Rotate').build()

for (const { action, webhook, verb } of [
  { action: { type: 'RegisterWebhook' }, webhook: creating, verb: 'create' },
  { action: rotate, webhook: rotating, verb: 'rotateSigningSecret' },
] as const) {
  test(`${action.type} that fails a second time with an unknown effect is held back, and a success forgets it`, async () => {
    const service: Partial<WebhookService> = { list: async () => [], get: async () => aRemote() }
    const pass = aPass({ client: live(webhook) }, service)
    const fail = failing('ERR_GEMINI_UNAVAILABLE', true)
    const view = () => viewSetback(pass.memory.view.retries.setback, { webhook }, pass.clock.monotonic())
    service[verb] = fail
    await attempt(pass, webhook, action)
    assert.equal(view(), undefined)
    await attempt(pass, webhook, action)
    assert.deepEqual(view(), {
      operation: verb === 'create' ? 'Create' : 'Rotate',
      why: 'Google says no',
      remainingMs: 60_000,
    })
    // What lies between two tries changes nothing at Google.
    await applyPlan(stateOf(webhook), [], pass)
    assert.notEqual(view(), undefined)

    const signingSecret = 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAaaaa'
    service.create = async () => ({ webhook: aRemote(), signingSecret })
    service.rotateSigningSecret = async () => signingSecret
    assert.equal((await attempt(pass, webhook, action)).failure, undefined)
    assert.equal(pass.memory.view.retries.setback, undefined)
  })

  test(`${action.type} that Google turned away without any effect is left to the queue`, async () => {
    const service: Partial<WebhookService> = { list: async () => [], get: async () => aRemote() }
    service[verb] = failing('ERR_GEMINI_RATE_LIMITED', false)
    const pass = aPass({ client: live(webhook) }, service)
    for (const _ of [1, 2, 3]) await attempt(pass, webhook, action)
    assert.equal(pass.memory.view.retries.setback, undefined)
  })
}

test('a create that answers without our marker is recorded with its id, and never repeated', async () => {
  const webhook = aWebhook().intending('Create').build()
  const unmarked = aRemote({ name: 'renamed by Google' })
  let creates = 0
  const create = async () => {
    creates += 1
    return { webhook: unmarked, signingSecret: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAaaaa' }
  }
  const pass = aPass({ client: live(webhook) }, { list: async () => [], create })
  pass.memory.announced('attempt-1')
  const start = { ...stateOf(webhook), observed: anObservation().unregistered().build() }
  const { state } = await applyPlan(start, [{ type: 'RegisterWebhook' }], pass)
  assert.equal(state.draft.webhook?.id, remoteId)

  // The next look finds it by its id, and puts the marker back; a Google that keeps it out is told.
  const known = aWebhook().registered({ name: remoteName }).build()
  const again = aPass({ client: live(known) }, { get: async () => unmarked, update: async () => unmarked })
  const putBack: Action = { ...update, changes: { name: remoteName } }
  const { failure } = await applyPlan(stateOf(known), [putBack], again)
  assert.deepEqual([failure?.class, failure?.reason], ['terminal', 'MarkerNotEchoed'])
  assert.equal(creates, 1)
})

test('what changed at Google since it was observed is read before it is changed: a lagging list causes no call', async () => {
  const pass = aPass({ client: live(renaming) }, { get: async () => aRemote({ name: `${remoteName} nightly` }) })
  const { failure, state } = await applyPlan(stateOf(renaming), [update], pass)
  assert.equal(failure, undefined)
  assert.equal(state.draft.webhook?.name, `${remoteName} nightly`)
})

for (const theirs of [aRemote({ name: 'gwh:0123456789ab' }), undefined]) {
  test(`a webhook that ${theirs === undefined ? 'is gone' : 'became another’s'} since it was observed is not touched`, async () => {
    const pass = aPass({ client: live(registered) }, { get: async () => theirs })
    for (const action of changing.filter(({ type }) => type !== 'RegisterWebhook' && type !== 'LeaveProject')) {
      const { failure } = await applyPlan(stateOf(registered), [action], pass)
      assert.equal(failure, undefined, action.type)
    }
  })
}

test('an older CRD that would drop the count lets nothing be enabled: the count is not seen to hold', async () => {
  const pass = aPass({ client: live(registered) })
  const { state } = await applyPlan(stateOf(registered), [{ type: 'CountReenable' }], pass)
  assert.equal(state.draft.webhook?.reenableTimes?.length, 1)
  assert.equal(pass.memory.view.reenableCountedAs, state.draft.webhook?.reenableTimes?.[0])
})
