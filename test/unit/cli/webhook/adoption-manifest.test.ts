import assert from 'node:assert/strict'
import { test } from 'node:test'

import { checkManifest } from '../../../../src/api/check-manifest.ts'
import { adoptionManifest } from '../../../../src/cli/webhook/adoption-manifest.ts'
import { markerOf } from '../../../../src/controller/facts/ownership.ts'
import { aRemote } from '../../../support/builders/an-observation.ts'

const place = { namespace: 'ml', apiKeySecret: 'gemini-api-key', apiKeyField: 'api-key' }
const foreign = markerOf('elsewhere', { namespace: 'a', name: 'b' })

test('a webhook without a marker is adopted as it is: URL, events and name', () => {
  const remote = aRemote({
    id: 'wh0123',
    name: 'Nightly batches!',
    uri: 'https://mine.example.com/x?token=1',
    subscribedEvents: ['video.generated', 'batch.failed'],
  })
  const manifest = adoptionManifest(remote, place, new Set())
  assert.deepEqual(manifest.metadata, { namespace: 'ml', name: 'nightly-batches' })
  assert.deepEqual(manifest.spec, {
    apiKeySecretRef: { name: 'gemini-api-key' },
    events: ['batch.failed', 'video.generated'],
    displayName: 'Nightly batches!',
    endpoint: { url: 'https://mine.example.com/x?token=1' },
    externalID: 'wh0123',
    adoptionPolicy: 'AdoptOnly',
    deletionPolicy: 'Retain',
  })
  assert.equal(checkManifest(manifest).ok, true)
})

test('one that carries a marker needs TakeOver, and its name is what follows the marker', () => {
  const { spec } = adoptionManifest(aRemote({ name: `${foreign} theirs` }), place, new Set())
  assert.deepEqual([spec.adoptionPolicy, spec.displayName], ['TakeOver', 'theirs'])
  assert.equal('displayName' in adoptionManifest(aRemote({ name: foreign }), place, new Set()).spec, false)
})

test('one that somebody disabled stays so, and one that Google disabled is wanted enabled', () => {
  assert.equal(adoptionManifest(aRemote({ state: 'disabled' }), place, new Set()).spec.state, 'Disabled')
  const givenUp = aRemote({ state: 'disabled_due_to_failed_deliveries' })
  assert.equal(adoptionManifest(givenUp, place, new Set()).spec.state, undefined)
})

test('names are free, whatever the webhooks are called, and always valid', () => {
  const names = new Set(['taken'])
  const nameOf = (name: string, id: string) => adoptionManifest(aRemote({ name, id }), place, names).metadata.name
  assert.equal(nameOf('taken', 'ABC-123'), 'taken-abc123')
  assert.equal(nameOf('same', 'id1'), 'same')
  assert.equal(nameOf('same', 'id2'), 'same-id2')
  assert.equal(nameOf('', 'id3'), 'webhook-id3')
  assert.equal(nameOf('日本', '---'), 'webhook-webhook')
  const long = nameOf('x'.repeat(300), 'id4')
  assert.ok(/^[a-z0-9-]{1,63}$/.test(long), long)
})

test('another key of the API key Secret is named', () => {
  const { spec } = adoptionManifest(aRemote(), { ...place, apiKeyField: 'token' }, new Set())
  assert.deepEqual(spec.apiKeySecretRef, { name: 'gemini-api-key', key: 'token' })
})
