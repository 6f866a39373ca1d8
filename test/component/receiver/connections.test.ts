import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import { systemClock, type Clock } from '../../../src/clock.ts'
import type { AppendResult } from '../../../src/inbox/port.ts'
import type { ReceiverLimits } from '../../../src/receiver/limits.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { InboxDouble } from '../../support/doubles/inbox-double.ts'
import { RawConnection, requestHead } from '../../support/measures/raw-connection.ts'
import { aKeyringEntry, aReceiver, directoryOf, signedHeaders } from '../../support/worlds/receiver-fixture.ts'

const body = '{"type":"batch.succeeded","data":{"id":"batches/1"}}'
const endpoints = [aKeyringEntry(), aKeyringEntry({ uid: 'uid-2', namespace: 'greedy', name: 'batch-events' })] as const

interface Given {
  limits?: Partial<ReceiverLimits>
  clock?: Clock
  trustedProxies?: string[]
}

async function aServer(t: TestContext, { limits = {}, clock = systemClock, trustedProxies = [] }: Given = {}) {
  const inbox = new InboxDouble()
  const directory = directoryOf(...endpoints)
  const fixture = aReceiver({ directory, inbox, clock, limits, trustedProxies })
  const { port } = await fixture.receiver.listen({ host: '127.0.0.1', port: 0 })
  const opened: RawConnection[] = []
  t.after(() => {
    // Before the server, which would wait until they have had their time.
    for (const connection of opened) connection.close()
    return fixture.receiver.close()
  })
  const open = async () => {
    const connection = await RawConnection.open(port)
    opened.push(connection)
    return connection
  }
  let ids = 0
  /** A genuine delivery of the first or the second endpoint, head and body apart. */
  const genuine = (which: 0 | 1 = 0, atMs = clock.now()) => {
    const { namespace, name, secrets } = endpoints[which]
    const id = `msg_${++ids}`
    const signed = signedHeaders({ id, timestampSeconds: Math.floor(atMs / 1000), body, secrets })
    return [requestHead(`POST /v1/s/${namespace}/${name}`, { ...signed, 'content-length': body.length }), body] as const
  }
  const deliver = async (connection: RawConnection, which?: 0 | 1) => {
    inbox.willAnswer('stored')
    const before = connection.statuses.length
    await connection.write(genuine(which).join('')).answers(before + 1)
    assert.equal(connection.statuses.at(-1), 204)
    return connection
  }
  const closed = async (reason: string) => {
    const { text } = await fixture.metrics.expose()
    const line = text.split('\n').find((each) => each.includes(`closed_connections_total{reason="${reason}"}`))
    return Number(line?.split(' ').at(-1))
  }
  return { ...fixture, directory, inbox, port, open, genuine, deliver, closed }
}

const probe = requestHead('GET /healthz', {})
const forged = requestHead('POST /v1/s/ml/batch-events', {
  'webhook-id': 'm',
  'webhook-timestamp': Math.floor(systemClock.now() / 1000),
  'webhook-signature': `v1,${'A'.repeat(43)}=`,
  'content-length': 1,
})

test('a probe or a refusal is the last word on a connection that has carried no delivery', async (t) => {
  const { open, closed } = await aServer(t)
  for (const [request, status] of [
    [probe, 200],
    [`${forged}x`, 401],
    [requestHead('GET /nowhere', {}), 404],
  ] as const) {
    const connection = await open()
    connection.write(request)
    await connection.closed
    assert.deepEqual(connection.statuses, [status])
    assert.match(connection.received, /connection: close\r\n/i)
  }
  assert.deepEqual([await closed('Probed'), await closed('Refused')], [1, 2])
})

test('what is pipelined behind a refusal is not taken: its sender could not be told', async (t) => {
  const { open, genuine, inbox } = await aServer(t)
  const connection = await open()
  connection.write(requestHead('GET /nowhere', {}) + genuine().join('') + probe)
  await connection.closed
  assert.deepEqual(connection.statuses, [404])
  assert.deepEqual(inbox.appended, [])
})

test('a connection with an authentic delivery is kept for as long as it is told, through refusals and probes', async (t) => {
  const clock = new FakeClock()
  const { open, deliver, closed } = await aServer(t, { clock })
  const connection = await deliver(await open())
  assert.match(connection.received, /connection: keep-alive\r\nkeep-alive: timeout=620\r\n/i)
  await connection.write(`${forged}x`).answers(2)
  await connection.write(probe).answers(3)
  assert.deepEqual(connection.statuses, [204, 401, 200])
  assert.doesNotMatch(connection.received, /connection: close/i)
  await clock.advance({ seconds: 619 }, { grainMs: 500 })
  assert.equal(connection.socket.closed, false)
  await deliver(connection)
  await clock.advance({ seconds: 621 }, { grainMs: 500 })
  await connection.closed
  assert.equal(await closed('Idle'), 1)
})

test('a delivery that was signed long ago proves nothing', async (t) => {
  const { open, genuine } = await aServer(t)
  const connection = await open()
  connection.write(genuine(0, systemClock.now() - 3_600_000).join(''))
  await connection.closed
  assert.deepEqual(connection.statuses, [401])
})

test('a stranger who is asked to come back is kept for five seconds, and told so', async (t) => {
  const clock = new FakeClock()
  const { directory, open, genuine, closed } = await aServer(t, { clock })
  directory.applyFacts({
    uid: 'uid-1',
    namespace: 'ml',
    name: 'batch-events',
    areKeysChanging: true,
    checkAttemptId: undefined,
  })
  const connection = await open()
  await connection
    .write(
      genuine()
        .join('')
        .replace(/v1,...../, 'v1,AAAAA'),
    )
    .answers(1)
  assert.deepEqual(connection.statuses, [503])
  assert.match(connection.received, /connection: keep-alive\r\nkeep-alive: timeout=5\r\n/i)
  await clock.advance({ seconds: 4 })
  assert.equal(connection.socket.closed, false)
  await clock.advance({ seconds: 2 })
  await connection.closed
  assert.equal(await closed('Idle'), 1)
})

test("connections of the installation's proxies are kept from the start", async (t) => {
  const { open, closed } = await aServer(t, { trustedProxies: ['127.0.0.0/8'] })
  const connection = await open()
  await connection.write(probe).answers(1)
  await connection.write(`${forged}x`).answers(2)
  assert.deepEqual(connection.statuses, [200, 401])
  assert.match(connection.received, /keep-alive: timeout=620\r\n/i)
  assert.deepEqual([await closed('Probed'), await closed('Refused')], [0, 0])
})

/** What strangers do with all the connections that there are. None of it ends by itself while the test runs. */
const occupations: [how: string, first: () => string, next: string][] = [
  ['say nothing', () => '', ''],
  ['trickle a head', () => 'POST /v1/s/ml/batch-events HTTP/1.1\r\nhost: a\r\nx-slow: ', 'x'],
  ['trickle a body', () => forged.replace('content-length: 1', 'content-length: 5000'), 'x'],
]
for (const [how, first, next] of occupations) {
  test(`a sender gets in while strangers who ${how} hold every connection, again and again`, async (t) => {
    const { open, deliver, closed, metrics } = await aServer(t, { limits: { maxConnections: 8 } })
    const strangers: RawConnection[] = []
    for (let n = 0; n < 8; n++) strangers.push((await open()).write(first()))
    for (let n = 0; n < 3; n++) {
      for (const stranger of strangers) if (next !== '' && !stranger.socket.closed) stranger.write(next)
      const sender = await deliver(await open())
      sender.close()
      await sender.closed
      const isGone = async () => /gwh_receiver_connections\{standing="proven"\} 0\n/.test((await metrics.expose()).text)
      await eventually('the sender to be gone', isGone, { intervalMs: 5 })
      strangers.push((await open()).write(first()))
    }
    assert.equal((await closed('GaveWay')) >= 1, true)
    assert.match((await metrics.expose()).text, /gwh_receiver_dropped_connections_total 0\n/)
    await strangers[0]?.closed
  })
}

test('a namespace whose deliveries hold every connection gives one of its own for every newcomer', async (t) => {
  const { open, deliver, closed } = await aServer(t, { limits: { maxConnections: 8 } })
  const greedy: RawConnection[] = []
  for (let n = 0; n < 8; n++) greedy.push(await deliver(await open(), 1))
  const others = [await deliver(await open()), await deliver(await open())]
  await Promise.all(greedy.slice(0, 2).map((connection) => connection.closed))
  for (const connection of [...others, ...greedy.slice(2)]) assert.equal(connection.socket.closed, false)
  assert.equal(await closed('ProvenGaveWay'), 2)
})

test('a request that is being answered is never cut: a newcomer is dropped instead, and counted', async (t) => {
  const { open, genuine, inbox, metrics } = await aServer(t, { limits: { maxConnections: 2 } })
  const late = Promise.withResolvers<AppendResult>()
  const held = [await open(), await open()]
  for (const connection of held) {
    inbox.willAnswer(() => late.promise)
    connection.write(genuine().join(''))
  }
  await eventually('both to be stored', () => inbox.isSpent, { intervalMs: 5 })
  await (
    await open()
  ).closed
  assert.match((await metrics.expose()).text, /gwh_receiver_dropped_connections_total 1\n/)
  late.resolve('stored')
  for (const connection of held) await connection.answers(1)
})
