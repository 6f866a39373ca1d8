import assert from 'node:assert/strict'
import { test } from 'node:test'

import { reconcileRequestedAtAnnotation } from '../../../../src/api/names.ts'
import { found, missing } from '../../../../src/controller/facts/lookup.ts'
import { markerOf } from '../../../../src/controller/facts/ownership.ts'
import {
  aWebhook,
  endpointUrl,
  fingerprint,
  installation,
  remoteId,
  type WebhookBuilder,
} from '../../../support/builders/a-webhook.ts'
import {
  anObservation,
  identity,
  proof,
  remoteName,
  type ObservationBuilder,
} from '../../../support/builders/an-observation.ts'
import { factsOf } from '../../../support/builders/facts-of.ts'

const fresh = aWebhook()
const rested = aWebhook().registered({ checkedSpec: proof, name: remoteName })
const nothingSeen = anObservation()
  .unregistered()
  .with({ sinks: { resolved: [], held: [], status: [] } })

test('of an object at rest status says who it is, where it is served, what is at Google, its secret and its rotation', () => {
  assert.deepEqual(factsOf(rested, anObservation()), {
    installationID: installation.id,
    installationToken: installation.token,
    observedGeneration: 1,
    endpoint: { url: endpointUrl },
    webhook: {
      id: remoteId,
      name: remoteName,
      uri: endpointUrl,
      events: ['batch.succeeded'],
      state: 'enabled',
      appliedState: 'enabled',
      eventCount: 1,
      keyFingerprint: fingerprint,
      checkedSpec: proof,
    },
    signingSecret: { name: 'batch-events-signing-secret', hint: 'whsec_...aaaa', activeSecrets: 1 },
    rotation: { lastRotationTime: '2026-11-19T12:00:00Z' },
    sinks: [],
  })
})

test('of an object that was never registered it says nothing of Google, a secret or a rotation', () => {
  assert.deepEqual(factsOf(fresh, nothingSeen), {
    installationID: installation.id,
    installationToken: installation.token,
    observedGeneration: 1,
    endpoint: { url: endpointUrl },
    sinks: [],
  })
})

test('an installation that is not confirmed, and an endpoint that is invalid, are not written down', () => {
  const installationView = { state: 'unconfirmed', message: 'not confirmed' } as const
  const endpoint = { state: 'invalid', message: 'no https' } as const
  assert.deepEqual(factsOf(fresh, nothingSeen.with({ installation: installationView, endpoint })), {
    observedGeneration: 1,
    sinks: [],
  })
})

test('while another object goes first the former address is the one that is told', () => {
  const canary = { namespace: 'ml', name: 'first', failed: false }
  const former = rested.status({ webhook: { ...rested.build().status?.webhook, uri: 'https://former.example.com/' } })
  const waiting = anObservation().with({ rollout: { state: 'wait', canary } })
  assert.equal(factsOf(former, waiting).endpoint?.url, 'https://former.example.com/')
})

const asked = (builder: WebhookBuilder) =>
  builder.metadata({ annotations: { [reconcileRequestedAtAnnotation]: 'now' } })
const looks: { name: string; given: [WebhookBuilder, ObservationBuilder, boolean | undefined]; says?: string }[] = [
  { name: 'Google answered and nothing is left', given: [asked(rested), anObservation(), true], says: 'now' },
  { name: 'Google answers that there is none', given: [asked(fresh), nothingSeen, true], says: 'now' },
  { name: 'something is left to be done', given: [asked(rested), anObservation(), false] },
  { name: 'nobody says that nothing is left', given: [asked(rested), anObservation(), undefined] },
  { name: 'the look failed', given: [asked(rested), anObservation().remoteFails(), true] },
  {
    name: 'Google was not asked',
    given: [asked(rested), anObservation().with({ remote: { state: 'notAsked' } }), true],
  },
  {
    name: 'nothing of the object is at Google',
    given: [
      asked(fresh),
      anObservation().with({ remote: { state: 'notAsked' }, apiKey: { state: 'notNeeded' } }),
      true,
    ],
    says: 'now',
  },
  { name: 'nobody asked for it', given: [rested, anObservation(), true] },
]
for (const { name, given, says } of looks) {
  test(`a request to look is ${says === undefined ? 'not ' : ''}acknowledged where ${name}`, () => {
    const [builder, observed, isAnswered] = given
    const facts = factsOf(builder, observed, isAnswered === undefined ? {} : { isAnswered })
    assert.deepEqual(
      Object.entries(facts).filter(([key]) => key === 'lastHandledReconcileAt'),
      says === undefined ? [] : [['lastHandledReconcileAt', says]],
    )
  })
}

const formerInstallation = { id: 'installation-0', token: '99999999' }
const ours = identity.marker
const markerOfOther = markerOf('installation-0', { namespace: 'ml', name: 'batch-events' })
const renames: { name: string; observed: ObservationBuilder; isKept: boolean }[] = [
  { name: 'the webhook carries our marker and token', observed: anObservation(), isKept: false },
  {
    name: 'a display name follows them',
    observed: anObservation().withRemote({ name: `${remoteName} Orders` }),
    isKept: false,
  },
  {
    name: 'it still carries the marker of the former one',
    observed: anObservation().withRemote({ name: `${markerOfOther} @${installation.token}` }),
    isKept: true,
  },
  {
    name: 'the token is still that of the former one',
    observed: anObservation().withRemote({ name: `${ours} @${formerInstallation.token}` }),
    isKept: true,
  },
  { name: 'it has no token yet', observed: anObservation().withRemote({ name: ours }), isKept: true },
  { name: 'Google was not heard', observed: anObservation().remoteFails(), isKept: true },
  {
    name: 'nobody confirmed who we are',
    observed: anObservation().with({ installation: { state: 'unconfirmed', message: '' } }),
    isKept: true,
  },
]
for (const { name, observed, isKept } of renames) {
  test(`the installation that an object was taken over from is ${isKept ? 'kept' : 'forgotten'} where ${name}`, () => {
    const facts = factsOf(rested.status({ formerInstallation }), observed)
    assert.deepEqual(facts.formerInstallation, isKept ? formerInstallation : undefined)
  })
}

/** A Secret with that name which somebody holds; undefined: none is there. */
function dynamicSecret(ownership: 'ours' | 'stranger' | undefined): ObservationBuilder {
  const rest = { resourceVersion: '1', previous: [], handledRequestIDs: [], labels: {}, annotations: {} }
  const secret = ownership === undefined ? missing : found({ ...rest, ownership })
  return anObservation().with({ dynamic: { name: 'batch-events-dynamic', secret, entry: undefined } })
}
const recorded = rested.status({ endpoint: { dynamicSecretName: 'former-dynamic' } })
const dynamics: { name: string; given: [WebhookBuilder, ObservationBuilder]; says?: string }[] = [
  { name: 'that we hold is named', given: [rested, dynamicSecret('ours')], says: 'batch-events-dynamic' },
  { name: 'of somebody else is not', given: [rested, dynamicSecret('stranger')] },
  { name: 'that is not there yet is not', given: [rested, dynamicSecret(undefined)] },
  { name: 'that nobody wants is not', given: [rested, anObservation()] },
  {
    name: 'under a former name stays until it is gone',
    given: [recorded, dynamicSecret('ours')],
    says: 'former-dynamic',
  },
  {
    name: 'that nobody wants any more stays until it is gone',
    given: [recorded, anObservation()],
    says: 'former-dynamic',
  },
]
for (const { name, given, says } of dynamics) {
  test(`a Secret of the dynamic endpoint ${name}`, () => {
    assert.deepEqual(factsOf(...given).endpoint, {
      url: endpointUrl,
      ...(says !== undefined && { dynamicSecretName: says }),
    })
  })
}
