import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { request } from 'undici'

import type { KeyringEntry } from '../../../src/contract/keyring/entry.ts'
import type { DeadLetter } from '../../../src/inbox/port.ts'
import type { AttachedRoute } from '../../../src/routes/attached-route.ts'
import { aRouteEntry } from '../../support/builders/a-route-entry.ts'
import { anHttpSink } from '../../support/builders/deliveries.ts'
import { signedDelivery } from '../../support/builders/signed-delivery.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { pause } from '../../support/measures/pause.ts'
import { NatsServer, withoutNatsServer } from '../../support/processes/nats-server.ts'
import { startOperatorWorld } from '../../support/worlds/operator-world.ts'
import { aKeyringEntry } from '../../support/worlds/receiver-fixture.ts'
import { startReceiverRole } from '../../support/worlds/receiver-role.ts'
import { ServedKeyring } from '../../support/worlds/served-keyring.ts'

interface Got {
  id: string
  headers: IncomingHttpHeaders
}

/** Workers of several teams behind one port, each with a path of its own; `refuseAt` lets one of them fail. */
async function workers(t: TestContext) {
  const got = new Map<string, Got[]>()
  const refusing = new Set<string>()
  const server = createServer((incoming, response) => {
    const team = incoming.url?.slice(1) ?? ''
    incoming.resume()
    if (refusing.has(team)) {
      response.writeHead(503).end()
      return
    }
    got.set(team, [...(got.get(team) ?? []), { id: String(incoming.headers['ce-id']), headers: incoming.headers }])
    response.writeHead(204).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close().closeAllConnections())
  const { port } = server.address() as AddressInfo
  return {
    sinkOf: (team: string) => {
      const sink = anHttpSink(`http://127.0.0.1:${port}/${team}`)
      return { ...sink, delivery: { ...sink.delivery, backoffDelayMs: 50, backoffMaxMs: 100, retry: 100_000 } }
    },
    idsOf: (team: string) => (got.get(team) ?? []).map(({ id }) => id),
    lastOf: (team: string) => got.get(team)?.at(-1)?.headers ?? {},
    refusing,
  }
}

const uids = { platform: 'uid-1', search: 'uid-of-search', ads: 'uid-of-ads', other: 'uid-of-other' }
const byTeam = (team: string) => ({ typesExact: [], typesPrefix: ['batch.'], metadataExact: { team } })

/** A platform's webhook with routes of teams, on a receiver whose keyring the test writes. */
async function aPlatform(t: TestContext, flags: readonly string[] = []) {
  const world = await startOperatorWorld()
  t.after(() => world.close())
  const keyring = new ServedKeyring(world)
  const teams = await workers(t)
  const webhook = aKeyringEntry({ uid: uids.platform, sinks: [teams.sinkOf('platform')] })
  const routeOf = (team: 'search' | 'ads', route: Partial<AttachedRoute['route']> = {}): KeyringEntry =>
    aRouteEntry({
      uid: uids[team],
      namespace: `team-${team}`,
      sinks: [teams.sinkOf(team)],
      route: { filter: byTeam(team), ...route },
    })
  const everything = aRouteEntry({
    uid: uids.other,
    namespace: 'team-other',
    name: 'everything',
    sinks: [teams.sinkOf('other')],
  })
  await keyring.put(webhook, routeOf('search'), routeOf('ads'), everything)
  const receiver = await startReceiverRole(t, world, ['--allow-loopback-sinks', ...flags])
  const send = async (id: string, team: string, type = 'batch.succeeded') => {
    const secret = webhook.secrets[0]?.secret ?? ''
    const { headers, body } = signedDelivery({ secret, atMs: Date.now(), id, type, metadata: { team } })
    const url = `http://127.0.0.1:${receiver.port}/v1/s/ml/batch-events`
    const answer = await request(url, { method: 'POST', headers, body })
    await answer.body.dump()
    return answer.statusCode
  }
  await eventually('the keyring is served', async () => (await send('msg_0', 'nobody', 'x.y')) === 204)
  await eventually('all routes are served', () => teams.idsOf('other').length > 0)
  return { keyring, teams, receiver, send, routeOf }
}

type Platform = Awaited<ReturnType<typeof aPlatform>>

async function deadLettersOf({ receiver }: Platform, namespace: string): Promise<DeadLetter[]> {
  const { deadLetters } = await receiver.inbox.deadLetters({ limit: 100 })
  return deadLetters.filter(({ owner }) => owner.namespace === namespace)
}

/** Sends events with this id until the condition holds, so that a change of the keyring has surely arrived. */
async function sendUntil(platform: Platform, title: string, isSo: (id: string) => boolean | Promise<boolean>) {
  let sent = 0
  await eventually(title, async () => {
    const id = `probe_${title}_${++sent}`
    assert.equal(await platform.send(id, 'search'), 204)
    await pause(50)
    return isSo(id)
  })
}

async function eachTeamGetsItsOwn(platform: Platform): Promise<void> {
  const { teams, receiver, send } = platform
  assert.equal(await send('msg_search', 'search'), 204)
  assert.equal(await send('msg_ads', 'ads'), 204)
  assert.equal(await send('msg_video', 'ads', 'video.generated'), 204)
  assert.equal(await send('msg_ads', 'ads'), 204, 'once more')
  const all = ['msg_search', 'msg_ads', 'msg_video']
  await eventually(
    'everything arrives',
    () => teams.idsOf('other').length === 4 && teams.idsOf('platform').length === 4,
  )
  await eventually('all ends', async () => (await receiver.inbox.stats()).pending === 0)
  assert.deepEqual(teams.idsOf('search'), ['msg_search'])
  assert.deepEqual(teams.idsOf('ads'), ['msg_ads'])
  assert.deepEqual(new Set(teams.idsOf('other')), new Set(['msg_0', ...all]))
  assert.deepEqual(new Set(teams.idsOf('platform')), new Set(['msg_0', ...all]))
  const { 'ce-source': source, 'ce-geminiroute': route } = teams.lastOf('search')
  assert.equal(source, '/apis/webhooks.gemini-operator.io/v1alpha1/namespaces/ml/geminiwebhooks/batch-events')
  assert.equal(route, 'team-search/nightly-eval')
  assert.equal(teams.lastOf('platform')['ce-geminiroute'], undefined)
}

async function consentIsWithdrawnAndGiven(platform: Platform): Promise<void> {
  const { keyring, teams, receiver, send, routeOf } = platform
  teams.refusing.add('search')
  assert.equal(await send('msg_waits', 'search'), 204)
  const owner = { namespace: 'team-search', name: 'groute/nightly-eval' }
  await eventually('it waits', async () => (await receiver.inbox.pending({ owner, limit: 1 })).pending.length === 1)

  await keyring.put(routeOf('search', { refused: true }))
  await eventually('what waits is given up', async () => (await deadLettersOf(platform, 'team-search')).length > 0)
  teams.refusing.delete('search')
  const [given] = await deadLettersOf(platform, 'team-search')
  assert.deepEqual([given?.eventId, given?.reason, given?.owner.uid], ['msg_waits', 'RouteRefused', uids.search])
  assert.equal(await send('msg_refused', 'search'), 204)
  await eventually('others get it', () => teams.idsOf('other').includes('msg_refused'))
  assert.equal(await receiver.replay(given?.deliveryId ?? ''), true)
  const again = await eventually('it is given up again', async () => {
    const deadLetters = await deadLettersOf(platform, 'team-search')
    return deadLetters.find(({ endedAtMs }) => endedAtMs > (given?.endedAtMs ?? 0))
  })
  assert.deepEqual([again.eventId, again.reason], ['msg_waits', 'RouteRefused'])
  assert.ok(!teams.idsOf('search').some((id) => id === 'msg_waits' || id === 'msg_refused'))

  await keyring.put(routeOf('search', { since: new Date().toISOString() }))
  await sendUntil(platform, 'allowed', (id) => teams.idsOf('search').includes(id))
  assert.equal(await receiver.replay(again.deliveryId), true)
  await eventually('the replay arrives', () => teams.idsOf('search').includes('msg_waits'))
  assert.equal(teams.lastOf('search')['ce-replayed'], 'true')
  assert.ok(!teams.idsOf('search').includes('msg_refused'), 'later events only')
}

async function aSuspendedRouteKeepsItsEvents(platform: Platform): Promise<void> {
  const { keyring, teams, receiver, send, routeOf } = platform
  await keyring.put(routeOf('ads', { suspended: true }))
  const owner = { namespace: 'team-ads', name: 'groute/nightly-eval' }
  let sent = 0
  await eventually('an event is kept', async () => {
    assert.equal(await send(`kept_${++sent}`, 'ads'), 204)
    await pause(50)
    const { pending } = await receiver.inbox.pending({ owner, limit: 10 })
    return pending.some(({ lastCause }) => lastCause === 'suspended')
  })
  const { pending } = await receiver.inbox.pending({ owner, limit: 10 })
  const kept = pending.map(({ eventId }) => eventId)
  assert.ok(!teams.idsOf('ads').some((id) => kept.includes(id)))
  await keyring.put(routeOf('ads', { resumedTime: new Date().toISOString() }))
  await eventually('it goes on', () => kept.every((id) => teams.idsOf('ads').includes(id)), { timeoutMs: 30_000 })
}

async function aRouteThatIsGoneGetsNothing(platform: Platform): Promise<void> {
  const { keyring, teams, send } = platform
  teams.refusing.add('other')
  assert.equal(await send('msg_last', 'nobody'), 204)
  await keyring.remove(uids.other)
  await eventually('what waited is given up', async () => {
    const given = await deadLettersOf(platform, 'team-other')
    return given.some(({ eventId, reason }) => eventId === 'msg_last' && reason === 'OwnerGone')
  })
  teams.refusing.delete('other')
  const before = teams.idsOf('other').length
  assert.equal(await send('msg_after', 'search'), 204)
  await eventually('others get it', () => teams.idsOf('search').includes('msg_after'))
  assert.equal(teams.idsOf('other').length, before)
}

async function play(t: TestContext, flags: readonly string[] = []): Promise<void> {
  const platform = await aPlatform(t, flags)
  await t.test('each team gets what its filter wants, once', () => eachTeamGetsItsOwn(platform))
  await t.test('consent that is withdrawn ends a route, and what it left can be replayed once it is given', () =>
    consentIsWithdrawnAndGiven(platform),
  )
  await t.test('a suspended route keeps its events', () => aSuspendedRouteKeepsItsEvents(platform))
  await t.test('a route that is gone gets nothing', () => aRouteThatIsGoneGetsNothing(platform))
}

test('routes of teams on the webhook of a platform', (t) => play(t))

test('routes, with JetStream', { skip: withoutNatsServer }, async (t) => {
  const server = await NatsServer.start()
  t.after(() => server.dispose())
  await play(t, ['--inbox=jetstream', `--nats-url=${server.url}`, '--nats-replicas=1', '--inbox-max=128MiB'])
})
