import assert from 'node:assert/strict'
import { test } from 'node:test'

import { shippedConfig } from '../../../support/builders/shipped-config.ts'
import { found, missing } from '../../../../src/controller/facts/lookup.ts'
import type { DynamicView } from '../../../../src/controller/facts/observed.ts'
import { planDynamic, planDynamicProblem, withDynamicReleased } from '../../../../src/controller/plan/dynamic.ts'
import { act, actQuietly, idle } from '../../../../src/controller/plan/result.ts'
import {
  aDynamicSecret,
  dynamicName,
  observedWithDynamic,
  wantingDynamic,
} from '../../../support/builders/a-dynamic-endpoint.ts'
import { aFailure, anObservation, currentSecret, live } from '../../../support/builders/an-observation.ts'

const config = { ...shippedConfig, namespace: 'home', baseUrl: 'https://hooks.example.com' }
const ctx = { config, nowMs: Date.parse('2026-11-21T12:00:00Z') }
const failed = { state: 'failed', failure: aFailure() } as const
const sinkChanged = { sinks: { ...anObservation().build().sinks, held: ['a-held-sink'] } }
const tells = actQuietly([{ type: 'WriteKeyring', secrets: [live(currentSecret)] }])

test('sinks that changed are told along with the webhook where there is one, else with the dynamic endpoint', () => {
  const observed = observedWithDynamic({}, sinkChanged)
  assert.equal(planDynamic(wantingDynamic().build(), observed, ctx), undefined, 'the webhook’s own step tells them')
  const only = wantingDynamic().spec({ events: undefined }).build()
  assert.deepEqual(planDynamic(only, observed, ctx), tells, 'no other step would tell them')
  assert.equal(planDynamic(only, observedWithDynamic({}), ctx), undefined, 'receivers know all there is')
})

test('a keyring entry that was lost whole is written again for the dynamic endpoint alone', () => {
  const lost = observedWithDynamic({}, { keyring: undefined })
  assert.deepEqual(
    planDynamic(wantingDynamic().build(), lost, ctx),
    actQuietly([{ type: 'WriteKeyring', secrets: [] }]),
  )
})

test('without a keyring entry and without anything to tell none is made', () => {
  const nothing = observedWithDynamic({ entry: undefined, secret: failed }, { ...sinkChanged, keyring: undefined })
  assert.equal(planDynamic(wantingDynamic().spec({ events: undefined }).build(), nothing, ctx), undefined)
})

test('where the address is no longer ours the Secret is left as it is', () => {
  const stale = { secret: found(aDynamicSecret({ uri: 'https://old.example.com/' })) }
  for (const endpoint of [
    { state: 'external', url: 'https://own.example.com/hook' },
    { state: 'invalid', message: 'not allowed' },
  ] as const) {
    assert.equal(
      planDynamic(wantingDynamic().build(), observedWithDynamic(stale, { endpoint }), ctx),
      undefined,
      endpoint.state,
    )
  }
})

test('only a Secret of somebody else or one that cannot be read is a problem, and says which', () => {
  const problemOf = (secret: DynamicView['secret']) =>
    planDynamicProblem(wantingDynamic().build(), observedWithDynamic({ secret }), ctx)
  assert.deepEqual(problemOf(failed), {
    actions: [],
    finding: { type: 'Progressing', reason: 'RemoteUnavailable', message: 'Google is away' },
    next: { type: 'retry' },
  })
  assert.equal(problemOf(missing), undefined, 'it is made')
  for (const ownership of ['ours', 'inherited'] as const) {
    assert.equal(problemOf(found(aDynamicSecret({ ownership }))), undefined, 'it may be written')
  }
  assert.deepEqual(problemOf(found(aDynamicSecret({ ownership: 'stranger' }))), {
    actions: [],
    finding: {
      type: 'Stalled',
      reason: 'SecretNameTaken',
      message:
        'Secret ml/batch-events-dynamic-endpoint exists and does not belong to this object; it is not touched: remove it, or choose another spec.dynamic.secretName',
    },
    next: { type: 'resync' },
  })
  const unnamed = observedWithDynamic({ name: undefined, secret: failed })
  assert.equal(planDynamicProblem(wantingDynamic().build(), unnamed, ctx), undefined, 'none is wanted')
})

test('releasing the object deletes its dynamic Secrets, of now and of before, and never the signing secret', () => {
  const webhook = wantingDynamic()
  const released = act([{ type: 'RemoveKeyringEntry' }, { type: 'RemoveFinalizer' }], 'Deleting', 'releasing')
  const deletionsAfter = (dynamicSecretName: string) =>
    withDynamicReleased(webhook.status({ endpoint: { dynamicSecretName } }).build(), released).actions
  const [keyring, finalizer] = released.actions
  const deletion = { type: 'DeleteDynamicSecret', name: dynamicName }
  assert.deepEqual(deletionsAfter(dynamicName), [keyring, deletion, finalizer], 'once')
  assert.deepEqual(deletionsAfter('former'), [keyring, deletion, { ...deletion, name: 'former' }, finalizer])
  assert.deepEqual(deletionsAfter('batch-events-signing-secret'), [keyring, deletion, finalizer])
})

test('the dynamic Secret goes right before the finalizer, and stays while the object does', () => {
  const going = act([{ type: 'RemoveFinalizer' }], 'Deleting', 'releasing')
  assert.deepEqual(withDynamicReleased(wantingDynamic().build(), going).actions, [
    { type: 'DeleteDynamicSecret', name: dynamicName },
    { type: 'RemoveFinalizer' },
  ])
  const staying = act([{ type: 'RecordKey' }, { type: 'AddFinalizer' }], 'Deleting', 'not yet')
  assert.deepEqual(withDynamicReleased(wantingDynamic().build(), staying), staying)
  assert.deepEqual(withDynamicReleased(wantingDynamic().build(), idle()), idle())
})
