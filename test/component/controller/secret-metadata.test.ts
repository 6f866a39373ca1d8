import assert from 'node:assert/strict'
import { test } from 'node:test'

import { geminiWebhookKind } from '../../../src/api/kind.ts'
import { noneReservedCel } from '../../../src/api/reserved-metadata.ts'
import { KubernetesApiError } from '../../../src/kubernetes/client.ts'
import { startControllerFixture, tenant } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'

const name = 'batch-events'
const patience = { timeoutMs: 20_000 }

const isInvalid = (error: unknown) => error instanceof KubernetesApiError && error.reason === 'Invalid'

const reserved = {
  labels: { 'app.kubernetes.io/managed-by': 'Helm' },
  annotations: {
    'webhooks.gemini-operator.io/owner-uid': 'x',
    'webhooks.gemini-operator.io/owner-name': 'x',
    'webhooks.gemini-operator.io/attempt-id': 'x',
    'webhooks.gemini-operator.io/applied-metadata': '{}',
  },
}

test('keys that the controller sets itself are refused when applied', async (t) => {
  const fixture = await startControllerFixture(t)
  for (const [field, entries] of Object.entries(reserved)) {
    for (const [key, value] of Object.entries(entries)) {
      await assert.rejects(fixture.apply(name, { signingSecret: { [field]: { [key]: value } } }), isInvalid, key)
    }
  }
})

test('an object that an older version let through costs no write for ever, and says so', async (t) => {
  const fixture = await startControllerFixture(t, {
    editCrd: (crd) => withoutRules(crd),
    config: { allowedSecretLabels: ['*'], allowedSecretAnnotations: ['*'] },
  })
  let writes = 0
  await fixture.startController((moment, _call, subject) => {
    if (moment === 'before' && subject?.name === `${name}-signing-secret`) writes += 1
  })
  await fixture.putApiKey()
  await fixture.apply(name, { signingSecret: reserved })
  const webhook = await fixture.untilCondition(name, 'Ready', { status: 'True' })
  const told = fixture.conditionOf(webhook, 'PartIgnored')
  assert.equal(told?.reason, 'MetadataNotAllowed')
  assert.match(told?.message ?? '', /labels: left out app\.kubernetes\.io\/managed-by, which others set: remove it/)
  const [before, looks] = [writes, fixture.calls().counts.list.received]
  await eventually('some looks later', () => fixture.calls().counts.list.received >= looks + 3, patience)
  assert.equal(writes, before)
  const { labels, annotations } = (await fixture.targetSecret(name))?.metadata ?? {}
  assert.equal(labels?.['app.kubernetes.io/managed-by'], 'gemini-webhook-operator')
  assert.equal(annotations?.['webhooks.gemini-operator.io/owner-uid'], webhook.metadata.uid)
})

/** The CRD of a version that did not know these rules. */
function withoutRules(crd: string): string {
  const former = ['self.labels', 'self.annotations'].reduce(
    (text, map) => text.replace(noneReservedCel(map), 'true'),
    crd,
  )
  assert.notEqual(former, crd)
  return former
}

test('what the installation does not allow is left out, the object is Ready, and one Event says it', async (t) => {
  const fixture = await startControllerFixture(t)
  await fixture.startController()
  await fixture.putApiKey()
  const signingSecret = {
    labels: { 'argocd.argoproj.io/secret-type': 'cluster', team: 'ml' },
    annotations: {
      'reflector.v1.k8s.emberstack.com/reflection-allowed': 'true',
      'reloader.stakater.com/match': 'true',
    },
  }
  await fixture.apply(name, { signingSecret })
  const webhook = await fixture.untilCondition(name, 'Ready', { status: 'True' })
  const told = fixture.conditionOf(webhook, 'PartIgnored')
  assert.equal(told?.reason, 'MetadataNotAllowed')
  assert.match(told?.message ?? '', /left out argocd\.argoproj\.io\/secret-type, team, which allowedSecretLabels of /)
  assert.match(told?.message ?? '', /left out reflector\.v1\.k8s\.emberstack\.com\/reflection-allowed, which /)
  assert.match(fixture.conditionOf(webhook, 'Ready')?.message ?? '', /PartIgnored/)
  assert.equal(fixture.events.filter(({ reason }) => reason === 'PartIgnored').length, 1)
  const { labels, annotations } = (await fixture.targetSecret(name))?.metadata ?? {}
  assert.deepEqual(Object.keys(labels ?? {}), ['app.kubernetes.io/managed-by'])
  const foreign = Object.keys(annotations ?? {}).filter((key) => !key.startsWith('webhooks.gemini-operator.io/'))
  assert.deepEqual(foreign, ['reloader.stakater.com/match'])

  await fixture.client.patch(
    geminiWebhookKind,
    { namespace: tenant, name },
    { spec: { signingSecret: null } },
    { type: 'merge' },
  )
  await eventually(
    'nothing is left out any more',
    async () => fixture.conditionOf(await fixture.get(name), 'PartIgnored') === undefined,
    patience,
  )
})
