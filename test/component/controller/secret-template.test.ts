import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { SecretTemplate } from '../../../src/api/secret-template.ts'
import { secretKind, type Secret } from '../../../src/kubernetes/core-kinds.ts'
import { decode, startControllerFixture, tenant, type WriteHook } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'

const name = 'batch-events'
const key = { namespace: tenant, name: `${name}-signing-secret` }
const patience = { timeoutMs: 40_000, intervalMs: 20 }

const template: SecretTemplate = {
  keys: [
    { key: 'GEMINI_WEBHOOK_SECRET' },
    { key: 'hmac-key', format: 'Base64' },
    { key: 'old-hmac-key', format: 'Base64', secret: 'Previous' },
    { key: '.env', format: 'DotEnv', variable: 'SECRET' },
    { key: 'webhook.json', format: 'JSON' },
  ],
}

const dataOf = (secret: Secret | undefined) =>
  Object.fromEntries(Object.entries(secret?.data ?? {}).map(([each, value]) => [each, decode(value)]))

/** What all keys of the template must say beside the three that are always there. */
function inStep(data: Record<string, string>): Record<string, string> {
  const { 'signing-secret': current = '', 'previous-signing-secret': previous } = data
  const json = { signingSecret: current, ...(previous !== undefined && { previousSigningSecret: previous }) }
  return {
    'signing-secret': current,
    ...(previous !== undefined && {
      'previous-signing-secret': previous,
      'old-hmac-key': previous.slice('whsec_'.length),
    }),
    'signing-secrets': previous === undefined ? current : `${current} ${previous}`,
    GEMINI_WEBHOOK_SECRET: current,
    'hmac-key': current.slice('whsec_'.length),
    '.env': `SECRET=${current}\n`,
    'webhook.json': JSON.stringify(json),
  }
}

async function startReady(t: Parameters<typeof startControllerFixture>[0], hook?: WriteHook) {
  const fixture = await startControllerFixture(t)
  await fixture.startController(hook)
  await fixture.putApiKey()
  await fixture.apply(name, { signingSecret: { template } })
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
  return { ...fixture, data: async () => dataOf(await fixture.targetSecret(name)) }
}

test('every version of the Secret has its keys in step, through a registration, two rotations and a repair', async (t) => {
  const versions: Record<string, string>[] = []
  const fixture = await startControllerFixture(t)
  await fixture.startController(async (moment, _call, subject) => {
    if (moment === 'after' && subject?.name === key.name) versions.push(dataOf(await fixture.targetSecret(name)))
  })
  await fixture.putApiKey()
  await fixture.apply(name, { signingSecret: { template } })
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
  for (const id of ['one', 'two']) {
    await fixture.patch(name, { spec: { rotation: { request: { id } } } })
    const handled = async () => (await fixture.get(name))?.status?.rotation?.handledRequestIDs ?? []
    await eventually(id, async () => (await handled()).includes(id), patience)
  }
  await fixture.client.delete(secretKind, key)
  await eventually('the Secret is back', async () => (await fixture.targetSecret(name)) !== undefined, patience)
  await fixture.untilCondition(name, 'Ready', { status: 'True' })

  const held = versions.filter((data) => data['signing-secret'] !== undefined)
  assert.ok(new Set(held.map((data) => data['signing-secret'])).size >= 3, 'three secrets were held')
  for (const data of [...held, dataOf(await fixture.targetSecret(name))]) assert.deepEqual(data, inStep(data))
})

test('a key that leaves the template leaves the Secret, and what others put there stays, a rotation included', async (t) => {
  const it = await startReady(t)
  const theirs = { data: { theirs: Buffer.from('x').toString('base64') } }
  await it.client.patch<Secret>(secretKind, key, theirs, { type: 'merge' })
  await it.patch(name, { spec: { signingSecret: { template: { keys: [{ key: 'webhook.json', format: 'JSON' }] } } } })
  await eventually('the others are gone', async () => (await it.data())['.env'] === undefined, patience)
  const kept = ['signing-secret', 'signing-secrets', 'theirs', 'webhook.json']
  assert.deepEqual(Object.keys(await it.data()).toSorted(), kept)

  await it.patch(name, { spec: { rotation: { request: { id: 'one' } } } })
  await eventually('rotated', async () => (await it.data())['previous-signing-secret'] !== undefined, patience)
  assert.equal((await it.data())['theirs'], 'x')
  await it.patch(name, { spec: { signingSecret: null } })
  await eventually('the last is gone', async () => (await it.data())['webhook.json'] === undefined, patience)
  assert.equal((await it.data())['theirs'], 'x')
})

test('a key that another hand changes or takes away is put back, and one under a name that the template takes is replaced', async (t) => {
  const it = await startReady(t)
  const right = await it.data()
  const edit = (data: Record<string, string | null>) =>
    it.client.patch<Secret>(secretKind, key, { data }, { type: 'merge' })
  await edit({ 'hmac-key': Buffer.from('AAAA').toString('base64'), '.env': null, mine: 'eA==' })
  await eventually('both are back', async () => (await it.data())['.env'] === right['.env'], patience)
  assert.deepEqual(await it.data(), { ...right, mine: 'x' })

  await it.patch(name, { spec: { signingSecret: { template: { keys: [{ key: 'mine' }] } } } })
  await eventually('replaced', async () => (await it.data())['mine'] === right['signing-secret'], patience)
  assert.equal(it.calls().counts.rotateSigningSecret.received, 0)
})

test('a writer that takes a key away each time is not fought for without end', async (t) => {
  let writes = 0
  const fixture = await startControllerFixture(t)
  await fixture.startController(async (moment, _call, subject) => {
    if (moment !== 'after' || subject?.name !== key.name) return
    writes += 1
    await fixture.client.patch<Secret>(secretKind, key, { data: { '.env': null } }, { type: 'merge' })
  })
  await fixture.putApiKey()
  await fixture.apply(name, { signingSecret: { template } })
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
  const looks = () => fixture.calls().counts.list.received
  const before = looks()
  await eventually('some looks later', () => looks() >= before + 3, patience)
  assert.ok(writes <= 8, `${writes} writes of the Secret, not at most 8`)
})
