import assert from 'node:assert/strict'
import { test } from 'node:test'

import { abandonAnnotation } from '../../../src/api/names.ts'
import { defaultControllerConfig } from '../../../src/controller/config.ts'
import { planWebhook } from '../../../src/controller/plan.ts'
import { aWebhook, remoteId } from '../../support/a-webhook.ts'
import { anObservation, aRemote } from '../../support/an-observation.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const config = { ...defaultControllerConfig, namespace: 'gwh', baseUrl: 'https://hooks.example.com' }

const deleting = aWebhook().registered().deleting()
const gone = { state: 'missing', confirmed: true, confirmInMs: 0 } as const
const release = ['RemoveKeyringEntry', 'DeleteTargetSecret', 'RemoveFinalizer']

const cases = [
  {
    name: 'what carries our marker is deleted first',
    given: [deleting, anObservation()],
    want: ['DeleteWebhooks'],
    next: 'now',
    because: 'the finalizer holds the object until the webhook is gone',
  },
  {
    name: 'a fresh list without it ends the deletion',
    given: [deleting, anObservation().with({ remote: gone })],
    want: release,
    next: 'now',
    because: 'the key that looked is the key that knew the id',
  },
  {
    name: 'a key that has never seen the id proves nothing',
    given: [aWebhook().registered({ keyFingerprint: 'another' }).deleting(), anObservation().with({ remote: gone })],
    want: [],
    next: 'resync',
    reason: 'DeletionBlocked',
    because: 'a 404 from another project says nothing about this one',
  },
  {
    name: 'several are all deleted',
    given: [
      deleting,
      anObservation().with({ remote: { state: 'several', webhooks: [aRemote({ id: 'a' }), aRemote({ id: 'b' })] } }),
    ],
    want: ['DeleteWebhooks'],
    next: 'now',
    because: 'everything that carries our marker goes',
  },
  {
    name: 'errors of Google are retried',
    given: [deleting, anObservation().remoteFails()],
    want: [],
    next: 'retry',
    reason: 'Deleting',
    because: '5xx and timeouts pass by themselves; never Stalled',
  },
  {
    name: 'a refused key blocks, and says how to get out',
    given: [deleting, anObservation().remoteFails({ class: 'credentials', reason: 'CredentialsRejected' })],
    want: [],
    next: 'after',
    reason: 'DeletionBlocked',
    because: 'only a human can restore the key or give the webhook up',
  },
  {
    name: 'somebody else’s webhook is left alone',
    given: [deleting, anObservation().withRemote({ name: 'gwh:0123456789ab' }, { owner: 'another' })],
    want: release,
    next: 'now',
    because: 'nothing without our marker is ever deleted',
  },
  {
    name: 'an unsettled intent is waited for',
    given: [
      aWebhook().intending('Create').deleting(),
      anObservation().withIntent({ state: 'waiting', remainingMs: 9 }),
    ],
    want: [],
    next: 'after',
    reason: 'Deleting',
    because: 'the POST may still arrive',
  },
  {
    name: 'Retain keeps webhook and Secret',
    given: [aWebhook().registered().spec({ deletionPolicy: 'Retain' }).deleting(), anObservation()],
    want: ['RemoveKeyringEntry', 'RemoveFinalizer'],
    next: 'now',
    because: 'the pair stays usable',
  },
  {
    name: 'an adopted webhook is retained unless told otherwise',
    given: [aWebhook().registered().spec({ externalID: remoteId }).deleting(), anObservation()],
    want: ['RemoveKeyringEntry', 'RemoveFinalizer'],
    next: 'now',
    because: 'it was there before us',
  },
  {
    name: 'the annotation releases at once and leaves a note',
    given: [deleting.metadata({ annotations: { [abandonAnnotation]: 'true' } }), anObservation().withoutKey()],
    want: ['RecordOrphan', ...release],
    next: 'now',
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
    next: 'now',
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
    want: ['RecordOrphan', ...release],
    next: 'now',
    because: 'the call may have left a webhook whose id nobody knows',
  },
  {
    name: 'never registered and no key to ask with',
    given: [aWebhook().deleting(), anObservation().withoutKey()],
    want: release,
    next: 'now',
    because: 'without an intent no call was ever made',
  },
  {
    name: 'registered and the key gone',
    given: [deleting, anObservation().withoutKey()],
    want: [],
    next: 'resync',
    reason: 'DeletionBlocked',
    because: 'the webhook would live on',
  },
  {
    name: 'key and namespace both going, still in time',
    given: [deleting, anObservation().withoutKey().with({ namespaceTerminating: true, keylessMs: 599_000 })],
    want: [],
    next: 'after',
    reason: 'DeletionBlocked',
    because: 'ten minutes are given',
  },
  {
    name: 'key and namespace both gone for ten minutes',
    given: [deleting, anObservation().withoutKey().with({ namespaceTerminating: true, keylessMs: 600_000 })],
    want: ['RecordOrphan', ...release],
    next: 'now',
    because: 'a namespace must not hang for ever on a key that cannot come back',
  },
  {
    name: 'deletion overrides suspend',
    given: [aWebhook().registered().spec({ suspend: true }).deleting(), anObservation()],
    want: ['DeleteWebhooks'],
    next: 'now',
    because: 'whoever deletes wants it gone',
  },
  {
    name: 'without our finalizer there is nothing to do',
    given: [
      aWebhook().metadata({ deletionTimestamp: '2026-11-21T11:00:00Z', finalizers: ['other/one'] }),
      anObservation(),
    ],
    want: [],
    next: 'resync',
    because: 'somebody else holds it',
  },
] as const

for (const { name, given, want, next, because, ...rest } of cases) {
  test(`deletion: ${name}`, () => {
    const plan = planWebhook(given[0].build(), given[1].build(), { config, nowMs })
    const types = plan.actions.map(({ type }) => type)
    assert.deepEqual(types, want, `${because}; the plan was ${JSON.stringify(plan, null, 1)}`)
    assert.equal(plan.next.type, next, because)
    if ('reason' in rest) assert.equal(plan.finding.reason, rest.reason, because)
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
    assert.deepEqual(
      retaining.actions.map(({ type }) => type),
      ['RemoveKeyringEntry', 'RemoveFinalizer'],
    )
    const abandoned = given[0].metadata({ annotations: { [abandonAnnotation]: 'true' } })
    const abandoning = planWebhook(abandoned.build(), observed, { config, nowMs })
    assert.deepEqual(
      abandoning.actions.map(({ type }) => type),
      ['RecordOrphan', ...release],
    )
  })
}
