import assert from 'node:assert/strict'
import { test } from 'node:test'

import { appliedKeysAnnotation, ownerUidAnnotation } from '../../../../src/api/names.ts'
import { maxLiveSecrets } from '../../../../src/contract/keyring/entry.ts'
import { shippedConfig } from '../../../support/builders/shipped-config.ts'
import { planSecret, planStored } from '../../../../src/controller/plan/secret.ts'
import { keptSecrets } from '../../../../src/controller/secrets/kept-secrets.ts'
import { aWebhook, remoteId, type WebhookBuilder } from '../../../support/builders/a-webhook.ts'
import {
  aFailure,
  anObservation,
  currentSecret,
  live,
  otherSecret,
  type ObservationBuilder,
} from '../../../support/builders/an-observation.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const now = '2026-11-21T12:00:00Z'
const tomorrow = '2026-11-22T11:00:00Z'
const ctx = { nowMs, config: { ...shippedConfig, namespace: 'gwh', baseUrl: 'https://hooks.example.com' } }
const registered = aWebhook().registered()
const foreign = { signingSecrets: [{ truncatedSecret: 'whsec_...zzzz' }] }
const failed = { state: 'failed', failure: aFailure() } as const

function given(webhook: WebhookBuilder, builder: ObservationBuilder): Parameters<typeof planSecret> {
  const observed = builder.build()
  const { remote } = observed
  return remote.state === 'found'
    ? [webhook.build(), observed, remote.value, ctx]
    : assert.fail('the observation has a webhook')
}
const plan = (webhook: WebhookBuilder, observed: ObservationBuilder) => planSecret(...given(webhook, observed))
const stored = (webhook: WebhookBuilder, observed: ObservationBuilder) => planStored(...given(webhook, observed))
const rotate = (cause: string) => ({ type: 'RecordIntent', operation: 'Rotate', cause })

test('a Secret that cannot be read is asked for again, and nothing is decided without it', () => {
  assert.deepEqual(plan(registered, anObservation().with({ secret: failed }))?.next, { type: 'retry' })
  const answer = stored(registered, anObservation().with({ secret: failed }))
  assert.deepEqual('next' in answer && answer.next, { type: 'retry' })
})

test('a stranger’s Secret is never written', () => {
  const strange = anObservation().withSecret({ ownership: 'stranger', secrets: { current: otherSecret } })
  assert.equal(plan(registered, strange)?.finding.reason, 'SecretNameTaken')
  const answer = stored(registered, strange)
  assert.equal('finding' in answer && answer.finding.reason, 'SecretNameTaken')
})

test('what is held goes to whoever lacks it: keyring, Secret, both or nobody', () => {
  const write = { type: 'WriteKeyring', secrets: [live(currentSecret)] }
  const store = { type: 'StoreSecret', secrets: [live(currentSecret)], cause: 'Restored' }
  assert.deepEqual(stored(registered, anObservation()), [])
  assert.deepEqual(stored(registered, anObservation().withKeyring()), [write])
  assert.deepEqual(stored(registered, anObservation().withoutSecret()), [store])
  assert.deepEqual(stored(registered, anObservation().withRemote(foreign)), [])
  const stranger = anObservation().withSecret({ ownership: 'stranger' })
  assert.deepEqual(stored(registered, stranger), [], 'it holds the secret already: nothing has to be written')
})

test('an import takes only what Google shows a hint of', () => {
  const unheld = anObservation().withKeyring().withSecret({ ownership: 'importable' })
  assert.equal(plan(registered, unheld)?.actions.length, 2)
  assert.equal(plan(registered, unheld.withRemote({ signingSecrets: [] }))?.finding.reason, 'SecretNameTaken')
  const elsewhere = anObservation().withSecret({ ownership: 'importable', secrets: { current: otherSecret } })
  assert.equal(plan(registered, elsewhere)?.finding.reason, 'SecretNameTaken')
})

test('secrets that are still valid are kept, the longest-lived first, and not more than receivers try', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']
  const others = names.map((name, hour) => live(`whsec_${name.repeat(32)}`, `2026-11-22T0${hour}:00:00Z`))
  const restored = plan(
    registered,
    anObservation()
      .withoutSecret()
      .withKeyring(live(currentSecret), ...others),
  )
  const newest = others.toReversed().slice(0, maxLiveSecrets - 1)
  assert.deepEqual(restored?.actions.at(-1), {
    type: 'StoreSecret',
    secrets: [live(currentSecret), ...newest],
    cause: 'Restored',
  })
})

test('the previous secret of a Secret is kept for as long as status says, no other is', () => {
  const overlapping = registered.status({ signingSecret: { hint: 'whsec_...aaaa', previousExpireTime: tomorrow } })
  const both = anObservation()
    .withSecret({ secrets: { current: currentSecret, previous: otherSecret } })
    .withKeyring()
  const told = [{ type: 'WriteKeyring', secrets: [live(currentSecret), live(otherSecret, tomorrow)] }]
  assert.deepEqual(plan(overlapping, both)?.actions, told)
  const overwritten = anObservation().withSecret({ secrets: { current: otherSecret } })
  assert.deepEqual(plan(overlapping, overwritten)?.actions, [
    { type: 'StoreSecret', secrets: [live(currentSecret)], cause: 'Overwritten' },
  ])
})

test('at the moment at which it ends a secret is not kept any more', () => {
  const ending = anObservation().withoutSecret().withKeyring(live(currentSecret), live(otherSecret, now))
  assert.deepEqual(plan(registered, ending)?.actions.at(-1), {
    type: 'StoreSecret',
    secrets: [live(currentSecret)],
    cause: 'Restored',
  })
  assert.deepEqual(keptSecrets(ending.build().keyring, nowMs), [live(currentSecret)])
  const kept = anObservation().withKeyring(live(currentSecret), live(otherSecret, tomorrow)).build().keyring
  assert.deepEqual(keptSecrets(kept, nowMs), [live(currentSecret), live(otherSecret, tomorrow)])
  assert.deepEqual(keptSecrets(undefined, nowMs), [])
})

test('a Secret without a current secret is filled again', () =>
  assert.deepEqual(plan(registered, anObservation().withSecret({ secrets: {} }))?.actions, [
    { type: 'StoreSecret', secrets: [live(currentSecret)], cause: 'Restored' },
  ]))

for (const { held, observed } of [
  { held: 'the Secret alone', observed: anObservation().withKeyring() },
  { held: 'the keyring alone', observed: anObservation().withoutSecret() },
]) {
  test(`while ${held} holds something, a hint that surprises is believed only after a second look`, () => {
    assert.deepEqual(plan(registered, observed.withRemote(foreign))?.actions, [{ type: 'ConfirmRemote', id: remoteId }])
    const confirmed = plan(registered, observed.withRemote(foreign, { confirmed: true }))
    assert.deepEqual(confirmed?.actions.at(-1), rotate('Repair'))
  })
}

test('what was never held is an adoption: no proof is needed, and no repair is counted', () => {
  const nothing = anObservation().withoutSecret().withKeyring().withRemote(foreign)
  const spent = { repairTimes: ['2026-11-21T09:00:00Z', '2026-11-21T09:00:00Z', '2026-11-21T09:00:00Z'] }
  for (const webhook of [aWebhook().finalized(), registered.status({ signingSecret: spent })]) {
    assert.deepEqual(plan(webhook, nothing)?.actions.at(-1), rotate('Adoption'))
  }
  assert.deepEqual(plan(registered, nothing)?.actions.at(-1), rotate('Repair'), 'a hint in status: it was held once')
})

const times = (time: string) =>
  registered.status({ signingSecret: { hint: 'whsec_...aaaa', repairTimes: [time, time, time] } })

test('a lost secret too is left to a human after the third repair of a day, with the name of who wrote it last', () => {
  const lost = anObservation().withRemote(foreign, { confirmed: true })
  const anonymous = plan(times('2026-11-21T09:00:00Z'), lost)?.finding
  assert.equal(anonymous?.reason, 'SecretContested')
  assert.match(anonymous?.message ?? '', /wrong again: stop/)
  const known = plan(times('2026-11-21T09:00:00Z'), lost.withSecret({ lastManager: 'flux' }))?.finding
  assert.match(known?.message ?? '', /wrong again \(last written by flux\): stop/)
  const aDayAgo = plan(times('2026-11-20T12:00:00Z'), lost)
  assert.deepEqual(aDayAgo?.actions, [rotate('Repair')])
})

test('the Secret under a former name goes once the new one holds', () => {
  const renamed = registered.status({ signingSecret: { name: 'former', hint: 'whsec_...aaaa' } })
  assert.deepEqual(plan(renamed, anObservation())?.actions, [{ type: 'DeleteOldSecret', name: 'former' }])
  assert.equal(plan(registered, anObservation()), undefined)
  assert.equal(plan(registered.status({ signingSecret: { hint: 'whsec_...aaaa' } }), anObservation()), undefined)
})

test('a Secret without a key of the template is written, unless somebody keeps taking it away', () => {
  const templated = registered.spec({ signingSecret: { template: { keys: [{ key: 'SECRET' }] } } })
  const write = [{ type: 'StoreSecret', secrets: [live(currentSecret)], cause: 'Metadata' }]
  assert.deepEqual(plan(templated, anObservation())?.actions, write)
  assert.equal(plan(templated, anObservation().with({ metadataHeld: true })), undefined)
  const annotations = { [ownerUidAnnotation]: 'uid-1', [appliedKeysAnnotation]: 'SECRET' }
  const otherData = { SECRET: Buffer.from(currentSecret).toString('base64') }
  assert.equal(plan(templated, anObservation().withSecret({ annotations, otherData })), undefined)
})

test('a Secret whose metadata is not as the spec says is written, unless somebody keeps changing it', () => {
  const untidy = anObservation().withSecret({ annotations: {} })
  const write = [{ type: 'StoreSecret', secrets: [live(currentSecret)], cause: 'Metadata' }]
  assert.deepEqual(plan(registered, untidy)?.actions, write)
  assert.deepEqual(plan(registered, untidy.with({ metadataHeld: false }))?.actions, write)
  assert.equal(plan(registered, untidy.with({ metadataHeld: true })), undefined)
})
