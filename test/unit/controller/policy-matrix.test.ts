import assert from 'node:assert/strict'
import { test } from 'node:test'

import { defaultControllerConfig } from '../../../src/controller/config.ts'
import type { ObservedWebhook } from '../../../src/controller/observed.ts'
import { planWebhook } from '../../../src/controller/plan.ts'
import { aWebhook, remoteId, type WebhookBuilder } from '../../support/a-webhook.ts'
import { anObservation, marker, proof } from '../../support/an-observation.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const config = { ...defaultControllerConfig, namespace: 'gwh', baseUrl: 'https://hooks.example.com' }

interface Policies {
  adoptionPolicy: 'CreateOnly' | 'CreateOrReadopt' | 'AdoptOnly' | 'TakeOver'
  driftPolicy: 'Correct' | 'Report'
  deletionPolicy: 'Delete' | 'Retain'
  suspend: boolean
}

const matrix: Policies[] = (['CreateOnly', 'CreateOrReadopt', 'AdoptOnly', 'TakeOver'] as const).flatMap(
  (adoptionPolicy) =>
    (['Correct', 'Report'] as const).flatMap((driftPolicy) =>
      (['Delete', 'Retain'] as const).flatMap((deletionPolicy) =>
        [false, true].map((suspend) => ({ adoptionPolicy, driftPolicy, deletionPolicy, suspend })),
      ),
    ),
)

/** These two say nothing without the id that they are about, and the API server refuses them. */
const namesAnId = ({ adoptionPolicy }: Policies) => adoptionPolicy === 'AdoptOnly' || adoptionPolicy === 'TakeOver'

interface Situation {
  name: string
  webhook: WebhookBuilder
  observed: { build(): ObservedWebhook }
  /** What the policies make of it: the actions, or the reason why there are none. */
  want: (policies: Policies) => string
}

const fresh = aWebhook().finalized()
const rested = aWebhook().registered({ checkedSpec: proof, name: marker })
const theirMarker = anObservation().withRemote({ name: 'gwh:0123456789ab' }, { owner: 'another' })
const at = (suspend: boolean, otherwise: string) => (suspend ? 'at rest' : otherwise)

const situations: Situation[] = [
  {
    name: 'nothing at Google',
    webhook: fresh,
    observed: anObservation().unregistered(),
    want: (policies) =>
      at(policies.suspend, namesAnId(policies) ? 'ExternalIDNotFound' : 'PrepareSecret, RecordIntent'),
  },
  {
    name: 'its own marker, from an earlier life',
    webhook: fresh,
    observed: anObservation(),
    want: ({ adoptionPolicy, suspend }) =>
      at(suspend, adoptionPolicy === 'CreateOnly' ? 'AdoptionRefused' : 'AdoptWebhook'),
  },
  {
    name: 'the marker of somebody else',
    webhook: fresh,
    observed: theirMarker,
    want: ({ adoptionPolicy, suspend }) => at(suspend, adoptionPolicy === 'TakeOver' ? 'AdoptWebhook' : 'hands off'),
  },
  {
    name: 'the marker of somebody else, put on what is this object’s',
    webhook: rested,
    observed: theirMarker,
    want({ adoptionPolicy, driftPolicy, suspend }) {
      const takenBack = driftPolicy === 'Correct' ? 'UpdateWebhook' : 'at rest'
      return at(suspend, adoptionPolicy === 'TakeOver' ? takenBack : 'hands off')
    },
  },
  {
    name: 'a change by another hand',
    webhook: rested,
    observed: anObservation().withRemote({ subscribedEvents: ['batch.failed'] }),
    want: ({ driftPolicy, suspend }) => at(suspend, driftPolicy === 'Correct' ? 'UpdateWebhook' : 'at rest'),
  },
  {
    name: 'a change of the spec',
    webhook: rested.spec({ events: ['batch.failed'] }).metadata({ generation: 2 }),
    observed: anObservation(),
    want: ({ suspend }) => at(suspend, 'UpdateWebhook'),
  },
  {
    name: 'a lost Secret',
    webhook: rested,
    observed: anObservation().withoutSecret(),
    want: ({ suspend }) => at(suspend, 'StoreSecret'),
  },
  {
    name: 'a deletion',
    webhook: rested.deleting(),
    observed: anObservation(),
    want: ({ deletionPolicy }) =>
      deletionPolicy === 'Delete' ? 'DeleteWebhooks' : 'RemoveKeyringEntry, RemoveFinalizer',
  },
  {
    name: 'a deletion of what carries the marker of somebody else',
    webhook: rested.deleting(),
    observed: theirMarker,
    want: ({ deletionPolicy }) =>
      deletionPolicy === 'Delete'
        ? 'RemoveKeyringEntry, DeleteTargetSecret, RemoveFinalizer'
        : 'RemoveKeyringEntry, RemoveFinalizer',
  },
]

function whatIsDone({ webhook, observed }: Situation, policies: Policies): string {
  const spec = { ...policies, ...(namesAnId(policies) && { externalID: remoteId }) }
  const plan = planWebhook(webhook.spec(spec).build(), observed.build(), { config, nowMs })
  if (plan.actions.length > 0) return plan.actions.map(({ type }) => type).join(', ')
  if (plan.finding.type === 'AtRest') return 'at rest'
  return plan.finding.reason === 'OwnedByAnotherInstallation' ? 'hands off' : plan.finding.reason
}

test('the matrix of policies is whole', () =>
  assert.equal(new Set(matrix.map((each) => JSON.stringify(each))).size, 32))

for (const situation of situations) {
  test(`every combination of policies, with ${situation.name}`, () => {
    for (const policies of matrix) {
      assert.equal(whatIsDone(situation, policies), situation.want(policies), JSON.stringify(policies))
    }
  })
}
