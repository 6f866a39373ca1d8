import assert from 'node:assert/strict'
import { test } from 'node:test'

import { appliedMetadataAnnotation } from '../../../../src/api/names.ts'
import type { AllowedKeys } from '../../../../src/controller/secrets/allowed-metadata.ts'
import type { GeminiWebhookSpec } from '../../../../src/api/spec.ts'
import {
  hasWanted,
  metadataProblems,
  othersMetadata,
  wantedMetadata,
  type SecretMetadata,
} from '../../../../src/controller/secrets/secret-metadata.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'

const withSecret = (signingSecret: GeminiWebhookSpec['signingSecret']) => aWebhook().spec({ signingSecret }).build()
const team = withSecret({ labels: { team: 'ml' }, annotations: { 'reloader.example.com/match': 'true' } })
const plain = withSecret(undefined)
const all = { allowedSecretLabels: ['*'], allowedSecretAnnotations: ['*'] }
const none = { allowedSecretLabels: [], allowedSecretAnnotations: ['none'] }

/** The next PUT, as the action makes it. */
function written(webhook: typeof team, before: SecretMetadata, allowed: AllowedKeys = all): SecretMetadata {
  const [wanted, others] = [wantedMetadata(webhook, allowed, before), othersMetadata(before)]
  return {
    labels: { ...others.labels, ...wanted.labels },
    annotations: { ...others.annotations, ...wanted.annotations },
  }
}

const byOthers = { labels: { backup: 'daily' }, annotations: { note: 'seen' } }

test('what leaves the spec leaves the Secret, and what others put there stays', () => {
  const first = written(team, byOthers)
  assert.deepEqual(first.labels, { backup: 'daily', team: 'ml' })
  assert.ok(hasWanted(team, first, all))
  assert.ok(!hasWanted(plain, first, all), 'a removal is seen')
  assert.deepEqual(written(plain, first), byOthers)
  assert.ok(hasWanted(plain, byOthers, all))
})

test('a key that was renamed is one that left and one that came', () => {
  const renamed = withSecret({ labels: { squad: 'ml' } })
  const second = written(renamed, written(team, byOthers))
  assert.deepEqual(second.labels, { backup: 'daily', squad: 'ml' })
  assert.equal(second.annotations['reloader.example.com/match'], undefined)
})

test('a Secret of a version that kept no record is written once', () => {
  const former = { labels: { team: 'ml' }, annotations: { 'reloader.example.com/match': 'true' } }
  assert.ok(!hasWanted(team, former, all))
  assert.ok(hasWanted(team, written(team, former), all))
  assert.ok(hasWanted(plain, byOthers, all), 'where the spec adds nothing there is nothing to record')
})

test('a record that was edited by hand removes nothing, and is written again', () => {
  for (const record of ['', '{', '[]', '{"labels":"backup"}', 'null']) {
    const edited = { ...byOthers, annotations: { ...byOthers.annotations, [appliedMetadataAnnotation]: record } }
    assert.deepEqual(written(plain, edited), byOthers)
    assert.ok(!hasWanted(team, edited, all))
  }
})

test('what the installation does not allow is not put there, and said with the setting that decides', () => {
  assert.deepEqual(written(team, byOthers, none), byOthers)
  assert.ok(hasWanted(team, byOthers, none), 'nothing is left to be written')
  const [labels = '', annotations = '', ...others] = metadataProblems(team, none)
  assert.match(labels, /^spec\.signingSecret\.labels: left out team, which allowedSecretLabels of this installation /)
  assert.match(annotations, /^spec\.signingSecret\.annotations: left out reloader\.example\.com\/match, which /)
  assert.deepEqual(others, [])
  assert.deepEqual(metadataProblems(team, all), [])
  const many = Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`k${n}`, 'x']))
  assert.match(metadataProblems(withSecret({ labels: many }), none).join(), /left out k0, k1, k2, k3, k4 and 4 more,/)
})

test('what was there while it was allowed stays as it is, until the spec drops it', () => {
  const before = written(team, byOthers)
  assert.ok(hasWanted(team, before, none), 'a narrower list writes nothing')
  assert.deepEqual(written(team, before, none), before)
  const changed = withSecret({ labels: { team: 'other' } })
  const after = written(changed, before, none)
  assert.deepEqual(after.labels, { backup: 'daily', team: 'ml' }, 'the former value')
  assert.equal(after.annotations['reloader.example.com/match'], undefined)
  assert.ok(hasWanted(changed, after, none))
  assert.deepEqual(written(plain, after, none), byOthers)
})

test('keys that others set are never written nor awaited, whatever the list says', () => {
  const keys = ['app.kubernetes.io/managed-by', 'webhooks.gemini-operator.io/import', 'webhooks.gemini-operator.io/x']
  const reserved = Object.fromEntries(keys.map((key) => [key, 'x']))
  const webhook = withSecret({ labels: reserved, annotations: reserved })
  const ours = { labels: { ...byOthers.labels, 'app.kubernetes.io/managed-by': 'ours' }, annotations: {} }
  assert.ok(hasWanted(webhook, ours, all))
  assert.deepEqual(written(webhook, ours), ours)
  assert.equal(metadataProblems(webhook, all).length, 2)
  // As a version wrote it that did not refuse them.
  const record = JSON.stringify({ labels: keys, annotations: [] })
  const former = { ...ours, annotations: { [appliedMetadataAnnotation]: record } }
  assert.ok(!hasWanted(webhook, former, all), 'the record is put right once')
  assert.ok(hasWanted(webhook, { labels: ours.labels, annotations: written(webhook, former).annotations }, all))
})
