import assert from 'node:assert/strict'
import { test } from 'node:test'

import { shippedConfig } from '../../../support/builders/shipped-config.ts'
import { fenceDueAtMs } from '../../../../src/controller/facts/fence-due.ts'
import { shortMarkerOf } from '../../../../src/controller/facts/ownership.ts'
import { planWebhook } from '../../../../src/controller/plan/plan.ts'
import { aWebhook, installation, remoteId } from '../../../support/builders/a-webhook.ts'
import {
  anObservation,
  live,
  marker,
  otherSecret,
  proof,
  remoteName,
  type ObservationBuilder,
} from '../../../support/builders/an-observation.ts'

const config = { ...shippedConfig, namespace: 'gwh', baseUrl: 'https://hooks.example.com' }
const ctx = { config, nowMs: Date.parse('2026-11-21T12:00:00Z') }
/** Registered by a version that knew no tokens. */
const legacy = aWebhook().registered({ name: marker, checkedSpec: proof }).build()
const fence = {
  type: 'UpdateWebhook',
  id: remoteId,
  changes: { name: remoteName },
  field: 'name',
  cause: 'Spec',
} as const

function planOf(observed: ObservationBuilder, webhook = legacy) {
  return planWebhook(webhook, observed.build(), ctx)
}

test('a name without a token is at rest until its moment has come', () => {
  const plan = planOf(anObservation().withRemote({ name: marker }))
  assert.deepEqual(plan.actions, [])
  assert.equal(plan.finding.type, 'AtRest')
})

test('then the token is added with one call, and the object stays at rest', () => {
  const plan = planOf(anObservation().withRemote({ name: marker }).with({ fenceDue: true }))
  assert.deepEqual(plan.actions, [fence])
  assert.equal(plan.finding.type, 'AtRest')
})

test('a name with the short marker of earlier versions is made whole the same way: at its moment, quietly, with one call', () => {
  const token = remoteName.slice(marker.length)
  for (const name of [`${shortMarkerOf(marker)}${token}`, shortMarkerOf(marker)]) {
    const webhook = aWebhook().registered({ name, checkedSpec: proof }).build()
    assert.deepEqual(planOf(anObservation().withRemote({ name }), webhook).actions, [], name)
    const plan = planOf(anObservation().withRemote({ name }).with({ fenceDue: true }), webhook)
    assert.deepEqual(plan.actions, [fence], name)
    assert.equal(plan.finding.type, 'AtRest')
  }
})

test('the display name stays, and driftPolicy Report is no reason against it', () => {
  const webhook = aWebhook()
    .registered({ name: `${marker} nightly`, checkedSpec: proof })
    .spec({ displayName: 'nightly', driftPolicy: 'Report' })
    .build()
  const observed = anObservation()
    .withRemote({ name: `${marker} nightly` })
    .with({ fenceDue: true })
  assert.deepEqual(planOf(observed, webhook).actions, [{ ...fence, changes: { name: `${remoteName} nightly` } }])
})

test('a call that is due for another reason takes the token along', () => {
  const webhook = aWebhook()
    .registered({ name: marker, checkedSpec: proof })
    .spec({ events: ['batch.failed'] })
    .build()
  const [action] = planOf(anObservation().withRemote({ name: marker }), webhook).actions
  assert.deepEqual(action, {
    ...fence,
    changes: { name: remoteName, subscribedEvents: ['batch.failed'] },
    field: 'subscribedEvents',
  })
})

test('before a secret that nobody holds is rotated the token comes first', () => {
  const observed = anObservation()
    .withRemote({ name: marker }, { confirmed: true })
    .withKeyring(live(otherSecret))
    .withSecret({ secrets: { current: otherSecret } })
  assert.deepEqual(planOf(observed).actions, [fence])
})

test('a token that another hand removed is drift', () => {
  const name = `${remoteName} nightly`
  const webhook = aWebhook().registered({ name, checkedSpec: proof }).spec({ displayName: 'nightly' }).build()
  const plan = planOf(anObservation().withRemote({ name: `${marker} nightly` }), webhook)
  assert.equal(plan.finding.reason, 'Drifted')
  assert.deepEqual(plan.actions, [{ ...fence, changes: { name }, cause: 'Drift' }])
})

test('a token that the service cut off when it was applied is not sent again and again', () => {
  const webhook = aWebhook().registered({ name: remoteName, checkedSpec: proof }).build()
  for (const name of [marker, remoteName.slice(0, 32)])
    assert.deepEqual(planOf(anObservation().withRemote({ name }).with({ fenceDue: true }), webhook).actions, [])
})

test('the token of another installation is told by name, and nothing is touched', () => {
  const name = `${marker} @ffffffff`
  for (const observed of [
    anObservation().withRemote({ name }, { owner: 'another' }),
    anObservation()
      .unregistered()
      .with({
        remote: { state: 'missing', confirmed: true, confirmInMs: 0, rival: { ...aRemoteNamed(name) } },
      }),
  ]) {
    const webhook = observed.build().remote.state === 'missing' ? aWebhook().finalized().build() : legacy
    const { actions, finding } = planWebhook(webhook, observed.build(), ctx)
    assert.deepEqual(actions, [])
    assert.equal(finding.type, 'Stalled')
    assert.equal(finding.reason, 'OwnedByAnotherInstallation')
    for (const part of ['installationId installation-1', '@ffffffff', `@${installation.token}`, 'formerTokens'])
      assert.ok(finding.message.includes(part), `${part} in: ${finding.message}`)
  }
})

function aRemoteNamed(name: string) {
  return {
    id: remoteId,
    name,
    uri: 'https://hooks.example.com/v1/s/ml/batch-events',
    subscribedEvents: ['batch.succeeded'],
    state: 'enabled',
    signingSecrets: [],
  }
}

test('after a start the moments of a thousand objects are spread over the whole time', () => {
  const moments = Array.from({ length: 1000 }, (_, i) => {
    const webhook = aWebhook()
      .metadata({ uid: `uid-${i}` })
      .build()
    return fenceDueAtMs(webhook, { firstSightMs: 5000 }, { fenceSpreadMs: 3_600_000 })
  })
  const tenths = Array.from(
    { length: 10 },
    (_, i) => moments.filter((at) => Math.floor((at - 5000) / 360_000) === i).length,
  )
  assert.ok(
    tenths.every((count) => count > 50 && count < 200),
    tenths.join(),
  )
})
