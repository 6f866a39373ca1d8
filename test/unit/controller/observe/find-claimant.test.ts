import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhook } from '../../../../src/api/gemini-webhook.ts'
import { findClaimant, claimAfter } from '../../../../src/controller/observe/find-claimant.ts'
import { markerOf } from '../../../../src/controller/facts/ownership.ts'
import { byExternalId } from '../../../../src/controller/facts/indices.ts'
import type { RemoteLookup } from '../../../../src/controller/facts/observed.ts'
import { aWebhook, installationId, remoteId } from '../../../support/builders/a-webhook.ts'
import { anObservation } from '../../../support/builders/an-observation.ts'

const claiming = (name: string, created: string, uid = `uid-${name}`) =>
  aWebhook().spec({ externalID: remoteId }).metadata({ name, uid, creationTimestamp: created }).build()
const older = claiming('older', '2026-11-01T00:00:00Z')
const younger = claiming('younger', '2026-11-02T00:00:00Z')
const unmarked = anObservation().withRemote({ name: 'by hand' }, { owner: 'nobody' }).build().remote

const always = () => true

/** All of them see the webhook with their own keys and act on it, where nothing else is said. */
function claimantOf(
  webhook: GeminiWebhook,
  others: GeminiWebhook[],
  remote = unmarked,
  {
    claimOf = () => remoteId,
    isServed = always,
  }: { claimOf?: (uid: string) => string | undefined; isServed?: (webhook: GeminiWebhook) => boolean } = {},
) {
  const all = [webhook, ...others]
  const byIndex = (index: string, id: string) =>
    all.filter(({ spec, status }) => (index === byExternalId ? spec.externalID : status?.webhook?.id) === id)
  return findClaimant(webhook, remote, { webhooks: { list: () => all, byIndex }, installationId, claimOf, isServed })
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

test('naming an id is no claim: who does not see it with its own key, or does not act on it, holds nobody up', () => {
  const suspended = aWebhook()
    .spec({ externalID: remoteId, suspend: true })
    .metadata({ namespace: 'evil', name: 'decoy', uid: 'uid-d', creationTimestamp: '2026-01-01T00:00:00Z' })
  const unseen = { claimOf: () => undefined }
  assert.equal(claimantOf(younger, [older], unmarked, unseen), undefined, 'its key does not see the id')
  const other = { claimOf: () => 'another-webhook' }
  assert.equal(claimantOf(younger, [older], unmarked, other), undefined, 'it acts on another one')
  assert.equal(claimantOf(younger, [suspended.build()]), undefined, 'it is suspended')
  assert.equal(
    claimantOf(younger, [{ ...older, metadata: { ...older.metadata, deletionTimestamp: '2026-11-02T00:00:00Z' } }]),
    undefined,
  )
  assert.equal(
    claimantOf(younger, [older], unmarked, { isServed: () => false }),
    undefined,
    'another installation serves it',
  )
})

test('whose marker is on the webhook has it, however old another claim is', () => {
  const ours = anObservation().withRemote({}, { owner: 'ours' }).build().remote
  assert.equal(claimantOf(younger, [older], ours), undefined)
})

test('who has registered the webhook has the better right to it than an older object that only names it', () => {
  const holder = { ...younger, status: { webhook: { id: remoteId } } }
  assert.equal(claimantOf(holder, [older]), undefined)
  assert.deepEqual(claimantOf(older, [holder]), { namespace: 'ml', name: 'younger', right: 'Registered' })
  const unnamed = aWebhook()
    .metadata({ name: 'plain', uid: 'uid-p' })
    .status({ webhook: { id: remoteId } })
    .build()
  assert.equal(claimantOf(older, [unnamed])?.name, 'plain', 'one that does not name it, too')
  assert.equal(
    claimantOf(older, [unnamed], unmarked, { claimOf: () => undefined }),
    undefined,
    'an id in status alone proves nothing',
  )
})

test('nobody yields while it is not known what is at Google', () => {
  for (const remote of [{ state: 'notAsked' }, { state: 'missing', confirmed: true, confirmInMs: 0 }] as const)
    assert.equal(claimantOf(younger, [older], remote), undefined)
})

const { endpoint, keyring } = anObservation().build()
const credentials = {
  class: 'credentials',
  reason: 'CredentialsRejected',
  message: 'no',
  mayHaveCommitted: false,
} as const
const claims: {
  name: string
  webhook?: GeminiWebhook
  remote: RemoteLookup
  isAsked?: boolean
  claim: string | undefined
}[] = [
  { name: 'what is found and may be adopted is claimed', remote: unmarked, claim: remoteId },
  {
    name: 'what nobody may adopt is not',
    webhook: aWebhook().spec({ externalID: remoteId, adoptionPolicy: 'CreateOnly' }).build(),
    remote: unmarked,
    claim: undefined,
  },
  {
    name: 'what carries the marker of somebody else is not',
    remote: anObservation().withRemote({ name: 'gwh:0123456789ab' }, { owner: 'another' }).build().remote,
    claim: undefined,
  },
  { name: 'a refused key ends the claim', remote: { state: 'failed', failure: credentials }, claim: undefined },
  {
    name: 'a failure that passes keeps it',
    remote: { state: 'failed', failure: { ...credentials, class: 'transient' } },
    claim: 'before',
  },
  { name: 'a missing key, or being suspended, ends it', remote: { state: 'notAsked' }, claim: undefined },
  { name: 'a call that settles keeps it', remote: { state: 'notAsked' }, isAsked: true, claim: 'before' },
  {
    name: 'what is gone is not claimed',
    remote: { state: 'missing', confirmed: false, confirmInMs: 1 },
    claim: undefined,
  },
]
for (const { name, webhook = older, remote, isAsked = false, claim } of claims) {
  test(`a claim: ${name}`, () => {
    assert.equal(claimAfter(webhook, { remote, endpoint, keyring }, isAsked, 'before'), claim)
  })
}
