import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'

import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'

import { systemClock } from '../../../src/clock.ts'
import { openJetstreamInbox } from '../../../src/inbox/jetstream/open-jetstream-inbox.ts'
import { InboxUnavailableError, type Inbox } from '../../../src/inbox/port.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { aStream } from '../../support/builders/jetstream-options.ts'
import { startNatsCluster, untilLeader } from '../../support/processes/nats-cluster.ts'
import { NatsServer, withoutNatsServer } from '../../support/processes/nats-server.ts'
import { mulberry32 } from '../../support/builders/seeded-random.ts'
import { appendThenKill } from './append-then-kill.ts'
import { expectGivenUp } from './expect-given-up.ts'
import { expectKept } from './expect-kept.ts'
import { sentAgain } from './sent-again.ts'

const kills = Number(process.env['KILLS'] ?? 10)
/** Each takes longer: the servers choose another leader. */
const clusterKills = Math.ceil(kills / 2)
/** So many that their writes travel in batches, of which each kill interrupts one. */
const senders = 64

async function aServer(t: TestContext): Promise<NatsServer> {
  const server = await NatsServer.start()
  t.after(() => server.dispose())
  return server
}

/** Another receiver, so that nothing but the stream can tell it what was acknowledged. */
async function openAnother(t: TestContext, servers: readonly NatsServer[], home: string): Promise<Inbox> {
  const shared = { clock: systemClock, logger: silentLogger, metrics: createMetrics() }
  const urls = servers.map(({ url }) => url)
  const inbox = await openJetstreamInbox({ ...aStream(''), urls, replicas: servers.length, ...shared, home })
  t.after(() => inbox.close())
  return inbox
}

/** How many of the acknowledged events were stored in a batch. */
async function countBatched(servers: readonly NatsServer[], acknowledged: readonly string[]): Promise<number> {
  await using connections = new AsyncDisposableStack()
  const connection = connections.adopt(await connect({ servers: servers.map(({ url }) => url) }), (open) =>
    open.close(),
  )
  const manager = await jetstreamManager(connection)
  const { stream, subjectPrefix } = aStream('')
  const { owner } = anEvent()
  let batched = 0
  for (const eventId of acknowledged) {
    const message = await manager.streams.getMessage(stream, {
      last_by_subj: `${subjectPrefix}.event.${owner.namespace}.${owner.name}.${eventId}`,
    })
    if (message !== null && message.header.get('Nats-Batch-Id') !== '') batched += 1
  }
  return batched
}

async function expectNothingLost(
  t: TestContext,
  inbox: Inbox,
  acknowledged: readonly string[],
  givenUp = 0,
): Promise<void> {
  const stats = await inbox.stats()
  const lost: string[] = []
  for (const eventId of acknowledged) {
    if ((await inbox.append(sentAgain(eventId))) !== 'duplicate') lost.push(eventId)
  }
  t.diagnostic(`${acknowledged.length} acknowledged, ${lost.length} lost, ${stats.events} kept`)
  assert.deepEqual(lost, [])
  assert.ok(acknowledged.length > kills, 'every round acknowledged something')
  assert.equal(
    stats.pending + stats.deadLetters - givenUp, // each has two
    stats.events,
    'each event kept is still to be delivered or visibly given up',
  )
}

/** Kills a server of them, again and again, while events are appended and claimed, and starts it again. */
async function expectToSurviveKills(t: TestContext, servers: readonly NatsServer[], kills: number): Promise<void> {
  const inbox = await openAnother(t, servers, 'receiver-0')
  const random = mulberry32(20_261_122)
  const acknowledged: string[] = []
  const refusals = new Set<string>()
  const stopping = new AbortController()
  const send = async (sender: number) => {
    for (let n = 0; !stopping.signal.aborted; n += 1) {
      const eventId = `s${sender}-${n}`
      try {
        assert.equal(await inbox.append(anEvent({ eventId })), 'stored')
        acknowledged.push(eventId)
      } catch (error) {
        if (!(error instanceof InboxUnavailableError)) throw error
        refusals.add(error.code)
        await setTimeout(1)
      }
    }
  }
  const deliver = async () => {
    while (!stopping.signal.aborted) {
      try {
        const due = await inbox.claimDue(8, 60_000)
        for (const claimed of due) await inbox.record(claimed, { type: 'RetryAt', atMs: systemClock.now() })
        if (due.length === 0) await setTimeout(1)
      } catch (error) {
        if (!(error instanceof InboxUnavailableError)) throw error
        // It fails at once while there is no connection: a loop of that leaves no time in which to connect.
        await setTimeout(1)
      }
    }
  }
  const load = Promise.all([...Array.from({ length: senders }, (_, sender) => send(sender)), deliver()])
  for (let round = 0; round < kills; round += 1) {
    const enough = acknowledged.length + 20 + Math.floor(random() * 300)
    await eventually('appends are acknowledged', () => acknowledged.length >= enough, { intervalMs: 1 })
    const server = servers[Math.floor(random() * servers.length)]
    await server?.kill()
    await server?.start()
  }
  const afterLast = acknowledged.length
  await eventually('appends go on after the last kill', () => acknowledged.length > afterLast + 20)
  stopping.abort()
  await load
  await untilLeader(servers)
  assert.deepEqual([...refusals], ['ERR_INBOX_UNAVAILABLE'])
  const crashed = (await inbox.deadLetters({ limit: 10 })).deadLetters.map(({ reason }) => reason)
  assert.deepEqual(crashed, [], 'a server that goes away is nothing that a delivery did')
  assert.ok((await countBatched(servers, acknowledged)) > 0, 'batches were interrupted')
  await expectNothingLost(t, await openAnother(t, servers, 'receiver-1'), acknowledged)
}

test(
  `nothing acknowledged is lost over ${kills} kill -9 of the receiver at random moments`,
  { skip: withoutNatsServer },
  async (t) => {
    const server = await aServer(t)
    const random = mulberry32(20_261_121)
    const acknowledged: string[] = []
    const ended = new Set<string>()
    for (let round = 0; round < kills; round++) {
      const onEnded = (eventId: string) => void ended.add(eventId)
      const doomed = { driver: 'jetstream', place: server.url, prefix: `r${round}`, onEnded } as const
      acknowledged.push(...(await appendThenKill(doomed, 20 + Math.floor(random() * 400))))
    }
    assert.ok((await countBatched([server], acknowledged)) > 0, 'batches were interrupted')
    const inbox = await openAnother(t, [server], 'receiver-1')
    await expectNothingLost(t, inbox, acknowledged, await expectGivenUp(inbox, acknowledged))
    await expectKept(inbox, ended)
  },
)

test(
  `nothing acknowledged is lost over ${kills} kill -9 of nats-server under load, and the receiver goes on by itself`,
  { skip: withoutNatsServer },
  async (t) => expectToSurviveKills(t, [await aServer(t)], kills),
)

test(
  `nothing acknowledged is lost over ${clusterKills} kill -9 of one of three servers, which sync when they see fit`,
  { skip: withoutNatsServer },
  async (t) => {
    await using parts = new AsyncDisposableStack()
    await expectToSurviveKills(t, await startNatsCluster(parts), clusterKills)
  },
)
