import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ObservedWebhook } from '../../../../src/controller/facts/observed.ts'
import { planOwnership, planRival, refuseAdoption } from '../../../../src/controller/plan/ownership.ts'
import { mayTouch } from '../../../../src/controller/facts/may-touch.ts'
import { aWebhook, remoteId, type WebhookBuilder } from '../../../support/builders/a-webhook.ts'
import {
  anObservation,
  aRemote,
  live,
  otherSecret,
  type ObservationBuilder,
} from '../../../support/builders/an-observation.ts'

const elsewhere = { uri: 'https://elsewhere.example.com/' }
const foreignHint = { signingSecrets: [{ truncatedSecret: 'whsec_...zzzz' }] }
const known = aWebhook().registered()
const unknown = aWebhook().finalized()
const named = unknown.spec({ externalID: remoteId })
const unmarked = (changes: Parameters<ObservationBuilder['withRemote']>[0] = {}) =>
  anObservation().withRemote(changes, { owner: 'nobody' })
const foreign = anObservation().withRemote({ name: 'gwh:0123456789ab' }, { owner: 'another' })
const external: ObservedWebhook['endpoint'] = { state: 'external', url: elsewhere.uri }

function viewOf({ remote }: ObservedWebhook) {
  return remote.state === 'found' ? remote.value : assert.fail('the observation has a webhook')
}

const emptyEntry = { uid: 'uid-1', namespace: 'ml', name: 'batch-events', secrets: [], sinks: [] }

const cases: { name: string; given: [WebhookBuilder, ObservationBuilder]; want: boolean; because: string }[] = [
  { name: 'our marker', given: [unknown, anObservation()], want: true, because: 'only this object writes it' },
  {
    name: 'no marker, the id that is adopted',
    given: [named, unmarked({ ...elsewhere, ...foreignHint })],
    want: true,
    because: 'the spec names it',
  },
  {
    name: 'the marker of another, the id that is adopted',
    given: [named, foreign],
    want: false,
    because: 'it is taken',
  },
  {
    name: 'the marker of another, the id that is taken over',
    given: [named.spec({ adoptionPolicy: 'TakeOver' }), foreign],
    want: true,
    because: 'the spec says to take it',
  },
  {
    name: 'the marker of another, the id in status',
    given: [known, foreign],
    want: false,
    because: 'status can be written by others',
  },
  {
    name: 'no marker, our URL and secret, an id that status does not know',
    given: [unknown, unmarked()],
    want: false,
    because: 'it was never registered by this object',
  },
  {
    name: 'no marker, the id in status, our URL alone',
    given: [known, unmarked(foreignHint)],
    want: true,
    because: 'the URL is proof',
  },
  {
    name: 'no marker, the id in status, our secret alone',
    given: [known, unmarked(elsewhere)],
    want: true,
    because: 'the secret is proof',
  },
  {
    name: 'no marker, the id in status, another secret and URL',
    given: [known, unmarked(elsewhere).withKeyring(live(otherSecret))],
    want: false,
    because: 'nothing proves that it is ours',
  },
  {
    name: 'no marker, the id in status, another URL, nothing held',
    given: [known, unmarked(elsewhere).withKeyring()],
    want: false,
    because: 'nothing held proves nothing',
  },
  {
    name: 'no marker, the id in status, an entry without secrets',
    given: [known, unmarked(elsewhere).with({ keyring: emptyEntry })],
    want: false,
    because: 'nothing held proves nothing',
  },
  {
    name: 'no marker, the id in status, another URL, no hint',
    given: [known, unmarked({ ...elsewhere, signingSecrets: [] })],
    want: false,
    because: 'without a hint nothing can be compared',
  },
  {
    name: 'no marker, the id in status, the URL of a server of the user’s own',
    given: [known, unmarked({ ...elsewhere, ...foreignHint }).with({ endpoint: external })],
    want: false,
    because: 'anybody may deliver there',
  },
]

for (const { name, given, want, because } of cases) {
  test(`with ${name} a webhook ${want ? 'may' : 'may not'} be touched`, () => {
    const observed = given[1].build()
    assert.equal(mayTouch(given[0].build(), observed, viewOf(observed)), want, because)
  })
}

test('what is ours is taken over unless status knows it, whatever status lacks', () => {
  const observed = anObservation().build()
  const adopt = [{ type: 'AdoptWebhook', id: remoteId }]
  for (const webhook of [unknown, unknown.status({}), unknown.status({ webhook: { id: 'former' } })]) {
    assert.deepEqual(planOwnership(webhook.build(), observed, viewOf(observed))?.actions, adopt)
  }
  assert.equal(planOwnership(known.build(), observed, viewOf(observed)), undefined)
})

const tell = (webhook: WebhookBuilder, observed: ObservationBuilder) =>
  planOwnership(webhook.build(), observed.build(), viewOf(observed.build()))?.finding

test('what is not ours is told with the reason why it is not', () => {
  const condition = { type: 'InSync', status: 'False' }
  const marked = tell(known, foreign)
  assert.deepEqual([marked?.reason, marked?.condition], ['OwnedByAnotherInstallation', condition])
  assert.match(marked?.message ?? '', /carries the marker of another object or installation/)
  assert.match(
    tell(known, unmarked({ name: 'by hand', ...elsewhere, ...foreignHint }))?.message ?? '',
    /carries no marker/,
  )
})

test('a refused adoption is told in the condition that waits for it', () =>
  assert.deepEqual(refuseAdoption('abc').finding.condition, { type: 'Registered', status: 'False' }))

test('a rival is told with both ids, and without one there is nothing to tell', () => {
  const observed = anObservation()
    .withRemote({}, { rival: aRemote({ id: 'theirs', name: 'gwh:0123456789ab' }) })
    .build()
  const plan = planRival(known.build(), observed, viewOf(observed))
  assert.deepEqual(plan?.finding.condition, { type: 'InSync', status: 'False' })
  assert.match(plan?.finding.message ?? '', new RegExp(`webhook theirs .* webhook ${remoteId} `))
  const alone = anObservation().build()
  assert.equal(planRival(known.build(), alone, viewOf(alone)), undefined)
})
