import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'

import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import { apiVersion, geminiWebhookKind, kindName } from '../../../src/api/kind.ts'
import type { GeminiWebhookSpec } from '../../../src/api/spec.ts'
import type { WorkingConfig } from '../../../src/controller/config.ts'
import { namespaceKind, secretKind, type Secret } from '../../../src/kubernetes/core-kinds.ts'
import { apiKeySecretName, startControllerFixture } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'

const evil = 'evil'
const patience = { timeoutMs: 40_000, intervalMs: 20 }

/** A second namespace beside the one of the fixture. `project`: whose key it has. */
async function startNeighbours(
  t: TestContext,
  { project, config = {} }: { project: 'own' | 'shared'; config?: Partial<WorkingConfig> },
) {
  const it = await startControllerFixture(t, { config })
  await it.startController()
  await it.client.create(namespaceKind, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: evil } })
  it.admin.createProject('evil-project')
  const apiKey = project === 'own' ? it.admin.createApiKey('evil-project') : it.apiKey
  await it.client.create<Secret>(secretKind, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: evil, name: apiKeySecretName },
    data: { 'api-key': Buffer.from(apiKey).toString('base64') },
  })
  await it.putApiKey()
  const get = (name: string) => it.client.get<GeminiWebhook>(geminiWebhookKind, { namespace: evil, name })
  return {
    ...it,
    evil: {
      get,
      apply: (name: string, spec: Partial<GeminiWebhookSpec>) =>
        it.client.create<GeminiWebhook>(geminiWebhookKind, {
          apiVersion,
          kind: kindName,
          metadata: { namespace: evil, name } as GeminiWebhook['metadata'],
          spec: { apiKeySecretRef: { name: apiKeySecretName }, events: ['batch.succeeded'], ...spec },
        }),
      patch: (name: string, body: unknown) =>
        it.client.patch<GeminiWebhook>(geminiWebhookKind, { namespace: evil, name }, body, { type: 'merge' }),
      untilSettled: (name: string, reason: string) =>
        eventually(
          `${name} is ${reason}`,
          async () => {
            const webhook = await get(name)
            return webhook?.status?.conditions?.some((condition) => condition.reason === reason) === true && webhook
          },
          patience,
        ),
    },
  }
}

/** What is revoked at once must come whatever others claim. */
async function revokes(it: Awaited<ReturnType<typeof startNeighbours>>, name: string): Promise<void> {
  const before = it.calls().counts.rotateSigningSecret.committed
  await it.patch(name, { spec: { rotation: { request: { id: 'leak-1', revokePrevious: 'Immediately' } } } })
  await eventually(
    'rotated',
    async () => {
      const { rotation, operation } = (await it.get(name))?.status ?? {}
      return rotation?.handledRequestIDs?.includes('leak-1') === true && operation === undefined
    },
    patience,
  )
  assert.equal(it.calls().counts.rotateSigningSecret.committed, before + 1)
  await it.untilCondition(name, 'Ready', { status: 'True' })
}

const byHand = { name: 'made by hand', uri: 'https://old.example.com/', subscribedEvents: ['batch.failed'] }

for (const suspend of [true, false]) {
  test(`an older object of another project, ${suspend ? 'suspended' : 'live'}, that names an adopted webhook holds up nothing`, async (t) => {
    const it = await startNeighbours(t, { project: 'own' })
    // Those of one second go by their uids: of so many one is before the victim.
    const decoys = Array.from({ length: 12 }, (_, index) => `decoy-${index}`)
    for (const name of decoys) await it.evil.apply(name, { suspend: true })
    const existing = it.admin.createWebhook('project-a', byHand)
    await it.apply('victim', { externalID: existing.id })
    await it.untilCondition('victim', 'Ready', { status: 'True' })
    for (const name of decoys) {
      await it.evil.patch(name, { spec: { externalID: existing.id, suspend, adoptionPolicy: 'TakeOver' } })
      await it.evil.untilSettled(name, suspend ? 'Suspended' : 'ExternalIDNotFound')
    }
    await revokes(it, 'victim')
    assert.equal(await it.secretVerifiesNextDelivery('victim'), true)
  })
}

test('an object that is there first keeps nobody of another project from adopting what it names', async (t) => {
  const it = await startNeighbours(t, { project: 'own' })
  const existing = it.admin.createWebhook('project-a', byHand)
  await it.evil.apply('decoy', { externalID: existing.id })
  await it.evil.untilSettled('decoy', 'ExternalIDNotFound')
  await it.apply('victim', { externalID: existing.id })
  await it.untilCondition('victim', 'Ready', { status: 'True' })
})

test('in one project the older object that only names a webhook yields to the one that has it, and is not told its name', async (t) => {
  const it = await startNeighbours(t, { project: 'shared' })
  await it.evil.apply('decoy', { suspend: true })
  await it.apply('victim')
  const registered = await it.untilCondition('victim', 'Ready', { status: 'True' })
  const externalID = registered.status?.webhook?.id ?? ''
  await it.evil.patch('decoy', {
    spec: { externalID, suspend: false, adoptionPolicy: 'TakeOver', deletionPolicy: 'Delete' },
  })
  const yielded = await it.evil.untilSettled('decoy', 'ExternalIDInUse')
  const told = JSON.stringify([yielded.status, it.events.filter(({ regarding }) => regarding.namespace === evil)])
  assert.doesNotMatch(told, /victim|\bml\b/)
  assert.match(told, /an object of another namespace/)
  await revokes(it, 'victim')
  await it.client.delete(geminiWebhookKind, { namespace: evil, name: 'decoy' })
  await eventually('the decoy is gone', async () => (await it.evil.get('decoy')) === undefined, patience)
  assert.equal(it.remotes().filter(({ id }) => id === externalID).length, 1, 'and takes nothing with it')
})

test('an object that names the URL of another one as its own server keeps that from nothing', async (t) => {
  const it = await startNeighbours(t, { project: 'shared' })
  await it.evil.apply('double', { endpoint: { url: 'https://hooks.example.com/v1/s/ml/victim' } })
  await it.evil.untilSettled('double', 'Succeeded')
  await eventually('registered', () => it.remotes().length === 1, patience)
  await it.apply('victim')
  await it.untilCondition('victim', 'Ready', { status: 'True' })
  await revokes(it, 'victim')
})

test('calls that nobody answers hold no worker: another namespace is served as if they were not there', async (t) => {
  const it = await startNeighbours(t, { project: 'own', config: { callTimeoutMs: 6_000, settleExtraMs: 6_000 } })
  const hanging = 12
  it.admin.addFault({ verb: 'create', times: hanging, effect: { type: 'hang', when: 'beforeCommit' } })
  for (let index = 0; index < hanging; index++) await it.evil.apply(`slow-${index}`, { endpointCheck: 'Never' })
  const received = () => it.calls().counts.create.received
  await eventually('more of them hang than there are workers', () => received() === hanging, patience)
  await it.apply('victim', { endpointCheck: 'Never' })
  await eventually('registered', async () => (await it.get('victim'))?.status?.webhook?.id !== undefined, patience)
  assert.equal(it.remotes().length, 1)
  const statuses = await Promise.all(Array.from({ length: hanging }, (_, index) => it.evil.get(`slow-${index}`)))
  assert.doesNotMatch(JSON.stringify(statuses), /webhooks\.create/, 'none of those that hang has failed yet')
})
