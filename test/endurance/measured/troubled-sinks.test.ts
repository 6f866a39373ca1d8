import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { systemClock } from '../../../src/clock.ts'
import { createDispatcher } from '../../../src/dispatcher/dispatcher.ts'
import { openJetstreamInbox } from '../../../src/inbox/jetstream/open-jetstream-inbox.ts'
import type { Inbox } from '../../../src/inbox/port.ts'
import { openSqliteInbox } from '../../../src/inbox/sqlite/open-sqlite-inbox.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { createAddressRules } from '../../../src/sinks/address-guard.ts'
import { createHttpSink } from '../../../src/sinks/http-sink.ts'
import { anEvent, anOwner } from '../../support/builders/an-event.ts'
import { anHttpSink, aSink } from '../../support/builders/deliveries.ts'
import { DnsServer, type Zone } from '../../support/doubles/dns-server.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { aStream } from '../../support/builders/jetstream-options.ts'
import { judgeHere } from '../../support/doubles/judge-here.ts'
import { NatsServer, withoutNatsServer } from '../../support/processes/nats-server.ts'
import { RawServer } from '../../support/doubles/raw-server.ts'

const sinkCount = 2_000
/** Sinks of each kind of trouble; each kind is in objects of its own. */
const troubled = 20
const rounds = 2
/**
 * Stored for each troubled sink before anything else is, so that all of it is due first: more than may be under way at
 * the same time.
 */
const floodOfEach = 8
/** Those that answer get longer, so that a slow machine repeats nothing. */
const timeoutMs = { well: 120_000, odd: 120_000, dead: 10_000, hanging: 10_000 }
const settings = { clock: systemClock, logger: silentLogger }

const kinds = ['well', 'dead', 'hanging', 'odd'] as const
type Kind = (typeof kinds)[number]

/** By the number of a sink: the first sixty are in trouble. */
function kindOf(sink: number): Kind {
  return kinds[Math.floor(sink / troubled) + 1] ?? 'well'
}

/** Each with an empty body, then the end of the connection or not. */
const oddAnswers = [
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n',
  'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n',
  'HTTP/1.1 200 OK\nx-odd : a\n\n',
  'HTTP/1.1 202 ',
]

test('2,000 sinks, of which 20 have dead names, 20 hang and 20 answer oddly: sqlite', { timeout: 600_000 }, (t) =>
  compareRuns(t, async (run) => {
    const folder = await mkdtemp(join(tmpdir(), `gwh-troubled-${run}-`))
    t.after(() => rm(folder, { recursive: true, force: true }))
    return openSqliteInbox({ ...settings, metrics: createMetrics(), path: join(folder, 'inbox.sqlite') })
  }),
)

test(
  '2,000 sinks, of which 20 have dead names, 20 hang and 20 answer oddly: JetStream',
  { timeout: 600_000, skip: withoutNatsServer },
  async (t) => {
    const server = await NatsServer.start()
    t.after(() => server.dispose())
    let number = 0
    await compareRuns(t, () =>
      openJetstreamInbox({ ...settings, metrics: createMetrics(), ...aStream(server.url, (number += 1)) }),
    )
  },
)

async function compareRuns(t: TestContext, open: (run: string) => Promise<Inbox>): Promise<void> {
  const quiet = await drain(t, await open('quiet'), ['well'])
  const all = await drain(t, await open('all'), kinds)
  t.diagnostic(`stored to received by those that are well, alone: ${told(quiet)}; with those in trouble: ${told(all)}`)
  const ofWell = (sinkCount - 3 * troubled) * rounds
  assert.equal(quiet.got.get('well'), ofWell)
  assert.equal(all.got.get('well'), ofWell, 'all others have got all of theirs')
  assert.equal(all.got.get('odd'), troubled * (rounds + floodOfEach), 'and so have those that answer oddly')
  assert.equal(all.repeated, 0, 'nobody got one twice')
  assert.equal(all.pendingAtTheEnd, 2 * troubled * (rounds + floodOfEach), 'what is in trouble is held, and only that')
  assert.ok(all.hanging > 0, 'those that hang have been asked')
}

interface Drained {
  /** Of those that are well, in milliseconds. */
  latenciesMs: number[]
  got: Map<Kind, number>
  repeated: number
  pendingAtTheEnd: number
  /** Requests that came to those that hang. */
  hanging: number
}

const told = ({ latenciesMs }: Drained) => `p50 ${quantile(latenciesMs, 0.5)} ms, p99 ${quantile(latenciesMs, 0.99)} ms`

/**
 * A whole way for every sink: its name asked for at a real server, a connection, a request. Ends when all that can be
 * delivered is.
 */
async function drain(t: TestContext, inbox: Inbox, present: readonly Kind[]): Promise<Drained> {
  const storedMs = new Map<string, number>()
  const seen = new Set<string>()
  const result: Drained = { latenciesMs: [], got: new Map(), repeated: 0, pendingAtTheEnd: 0, hanging: 0 }
  const note = (kind: Kind, sink: string, eventId: string) => {
    const key = `${sink} ${eventId}`
    if (seen.has(key)) result.repeated += 1
    seen.add(key)
    result.got.set(kind, (result.got.get(kind) ?? 0) + 1)
    if (kind === 'well') result.latenciesMs.push(performance.now() - (storedMs.get(eventId) ?? Number.NaN))
  }
  const ports = await startSinks(t, result, note)
  const dns = await DnsServer.start(aZone())
  t.after(() => dns.close())
  const sinks = createHttpSink({
    parseEnvelope: () => ({ type: 'batch.succeeded' }),
    clock: systemClock,
    addressRules: createAddressRules({ allowLoopback: true }),
    lookup: dns.lookup,
  })
  t.after(() => sinks.close())
  const dispatcher = createDispatcher({
    inbox,
    sinks,
    resolveSink: (_uid, name) => {
      const kind = kindOf(Number(name))
      const delivery = { ...aSink().delivery, timeoutMs: timeoutMs[kind] }
      return anHttpSink(`http://s${name}.example:${ports[kind]}/${name}`, { name, delivery })
    },
    judgeFilter: judgeHere(),
    ...settings,
    random: Math.random,
    metrics: createMetrics(),
    maxInFlight: 256,
  })
  t.after(() => inbox.close())
  const chosen = Array.from({ length: sinkCount }, (_, at) => at).filter((at) => present.includes(kindOf(at)))
  const objects = Map.groupBy(chosen, (at) => `object-${Math.floor(at / 10)}`)
  const store = async (eventId: string, object: string, to: readonly number[]) => {
    storedMs.set(eventId, performance.now())
    const event = anEvent({ eventId, owner: anOwner(object), sinks: to.map(String), receivedAtMs: Date.now() })
    assert.equal(await dispatcher.append(event), 'stored')
  }
  for (const [object, to] of objects) {
    const first = to[0] ?? 0
    for (let at = 0; kindOf(first) !== 'well' && at < floodOfEach; at += 1)
      await store(`flood_${at}_${first}`, object, to)
  }
  dispatcher.start()
  for (let round = 0; round < rounds; round += 1) {
    for (const [object, to] of objects) await store(`msg_${round}_${object}`, object, to)
  }
  const deliverable = chosen.filter((at) => ['well', 'odd'].includes(kindOf(at)))
  const flooded = deliverable.filter((at) => kindOf(at) === 'odd').length * floodOfEach
  await eventually('all that can be delivered is', () => seen.size >= deliverable.length * rounds + flooded, {
    timeoutMs: 250_000,
  })
  await eventually('it is written down', async () => (await inbox.stats()).pending === expectedPending(chosen))
  result.pendingAtTheEnd = (await inbox.stats()).pending
  await dispatcher.drain(0)
  return result
}

function expectedPending(chosen: readonly number[]): number {
  return chosen.filter((at) => ['dead', 'hanging'].includes(kindOf(at))).length * (rounds + floodOfEach)
}

/** Names of sinks: those in trouble with their names are never answered for. */
function aZone(): Zone {
  const entries = Array.from({ length: sinkCount }, (_, at) => {
    const answer = kindOf(at) === 'dead' ? () => 'silence' as const : () => ['127.0.0.1']
    return [`s${at}.example`, answer] as const
  })
  return Object.fromEntries(entries)
}

type Note = (kind: Kind, sink: string, eventId: string) => void

/** One server for all of a kind, under as many names as there are sinks. */
async function startSinks(t: TestContext, result: Drained, note: Note): Promise<Record<Kind, number>> {
  const well = createServer((request, response) => {
    note('well', request.url ?? '', String(request.headers['ce-id']))
    request.resume()
    response.writeHead(204).end()
  })
  await new Promise<void>((resolve) => well.listen(0, '127.0.0.1', resolve))
  const hanging = await RawServer.start(() => (result.hanging += 1))
  let asked = 0
  const odd = await RawServer.start((socket, _nth, head) => {
    note('odd', /^POST (\S+)/.exec(head)?.[1] ?? '', /\nce-id: (\S+)/.exec(head)?.[1] ?? '')
    socket.end(oddAnswers[(asked += 1) % oddAnswers.length] ?? '')
  })
  t.after(() => {
    well.close()
    well.closeAllConnections()
    hanging.close()
    odd.close()
  })
  const { port } = well.address() as AddressInfo
  return { well: port, dead: port, hanging: portOf(hanging), odd: portOf(odd) }
}

const portOf = ({ url }: RawServer) => Number(new URL(url).port)

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return Math.round((sorted[Math.floor(sorted.length * share)] ?? Number.NaN) * 10) / 10
}
