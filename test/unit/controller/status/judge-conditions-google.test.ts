import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { SubjectCondition } from '../../../../src/controller/status/judge-conditions.ts'
import type { Judgement } from '../../../../src/controller/facts/judgement.ts'
import { aWebhook, endpointUrl, remoteId, type WebhookBuilder } from '../../../support/builders/a-webhook.ts'
import {
  aFailure,
  anObservation,
  aRemote,
  marker,
  proof,
  type ObservationBuilder,
} from '../../../support/builders/an-observation.ts'
import { judged } from '../../../support/measures/judged-conditions.ts'

const rested = aWebhook().registered({ name: marker, checkedSpec: proof })
const unregistered = aWebhook().finalized()
const unwanted = rested.spec({ events: undefined, dynamic: {} })

const several = anObservation().with({ remote: { state: 'several', webhooks: [aRemote({ id: 'aaa' }), aRemote()] } })
const gone = anObservation().with({ remote: { state: 'missing', confirmed: true, confirmInMs: 0 } })
const perhapsGone = anObservation().with({ remote: { state: 'missing', confirmed: false, confirmInMs: 1 } })
const notAsked = anObservation().with({ remote: { state: 'notAsked' } })
const away = anObservation().remoteFails()
const rejected = anObservation().with({
  remote: { state: 'failed', failure: aFailure({ class: 'credentials', message: 'Google answered 403' }) },
})
/** Said by an earlier pass about an earlier generation. */
const before: Judgement = { status: 'True', reason: 'Succeeded', message: 'before', evaluated: 1 }

interface Row {
  when: string
  given: [WebhookBuilder, ObservationBuilder]
  said?: Judgement
  want: [Judgement['status'], Judgement['reason'], string]
}

/** Whole judgements: a reason is for machines, a message for people, and either alone may be wrong unseen. */
function holds(type: SubjectCondition, rows: readonly Row[]): void {
  for (const { when, given, said, want } of rows) {
    test(`${type}: ${when}`, () => {
      const [status, reason, message] = want
      assert.deepEqual(judged(...given, said === undefined ? {} : { [type]: said })[type], { status, reason, message })
    })
  }
}

test('what Google could not be asked about stays as it was said, and about the generation that it was said of', () => {
  for (const observed of [away, notAsked]) {
    for (const type of ['CredentialsValid', 'Registered', 'InSync', 'Enabled'] as const)
      assert.deepEqual(judged(rested, observed, { [type]: before })[type], before, type)
  }
})

holds('CredentialsValid', [
  {
    when: 'where none is named and none is needed, whatever was said before',
    given: [unwanted, notAsked.with({ apiKey: { state: 'notNeeded' } })],
    said: before,
    want: ['Unknown', 'NotRequired', 'spec.apiKeySecretRef is absent: nothing is asked of Google'],
  },
  {
    when: 'a key that Google refuses is told, whatever was said before',
    given: [rested, rejected],
    said: before,
    want: ['False', 'CredentialsRejected', 'Google answered 403'],
  },
  {
    when: 'every answer of Google proves the key, also that there is nothing',
    given: [rested, gone],
    want: ['True', 'Succeeded', 'Google accepts the API key'],
  },
  {
    when: 'every answer of Google proves the key, also that there are several',
    given: [rested, several],
    want: ['True', 'Succeeded', 'Google accepts the API key'],
  },
  {
    when: 'before the first answer nobody knows',
    given: [rested, away],
    want: ['Unknown', 'Progressing', 'Google was not asked yet'],
  },
])

holds('Registered', [
  {
    when: 'nothing is registered where no events are wanted',
    given: [unwanted, anObservation()],
    want: ['False', 'NotRequired', 'spec.events is absent: no webhook is registered'],
  },
  {
    when: 'the webhook that status names is there',
    given: [rested, anObservation()],
    want: ['True', 'Succeeded', `webhook ${remoteId} at Google`],
  },
  {
    when: 'a webhook that status does not name yet is only being taken over',
    given: [unregistered, anObservation()],
    want: ['Unknown', 'Progressing', 'being taken over'],
  },
  {
    when: 'several are too many to call one registered',
    given: [rested, several],
    want: ['Unknown', 'Progressing', 'several webhooks at Google carry the marker of this object'],
  },
  {
    when: 'what was registered and is gone for sure is missed',
    given: [rested, gone],
    want: ['False', 'Missing', 'no webhook at Google yet'],
  },
  {
    when: 'what was never registered is not missed, it is still to come',
    given: [unregistered, gone],
    want: ['False', 'Progressing', 'no webhook at Google yet'],
  },
  {
    when: 'one answer that it is gone is not believed',
    given: [rested, perhapsGone],
    want: ['Unknown', 'Missing', 'Google answers that the webhook does not exist; asking again'],
  },
  {
    when: 'a look that failed is told where nothing is known',
    given: [rested, away],
    want: ['Unknown', 'RemoteUnavailable', 'Google could not be asked'],
  },
  {
    when: 'a look that was never made is no failure',
    given: [rested, notAsked],
    want: ['Unknown', 'Progressing', 'Google was not asked yet'],
  },
])

const inSync = 'URI, events, name and state are as the spec says'
const waiting = { state: 'wait', canary: { namespace: 'ml', name: 'first', failed: false } } as const
const otherEvents = anObservation().withRemote({ subscribedEvents: ['batch.failed'] })
const drifted = 'subscribedEvents at Google was changed by another hand'

holds('InSync', [
  {
    when: 'nothing is compared where no events are wanted',
    given: [unwanted, anObservation()],
    want: ['Unknown', 'NotRequired', 'no webhook is registered'],
  },
  { when: 'all is as the spec says', given: [rested, anObservation()], want: ['True', 'Succeeded', inSync] },
  {
    when: 'before the webhook was read nobody knows',
    given: [rested, notAsked],
    want: ['Unknown', 'Progressing', 'the webhook was not read yet'],
  },
  {
    when: 'a name that lacks only the token of this installation waits for nobody',
    given: [rested, anObservation().withRemote({ name: marker })],
    want: ['True', 'Succeeded', inSync],
  },
  {
    when: 'a rollout that changes nothing for this object is not waited for',
    given: [rested, anObservation().with({ rollout: waiting })],
    want: ['True', 'Succeeded', inSync],
  },
  {
    when: 'an edit that Google was not told yet is an update that is pending',
    given: [rested.spec({ events: ['batch.failed'] }), anObservation()],
    want: ['False', 'UpdatePending', 'subscribedEvents at Google is not yet as the spec says'],
  },
  {
    when: 'another hand is named as such',
    given: [rested, otherEvents],
    want: ['False', 'Drifted', drifted],
  },
  {
    when: 'a change that is only to be reported says why it stays',
    given: [rested.spec({ driftPolicy: 'Report' }), otherEvents],
    want: ['False', 'Drifted', `${drifted}; spec.driftPolicy is Report, so it is left alone`],
  },
  {
    when: 'events that this version does not know are passed on with a warning, and only they are named',
    given: [
      rested.spec({ events: ['batch.succeeded', 'batch.invented', 'video.dreamt'] }),
      anObservation().withRemote({ subscribedEvents: ['batch.succeeded', 'batch.invented', 'video.dreamt'] }),
    ],
    want: [
      'True',
      'Succeeded',
      `${inSync}; warning: not known to this version, and passed on to Google as they are: batch.invented, video.dreamt`,
    ],
  },
  {
    when: 'an event that an alias names is known, and Google may show the other name of it',
    given: [
      rested
        .spec({ events: ['batch.completed'] })
        .status({ webhook: { id: remoteId, name: marker, uri: endpointUrl, events: ['batch.completed'] } }),
      anObservation().with({ eventAliases: new Map([['batch.completed', 'batch.succeeded']]) }),
    ],
    want: ['True', 'Succeeded', inSync],
  },
])

const off = rested.spec({ state: 'Disabled' })
const givenUp = anObservation().withRemote({ state: 'disabled_due_to_failed_deliveries' })
const disabled = anObservation().withRemote({ state: 'disabled' })
const bySpec: Row['want'] = ['False', 'DisabledBySpec', 'spec.state is Disabled']

holds('Enabled', [
  {
    when: 'nothing is enabled where no events are wanted',
    given: [unwanted, anObservation()],
    want: ['Unknown', 'NotRequired', 'no webhook is registered'],
  },
  {
    when: 'what Google delivers to is enabled',
    given: [rested, anObservation()],
    want: ['True', 'Succeeded', 'the webhook is enabled at Google'],
  },
  {
    when: 'before the webhook was read nobody knows',
    given: [rested, notAsked],
    want: ['Unknown', 'Progressing', 'the webhook was not read yet'],
  },
  {
    when: 'what Google gave up on against the wish of the spec is told as that',
    given: [rested, givenUp],
    want: ['False', 'DisabledByGoogle', 'Google disabled the webhook after failed deliveries'],
  },
  { when: 'what Google gave up on and nobody wants enabled is no complaint', given: [off, givenUp], want: bySpec },
  { when: 'disabled as the spec asks', given: [off, disabled], want: bySpec },
  {
    when: 'disabled by another hand: neither Google nor the spec is blamed for it',
    given: [rested, disabled],
    want: ['False', 'Progressing', 'the webhook is disabled at Google'],
  },
  {
    when: 'a state in a word that is not known is told, and nothing is believed of it',
    given: [rested, anObservation().withRemote({ state: 'active' })],
    want: [
      'True',
      'Succeeded',
      'the state of the webhook at Google is active, which this version does not know: it counts as enabled, as long as nothing else says otherwise',
    ],
  },
  {
    when: 'no state at all is told, too',
    given: [rested, anObservation().withRemote({ state: '' })],
    want: [
      'True',
      'Succeeded',
      'Google names no state of the webhook: it counts as enabled, as long as nothing else says otherwise',
    ],
  },
  {
    when: 'a word that says disabled is believed, whatever else it says',
    given: [rested, anObservation().withRemote({ state: 'disabled_by_quota' })],
    want: [
      'False',
      'DisabledByGoogle',
      'Google disabled the webhook; its state is disabled_by_quota, which this version does not know',
    ],
  },
  {
    when: 'disabled as the spec asks, in a word that is not known',
    given: [off, anObservation().withRemote({ state: 'idle' })],
    want: bySpec,
  },
])

const sink = { name: 'ours', ready: true }
holds('SinksResolved', [
  {
    when: 'without sinks it says what becomes of the events',
    given: [rested, anObservation()],
    want: ['True', 'Succeeded', 'there are no sinks: events are verified, stored and counted'],
  },
  {
    when: 'every sink can be delivered to',
    given: [rested, anObservation().with({ sinks: { resolved: [], held: [], status: [sink] } })],
    want: ['True', 'Succeeded', 'all sinks are resolved'],
  },
])
