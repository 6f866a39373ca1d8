import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { test, type TestContext } from 'node:test'

import { Agent } from 'undici'

import { keyIdOf } from '../../src/contract/keyring/shard.ts'
import type { KeyringEntry } from '../../src/contract/keyring/entry.ts'
import { routeOwnerName } from '../../src/contract/route-owner.ts'
import type { Inbox, InboxOwner } from '../../src/inbox/port.ts'
import { anEvent } from '../support/builders/an-event.ts'
import { aKeyringEntry } from '../support/builders/keyring-folder.ts'
import { createKeyringSecrets } from '../support/builders/keyring-secrets.ts'
import { signedDelivery } from '../support/builders/signed-delivery.ts'
import { SinkDouble } from '../support/doubles/sink-double.ts'
import { pause } from '../support/measures/pause.ts'
import { postUnwatched } from '../support/measures/post-unwatched.ts'
import { recordSecret } from '../support/measures/run-record.ts'
import { NatsServer, withoutNatsServer } from '../support/processes/nats-server.ts'
import { operatorNamespace, startSimulatedOperator } from '../support/worlds/simulated-operator.ts'

/** Of events; one object is full with half of it. */
const inboxEvents = 20_000
const fullAt = inboxEvents / 2
/** What a full route keeps of what it is sent further: a sixteenth of that. */
const givenUpAtMost = fullAt / 16
const rounds = { before: 20, beside: 60 }
/** Real time in which the other team's delivery comes without any help of the clock, however busy the machine is. */
const stepMs = { real: 500, simulated: 10 }
/** Of simulated time: a wait for a place, a lease or a circuit is a second and more. */
const noWaitMs = 100

const dead = { namespace: 'team-dead', name: 'jobs' }
const well = { namespace: 'team-well', name: 'jobs' }

for (const driver of ['sqlite', 'jetstream'] as const) {
  test(
    `a team with a dead sink and ${fullAt} pending deliveries takes nothing from the other team or from Google: ${driver}`,
    { timeout: 600_000, skip: driver === 'jetstream' && withoutNatsServer },
    (t) => play(t, driver),
  )
}

async function play(t: TestContext, driver: 'sqlite' | 'jetstream'): Promise<void> {
  const { sink, mend, arrivedAt } = twoTeams()
  const world = await startWorld(t, driver, sink)
  const { receiver, clock, owners } = world
  const { inbox } = receiver
  /** Sends an event each second: nobody waits. How long the other team waited for each, in simulated time. */
  const measure = async (count: number): Promise<number[]> => {
    const waitedMs: number[] = []
    for (let at = 0; at < count; at += 1) {
      await clock.advance({ seconds: 1 })
      const sentMs = clock.now()
      const { status, id } = await world.deliver()
      assert.equal(status, 204)
      assert.equal(inbox.obstacle, undefined)
      while (!(await isThere(() => arrivedAt.has(id)))) {
        await clock.advance({ ms: stepMs.simulated })
        assert.ok(clock.now() - sentMs <= noWaitMs, `the other team still waits for event ${at} of ${count}`)
      }
      waitedMs.push(clock.now() - sentMs)
    }
    return waitedMs
  }

  const before = Math.max(...(await measure(rounds.before)))
  const stored = await fill(inbox, owners.dead)
  const pendingOf = async (owner: InboxOwner) => (await inbox.stats()).pendingByOwner.get(owner.uid) ?? 0
  assert.equal(await pendingOf(owners.dead), fullAt)
  const beside = Math.max(...(await measure(rounds.beside)))
  t.diagnostic(
    `stored ${stored} for the dead sink; the other team waited ${before} ms at most before, ${beside} beside`,
  )

  assert.equal(await pendingOf(owners.dead), fullAt, 'nothing of what was kept before is lost')
  for (const owner of [owners.webhook, owners.well]) {
    assert.ok(await isThere(async () => (await pendingOf(owner)) === 0), `nothing of ${owner.name} waits`)
  }
  const { deadLetters } = await inbox.deadLetters({ limit: 1_000 })
  assert.equal(deadLetters.length, Math.min(rounds.beside, givenUpAtMost))
  for (const { owner, reason } of deadLetters) assert.deepEqual([owner.uid, reason], [owners.dead.uid, 'RouteFull'])
  const told = new RegExp(`^gwh_route_full_total\\{[^}]*"${dead.namespace}"[^}]*\\} ${rounds.beside}$`, 'm')
  assert.match(await receiver.scrape(), told)

  mend()
  const replayed = deadLetters.at(-1)
  assert.ok(replayed)
  assert.equal(await inbox.replay(replayed.deliveryId), true)
  const whileItEmpties: number[] = []
  for (let seconds = 0; (await pendingOf(owners.dead)) > 0; seconds += 10) {
    assert.ok(seconds < 3_600, `${await pendingOf(owners.dead)} are still pending`)
    whileItEmpties.push(...(await measure(1)))
    await clock.advance({ seconds: 9 })
    await isThere(() => false)
  }
  const emptying = Math.max(...whileItEmpties)
  t.diagnostic(`while ${fullAt} were taken, the other team waited ${emptying} ms at most`)
  const taken = new Set(
    sink.sent.filter(({ event }) => event.owner.uid === owners.dead.uid).map(({ event }) => event.eventId),
  )
  assert.ok(taken.has(replayed.eventId), 'what was given up is delivered when it is replayed')
  assert.ok(taken.size >= fullAt)
}

/** One team's sink answers 503 until it is mended; the other's takes everything. */
function twoTeams() {
  let isDead = true
  const arrivedAt = new Set<string>()
  const sink = new SinkDouble(({ event: { owner, eventId } }) => {
    if (owner.namespace === dead.namespace && isDead) return { type: 'retryable', cause: 'status', status: 503 }
    if (owner.namespace === well.namespace) arrivedAt.add(eventId)
    return { type: 'delivered', status: 202 }
  })
  return { sink, arrivedAt, mend: () => (isDead = false) }
}

/** A receiver with a webhook of the platform and a route of each team on it, and no controller. */
async function startWorld(t: TestContext, driver: 'sqlite' | 'jetstream', sink: SinkDouble) {
  const operator = await startSimulatedOperator(t)
  const { client, clock } = operator
  const secret = `whsec_${randomBytes(24).toString('base64')}`
  recordSecret(secret)
  const webhook = anEntry({ namespace: 'ml-platform', name: 'project-events' }, [{ keyId: keyIdOf(secret), secret }])
  const [deadRoute, wellRoute] = [aRouteOn(webhook, dead), aRouteOn(webhook, well)]
  await createKeyringSecrets(client, operatorNamespace, [{ ...webhook, sinks: [] }, deadRoute, wellRoute])
  const bounds = [`--inbox-max-events=${inboxEvents}`, '--inbox-owner-share-percent=50']
  const receiver = await operator.startReceiver([...bounds, ...(await inboxFlags(t, driver))], 'receiver-0', sink)
  const agent = new Agent()
  t.after(() => agent.close())
  return {
    clock,
    receiver,
    owners: { webhook: ownerOf(webhook), dead: ownerOf(deadRoute), well: ownerOf(wellRoute) },
    async deliver() {
      const delivery = signedDelivery({ secret, atMs: clock.now() })
      const url = `${receiver.url}/v1/s/${webhook.namespace}/${webhook.name}`
      return { status: await postUnwatched(url, delivery, agent), id: delivery.id }
    },
  }
}

function anEntry(names: { namespace: string; name: string }, secrets: KeyringEntry['secrets']): KeyringEntry {
  return aKeyringEntry({ uid: randomUUID(), ...names, secrets, sinkUrl: 'https://sink.example.com/' })
}

function aRouteOn({ uid, namespace, name }: KeyringEntry, names: typeof dead): KeyringEntry {
  const route = { webhookUid: uid, webhook: { namespace, name }, since: '2026-11-20T00:00:00Z' }
  return { ...anEntry(names, []), route }
}

function ownerOf({ uid, namespace, name, route }: KeyringEntry): InboxOwner {
  return { uid, namespace, name: route === undefined ? name : routeOwnerName(name) }
}

async function inboxFlags(t: TestContext, driver: 'sqlite' | 'jetstream'): Promise<string[]> {
  if (driver === 'sqlite') return []
  const server = await NatsServer.start()
  t.after(() => server.dispose())
  return ['--inbox=jetstream', `--nats-url=${server.url}`, '--nats-replicas=1']
}

/** What has come to the dead sink's route before, until it has used its share. Resolves with how many. */
async function fill(inbox: Pick<Inbox, 'append'>, owner: InboxOwner): Promise<number> {
  let stored = 0
  let isFull = false
  for (let next = 0; !isFull;) {
    const events = Array.from({ length: 250 }, () => anEvent({ eventId: `old_${next++}`, owner }))
    const results = await Promise.all(events.map((event) => inbox.append(event)))
    stored += results.filter((result) => result === 'stored').length
    isFull = results.includes('ownerFull')
    assert.ok(results.every((result) => result === 'stored' || result === 'ownerFull'))
  }
  return stored
}

/** Waits in real time while the clock stands still. */
async function isThere(probe: () => boolean | Promise<boolean>): Promise<boolean> {
  const sinceMs = performance.now()
  while (performance.now() - sinceMs < stepMs.real) {
    if (await probe()) return true
    await pause(1)
  }
  return probe()
}
