import assert from 'node:assert/strict'
import { test } from 'node:test'

import { changesFor, desiredRemoteOf, differencesOf } from '../../../../src/controller/facts/differences.ts'
import type { GeminiWebhookSpec } from '../../../../src/api/spec.ts'
import type { RemoteWebhook } from '../../../../src/gemini/webhook-service.ts'
import { aWebhook, endpointUrl } from '../../../support/builders/a-webhook.ts'
import { aRemote, marker } from '../../../support/builders/an-observation.ts'

const applied = { name: `${marker} nightly`, uri: endpointUrl, events: ['batch.succeeded'] }

function differences(
  remote: Partial<RemoteWebhook>,
  { spec = {}, displayName = 'nightly' }: { spec?: Partial<GeminiWebhookSpec>; displayName?: string } = {},
) {
  const changed = Object.keys(spec).length > 0
  const webhook = aWebhook()
    .registered(applied)
    .spec({ displayName, ...spec })
    .metadata({ generation: changed ? 2 : 1 })
    .build()
  const desired = desiredRemoteOf(webhook, `${marker} ${displayName}`, endpointUrl)
  const found = differencesOf(webhook, desired, aRemote({ name: applied.name, ...remote }))
  return { found: found.map(({ field, cause }) => `${field}: ${cause}`), changes: changesFor(found, desired) }
}

test('nothing differs at rest, and the order of events means nothing', () => {
  assert.deepEqual(differences({}).found, [])
  const spec = { events: ['batch.succeeded', 'batch.failed'] }
  const { found } = differences({ subscribedEvents: ['batch.failed', 'batch.succeeded'] }, { spec })
  assert.deepEqual(found, [])
})

test('a name that the service cut short when it was applied is left at that', () => {
  assert.deepEqual(differences({ name: `${marker} nig` }).found, [])
})

test('a display name that is longer than the one applied is sent', () => {
  const { found, changes } = differences({}, { displayName: 'nightly batches' })
  assert.deepEqual(found, ['name: Spec'])
  assert.deepEqual(changes, { name: `${marker} nightly batches` })
})

test('a name cut into the marker is drift: it does not say any more whose it is', () => {
  assert.deepEqual(differences({ name: marker.slice(0, 8) }).found, ['name: Drift'])
})

test('exactly the differing fields are sent, each for its cause, the most important first', () => {
  const { found, changes } = differences(
    { uri: 'https://elsewhere.example.com/', subscribedEvents: ['batch.failed'] },
    { spec: { events: ['batch.expired'] } },
  )
  assert.deepEqual(found, ['uri: Drift', 'subscribedEvents: Spec'])
  assert.deepEqual(changes, { uri: endpointUrl, subscribedEvents: ['batch.expired'] })
})

test('what Google gave up on is no drift where it should be enabled, and is where it should be disabled', () => {
  const gaveUp = { state: 'disabled_due_to_failed_deliveries' } as const
  assert.deepEqual(differences(gaveUp).found, [])
  assert.deepEqual(differences(gaveUp, { spec: { state: 'Disabled' } }).found, ['state: Spec'])
})

function causesOfState(appliedState: 'enabled' | 'disabled', generation: number): string[] {
  const webhook = aWebhook()
    .registered({ ...applied, appliedState })
    .spec({ displayName: 'nightly', state: 'Disabled' })
    .metadata({ generation })
    .build()
  const desired = desiredRemoteOf(webhook, applied.name, endpointUrl)
  return differencesOf(webhook, desired, aRemote({ name: applied.name })).map(
    ({ field, cause }) => `${field}: ${cause}`,
  )
}

test('a state is drift only where the one that was applied last is the one that is asked for, whatever the generations say', () => {
  // Edited during an outage that outlasted the blip: status has seen the generation, and nothing was applied.
  assert.deepEqual(causesOfState('enabled', 1), ['state: Spec'])
  // Another hand enabled it, and something else was edited since.
  assert.deepEqual(causesOfState('disabled', 2), ['state: Drift'])
})

test('what an answer does not say of what was applied is no difference, and a change of the spec is sent nevertheless', () => {
  assert.deepEqual(differences({ uri: '' }).found, [])
  assert.deepEqual(differences({ subscribedEvents: [] }).found, [])
  assert.deepEqual(differences({ state: '' }).found, [])
  const { found } = differences({ subscribedEvents: [] }, { spec: { events: ['batch.failed'] } })
  assert.deepEqual(found, ['subscribedEvents: Spec'])
})

test('a name that is gone is drift, unless it may be in a field that is not known', () => {
  assert.deepEqual(withoutName(), ['name: Drift'])
  assert.deepEqual(withoutName({ hasUnknownFields: true }), [])
  assert.deepEqual(differencesFrom({ name: 'another', hasUnknownFields: true }), ['name: Drift'])
})

test('a state in a word that is not known is no drift, and a change of the spec is sent', () => {
  assert.deepEqual(differences({ state: 'active' }).found, [])
  assert.deepEqual(differences({ state: 'active' }, { spec: { state: 'Disabled' } }).found, ['state: Spec'])
  assert.deepEqual(differences({ state: 'disabled' }).found, ['state: Drift'])
})

test('an event in the place of which one of an unknown name is shown may have been renamed', () => {
  assert.deepEqual(differencesFrom({ subscribedEvents: ['batch.completed'] }), [])
  for (const subscribedEvents of [
    ['batch.failed'],
    ['batch.completed', 'batch.done'],
    ['batch.succeeded', 'batch.completed'],
    ['batch.completed', 'batch.failed'],
  ]) {
    assert.deepEqual(differencesFrom({ subscribedEvents }), ['subscribedEvents: Drift'], subscribedEvents.join())
  }
})

test('an event under a known name is no drift where an alias says so, and a change of the spec is sent', () => {
  const aliases = new Map([
    ['batch.completed', 'batch.succeeded'],
    ['batch.failed', 'batch.succeeded'],
  ])
  const renamed = { subscribedEvents: ['batch.failed', 'batch.completed'] }
  assert.deepEqual(differencesFrom(renamed), ['subscribedEvents: Drift'])
  assert.deepEqual(differencesFrom(renamed, aliases), [])
  assert.deepEqual(differencesFrom({ subscribedEvents: ['batch.expired'] }, aliases), ['subscribedEvents: Drift'])
  const changed = aWebhook()
    .registered(applied)
    .spec({ displayName: 'nightly', events: ['batch.completed'] })
    .build()
  const desired = desiredRemoteOf(changed, applied.name, endpointUrl)
  const found = differencesOf(changed, desired, aRemote({ name: applied.name }), aliases)
  assert.deepEqual(
    found.map(({ field, cause }) => `${field}: ${cause}`),
    ['subscribedEvents: Spec'],
  )
})

function differencesFrom(remote: Partial<RemoteWebhook>, aliases?: ReadonlyMap<string, string>): string[] {
  const webhook = aWebhook().registered(applied).spec({ displayName: 'nightly' }).build()
  const desired = desiredRemoteOf(webhook, applied.name, endpointUrl)
  return differencesOf(webhook, desired, aRemote({ name: applied.name, ...remote }), aliases).map(
    ({ field, cause }) => `${field}: ${cause}`,
  )
}

function withoutName(remote: Partial<RemoteWebhook> = {}): string[] {
  const webhook = aWebhook().registered(applied).spec({ displayName: 'nightly' }).build()
  const desired = desiredRemoteOf(webhook, applied.name, endpointUrl)
  const { name: _, ...unnamed } = aRemote({ name: applied.name, ...remote })
  return differencesOf(webhook, desired, unnamed).map(({ field, cause }) => `${field}: ${cause}`)
}
