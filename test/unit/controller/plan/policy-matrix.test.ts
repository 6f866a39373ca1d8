import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Action } from '../../../../src/controller/facts/action.ts'
import { shippedConfig } from '../../../support/builders/shipped-config.ts'
import type { ObservedWebhook } from '../../../../src/controller/facts/observed.ts'
import { planWebhook } from '../../../../src/controller/plan/plan.ts'
import { aWebhook, remoteId, type WebhookBuilder } from '../../../support/builders/a-webhook.ts'
import { anObservation, currentSecret, live, proof, remoteName } from '../../../support/builders/an-observation.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const config = { ...shippedConfig, namespace: 'gwh', baseUrl: 'https://hooks.example.com' }

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

type Done = Action[] | string

interface Situation {
  name: string
  webhook: WebhookBuilder
  observed: { build(): ObservedWebhook }
  /** What the policies make of it: the whole actions, or the reason why there are none. */
  want: (policies: Policies) => Done
}

const fresh = aWebhook().finalized()
const rested = aWebhook().registered({ checkedSpec: proof, name: remoteName })
const theirMarker = anObservation().withRemote({ name: 'gwh:0123456789ab' }, { owner: 'another' })
const at = (suspend: boolean, otherwise: Done): Done => (suspend ? 'at rest' : otherwise)
const adopt: Action[] = [{ type: 'AdoptWebhook', id: remoteId }]
const create: Action[] = [{ type: 'PrepareSecret' }, { type: 'RecordIntent', operation: 'Create' }]
const retain: Action[] = [{ type: 'RemoveKeyringEntry' }, { type: 'RemoveFinalizer' }]
const release: Action[] = [{ type: 'RemoveKeyringEntry' }, { type: 'DeleteTargetSecret' }, { type: 'RemoveFinalizer' }]
const update = (what: Pick<Extract<Action, { type: 'UpdateWebhook' }>, 'changes' | 'field' | 'cause'>): Action[] => [
  { type: 'UpdateWebhook', id: remoteId, ...what },
]

const situations: Situation[] = [
  {
    name: 'nothing at Google',
    webhook: fresh,
    observed: anObservation().unregistered(),
    want: (policies) => at(policies.suspend, namesAnId(policies) ? 'ExternalIDNotFound' : create),
  },
  {
    name: 'its own marker, from an earlier life',
    webhook: fresh,
    observed: anObservation(),
    want: ({ adoptionPolicy, suspend }) => at(suspend, adoptionPolicy === 'CreateOnly' ? 'AdoptionRefused' : adopt),
  },
  {
    name: 'the marker of somebody else',
    webhook: fresh,
    observed: theirMarker,
    want: ({ adoptionPolicy, suspend }) => at(suspend, adoptionPolicy === 'TakeOver' ? adopt : 'hands off'),
  },
  {
    name: 'the marker of somebody else, put on what is this object’s',
    webhook: rested,
    observed: theirMarker,
    want({ adoptionPolicy, driftPolicy, suspend }) {
      const itsName = update({ changes: { name: remoteName }, field: 'name', cause: 'Drift' })
      const takenBack = driftPolicy === 'Correct' ? itsName : 'at rest'
      return at(suspend, adoptionPolicy === 'TakeOver' ? takenBack : 'hands off')
    },
  },
  {
    name: 'a change by another hand',
    webhook: rested,
    observed: anObservation().withRemote({ subscribedEvents: ['batch.failed'] }),
    want: ({ driftPolicy, suspend }) =>
      at(
        suspend,
        driftPolicy === 'Correct'
          ? update({ changes: { subscribedEvents: ['batch.succeeded'] }, field: 'subscribedEvents', cause: 'Drift' })
          : 'at rest',
      ),
  },
  {
    name: 'a change of the spec',
    webhook: rested.spec({ events: ['batch.failed'] }).metadata({ generation: 2 }),
    observed: anObservation(),
    want: ({ suspend }) =>
      at(
        suspend,
        update({ changes: { subscribedEvents: ['batch.failed'] }, field: 'subscribedEvents', cause: 'Spec' }),
      ),
  },
  {
    name: 'a lost Secret',
    webhook: rested,
    observed: anObservation().withoutSecret(),
    want: ({ suspend }) => at(suspend, [{ type: 'StoreSecret', secrets: [live(currentSecret)], cause: 'Restored' }]),
  },
  {
    name: 'a deletion',
    webhook: rested.deleting(),
    observed: anObservation(),
    want: ({ deletionPolicy }) =>
      deletionPolicy === 'Delete' ? [{ type: 'DeleteWebhooks', ids: [remoteId], cause: 'Deletion' }] : retain,
  },
  {
    name: 'a deletion of what carries the marker of somebody else',
    webhook: rested.deleting(),
    observed: theirMarker,
    want: ({ deletionPolicy }) => (deletionPolicy === 'Delete' ? release : retain),
  },
]

function whatIsDone({ webhook, observed }: Situation, policies: Policies): Done {
  const spec = { ...policies, ...(namesAnId(policies) && { externalID: remoteId }) }
  const plan = planWebhook(webhook.spec(spec).build(), observed.build(), { config, nowMs })
  if (plan.actions.length > 0) return plan.actions
  if (plan.finding.type === 'AtRest') return 'at rest'
  return plan.finding.reason === 'OwnedByAnotherInstallation' ? 'hands off' : plan.finding.reason
}

test('the matrix of policies is whole', () =>
  assert.equal(new Set(matrix.map((each) => JSON.stringify(each))).size, 32))

for (const situation of situations) {
  test(`every combination of policies, with ${situation.name}`, () => {
    for (const policies of matrix) {
      assert.deepEqual(whatIsDone(situation, policies), situation.want(policies), JSON.stringify(policies))
    }
  })
}
