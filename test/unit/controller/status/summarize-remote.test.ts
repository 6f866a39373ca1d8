import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhookStatus } from '../../../../src/api/status.ts'
import { found } from '../../../../src/controller/facts/lookup.ts'
import { aWebhook, type WebhookBuilder } from '../../../support/builders/a-webhook.ts'
import {
  aFailure,
  anObservation,
  currentSecret,
  live,
  otherSecret,
  proof,
  remoteName,
  type ObservationBuilder,
} from '../../../support/builders/an-observation.ts'
import { factsOf, summarizedAtMs } from '../../../support/builders/facts-of.ts'

const fresh = aWebhook()
const rested = aWebhook().registered({ checkedSpec: proof, name: remoteName })
const later = '2026-11-21T13:00:00Z'
const applied = rested.build().status?.webhook ?? {}
const disabled = anObservation().withRemote({ state: 'disabled' })
const remotes: { name: string; given: [WebhookBuilder, ObservationBuilder]; says: GeminiWebhookStatus['webhook'] }[] = [
  {
    name: 'a state at Google other than the wish was applied by nobody',
    given: [rested, disabled],
    says: { ...applied, state: 'disabled', eventCount: 1 },
  },
  {
    name: 'what was applied stays, whatever is seen',
    given: [rested.status({ webhook: { ...applied, appliedState: 'enabled' } }), disabled],
    says: { ...applied, state: 'disabled', appliedState: 'enabled', eventCount: 1 },
  },
  {
    name: 'without events none is counted',
    given: [rested.spec({ events: undefined }), anObservation()],
    says: { ...applied, appliedState: 'enabled', eventCount: 0 },
  },
  {
    name: 'the key of now is the one that is named',
    given: [rested, anObservation().with({ apiKey: found({ fingerprint: 'e'.repeat(32) }) })],
    says: { ...applied, appliedState: 'enabled', eventCount: 1, keyFingerprint: 'e'.repeat(32) },
  },
  {
    name: 'a key that cannot be read leaves what it said before',
    given: [rested, anObservation().with({ apiKey: { state: 'failed', failure: aFailure() } })],
    says: { ...applied, appliedState: 'enabled', eventCount: 1 },
  },
  { name: 'a look that failed leaves it alone', given: [rested, anObservation().remoteFails()], says: applied },
  {
    name: 'a webhook of another id is not ours to tell of',
    given: [rested, anObservation().withRemote({ id: 'other', state: 'disabled' })],
    says: applied,
  },
  { name: 'one that is seen before it is taken over neither', given: [fresh, anObservation()], says: undefined },
]
for (const { name, given, says } of remotes) {
  test(`of the webhook at Google: ${name}`, () => assert.deepEqual(factsOf(...given).webhook, says))
}

const kept = {
  name: 'former-name',
  hint: 'whsec_...bbbb',
  activeSecrets: 2,
  previousExpireTime: '2026-11-21T11:00:00Z',
}
const before = rested.status({ signingSecret: kept })
const rotated = [live(currentSecret), live(otherSecret, later)]
/** The current secret and those that end at these times. */
const shown = (current: readonly string[], ...expireTimes: string[]) =>
  anObservation().withRemote({
    signingSecrets: [
      ...current.map((truncatedSecret) => ({ truncatedSecret })),
      ...expireTimes.map((expireTime) => ({ truncatedSecret: 'whsec_...bbbb', expireTime })),
    ],
  })
const current = ['whsec_...aaaa']
const unstored = rested.status({ signingSecret: { hint: 'whsec_...aaaa' } })
const secrets: {
  name: string
  given: [WebhookBuilder, ObservationBuilder]
  says: GeminiWebhookStatus['signingSecret']
}[] = [
  {
    name: 'a former name stays until its Secret is gone, and a grace period that is over is not told',
    given: [before, anObservation()],
    says: { name: 'former-name', hint: 'whsec_...aaaa', activeSecrets: 1 },
  },
  {
    name: 'the end of the grace period is the one that receivers are told, whichever secret it is of',
    given: [rested, shown(current, later).withKeyring(...rotated)],
    says: { name: 'batch-events-signing-secret', hint: 'whsec_...aaaa', activeSecrets: 2, previousExpireTime: later },
  },
  {
    name: 'what ends this very moment is not counted any more, nor what has ended',
    given: [rested, shown(current, '2026-11-21T12:00:00Z', '2026-11-21T11:59:59Z')],
    says: { name: 'batch-events-signing-secret', hint: 'whsec_...aaaa', activeSecrets: 1 },
  },
  {
    name: 'the Secret is named once it is ours',
    given: [fresh, anObservation()],
    says: { name: 'batch-events-signing-secret', hint: 'whsec_...aaaa', activeSecrets: 1 },
  },
  {
    name: 'a Secret of somebody else is not named',
    given: [unstored, anObservation().withSecret({ ownership: 'stranger' })],
    says: { hint: 'whsec_...aaaa', activeSecrets: 1 },
  },
  {
    name: 'a Secret that is missing is not named',
    given: [unstored, anObservation().withoutSecret()],
    says: { hint: 'whsec_...aaaa', activeSecrets: 1 },
  },
  {
    name: 'what only the Secret holds is told all the same',
    given: [unstored, anObservation().withKeyring()],
    says: { name: 'batch-events-signing-secret', hint: 'whsec_...aaaa', activeSecrets: 1 },
  },
  {
    name: 'one that nobody holds leaves what was said',
    given: [before, anObservation().withoutSecret().withKeyring()],
    says: kept,
  },
  {
    name: 'while Google shows none that it signs with, what was said stays',
    given: [before, shown([], later)],
    says: kept,
  },
  { name: 'a look that failed leaves what was said', given: [before, anObservation().remoteFails()], says: kept },
]
for (const { name, given, says } of secrets) {
  test(`of the signing secret: ${name}`, () => assert.deepEqual(factsOf(...given).signingSecret, says))
}

const lastRotationTime = '2026-11-19T12:00:00Z'
const scheduled = rested.spec({ rotation: { interval: '720h' } })
const rotations: { name: string; given: WebhookBuilder; says: GeminiWebhookStatus['rotation'] }[] = [
  {
    name: 'one that nobody remembers counts as now',
    given: rested.status({ rotation: undefined }),
    says: { lastRotationTime: '2026-11-21T12:00:00Z' },
  },
  {
    name: 'what else is known of it stays where the time is not',
    given: rested.status({ rotation: { handledRequestIDs: ['a'] } }),
    says: { handledRequestIDs: ['a'], lastRotationTime: '2026-11-21T12:00:00Z' },
  },
  {
    name: 'before there is a webhook nothing was rotated, and what was handled stays handled',
    given: fresh.status({ rotation: { handledRequestIDs: ['a'] } }),
    says: { handledRequestIDs: ['a'] },
  },
  {
    name: 'nor while status knows of a webhook without an id',
    given: fresh.status({ webhook: { name: remoteName }, rotation: { handledRequestIDs: ['a'] } }),
    says: { handledRequestIDs: ['a'] },
  },
  {
    name: 'a next time that nothing schedules goes, with or without a webhook',
    given: fresh.status({ rotation: { lastRotationTime, nextRotationTime: later } }),
    says: { lastRotationTime },
  },
  { name: 'without both there is nothing to say', given: fresh, says: undefined },
  {
    name: 'a schedule that was taken out has no next time',
    given: rested.status({ rotation: { lastRotationTime, nextRotationTime: later } }),
    says: { lastRotationTime },
  },
]
for (const { name, given, says } of rotations) {
  test(`of the last rotation: ${name}`, () => {
    assert.deepEqual(factsOf(given, anObservation()).rotation, says)
  })
}

function next(builder: WebhookBuilder): number {
  return Date.parse(factsOf(builder, anObservation()).rotation?.nextRotationTime ?? '')
}

test('the next rotation is an interval and a share of a tenth after the last one, and one that nobody remembers counts from now', () => {
  const hour = 3_600_000
  const first = next(scheduled) - Date.parse(lastRotationTime)
  assert.ok(first >= 720 * hour && first <= 792 * hour, `${first}`)
  const unknown = next(scheduled.status({ rotation: undefined })) - summarizedAtMs
  assert.ok(Math.abs(unknown - first) <= 1000, `${unknown}`)
  assert.equal(factsOf(scheduled, anObservation()).rotation?.lastRotationTime, lastRotationTime)
})
