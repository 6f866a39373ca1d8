import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Operation } from '../../../../src/api/status.ts'
import type { Judgement } from '../../../../src/controller/facts/judgement.ts'
import { aWebhook, type WebhookBuilder } from '../../../support/builders/a-webhook.ts'
import {
  aFailure,
  anObservation,
  currentSecret,
  live,
  marker,
  otherSecret,
  proof,
  type ObservationBuilder,
} from '../../../support/builders/an-observation.ts'
import { judged } from '../../../support/measures/judged-conditions.ts'

const rested = aWebhook().registered({ name: marker, checkedSpec: proof })
const rotating = (cause: Operation['cause']) => rested.intending('Rotate', cause === undefined ? {} : { cause })
/** Ends in the same four characters as the current one. */
const lookalike = 'whsec_lookalikelookalikelookalikeaaaa'
const foreign = { signingSecrets: [{ truncatedSecret: 'whsec_...zzzz' }] }
const name = 'Secret ml/batch-events-signing-secret'

const holds: Judgement = { status: 'True', reason: 'Succeeded', message: `${name} holds what Google signs with` }
const replaced: Judgement = {
  status: 'False',
  reason: 'RotationInProgress',
  message: `${name}: the signing secret is being replaced`,
}
const repairing: Judgement = { status: 'False', reason: 'Repairing', message: `${name} does not hold it yet` }
const toCome: Judgement = { ...repairing, reason: 'Progressing' }

const judge = (webhook: WebhookBuilder, observed: ObservationBuilder, said?: Judgement) =>
  judged(webhook, observed, said === undefined ? {} : { SecretAvailable: said }).SecretAvailable

test('without a webhook there is no secret to be had', () => {
  const unwanted = rested.spec({ events: undefined, dynamic: {} })
  const want = { status: 'Unknown', reason: 'NotRequired', message: 'no webhook is registered' }
  assert.deepEqual(judge(unwanted, anObservation()), want)
})

test('a repair replaces a secret that does not work, though what is held may happen to fit the hint', () => {
  assert.deepEqual(judge(rotating('Repair'), anObservation()), replaced)
  assert.deepEqual(judge(rotating('Interval'), anObservation()), holds)
})

test('a rotation that Google cannot be asked about leaves available what was, and nothing else', () => {
  const unseen = anObservation().remoteFails()
  const said: Judgement = { status: 'True', reason: 'Succeeded', message: 'before', evaluated: 1 }
  const { evaluated: _about, ...seenNow } = said
  assert.deepEqual(judge(rotating('Request'), unseen, said), seenNow, 'the rotation is about the spec of now')
  assert.deepEqual(judge(rested, unseen, said), said)
  assert.deepEqual(judge(rotating('Request'), unseen, { ...said, status: 'Unknown' }), replaced)
  assert.deepEqual(judge(rotating('Request'), unseen), replaced)
  const nothing = { status: 'Unknown', reason: 'Progressing', message: 'no webhook to compare with yet' }
  assert.deepEqual(judge(rested, unseen), nothing)
})

test('a Secret that could not be read was not seen to be wrong', () => {
  const unread = anObservation().with({ secret: { state: 'failed', failure: aFailure() } })
  assert.deepEqual(judge(rested, unread, holds), holds)
})

test('a secret that was held and is not is repaired; one that was never held is still to come', () => {
  const other = anObservation().withSecret({ secrets: { current: otherSecret } })
  assert.deepEqual(judge(rested, other), repairing)
  assert.deepEqual(judge(rested.status({ signingSecret: {} }), other), toCome)
  assert.deepEqual(judge(aWebhook().finalized(), other), toCome)
})

test('a Secret is available only where receivers, Google and the Secret mean the same one', () => {
  const receiversLag = anObservation().withKeyring(live(otherSecret))
  assert.deepEqual(judge(rested, receiversLag), repairing, 'receivers hold another')
  assert.deepEqual(judge(rested, anObservation().withKeyring()), repairing, 'receivers hold none')
  const hintless = anObservation().withRemote({ signingSecrets: [] })
  assert.deepEqual(judge(rested, hintless), repairing, 'Google shows none')
  const renamed = anObservation().withRemote({ signingSecrets: [], hasUnknownFields: true })
  assert.deepEqual(judge(rested, renamed, holds), holds, 'it may be shown in a field that is not known')
  assert.deepEqual(judge(rested, anObservation().withRemote(foreign)), repairing, 'Google shows another')
  const newer = anObservation().with({ revealed: { attemptID: 'attempt-1', secrets: [live(lookalike)] } })
  assert.deepEqual(judge(rested, newer), repairing, 'a newer one was revealed that looks the same')
  assert.notEqual(lookalike, currentSecret)
})
