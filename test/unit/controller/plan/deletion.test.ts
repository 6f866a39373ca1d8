import assert from 'node:assert/strict'
import { test } from 'node:test'

import { abandonAnnotation } from '../../../../src/api/names.ts'
import type { Action } from '../../../../src/controller/facts/action.ts'
import { shippedConfig } from '../../../support/builders/shipped-config.ts'
import { afterFailedDeletion } from '../../../../src/controller/plan/deletion.ts'
import { planWebhook } from '../../../../src/controller/plan/plan.ts'
import { aWebhook, remoteId } from '../../../support/builders/a-webhook.ts'
import { aFailure, anObservation, aRemote } from '../../../support/builders/an-observation.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const config = { ...shippedConfig, namespace: 'gwh', baseUrl: 'https://hooks.example.com' }

const now = { type: 'now' } as const
const resync = { type: 'resync' } as const
const retry = { type: 'retry' } as const

const deleting = aWebhook().registered().deleting()
const adopted = aWebhook().registered().spec({ externalID: remoteId, deletionPolicy: 'Delete' }).deleting()
const paused = anObservation().with({
  pause: { message: 'the whole installation is paused' },
  remote: { state: 'notAsked' },
})
const gone = { state: 'missing', confirmed: true, confirmInMs: 0 } as const
const retain: Action[] = [{ type: 'RemoveKeyringEntry' }, { type: 'RemoveFinalizer' }]
const release: Action[] = [{ type: 'RemoveKeyringEntry' }, { type: 'DeleteTargetSecret' }, { type: 'RemoveFinalizer' }]

const cases = [
  {
    name: 'what carries our marker is deleted first',
    given: [deleting, anObservation()],
    want: [{ type: 'DeleteWebhooks', ids: [remoteId], cause: 'Deletion' }],
    next: now,
    tells: 'Progressing Deleting',
    because: 'the finalizer holds the object until the webhook is gone',
  },
  {
    name: 'while the installation is paused nothing is deleted',
    given: [deleting, paused],
    want: [],
    next: resync,
    tells: 'Stalled Suspended',
    because: 'whoever paused it is not to find webhooks gone',
  },
  {
    name: 'while the installation is paused what never was registered goes all the same',
    given: [aWebhook().deleting(), paused],
    want: release,
    next: now,
    tells: 'Progressing Deleting',
    because: 'there is nothing at Google that it could wait for',
  },
  {
    name: 'while the installation is paused what is to be kept at Google goes all the same',
    given: [aWebhook().registered().spec({ deletionPolicy: 'Retain' }).deleting(), paused],
    want: retain,
    next: now,
    tells: 'Progressing Deleting',
    because: 'that needs no call to Google',
  },
  {
    name: 'a fresh list without it ends the deletion',
    given: [deleting, anObservation().with({ remote: gone })],
    want: release,
    next: now,
    tells: 'Progressing Deleting',
    because: 'the key that looked is the key that knew the id',
  },
  {
    name: 'a key that has never seen the id proves nothing',
    given: [aWebhook().registered({ keyFingerprint: 'another' }).deleting(), anObservation().with({ remote: gone })],
    want: [],
    next: resync,
    tells: 'Stalled DeletionBlocked',
    because: 'a 404 from another project says nothing about this one',
  },
  {
    name: 'a new key that sees the webhook is written down before it deletes',
    given: [aWebhook().registered({ keyFingerprint: 'another' }).deleting(), anObservation()],
    want: [{ type: 'RecordKey' }],
    next: now,
    tells: 'Progressing Deleting',
    because: 'afterwards nothing would prove that the key looked in the right project',
  },
  {
    name: 'what this very process deleted needs no other proof',
    given: [
      aWebhook().registered({ keyFingerprint: 'another' }).deleting(),
      anObservation().with({ remote: gone, deletedHere: true }),
    ],
    want: release,
    next: now,
    tells: 'Progressing Deleting',
    because: 'the key may have changed between the call and the list after it',
  },
  {
    name: 'what was deleted a moment ago and is still shown is looked at again, and not deleted again',
    given: [deleting, anObservation().with({ justDeleted: new Map([[remoteId, 20]]) })],
    want: [],
    next: { type: 'after', delayMs: 1_000 },
    tells: 'Progressing Deleting',
    because: 'lists and reads lag, and each try would ask for both anew',
  },
  {
    name: 'the longer it is shown, the later it is looked at again',
    given: [deleting, anObservation().with({ justDeleted: new Map([[remoteId, 8_000]]) })],
    want: [],
    next: { type: 'after', delayMs: 8_000 },
    tells: 'Progressing Deleting',
    because: 'a lag of a minute costs seven lists, not a thousand',
  },
  {
    name: 'of several that are still shown the one that was deleted first says how long they lag',
    given: [
      deleting,
      anObservation().with({
        remote: { state: 'several', webhooks: [aRemote({ id: 'a' }), aRemote({ id: 'b' })] },
        justDeleted: new Map([
          ['a', 4_000],
          ['b', 2_000],
        ]),
      }),
    ],
    want: [],
    next: { type: 'after', delayMs: 4_000 },
    tells: 'Progressing Deleting',
    because: 'the lag is at least that long',
  },
  {
    name: 'of several the one that was not deleted yet goes',
    given: [
      deleting,
      anObservation().with({
        remote: { state: 'several', webhooks: [aRemote({ id: 'a' }), aRemote({ id: 'b' })] },
        justDeleted: new Map([['a', 20]]),
      }),
    ],
    want: [{ type: 'DeleteWebhooks', ids: ['b'], cause: 'Deletion' }],
    next: now,
    tells: 'Progressing Deleting',
    because: 'what lags is no reason to leave another',
  },
  {
    name: 'several are all deleted',
    given: [
      deleting,
      anObservation().with({ remote: { state: 'several', webhooks: [aRemote({ id: 'a' }), aRemote({ id: 'b' })] } }),
    ],
    want: [{ type: 'DeleteWebhooks', ids: ['a', 'b'], cause: 'Deletion' }],
    next: now,
    tells: 'Progressing Deleting',
    because: 'everything that carries our marker goes',
  },
  {
    name: 'errors of Google are retried',
    given: [deleting, anObservation().remoteFails()],
    want: [],
    next: retry,
    tells: 'Progressing Deleting',
    because: '5xx and timeouts pass by themselves; never Stalled',
  },
  {
    name: 'a refused key blocks, and says how to get out',
    given: [deleting, anObservation().remoteFails({ class: 'credentials', reason: 'CredentialsRejected' })],
    want: [],
    next: { type: 'after', delayMs: config.credentialsRetryMs, spread: true },
    tells: 'Stalled DeletionBlocked',
    because: 'only a human can restore the key or give the webhook up',
  },
  {
    name: 'somebody else’s webhook is left alone',
    given: [deleting, anObservation().withRemote({ name: 'gwh:0123456789ab' }, { owner: 'another' })],
    want: release,
    next: now,
    tells: 'Progressing Deleting',
    because: 'nothing without our marker is ever deleted',
  },
  {
    name: 'an unsettled intent is waited for',
    given: [
      aWebhook().intending('Create').deleting(),
      anObservation().withIntent({ state: 'waiting', remainingMs: 9 }),
    ],
    want: [],
    next: { type: 'after', delayMs: 9 },
    tells: 'Progressing Deleting',
    because: 'the POST may still arrive',
  },
  {
    name: 'Retain keeps webhook and Secret',
    given: [aWebhook().registered().spec({ deletionPolicy: 'Retain' }).deleting(), anObservation()],
    want: retain,
    next: now,
    tells: 'Progressing Deleting',
    because: 'the pair stays usable',
  },
  {
    name: 'an adopted webhook is retained unless told otherwise',
    given: [aWebhook().registered().spec({ externalID: remoteId }).deleting(), anObservation()],
    want: retain,
    next: now,
    tells: 'Progressing Deleting',
    because: 'it was there before us',
  },
  {
    name: 'the annotation releases at once and leaves a note',
    given: [deleting.metadata({ annotations: { [abandonAnnotation]: 'true' } }), anObservation().withoutKey()],
    want: [{ type: 'RecordOrphan', id: remoteId, reason: 'Abandoned' }, ...release],
    next: now,
    tells: 'Progressing Deleting',
    because: 'the way out must work when nothing else does',
  },
  {
    name: 'the annotation on one that was never registered',
    given: [
      aWebhook()
        .deleting()
        .metadata({ annotations: { [abandonAnnotation]: 'true' } }),
      anObservation(),
    ],
    want: release,
    next: now,
    tells: 'Progressing Deleting',
    because: 'no call was ever made, so nothing can be left',
  },
  {
    name: 'the annotation while a create is open',
    given: [
      aWebhook()
        .intending('Create')
        .deleting()
        .metadata({ annotations: { [abandonAnnotation]: 'true' } }),
      anObservation().withoutKey(),
    ],
    want: [{ type: 'RecordOrphan', id: undefined, reason: 'Abandoned' }, ...release],
    next: now,
    tells: 'Progressing Deleting',
    because: 'the call may have left a webhook whose id nobody knows',
  },
  {
    name: 'never registered and no key to ask with',
    given: [aWebhook().deleting(), anObservation().withoutKey()],
    want: release,
    next: now,
    tells: 'Progressing Deleting',
    because: 'without an intent no call was ever made',
  },
  {
    name: 'nothing at Google and no key named',
    given: [
      aWebhook().deleting().spec({ apiKeySecretRef: undefined, events: undefined, dynamic: {} }),
      anObservation()
        .withoutKey()
        .with({ apiKey: { state: 'notNeeded' } }),
    ],
    want: [
      ...release.slice(0, -1),
      { type: 'DeleteDynamicSecret', name: 'batch-events-dynamic-endpoint' },
      ...release.slice(-1),
    ],
    next: now,
    tells: 'Progressing Deleting',
    because: 'Google has nothing of it to delete',
  },
  {
    name: 'registered and the key gone',
    given: [deleting, anObservation().withoutKey()],
    want: [],
    next: resync,
    tells: 'Stalled DeletionBlocked',
    because: 'the webhook would live on',
  },
  {
    name: 'key and namespace both going, still in time',
    given: [deleting, anObservation().withoutKey().with({ namespaceTerminating: true, keylessMs: 599_000 })],
    want: [],
    next: { type: 'after', delayMs: 1000 },
    tells: 'Stalled DeletionBlocked',
    because: 'ten minutes are given',
  },
  {
    name: 'key and namespace both gone for ten minutes',
    given: [deleting, anObservation().withoutKey().with({ namespaceTerminating: true, keylessMs: 600_000 })],
    want: [{ type: 'RecordOrphan', id: remoteId, reason: 'ApiKeyGone' }, ...release],
    next: now,
    tells: 'Progressing Deleting',
    because: 'a namespace must not hang for ever on a key that cannot come back',
  },
  {
    name: 'deletion overrides suspend',
    given: [aWebhook().registered().spec({ suspend: true }).deleting(), anObservation()],
    want: [{ type: 'DeleteWebhooks', ids: [remoteId], cause: 'Deletion' }],
    next: now,
    tells: 'Progressing Deleting',
    because: 'whoever deletes wants it gone',
  },
  {
    name: 'without our finalizer there is nothing to do',
    given: [
      aWebhook().metadata({ deletionTimestamp: '2026-11-21T11:00:00Z', finalizers: ['other/one'] }),
      anObservation(),
    ],
    want: [],
    next: resync,
    tells: 'AtRest Succeeded',
    because: 'somebody else holds it',
  },
  {
    name: 'never registered and the key cannot be read',
    given: [aWebhook().deleting(), anObservation().with({ apiKey: { state: 'failed', failure: aFailure() } })],
    want: [],
    next: retry,
    tells: 'Progressing Deleting',
    because: 'whether there is a key is not known, and the read is repeated',
  },
  {
    name: 'never registered and a key that is refused',
    given: [
      aWebhook().deleting(),
      anObservation().remoteFails({ class: 'credentials', reason: 'CredentialsRejected' }),
    ],
    want: release,
    next: now,
    tells: 'Progressing Deleting',
    because: 'no call was ever made, so there is nothing that the key would have to delete',
  },
  {
    name: 'never registered and Google away',
    given: [aWebhook().deleting(), anObservation().remoteFails()],
    want: [],
    next: retry,
    tells: 'Progressing Deleting',
    because: 'a list may still show what an earlier object of the name left',
  },
  {
    name: 'registered and reading the key is refused for good',
    given: [deleting, anObservation().with({ apiKey: { state: 'failed', failure: aFailure({ class: 'terminal' }) } })],
    want: [],
    next: retry,
    tells: 'Progressing Deleting',
    because: 'what is refused today may be answered tomorrow',
  },
  {
    name: 'a list that Google refuses for good',
    given: [deleting, anObservation().remoteFails({ class: 'terminal', reason: 'RemoteRejected' })],
    want: [],
    next: retry,
    tells: 'Progressing Deleting',
    because: 'what Google answers a list today it may not answer tomorrow',
  },
  {
    name: 'a service that was not asked',
    given: [deleting, anObservation().with({ remote: { state: 'notAsked' } })],
    want: [],
    next: { type: 'after', delayMs: config.confirmIntervalMs },
    tells: 'Progressing Deleting',
    because: 'nothing is known of the webhook yet',
  },
  {
    name: 'a list that was begun before the deletion',
    given: [deleting, anObservation().with({ remote: { state: 'missing', confirmed: false, confirmInMs: 7000 } })],
    want: [],
    next: { type: 'after', delayMs: 7000 },
    tells: 'Progressing Deleting',
    because: 'only a fresh list, or a second look, is believed',
  },
  {
    name: 'a fingerprint without an id',
    given: [
      aWebhook()
        .status({ webhook: { keyFingerprint: 'another' } })
        .deleting(),
      anObservation().with({ remote: gone }),
    ],
    want: release,
    next: now,
    tells: 'Progressing Deleting',
    because: 'there is no id whose absence would need a proof',
  },
  {
    name: 'an adopted webhook that nobody marked',
    given: [adopted, anObservation().withRemote({}, { owner: 'nobody' })],
    want: [{ type: 'DeleteWebhooks', ids: [remoteId], cause: 'Deletion' }],
    next: now,
    tells: 'Progressing Deleting',
    because: 'the spec names it, and says Delete',
  },
  {
    name: 'an adopted webhook that carries the marker of another',
    given: [adopted, anObservation().withRemote({}, { owner: 'another' })],
    want: release,
    next: now,
    tells: 'Progressing Deleting',
    because: 'naming it gives no right over what another object marked',
  },
  {
    name: 'an adopted webhook that another object has the better right to',
    given: [
      adopted,
      anObservation()
        .withRemote({}, { owner: 'nobody' })
        .with({ claimant: { namespace: 'ml', name: 'older', right: 'Older' } }),
    ],
    want: release,
    next: now,
    tells: 'Progressing Deleting',
    because: 'the other object goes on with it',
  },
  {
    name: 'a webhook without a marker that status names and the spec does not',
    given: [deleting, anObservation().withRemote({}, { owner: 'nobody' })],
    want: release,
    next: now,
    tells: 'Progressing Deleting',
    because: 'an id in status alone is no licence',
  },
  {
    name: 'several, none of which is the one in status, with a new key',
    given: [
      aWebhook().registered({ keyFingerprint: 'another' }).deleting(),
      anObservation().with({ remote: { state: 'several', webhooks: [aRemote({ id: 'a' }), aRemote({ id: 'b' })] } }),
    ],
    want: [{ type: 'DeleteWebhooks', ids: ['a', 'b'], cause: 'Deletion' }],
    next: now,
    tells: 'Progressing Deleting',
    because: 'the key has not seen the one in status, and must not be written down as if it had',
  },
  {
    name: 'without any finalizer there is nothing to do',
    given: [aWebhook().metadata({ deletionTimestamp: '2026-11-21T11:00:00Z' }), anObservation()],
    want: [],
    next: resync,
    tells: 'AtRest Succeeded',
    because: 'the object is released already',
  },
] as const

for (const { name, given, want, next, tells, because } of cases) {
  test(`deletion: ${name}`, () => {
    const plan = planWebhook(given[0].build(), given[1].build(), { config, nowMs })
    assert.deepEqual(plan.actions, want, `${because}; the plan was ${JSON.stringify(plan, null, 1)}`)
    assert.deepEqual(plan.next, next, because)
    const { type, reason, condition } = plan.finding
    assert.deepEqual([`${type} ${reason}`, condition], [tells, undefined], because)
  })
}

const elsewhere = { state: 'unconfirmed', message: 'the ConfigMap was made in another cluster' } as const
const foreignKey = aWebhook().registered({ keyFingerprint: 'of-another-project' }).deleting()

for (const { name, given } of [
  { name: 'without its API key', given: [deleting, anObservation().withoutKey()] },
  {
    name: 'with an API key that is refused',
    given: [deleting, anObservation().remoteFails({ class: 'credentials', reason: 'CredentialsRejected' })],
  },
  { name: 'with an API key of another project', given: [foreignKey, anObservation().with({ remote: gone })] },
  {
    name: 'in a namespace that goes while the key is gone',
    given: [deleting, anObservation().withoutKey().with({ namespaceTerminating: true, keylessMs: 1_000 })],
  },
  {
    name: 'in an installation that nobody has confirmed',
    given: [deleting, anObservation().with({ installation: elsewhere })],
  },
] as const) {
  test(`deletion: one that is stuck ${name} says so in a condition that names both ways out`, () => {
    const { finding } = planWebhook(given[0].build(), given[1].build(), { config, nowMs })
    assert.equal(finding.type, 'Stalled')
    assert.match(finding.message, /spec\.deletionPolicy to Retain/)
    assert.match(finding.message, /webhooks\.gemini-operator\.io\/abandon/)
  })

  test(`deletion: both ways out work for one that is stuck ${name}`, () => {
    const observed = given[1].build()
    const retaining = planWebhook(given[0].spec({ deletionPolicy: 'Retain' }).build(), observed, { config, nowMs })
    assert.deepEqual(retaining.actions, retain)
    const abandoned = given[0].metadata({ annotations: { [abandonAnnotation]: 'true' } })
    const abandoning = planWebhook(abandoned.build(), observed, { config, nowMs })
    assert.deepEqual(abandoning.actions, [{ type: 'RecordOrphan', id: remoteId, reason: 'Abandoned' }, ...release])
  })
}

for (const failure of ['credentials', 'terminal'] as const) {
  test(`a step that is refused for good (${failure}) names the two ways out`, () => {
    const { finding } = afterFailedDeletion(aFailure({ class: failure, message: 'refused' }), config)
    assert.equal(finding.reason, 'DeletionBlocked')
    assert.match(finding.message, /refused.*Retain.*abandon/)
  })
}

test('a step that may pass is retried, and nobody is asked for anything', () => {
  const { finding, next } = afterFailedDeletion(aFailure(), config)
  assert.deepEqual([finding.type, finding.reason, next.type], ['Progressing', 'Deleting', 'retry'])
})

test('deletion: one whose key is missing says what is missing', () => {
  const { finding } = planWebhook(deleting.build(), anObservation().withoutKey().build(), { config, nowMs })
  assert.match(
    finding.message,
    /^the webhook cannot be deleted at Google: Secret ml\/gemini-api-key does not exist; restore the key, or /,
  )
})
