import assert from 'node:assert/strict'
import { test } from 'node:test'

import { unjudgedLinks } from '../../../src/cli/link.ts'
import { chainOf } from '../../../src/cli/webhook/chain.ts'
import { secretKind, type Secret } from '../../../src/kubernetes/core-kinds.ts'
import { hashToken } from '../../../src/contract/keyring/token-hash.ts'
import { baseUrl, decode, startControllerFixture, tenant } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'

const ready = { status: 'True' }

const waitFor = <T>(what: string, probe: () => Promise<T>) =>
  eventually(what, probe, { timeoutMs: 40_000, intervalMs: 20 })

async function aScene(t: Parameters<typeof startControllerFixture>[0]) {
  const fixture = await startControllerFixture(t)
  await fixture.putApiKey()
  await fixture.startController()
  const secretOf = (name: string) => fixture.client.get<Secret>(secretKind, { namespace: tenant, name })
  const published = async (name = 'jobs-dynamic-endpoint') => {
    const secret = await secretOf(name)
    return { token: decode(secret?.data?.['token']), uri: decode(secret?.data?.['uri']) }
  }
  const hashes = async (uid: string) => (await fixture.keyringEntry(uid))?.dynamic?.tokens ?? []
  return { ...fixture, secretOf, published, hashes }
}

test('an object with nothing but a dynamic endpoint becomes Ready, its Secret and keyring entry agree, nothing is registered', async (t) => {
  const scene = await aScene(t)
  await scene.apply('jobs', { events: undefined, dynamic: { audiences: ['a'] } })
  const webhook = await scene.untilCondition('jobs', 'Ready', ready)
  const { token, uri } = await scene.published()
  assert.ok(Buffer.from(token, 'base64url').length >= 16, 'at least 128 bits')
  assert.equal(uri, `${baseUrl}/v1/d/${tenant}/jobs/${token}`)
  const entry = await scene.keyringEntry(webhook.metadata.uid)
  assert.deepEqual(entry?.dynamic, { tokens: [{ hash: hashToken(token) }], audiences: ['a'] })
  assert.equal(JSON.stringify(entry).includes(token), false, 'the token itself stays in the Secret')
  const status = await waitFor('status', async () => (await scene.get('jobs'))?.status?.endpoint?.dynamicSecretName)
  assert.equal(status, 'jobs-dynamic-endpoint')
  assert.deepEqual(scene.remotes(), [])
})

test('beside events the endpoint is served too, and a token request replaces the token with an overlap, once', async (t) => {
  const scene = await aScene(t)
  await scene.apply('jobs', { dynamic: {} })
  const { metadata } = await scene.untilCondition('jobs', 'Ready', ready)
  const before = await scene.published()
  await scene.patch('jobs', { spec: { dynamic: { tokenRequest: { id: 'r1' } } } })
  await waitFor('the keyring has both tokens', async () => (await scene.hashes(metadata.uid)).length === 2)
  const after = await scene.published()
  assert.notEqual(after.token, before.token)
  const [current, previous] = await scene.hashes(metadata.uid)
  assert.deepEqual([current?.hash, current?.notAfter], [hashToken(after.token), undefined])
  assert.equal(previous?.hash, hashToken(before.token))
  const overlapHours = (Date.parse(previous?.notAfter ?? '') - Date.now()) / 3_600_000
  assert.ok(overlapHours > 95 && overlapHours <= 96, `${overlapHours} hours`)
  await scene.patch('jobs', {
    metadata: { annotations: { 'webhooks.gemini-operator.io/reconcile-requested-at': '1' } },
  })
  await waitFor('looked at again', async () => (await scene.get('jobs'))?.status?.lastHandledReconcileAt === '1')
  assert.equal((await scene.published()).token, after.token)
  assert.equal(scene.remotes().length, 1)
})

test('an immediate token request leaves only the new token', async (t) => {
  const scene = await aScene(t)
  await scene.apply('jobs', { events: undefined, dynamic: {} })
  const { metadata } = await scene.untilCondition('jobs', 'Ready', ready)
  const before = await scene.published()
  await scene.patch('jobs', { spec: { dynamic: { tokenRequest: { id: 'r1', revokePrevious: 'Immediately' } } } })
  await waitFor('the new token alone', async () => {
    const [current, ...others] = await scene.hashes(metadata.uid)
    return current !== undefined && current.hash !== hashToken(before.token) && others.length === 0
  })
  const [current] = await scene.hashes(metadata.uid)
  assert.equal(current?.hash, hashToken((await scene.published()).token))
})

test('a Secret that was deleted comes back with a new token, and the lost one still opens the endpoint', async (t) => {
  const scene = await aScene(t)
  await scene.apply('jobs', { events: undefined, dynamic: {} })
  const { metadata } = await scene.untilCondition('jobs', 'Ready', ready)
  const before = await scene.published()
  await scene.client.delete(secretKind, { namespace: tenant, name: 'jobs-dynamic-endpoint' })
  await waitFor('both tokens', async () => (await scene.hashes(metadata.uid)).length === 2)
  const after = await scene.published()
  assert.deepEqual(
    (await scene.hashes(metadata.uid)).map(({ hash }) => hash),
    [hashToken(after.token), hashToken(before.token)],
  )
})

test("a stranger's Secret of that name is never written", async (t) => {
  const scene = await aScene(t)
  const key = { namespace: tenant, name: 'jobs-dynamic-endpoint' }
  await scene.client.create<Secret>(secretKind, { metadata: key, data: { mine: 'AA==' } })
  await scene.apply('jobs', { events: undefined, dynamic: {} })
  await scene.untilCondition('jobs', 'Stalled', { status: 'True', reason: 'SecretNameTaken' })
  assert.deepEqual((await scene.secretOf(key.name))?.data, { mine: 'AA==' })
  await scene.remove('jobs')
  await scene.untilGone('jobs')
  assert.ok(await scene.secretOf(key.name), 'nor is it deleted')
})

test('a renamed Secret keeps its token; without the dynamic part, and with the object, the Secret goes', async (t) => {
  const scene = await aScene(t)
  await scene.apply('jobs', { dynamic: {} })
  const { metadata } = await scene.untilCondition('jobs', 'Ready', ready)
  const { token } = await scene.published()
  await scene.patch('jobs', { spec: { dynamic: { secretName: 'renamed' } } })
  await waitFor('the old one gone', async () => (await scene.secretOf('jobs-dynamic-endpoint')) === undefined)
  assert.equal((await scene.published('renamed')).token, token)
  await waitFor('the name in status', async () => {
    return (await scene.get('jobs'))?.status?.endpoint?.dynamicSecretName === 'renamed'
  })
  await scene.patch('jobs', { spec: { dynamic: null } })
  await waitFor('no endpoint', async () => {
    const entry = await scene.keyringEntry(metadata.uid)
    return entry?.dynamic === undefined && (await scene.secretOf('renamed')) === undefined
  })
  await waitFor('no name in status', async () => {
    return (await scene.get('jobs'))?.status?.endpoint?.dynamicSecretName === undefined
  })
  await scene.patch('jobs', { spec: { dynamic: {} } })
  await waitFor('a new Secret', async () => (await scene.published()).token !== '')
  await scene.remove('jobs')
  await scene.untilGone('jobs')
  assert.equal(await scene.secretOf('jobs-dynamic-endpoint'), undefined)
  assert.equal(await scene.keyringEntry(metadata.uid), undefined)
})

test('at rest nothing is written, however often it is looked at', async (t) => {
  const scene = await aScene(t)
  await scene.apply('jobs', { dynamic: { tokenRequest: { id: 'r1' } } })
  await scene.untilCondition('jobs', 'Ready', ready)
  await waitFor('the name in status', async () => (await scene.get('jobs'))?.status?.endpoint?.dynamicSecretName)
  const versions = async () => [
    (await scene.get('jobs'))?.metadata.resourceVersion,
    (await scene.secretOf('jobs-dynamic-endpoint'))?.metadata.resourceVersion,
  ]
  const before = await versions()
  const lists = () => scene.calls().calls.filter(({ verb }) => verb === 'list').length
  const listed = lists()
  await waitFor('three resyncs', () => Promise.resolve(lists() >= listed + 3))
  assert.deepEqual(await versions(), before)
})

/** As the manifest without the field: a patch that takes it out again names it. */
const keyless = { apiKeySecretRef: undefined, events: undefined, dynamic: {} }

test('without events no API key is needed: Google is not asked, and the object is Ready, looked at and deleted all the same', async (t) => {
  const scene = await startControllerFixture(t)
  await scene.startController()
  await scene.apply('jobs', keyless)
  const webhook = await scene.untilCondition('jobs', 'Ready', ready)
  assert.deepEqual(
    (webhook.status?.conditions ?? []).map(({ type, status, reason }) => `${type} ${status} ${reason}`).toSorted(),
    [
      'CredentialsValid Unknown NotRequired',
      'Enabled Unknown NotRequired',
      'EndpointVerified Unknown NotRequired',
      'InSync Unknown NotRequired',
      'Ready True Succeeded',
      'Registered False NotRequired',
      'SecretAvailable Unknown NotRequired',
      'SinksHealthy True Succeeded',
      'SinksResolved True Succeeded',
    ],
  )
  assert.equal(
    chainOf(webhook, undefined).find(({ state }) => state === 'Broken'),
    undefined,
  )
  assert.deepEqual(unjudgedLinks(chainOf(webhook, undefined)), [])
  const entry = await scene.keyringEntry(webhook.metadata.uid)
  assert.equal(entry?.dynamic?.tokens.length, 1)

  await scene.patch('jobs', {
    metadata: { annotations: { 'webhooks.gemini-operator.io/reconcile-requested-at': '1' } },
  })
  await waitFor('looked at again', async () => (await scene.get('jobs'))?.status?.lastHandledReconcileAt === '1')
  await scene.remove('jobs')
  await scene.untilGone('jobs')
  assert.equal(await scene.keyringEntry(webhook.metadata.uid), undefined)
  const asked = Object.entries(scene.calls().counts).filter(([, { received }]) => received > 0)
  assert.deepEqual(asked, [])
})

test('events and the API key may leave the spec together: the webhook is removed with the key that is still known', async (t) => {
  const scene = await aScene(t)
  await scene.apply('jobs', { dynamic: {} })
  const { metadata } = await scene.untilCondition('jobs', 'Ready', ready)
  await scene.patch('jobs', { spec: { events: null, apiKeySecretRef: null } })
  await scene.untilCondition('jobs', 'CredentialsValid', { status: 'Unknown', reason: 'NotRequired' })
  await scene.untilCondition('jobs', 'Ready', ready)
  assert.deepEqual(scene.remotes(), [])
  await waitFor('the signing secret is gone', async () => (await scene.targetSecret('jobs')) === undefined)
  const entry = await scene.keyringEntry(metadata.uid)
  assert.deepEqual([entry?.secrets, entry?.dynamic?.tokens.length], [[], 1])
})

test('a controller that does not know the key any more says what the webhook at Google waits for, and goes on without when it may stay', async (t) => {
  const scene = await startControllerFixture(t)
  await scene.putApiKey()
  const first = await scene.startController()
  await scene.apply('jobs', { dynamic: {} })
  await scene.untilCondition('jobs', 'Ready', ready)
  await first.stop()
  await scene.patch('jobs', { spec: { events: null, apiKeySecretRef: null } })
  await scene.startController()
  const waiting = await scene.untilCondition('jobs', 'CredentialsValid', { status: 'False', reason: 'SecretNotFound' })
  assert.match(scene.conditionOf(waiting, 'CredentialsValid')?.message ?? '', /put it back until that is done, or set /)
  assert.equal(scene.remotes().length, 1)

  await scene.patch('jobs', { spec: { deletionPolicy: 'Retain' } })
  await scene.untilCondition('jobs', 'CredentialsValid', { status: 'Unknown', reason: 'NotRequired' })
  await scene.untilCondition('jobs', 'Ready', ready)
  assert.equal(scene.remotes().length, 1)
})
