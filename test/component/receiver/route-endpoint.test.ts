import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { KeyringEntry } from '../../../src/contract/keyring/entry.ts'
import { keyringSecretNameFor } from '../../../src/contract/keyring/shard.ts'
import { decodeShard } from '../../../src/receiver/decode-shard.ts'
import { aRouteEntry } from '../../support/builders/a-route-entry.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { aDynamicPart, aDynamicSender } from '../../support/doubles/dynamic-sender.ts'
import { InboxDouble } from '../../support/doubles/inbox-double.ts'
import { aKeyringEntry, aReceiver, aSink, directoryOf } from '../../support/worlds/receiver-fixture.ts'

const token = 'k3mWq7yT5uXz0aBcDeFgHiJkLmNoPqRsTuVwXyZ1234'
const others = 'another-token-that-opens-nothing-of-this-route'
const path = `/v1/r/search/nightly-eval/${token}`
const owner = { uid: 'uid-of-route', namespace: 'search', name: 'groute/nightly-eval' }
const bodyOf = (type: string, metadata: Record<string, string> = {}) =>
  JSON.stringify({ type, version: 'v1', data: { id: 'batches/1', user_metadata: metadata } })
const body = bodyOf('batch.succeeded')

const own = { dynamic: aDynamicPart(token) }
/** The webhook of the route, with an endpoint for jobs as well. */
const webhook = aKeyringEntry({ dynamic: aDynamicPart(others) })

function aScene(...entries: KeyringEntry[]) {
  const clock = new FakeClock()
  const sender = aDynamicSender()
  const inbox = new InboxDouble()
  const directory = directoryOf(webhook, ...entries)
  const publicKeys = { keys: sender.keySet(), refresh: () => Promise.resolve('unchanged' as const) }
  const fixture = aReceiver({ directory, inbox, clock, publicKeys })
  const post = (url = path, payload = body) => {
    const headers = sender.headers({ timestampSeconds: Math.floor(clock.now() / 1000), body: payload })
    return fixture.receiver.inject({ method: 'POST', url, headers, payload })
  }
  /** What a genuine delivery became: its owner and the sinks that it is for. */
  const becomes = async (payload = body) => {
    inbox.willAnswer('stored')
    const { statusCode } = await post(path, payload)
    const { owner: of, mode, sinks } = inbox.appended.at(-1) ?? {}
    return { statusCode, owner: of, mode, sinks }
  }
  return { clock, inbox, directory, post, becomes, ...fixture }
}

test("what comes by a route's own endpoint is the route's, for its sinks, and for nobody else", async () => {
  const scene = aScene(aRouteEntry({ ...own, sinks: [aSink('worker'), aSink('audit')], heldSinks: ['later'] }))
  const sinks = ['worker', 'audit', 'later']
  assert.deepEqual(await scene.becomes(), { statusCode: 204, owner, mode: 'dynamic', sinks })
  assert.equal(scene.shown.at(-1)?.route, '/v1/r/:namespace/:name/:token', 'the path is not for logs')
  const [told] = [...scene.activity.entries()].map(([, { lastVerifiedMs }]) => lastVerifiedMs)
  assert.equal(told, undefined, 'no sink has taken anything yet')
})

test("no token opens another's endpoint, and no path of one kind that of the other", async () => {
  const scene = aScene(
    aRouteEntry(own),
    aRouteEntry({ uid: 'uid-2', name: 'other', dynamic: aDynamicPart('the-token-of-the-other-route') }),
    // A route with the namespace and the name of the webhook.
    aRouteEntry({ uid: 'uid-3', namespace: 'ml', name: 'batch-events', dynamic: aDynamicPart(token) }),
  )
  const unknown = await scene.post('/v1/x/search/nightly-eval')
  const refused = [
    '/v1/r/search/nightly-eval/the-token-of-the-other-route',
    `/v1/r/search/other/${token}`,
    `/v1/r/search/nightly-eval/${others}`,
    `/v1/r/ml/batch-events/${others}`,
    `/v1/d/ml/batch-events/${token}`,
    `/v1/d/search/nightly-eval/${token}`,
    `/v1/d/search/groute%2Fnightly-eval/${token}`,
    `/v1/d/search%2Fgroute/nightly-eval/${token}`,
    `/v1/r/search/groute%2Fnightly-eval/${token}`,
    '/v1/s/search/groute%2Fnightly-eval',
    '/v1/s/search/nightly-eval',
    '/v1/r/search/nightly-eval/',
    `${path}/more`,
  ]
  for (const url of refused) {
    const answer = await scene.post(url)
    const { date: _ignored, ...got } = answer.headers
    const { date: _also, ...want } = unknown.headers
    assert.deepEqual([answer.statusCode, answer.body, got], [404, '', want], url)
  }
  assert.equal(scene.inbox.appended.length, 0)
  scene.inbox.willAnswer('stored')
  assert.equal((await scene.post(`/v1/r/ml/batch-events/${token}`)).statusCode, 204)
  assert.equal(scene.inbox.appended[0]?.owner.uid, 'uid-3')
})

test('a route that is refused, or has no endpoint, is answered like a path that does not exist', async () => {
  for (const entry of [aRouteEntry({ ...own, route: { refused: true } }), aRouteEntry()]) {
    const scene = aScene(entry)
    assert.equal((await scene.post()).statusCode, 404)
    assert.equal(scene.inbox.appended.length, 0)
  }
})

test('a suspended route keeps what comes', async () => {
  const scene = aScene(aRouteEntry({ ...own, route: { suspended: true } }))
  assert.deepEqual((await scene.becomes()).sinks, ['worker'])
})

test('what the route does not want, or may not see, is acknowledged and becomes no delivery', async () => {
  const filter = { typesExact: [], typesPrefix: ['batch.'], metadataExact: { team: 'search' } }
  const wanting = aScene(aRouteEntry({ ...own, route: { filter } }))
  const sinksOf = async (scene: typeof wanting, payload: string) => {
    const { statusCode, sinks } = await scene.becomes(payload)
    assert.equal(statusCode, 204)
    return sinks
  }
  assert.deepEqual(await sinksOf(wanting, bodyOf('batch.succeeded', { team: 'search' })), ['worker'])
  assert.deepEqual(await sinksOf(wanting, bodyOf('batch.succeeded', { team: 'ads' })), [])
  assert.deepEqual(await sinksOf(wanting, bodyOf('video.generated', { team: 'search' })), [])
  assert.deepEqual(await sinksOf(wanting, 'no JSON'), [])
  const limited = aScene(aRouteEntry({ ...own, route: { allowedTypes: ['batch.failed'] } }))
  assert.deepEqual(await sinksOf(limited, body), [])
  assert.deepEqual(await sinksOf(limited, bodyOf('batch.failed')), ['worker'])
  assert.deepEqual(await sinksOf(limited, bodyOf('ping')), [])
})

test('a route that is full is told as full, however its own endpoint answers the next; that the inbox fails is none of it', async () => {
  const scene = aScene(aRouteEntry(own))
  const fullSince = async (result: Parameters<InboxDouble['willAnswer']>[0]) => {
    scene.inbox.willAnswer(result)
    await scene.post()
    return new Map(scene.activity.entries()).get(owner.uid)?.refusingSinceMs
  }
  assert.equal(await fullSince('inboxFull'), undefined)
  const beganMs = scene.clock.now()
  assert.equal(await fullSince('ownerFull'), beganMs)
  await scene.clock.advance({ minutes: 1 })
  for (const result of ['stored', 'duplicate', 'ownerFull'] as const) assert.equal(await fullSince(result), beganMs)
  scene.activity.endFull(beganMs + 20 * 60_000)
  assert.equal(await fullSince('inboxFull'), undefined, 'and over like any other')
})

test('since when a route is attached, by a clock that is ahead, loses nothing that is acknowledged', async () => {
  const scene = aScene(aRouteEntry({ ...own, route: { since: '2030-01-01T00:00:00Z' } }))
  assert.deepEqual((await scene.becomes()).sinks, ['worker'])
})

test('of two routes of one name the newer is the one that exists, in whatever order they are read', async () => {
  const former = aRouteEntry({ ...own, uid: 'uid-of-former', route: { since: '2026-11-19T00:00:00Z' } })
  const withOther = aRouteEntry({ dynamic: aDynamicPart('the-token-of-the-newer') })
  for (const entries of [
    [former, aRouteEntry(own)],
    [aRouteEntry(own), former],
  ]) {
    assert.equal((await aScene(...entries).becomes()).owner?.uid, 'uid-of-route')
  }
  assert.equal((await aScene(withOther, former).post()).statusCode, 404, 'the token of the former opens nothing')
})

test('an entry that is withdrawn or goes closes the endpoint at once', async () => {
  const scene = aScene(aRouteEntry(own))
  const shard = keyringSecretNameFor('uid-of-route')
  const contentOf = (entries: KeyringEntry[]) =>
    decodeShard(shard, new Map(entries.map((entry) => [entry.uid, JSON.stringify(entry)])))
  assert.equal((await scene.becomes()).statusCode, 204)
  for (const entries of [[aRouteEntry({ ...own, route: { refused: true } })], []]) {
    scene.directory.applyShard(shard, contentOf(entries))
    assert.equal((await scene.post()).statusCode, 404)
    scene.directory.applyShard(shard, contentOf([aRouteEntry(own)]))
    assert.equal((await scene.becomes()).statusCode, 204)
  }
})
