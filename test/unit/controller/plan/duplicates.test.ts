import assert from 'node:assert/strict'
import { test } from 'node:test'

import { planDuplicates } from '../../../../src/controller/plan/duplicates.ts'
import { aWebhook, remoteId } from '../../../support/builders/a-webhook.ts'
import { anObservation, aRemote } from '../../../support/builders/an-observation.ts'

const foreignHint = { signingSecrets: [{ truncatedSecret: 'whsec_...zzzz' }] }
const holding = anObservation().build()
const holdingNone = anObservation().unregistered().build()
const ours = aRemote()
const [low, high] = [aRemote({ id: 'aaa', ...foreignHint }), aRemote({ id: 'zzz', ...foreignHint })]

for (const { name, observed, webhooks, keeps, removes } of [
  {
    name: 'the one whose secret we hold stays, whatever its id',
    observed: holding,
    webhooks: [low, high, ours],
    keeps: remoteId,
    removes: ['aaa', 'zzz'],
  },
  {
    name: 'with no secret held the lowest id stays, which every observer would choose',
    observed: holdingNone,
    webhooks: [high, ours, low],
    keeps: 'aaa',
    removes: [remoteId, 'zzz'],
  },
]) {
  test(`of several webhooks with our marker ${name}`, () => {
    const plan = planDuplicates(aWebhook().build(), observed, webhooks)
    assert.deepEqual(plan.actions, [
      { type: 'AdoptWebhook', id: keeps },
      { type: 'DeleteWebhooks', ids: removes, cause: 'Twin' },
    ])
  })
}

test('what status names already is not adopted once more', () => {
  const webhook = aWebhook().registered().build()
  const { actions } = planDuplicates(webhook, holding, [low, ours])
  assert.deepEqual(actions, [{ type: 'DeleteWebhooks', ids: ['aaa'], cause: 'Twin' }])
})

test('of several whose hints fit the secret that we hold, the one in status stays', () => {
  const webhook = aWebhook().registered().build()
  const { actions } = planDuplicates(webhook, holding, [aRemote({ id: 'aaa' }), ours])
  assert.deepEqual(actions, [{ type: 'DeleteWebhooks', ids: ['aaa'], cause: 'Twin' }])
})

test('a look that found several and names none is a defect, and says so', () => {
  assert.throws(() => planDuplicates(aWebhook().build(), holding, []), /needs at least one webhook/)
})

test('how many there are and which one stays is told', () => {
  const { finding, next } = planDuplicates(aWebhook().registered().build(), holding, [low, ours])
  const message = `2 webhooks at Google carry the marker of this object: keeping ${remoteId}`
  assert.deepEqual([finding, next], [{ type: 'Progressing', reason: 'Progressing', message }, { type: 'now' }])
})
