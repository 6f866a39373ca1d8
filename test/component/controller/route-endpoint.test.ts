import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiRoute } from '../../../src/api/gemini-route.ts'
import { hashToken } from '../../../src/contract/keyring/token-hash.ts'
import { secretKind, type Secret } from '../../../src/kubernetes/core-kinds.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { baseUrl, decode, tenant } from '../../support/worlds/controller-fixture.ts'
import { conditionIn, platform, startRouteFixture, team } from '../../support/worlds/route-fixture.ts'

const secretName = 'nightly-route-endpoint'
const allowed = { namespaces: { from: 'Names' as const, names: [team] } }
const waitFor = <T>(what: string, probe: () => Promise<T>) =>
  eventually(what, probe, { timeoutMs: 40_000, intervalMs: 20 })

/** A webhook without an API key, whose owner allows the routes of the team. */
async function aScene(t: Parameters<typeof startRouteFixture>[0]) {
  const fixture = await startRouteFixture(t)
  const controller = await fixture.startController()
  await fixture.apply(platform, {
    apiKeySecretRef: undefined,
    events: undefined,
    dynamic: {},
    allowedRoutes: allowed,
  })
  const secretOf = (name = secretName) => fixture.client.get<Secret>(secretKind, { namespace: team, name })
  const published = async (name = secretName) => {
    const { data } = (await secretOf(name)) ?? {}
    return { token: decode(data?.['token']), uri: decode(data?.['uri']) }
  }
  const untilReady = (name: string) =>
    fixture.untilRoute(name, 'Ready', (route) => conditionIn(route, 'Ready')?.status === 'True')
  const untilTaken = (name: string) =>
    fixture.untilRoute(name, 'SecretNameTaken', (route) => conditionIn(route, 'Ready')?.reason === 'SecretNameTaken')
  const allow = (names: readonly string[]) =>
    fixture.patch(platform, { spec: { allowedRoutes: { namespaces: { names } } } })
  return { ...fixture, controller, secretOf, published, untilReady, untilTaken, allow }
}

test('a route gets a Secret of its own namespace with an address of its own, and receivers learn the hash alone', async (t) => {
  const scene = await aScene(t)
  await scene.applyRoute('nightly', { dynamic: { audiences: ['a'] } })
  const route = await scene.untilReady('nightly')
  const { token, uri } = await scene.published()
  assert.ok(Buffer.from(token, 'base64url').length >= 16, 'at least 128 bits')
  assert.equal(uri, `${baseUrl}/v1/r/${team}/nightly/${token}`)
  const entry = await scene.entryOf(route)
  assert.deepEqual(entry?.dynamic, { tokens: [{ hash: hashToken(token) }], audiences: ['a'] })
  assert.equal(JSON.stringify(entry).includes(token), false, 'the token itself stays in the Secret')
  assert.deepEqual(route.status?.endpoint, { dynamicSecretName: secretName })
  assert.deepEqual((await scene.secretOf())?.metadata.ownerReferences, [
    { apiVersion: route.apiVersion, kind: 'GeminiRoute', name: 'nightly', uid: route.metadata.uid },
  ])
  assert.deepEqual(scene.remotes(), [], 'nothing is asked of Google')
  const platformEntry = await scene.keyringEntry((await scene.get(platform))?.metadata.uid ?? '')
  assert.equal(JSON.stringify(platformEntry).includes(hashToken(token)), false, 'it opens nothing of the webhook')
})

test('a token request replaces the token once, with an overlap, and another controller keeps it', async (t) => {
  const scene = await aScene(t)
  await scene.applyRoute('nightly', { dynamic: {} })
  const route = await scene.untilReady('nightly')
  const before = await scene.published()
  await scene.patchRoute('nightly', { spec: { dynamic: { tokenRequest: { id: 'r1' } } } })
  const tokens = async () => (await scene.entryOf(route))?.dynamic?.tokens ?? []
  await waitFor('the keyring has both tokens', async () => (await tokens()).length === 2)
  const after = await scene.published()
  assert.notEqual(after.token, before.token)
  assert.deepEqual(
    (await tokens()).map(({ hash, notAfter }) => [hash, notAfter === undefined]),
    [
      [hashToken(after.token), true],
      [hashToken(before.token), false],
    ],
  )
  await waitFor('the Event', async () => scene.events.some(({ reason }) => reason === 'Rotated'))
  const rotated = scene.events.filter(({ reason }) => reason === 'Rotated')
  assert.deepEqual(
    rotated.map(({ regarding }) => [regarding.kind, regarding.name]),
    [['GeminiRoute', 'nightly']],
  )
  await scene.controller.stop()
  await scene.startController()
  await scene.patchRoute('nightly', { spec: { sinks: [{ name: 'other', uri: 'https://other.example.com/' }] } })
  await waitFor('the next controller was at work', async () => (await scene.entryOf(route))?.sinks[0]?.name === 'other')
  assert.deepEqual(await scene.published(), after)
  assert.equal((await tokens()).length, 2)
})

test('a Secret that was deleted comes back with a new token, and the lost one still opens the endpoint', async (t) => {
  const scene = await aScene(t)
  await scene.applyRoute('nightly', { dynamic: {} })
  const route = await scene.untilReady('nightly')
  const before = await scene.published()
  await scene.client.delete(secretKind, { namespace: team, name: secretName })
  const tokens = async () => (await scene.entryOf(route))?.dynamic?.tokens ?? []
  await waitFor('both tokens', async () => (await tokens()).length === 2)
  const after = await scene.published()
  assert.notEqual(after.token, before.token)
  assert.deepEqual(
    (await tokens()).map(({ hash }) => hash),
    [hashToken(after.token), hashToken(before.token)],
  )
})

test('withdrawn consent closes the endpoint and leaves the Secret; once it is given the token is the same', async (t) => {
  const scene = await aScene(t)
  await scene.applyRoute('nightly', { dynamic: {} })
  const route = await scene.untilReady('nightly')
  const before = await scene.published()
  for (let round = 0; round < 3; round++) {
    await scene.allow(['somebody-else'])
    await scene.untilReason('nightly', 'NotAllowed')
    const refused = await scene.entryOf(route)
    assert.deepEqual([refused?.route?.refused, refused?.dynamic], [true, undefined])
    await scene.allow([team])
    await scene.untilReady('nightly')
    assert.deepEqual((await scene.entryOf(route))?.dynamic?.tokens, [{ hash: hashToken(before.token) }])
  }
  assert.deepEqual(await scene.published(), before)
})

test('a route that was never allowed gets no Secret, and one that loses its webhook no more events', async (t) => {
  const scene = await aScene(t)
  await scene.allow(['somebody-else'])
  await scene.applyRoute('nightly', { dynamic: {} })
  await scene.untilReason('nightly', 'NotAllowed')
  assert.equal(await scene.secretOf(), undefined)
  await scene.allow([team])
  const route = await scene.untilReady('nightly')
  await scene.remove(platform)
  await scene.untilReason('nightly', 'WebhookNotFound')
  await waitFor('the endpoint is closed', async () => (await scene.entryOf(route))?.dynamic === undefined)
  assert.equal((await scene.entryOf(route))?.route?.refused, undefined, 'what was kept is delivered')
  assert.ok(await scene.secretOf(), 'for the webhook that may come back')
})

test('without the dynamic part, and with the route, the Secret goes; one made anew has another token', async (t) => {
  const scene = await aScene(t)
  await scene.applyRoute('nightly', { dynamic: {} })
  const first = await scene.untilReady('nightly')
  const before = await scene.published()
  await scene.patchRoute('nightly', { spec: { dynamic: { secretName: 'renamed' } } })
  await waitFor('the former one is gone', async () => (await scene.secretOf()) === undefined)
  assert.equal((await scene.published('renamed')).token, before.token)
  await scene.untilRoute('nightly', 'renamed', ({ status }) => status?.endpoint?.dynamicSecretName === 'renamed')
  await scene.patchRoute('nightly', { spec: { dynamic: null } })
  await scene.untilRoute('nightly', 'without an endpoint', ({ status }) => status?.endpoint === undefined)
  assert.equal(await scene.secretOf('renamed'), undefined)
  assert.equal((await scene.entryOf(first))?.dynamic, undefined)
  assert.equal(conditionIn(await scene.getRoute('nightly'), 'Ready')?.status, 'True')

  await scene.patchRoute('nightly', { spec: { dynamic: {} } })
  await waitFor('a Secret', async () => scene.secretOf())
  const again = await scene.published()
  await scene.removeRoute('nightly')
  await scene.applyRoute('nightly', { dynamic: {} })
  const second = await scene.untilReady('nightly')
  const { token } = await scene.published()
  assert.notEqual(token, again.token)
  assert.equal(await scene.entryOf(first), undefined, 'nothing opens what was deleted')
  assert.deepEqual((await scene.entryOf(second))?.dynamic?.tokens, [{ hash: hashToken(token) }])
})

test('a Secret of another route, of a webhook or of a person is never taken, and all else of the route works', async (t) => {
  const scene = await aScene(t)
  await scene.applyRoute('nightly', { dynamic: {} })
  await scene.untilReady('nightly')
  const before = await scene.published()
  const webhook = await scene.client.get<Secret>(secretKind, {
    namespace: tenant,
    name: `${platform}-dynamic-endpoint`,
  })
  // A route in the namespace of the webhook, with its very name and the name of its Secret.
  await scene.applyRoute(platform, { dynamic: { secretName: `${platform}-dynamic-endpoint` } }, tenant)
  await scene.client.create<Secret>(secretKind, { metadata: { namespace: team, name: 'mine' }, data: { mine: 'AA==' } })
  await scene.applyRoute('thief', { dynamic: { secretName } })
  await scene.applyRoute('taker', { dynamic: { secretName: 'mine' } })
  const attackers: GeminiRoute[] = []
  for (const name of ['thief', 'taker']) {
    const route = await scene.untilTaken(name)
    attackers.push(route)
    assert.match(conditionIn(route, 'Ready')?.message ?? '', new RegExp(`Secret ${team}/.*spec\\.dynamic\\.secretName`))
    assert.equal(conditionIn(route, 'Accepted')?.status, 'True')
    const entry = await scene.entryOf(route)
    assert.deepEqual([entry?.sinks.length, entry?.dynamic], [1, undefined])
    assert.equal(route.status?.endpoint, undefined)
  }
  const namesake = await scene.untilRoute(
    platform,
    'SecretNameTaken',
    (route) => conditionIn(route, 'Ready')?.reason === 'SecretNameTaken',
    tenant,
  )
  attackers.push(namesake)
  for (const { metadata } of attackers) await scene.removeRoute(metadata.name, metadata.namespace)
  await waitFor('their entries are gone', async () => {
    const entries = await Promise.all(attackers.map((route) => scene.entryOf(route)))
    return entries.every((entry) => entry === undefined)
  })
  assert.deepEqual(await scene.published(), before)
  assert.deepEqual((await scene.secretOf('mine'))?.data, { mine: 'AA==' })
  const key = { namespace: tenant, name: `${platform}-dynamic-endpoint` }
  assert.deepEqual((await scene.client.get<Secret>(secretKind, key))?.data, webhook?.data)
})

test('a suspended route keeps its endpoint, and at rest nothing is written', async (t) => {
  const scene = await aScene(t)
  await scene.applyRoute('nightly', { dynamic: {} })
  const route = await scene.untilReady('nightly')
  await scene.patchRoute('nightly', { spec: { suspend: true } })
  const suspended = await scene.untilRoute(
    'nightly',
    'Suspended',
    (each) => conditionIn(each, 'Ready')?.reason === 'Suspended',
  )
  const entry = await scene.entryOf(route)
  assert.deepEqual([entry?.route?.suspended, entry?.dynamic?.tokens.length], [true, 1])
  const secret = await scene.secretOf()
  await scene.patch(platform, { spec: { allowedRoutes: { types: ['batch.succeeded'] } } })
  await waitFor('looked at again', async () => (await scene.entryOf(route))?.route?.allowedTypes?.length === 1)
  assert.equal((await scene.secretOf())?.metadata.resourceVersion, secret?.metadata.resourceVersion)
  assert.deepEqual((await scene.getRoute('nightly'))?.status, suspended.status)
})
