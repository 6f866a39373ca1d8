import assert from 'node:assert/strict'
import { test } from 'node:test'

import { isSeenBy, planCreation } from '../../../../src/controller/plan/creation.ts'
import { aWebhook, fingerprint, remoteId } from '../../../support/builders/a-webhook.ts'
import { aFailure, anObservation } from '../../../support/builders/an-observation.ts'

const fresh = aWebhook().finalized()
const gone = { state: 'missing', confirmed: true, confirmInMs: 0 } as const
const perhapsGone = { state: 'missing', confirmed: false, confirmInMs: 9 } as const

test('a webhook that one answer does not know is named while Google is asked again, as status or the spec names it', () => {
  const named = { registered: aWebhook().registered(), claimed: fresh.spec({ externalID: remoteId }) }
  for (const [how, webhook] of Object.entries(named)) {
    const plan = planCreation(webhook.build(), anObservation().unregistered().build(), perhapsGone)
    const message = `Google answers that webhook ${remoteId} does not exist; asking again before it is believed`
    const condition = { type: 'Registered', status: 'Unknown' }
    const finding = { type: 'Progressing', reason: 'Missing', message, condition }
    assert.deepEqual(plan, { actions: [], finding, next: { type: 'after', delayMs: 9 } }, how)
  }
})

test('nothing is registered while the Secret cannot be read: it may be somebody else’s', () => {
  const failure = aFailure({ message: 'the API server is away' })
  const unread = anObservation()
    .unregistered()
    .with({ secret: { state: 'failed', failure } })
  assert.deepEqual(planCreation(fresh.build(), unread.build(), gone), {
    actions: [],
    finding: { type: 'Progressing', reason: failure.reason, message: failure.message },
    next: { type: 'retry' },
  })
})

test('a 404 means something to the key that saw the webhook, and where no key was recorded', () => {
  const observed = anObservation().build()
  const seenBy = (keyFingerprint: string | undefined) =>
    isSeenBy(aWebhook().registered({ keyFingerprint }).build(), observed)
  assert.deepEqual([seenBy(undefined), seenBy(fingerprint), seenBy('another')], [true, true, false])
  assert.equal(isSeenBy(fresh.build(), observed), true)
})
