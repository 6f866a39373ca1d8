import assert from 'node:assert/strict'
import { test } from 'node:test'

import { explainRolloutWait, planDrift } from '../../../../src/controller/plan/drift.ts'
import { aWebhook, endpointUrl, remoteId } from '../../../support/builders/a-webhook.ts'
import { anObservation, aRemote, remoteName } from '../../../support/builders/an-observation.ts'

test('an edit and a drift beside each other are one update, which is told as the edit of the spec that it carries', () => {
  const edited = aWebhook()
    .registered({ name: remoteName })
    .spec({ events: ['batch.failed'] })
    .build()
  const webhook = aRemote({ uri: 'https://elsewhere.example.com' })
  const plan = planDrift(edited, anObservation().build(), { webhook, owner: 'ours', confirmed: false, confirmInMs: 0 })
  const changes = { uri: endpointUrl, subscribedEvents: ['batch.failed'] }
  assert.deepEqual(plan, {
    actions: [{ type: 'UpdateWebhook', id: remoteId, changes, field: 'uri', cause: 'Spec' }],
    finding: {
      type: 'Progressing',
      reason: 'Drifted',
      message: `uri of webhook ${remoteId} at Google differs from what is wanted: correcting it`,
      condition: { type: 'InSync', status: 'False' },
    },
    next: { type: 'now' },
  })
})

const explain = (failed: boolean) =>
  explainRolloutWait({ state: 'wait', canary: { namespace: 'ml', name: 'first', failed } })

test('who waits for a rollout is told whom it waits for, and what to do where that one failed', () => {
  const what = 'the base URL of the installation changed: GeminiWebhook ml/first goes first'
  assert.equal(explain(false), `${what}, the others follow when its endpoint is verified`)
  assert.equal(
    explain(true),
    `${what} and its endpoint check failed, so the others stay where they are: correct the base URL, or the way to it`,
  )
})
