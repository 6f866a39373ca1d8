import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type Failure, classifyFailure, isRefusedWrite } from '../../../../src/controller/facts/failure-class.ts'
import { keyringIsFull } from '../../../../src/controller/keyring/keyring-room.ts'
import { viewRefusedWrites } from '../../../../src/controller/memory/refused-writes.ts'
import { isRefusal, KubernetesApiError } from '../../../../src/kubernetes/client.ts'
import { aPass } from '../../../support/worlds/a-pass.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'
import { anObservation } from '../../../support/builders/an-observation.ts'

const apiError = (status: number) => new KubernetesApiError({ status, reason: 'Any', message: `answered ${status}` })

for (const status of [400, 403, 405, 413, 415, 422]) {
  test(`${status} of the API server is a refusal: told at once, and no effect is waited for`, () => {
    assert.equal(isRefusal(apiError(status)), true)
    const { class: kind, reason, mayHaveCommitted } = classifyFailure(apiError(status)) ?? {}
    assert.deepEqual(
      { kind, reason, mayHaveCommitted },
      { kind: 'refused', reason: 'RefusedByAPIServer', mayHaveCommitted: false },
    )
  })
}

for (const status of [0, 401, 404, 408, 409, 410, 425, 429, 500, 503, 504]) {
  test(`${status} of the API server may pass`, () => {
    assert.equal(isRefusal(apiError(status)), false)
    assert.equal(classifyFailure(apiError(status))?.class, 'transient')
  })
}

const failure: Failure = {
  class: 'refused',
  reason: 'RefusedByAPIServer',
  message: 'update secrets ml/batch-events-signing-secret: the API server answered 422 Invalid: immutable',
  mayHaveCommitted: false,
}

function refusedOnce() {
  const pass = aPass()
  const webhook = aWebhook().registered().build()
  const observed = anObservation().build()
  const note = () => pass.memory.refusedWrite({ type: 'RecordIntent', failure }, { webhook, observed }, pass)
  const view = (as = webhook, seen = observed) =>
    viewRefusedWrites(pass.memory.view.retries.writes, { webhook: as, observed: seen }, pass.clock.monotonic())
  note()
  return { pass, webhook, observed, note, view }
}

test('a refused write is held back for pauses that double up to five minutes', async () => {
  const { pass, note, view } = refusedOnce()
  const pauses: number[] = []
  for (let row = 0; row < 12; row++) {
    const [held] = view()
    assert.equal(held?.type, 'RecordIntent')
    pauses.push(held?.remainingMs ?? 0)
    await pass.clock.advance({ ms: held?.remainingMs ?? 0 })
    assert.equal(view()[0]?.remainingMs, 0, 'it is due')
    note()
  }
  // With a random number of 0.5: three quarters of 500 ms, doubled.
  assert.deepEqual(pauses.slice(0, 3), [375, 750, 1500])
  assert.equal(pauses.at(-1), 225_000)
})

test('a keyring Secret that is full is held back like a refusal, so that whatever needs no room goes on', () => {
  assert.equal(isRefusedWrite(keyringIsFull('uid-1').failure), true)
  assert.equal(isRefusedWrite({ ...failure, class: 'terminal', reason: 'RemoteRejected' }), false)
})

test('the call and its rehearsal are one: a refusal of either holds back the intent', () => {
  const { pass, webhook, observed } = refusedOnce()
  pass.memory.did('RegisterWebhook')
  assert.deepEqual(viewRefusedWrites(pass.memory.view.retries.writes, { webhook, observed }, 0), [])
  pass.memory.refusedWrite({ type: 'RotateSigningSecret', failure }, { webhook, observed }, pass)
  assert.equal(viewRefusedWrites(pass.memory.view.retries.writes, { webhook, observed }, 0)[0]?.type, 'RecordIntent')
})

test('another spec, another Secret, a request to look and a lost keyring entry begin anew', () => {
  const { view, webhook, observed } = refusedOnce()
  assert.equal(view().length, 1)
  const { metadata } = webhook
  assert.deepEqual(view({ ...webhook, metadata: { ...metadata, generation: 9 } }), [])
  const annotations = { 'webhooks.gemini-operator.io/reconcile-requested-at': 'now' }
  assert.deepEqual(view({ ...webhook, metadata: { ...metadata, annotations } }), [])
  assert.deepEqual(view(webhook, { ...observed, secret: { state: 'missing' } }), [])
  assert.deepEqual(
    view(webhook, {
      ...observed,
      keyring: observed.keyring === undefined ? anObservation().build().keyring : undefined,
    }),
    [],
  )
})
