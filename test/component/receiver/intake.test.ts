import assert from 'node:assert/strict'
import diagnostics from 'node:diagnostics_channel'
import { test, type TestContext } from 'node:test'

import { systemClock } from '../../../src/clock.ts'
import type { AppendResult } from '../../../src/inbox/port.ts'
import type { ReceiverLimits } from '../../../src/receiver/limits.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { InboxDouble } from '../../support/doubles/inbox-double.ts'
import { RawConnection, requestHead } from '../../support/measures/raw-connection.ts'
import { aKeyringEntry, aReceiver, directoryOf, signedHeaders } from '../../support/worlds/receiver-fixture.ts'

const body = '{"type":"batch.succeeded","data":{"id":"batches/1"}}'
const modest = aKeyringEntry()
const greedy = aKeyringEntry({ uid: 'uid-2', namespace: 'greedy', name: 'batch-events' })

async function aServer(t: TestContext, given: { limits?: Partial<ReceiverLimits>; trustedProxies?: string[] } = {}) {
  const inbox = new InboxDouble()
  const fixture = aReceiver({ directory: directoryOf(modest, greedy), inbox, clock: systemClock, ...given })
  const { port } = await fixture.receiver.listen({ host: '127.0.0.1', port: 0 })
  const opened: RawConnection[] = []
  t.after(() => {
    for (const connection of opened) connection.close()
    return fixture.receiver.close()
  })
  const open = async () => {
    const connection = await RawConnection.open(port)
    opened.push(connection)
    return connection
  }
  let ids = 0
  const genuine = ({ namespace, name, secrets } = modest) => {
    const id = `msg_${++ids}`
    const signed = signedHeaders({ id, timestampSeconds: Math.floor(systemClock.now() / 1000), body, secrets })
    return requestHead(`POST /v1/s/${namespace}/${name}`, { ...signed, 'content-length': body.length }) + body
  }
  const prove = async (entry = modest) => {
    inbox.willAnswer('stored')
    const connection = await open()
    await connection.write(genuine(entry)).answers(1)
    return connection
  }
  const shows = async (pattern: RegExp) => pattern.test((await fixture.metrics.expose()).text)
  return { ...fixture, inbox, open, genuine, prove, shows }
}

const probe = requestHead('GET /healthz', {})
/** Its signature is wrong, which is found out after the rest. */
const forgedFor = ({ namespace, name }: { namespace: string; name: string }) =>
  `${requestHead(`POST /v1/s/${namespace}/${name}`, {
    'webhook-id': 'm',
    'webhook-timestamp': Math.floor(systemClock.now() / 1000),
    'webhook-signature': `v1,${'A'.repeat(43)}=`,
    'content-length': 1,
  })}x`

/** How many requests Node's server makes, answered or not. */
function countRequests(t: TestContext): { readonly made: number } {
  const count = { made: 0 }
  const onStart = () => (count.made += 1)
  diagnostics.subscribe('http.server.request.start', onStart)
  t.after(() => diagnostics.unsubscribe('http.server.request.start', onStart))
  return count
}

test('a connection has one delivery under way: those behind it are taken in when it is answered, in their order', async (t) => {
  const { inbox, open, genuine, prove } = await aServer(t)
  const late = Promise.withResolvers<AppendResult>()
  inbox.willAnswer(() => late.promise)
  const connection = await open()
  connection.write(genuine() + genuine() + genuine())
  await eventually('the first to be kept', () => inbox.isSpent, { intervalMs: 5 })
  await prove()
  assert.deepEqual(connection.statuses, [], 'an append that is not scripted would have been answered with 503')
  inbox.willAnswer('duplicate', 'stored')
  late.resolve('stored')
  await connection.answers(3)
  assert.deepEqual(connection.statuses, [204, 204, 204])
  assert.deepEqual(
    inbox.appended.map(({ eventId }) => eventId),
    ['msg_1', 'msg_4', 'msg_2', 'msg_3'],
  )
})

const floods: [what: string, request: string][] = [
  ['garbage', 'GET / HTTP/1.1\r\n\r\n'],
  ['paths that do not exist', requestHead('GET /nowhere', {})],
  ['forged deliveries', forgedFor(modest)],
]
for (const [what, request] of floods) {
  test(`of ${what} behind each other a stranger has the first answered, and of the others nothing is made`, async (t) => {
    const { open } = await aServer(t)
    const requests = countRequests(t)
    const connection = await open()
    connection.write(request.repeat(Math.floor(60_000 / request.length)))
    await connection.closed
    assert.ok(requests.made <= 8, `${requests.made} requests were made`)
  })
}

const crowds = [
  ['a namespace over connections that carried its deliveries', []],
  ['a namespace behind the proxy that everybody comes through', ['127.0.0.0/8']],
] as const
for (const [who, trustedProxies] of crowds) {
  test(`${who} sends thousands of requests at once: the one of its neighbour is answered among the first`, async (t) => {
    const { inbox, prove, genuine, shown } = await aServer(t, { trustedProxies: [...trustedProxies] })
    const theirs = await Promise.all(Array.from({ length: 12 }, () => prove(greedy)))
    const mine = await prove()
    const before = shown.length
    const block = forgedFor(greedy).repeat(150)
    for (const connection of theirs) connection.write(block)
    inbox.willAnswer('stored')
    await mine.write(genuine()).answers(2)
    const place = shown.findIndex(({ namespace }, at) => at >= before && namespace === 'ml') - before
    assert.ok(place < 600, `${place} of 1800 were answered before`)
    await Promise.all(theirs.map((connection) => connection.answers(151)))
  })
}

test('an end that comes behind a request that waits is heard after that request', async (t) => {
  const { inbox, open, genuine } = await aServer(t)
  inbox.willAnswer('stored', 'stored')
  const connection = await open()
  connection.write(genuine() + genuine())
  connection.socket.end()
  await connection.closed
  assert.equal(inbox.appended.length, 2)
})

test('what waits is counted, and who sends more than its share of the memory loses the connection', async (t) => {
  const limits = { maxHeldBodyBytes: 16_384, maxBodyBytes: 1_024 }
  const { inbox, open, genuine, prove, shows } = await aServer(t, { limits })
  const late = Promise.withResolvers<AppendResult>()
  inbox.willAnswer(() => late.promise)
  const [waiting, greedyOne] = [await open(), await open()]
  waiting.write(genuine())
  await eventually('the first to be kept', () => inbox.isSpent, { intervalMs: 5 })
  waiting.write(probe.repeat(20))
  const isCounted = () => shows(new RegExp(`held_body_bytes ${body.length + 20 * probe.length}\n`))
  await eventually('those behind it to be counted', isCounted, { intervalMs: 5 })
  inbox.willAnswer('never')
  greedyOne.write(genuine(greedy))
  await eventually('the second to be kept', () => inbox.isSpent, { intervalMs: 5 })
  greedyOne.write(probe.repeat(500))
  await greedyOne.closed
  assert.ok(await shows(/closed_connections_total\{reason="Crowded"\} 1\n/))
  late.resolve('stored')
  await waiting.answers(21)
  await prove()
  assert.ok(await shows(new RegExp(`held_body_bytes ${body.length}\n`)), 'the one that is never kept')
})

test('blank lines, however many, are no requests, and a delivery behind them is heard', async (t) => {
  const { inbox, open, genuine } = await aServer(t)
  inbox.willAnswer('stored')
  const connection = await open()
  await connection.write(`${'\r\n'.repeat(20_000)}${genuine()}`).answers(1)
  assert.deepEqual(connection.statuses, [204])
})

test('a body that looks like the ends of heads is put together as it is, in chunks and at once', async (t) => {
  const { inbox, open } = await aServer(t)
  const odd = `{"type":"batch.succeeded",${'\r\n\r\n'.repeat(5_000)}"data":{"id":"batches/1"}}`
  const { secrets } = modest
  for (const chunked of [true, false]) {
    inbox.willAnswer('stored')
    const signed = signedHeaders({
      id: `msg_${chunked}`,
      timestampSeconds: Math.floor(systemClock.now() / 1000),
      body: odd,
      secrets,
    })
    const framing = chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': odd.length }
    const framed = chunked ? `${odd.length.toString(16)}\r\n${odd}\r\n0\r\n\r\n` : odd
    const connection = await open()
    await connection.write(requestHead('POST /v1/s/ml/batch-events', { ...signed, ...framing }) + framed).answers(1)
    assert.deepEqual(connection.statuses, [204])
    assert.equal(Buffer.from(inbox.appended.at(-1)?.body ?? []).toString(), odd)
  }
})
