import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import { findClaimant } from '../../../src/controller/find-claimant.ts'
import { markerOf } from '../../../src/controller/ownership.ts'
import { aWebhook, installationId, remoteId } from '../../support/a-webhook.ts'
import { anObservation } from '../../support/an-observation.ts'

const claiming = (name: string, created: string, uid = `uid-${name}`) =>
  aWebhook().spec({ externalID: remoteId }).metadata({ name, uid, creationTimestamp: created }).build()
const older = claiming('older', '2026-11-01T00:00:00Z')
const younger = claiming('younger', '2026-11-02T00:00:00Z')
const unmarked = anObservation().withRemote({ name: 'by hand' }, { owner: 'nobody' }).build().remote

function claimantOf(webhook: GeminiWebhook, others: GeminiWebhook[], remote = unmarked) {
  const all = [webhook, ...others]
  const byIndex = (_index: string, id: string) => all.filter(({ spec }) => spec.externalID === id)
  return findClaimant(webhook, remote, { webhooks: { list: () => all, byIndex }, installationId })
}

test('of two that claim one id the older wins, whoever asks', () => {
  assert.deepEqual(claimantOf(younger, [older]), { namespace: 'ml', name: 'older', right: 'Older' })
  assert.equal(claimantOf(older, [younger]), undefined)
})

test('of two of the same second one wins, and both see the same one', () => {
  const [first, second] = [claiming('zzz', '2026-11-01T00:00:00Z', 'a'), claiming('aaa', '2026-11-01T00:00:00Z', 'b')]
  assert.equal(claimantOf(first, [second]), undefined)
  assert.equal(claimantOf(second, [first])?.name, 'zzz')
})

test('a webhook that carries the marker of a live object is that one’s, however old the claim', () => {
  const registered = aWebhook().metadata({ name: 'registered', uid: 'uid-r' }).build()
  const name = markerOf(installationId, registered.metadata)
  const theirs = anObservation().withRemote({ name }, { owner: 'another' }).build().remote
  assert.deepEqual(claimantOf(older, [registered], theirs), {
    namespace: 'ml',
    name: 'registered',
    right: 'Registered',
  })
  assert.equal(claimantOf(older, [], theirs), undefined, 'an unknown marker is a matter of the adoption policy')
})

test('who claims nothing has no rival', () => {
  assert.equal(claimantOf(aWebhook().build(), [older]), undefined)
})
