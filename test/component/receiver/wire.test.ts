import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { systemClock } from '../../../src/clock.ts'
import type { AppendResult } from '../../../src/inbox/port.ts'
import { EndpointDirectory } from '../../../src/receiver/endpoint-directory.ts'
import type { ReceiverLimits } from '../../../src/receiver/limits.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { InboxDouble } from '../../support/doubles/inbox-double.ts'
import { RawConnection, requestHead } from '../../support/measures/raw-connection.ts'
import { aKeyringEntry, aReceiver, directoryOf, signedHeaders } from '../../support/worlds/receiver-fixture.ts'

const line = 'POST /v1/s/ml/batch-events'
const body = '{"type":"batch.succeeded","data":{"id":"batches/1"}}'
/** Far below any limit that would end a connection by itself, so that a close within it is the refusal's doing. */
const promptMs = 2_000

async function aServer(limits: Partial<ReceiverLimits> = {}) {
  const entry = aKeyringEntry()
  const inbox = new InboxDouble()
  const fixture = aReceiver({ directory: directoryOf(entry), inbox, clock: systemClock, limits })
  const { port } = await fixture.receiver.listen({ host: '127.0.0.1', port: 0 })
  const sign = (id = 'msg_1', signed = body) =>
    signedHeaders({ id, timestampSeconds: Math.floor(systemClock.now() / 1000), body: signed, secrets: entry.secrets })
  const genuine = (id?: string) =>
    requestHead(line, { ...sign(id), 'content-length': body.length, 'content-type': 'application/json' }) + body
  const heldBytes = async () => /gwh_receiver_held_body_bytes (\d+)\n/.exec((await fixture.metrics.expose()).text)?.[1]
  return { ...fixture, inbox, port, sign, genuine, heldBytes, open: () => RawConnection.open(port) }
}
type TestServer = Awaited<ReturnType<typeof aServer>>

async function closesPromptly(connection: RawConnection): Promise<void> {
  const late = new AbortController()
  const tooLate = new Promise<never>((_, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`still open after ${promptMs} ms: ${connection.received}`)),
      promptMs,
    )
    late.signal.addEventListener('abort', () => clearTimeout(timer))
  })
  await Promise.race([connection.closed, tooLate]).finally(() => late.abort())
}

describe('with the limits that ship', () => {
  let server: TestServer
  before(async () => (server = await aServer()))
  after(() => server.receiver.close())

  test('deliveries follow each other on one connection, pipelined ones too', async () => {
    server.inbox.willAnswer('stored', 'duplicate', 'stored')
    const connection = await server.open()
    await connection.write(server.genuine('a')).answers(1)
    await connection.write(server.genuine('a') + server.genuine('b')).answers(3)
    assert.deepEqual(connection.statuses, [204, 204, 204])
    assert.doesNotMatch(connection.received, /connection: close/i)
    connection.close()
  })

  test('a body in pieces and chunks is put together', async () => {
    server.inbox.willAnswer('stored')
    const connection = await server.open()
    connection.write(requestHead(line, { ...server.sign('chunked'), 'transfer-encoding': 'chunked' }))
    for (const piece of [body.slice(0, 7), body.slice(7)]) {
      connection.write(`${piece.length.toString(16)}\r\n${piece}\r\n`)
    }
    await connection.write('0\r\n\r\n').answers(1)
    assert.deepEqual(connection.statuses, [204])
    assert.deepEqual(server.inbox.appended.at(-1)?.body, Buffer.from(body))
    connection.close()
  })

  const unread: { name: string; head: () => string; status: number }[] = [
    { name: 'an unknown path', head: () => requestHead('POST /nowhere', { 'content-length': 1_048_576 }), status: 404 },
    {
      name: 'an unknown endpoint',
      head: () => requestHead('POST /v1/s/ml/other', { ...server.sign(), 'content-length': 9_999 }),
      status: 404,
    },
    {
      name: 'a wrong method',
      head: () => requestHead('PUT /v1/s/ml/batch-events', { 'content-length': 9_999 }),
      status: 405,
    },
    {
      name: 'a method that fastify does not know',
      head: () => requestHead('PROPFIND /v1/s/ml/batch-events', { 'content-length': 9_999 }),
      status: 405,
    },
    { name: 'missing headers', head: () => requestHead(line, { 'content-length': 9_999 }), status: 400 },
    {
      name: 'an announced size beyond the limit',
      head: () => requestHead(line, { ...server.sign(), 'content-length': 262_145 }),
      status: 413,
    },
    { name: 'no host', head: () => `${line} HTTP/1.1\r\ncontent-length: 9999\r\n\r\n`, status: 400 },
    {
      name: 'an overlong parameter',
      head: () => requestHead(`POST /v1/s/ml/${'a'.repeat(301)}`, { 'content-length': 9_999 }),
      status: 404,
    },
    {
      name: 'a path that cannot be decoded',
      head: () => requestHead('POST /v1/s/%zz/x', { 'content-length': 9_999 }),
      status: 404,
    },
  ]
  for (const { name, head, status } of unread) {
    test(`${name} is refused before the body is read, and the connection ends`, async () => {
      const connection = await server.open()
      connection.write(head()) // the body never comes
      await closesPromptly(connection)
      assert.deepEqual(connection.statuses, [status])
      assert.match(connection.received, /connection: close\r\n/i)
      assert.match(connection.received, /\r\n\r\n$/, 'the answer has no body')
    })
  }

  test('a body that grows beyond the limit is a 413, and nothing of it stays in memory', async () => {
    const connection = await server.open()
    connection.write(requestHead(line, { ...server.sign(), 'transfer-encoding': 'chunked' }))
    const piece = Buffer.alloc(65_536, 'x')
    for (let sent = 0; sent < 5; sent++) connection.write('10000\r\n').write(piece).write('\r\n')
    await closesPromptly(connection)
    // A reset may overtake the answer on its way to a client that is still sending; the count tells how it ended.
    assert.equal((await server.count('BodyTooLarge')) >= 1, true)
    assert.equal(await server.heldBytes(), '0')
  })

  test('headers beyond the limit are a 431', async () => {
    const connection = await server.open()
    connection.write(requestHead(line, { 'x-filler': 'x'.repeat(20_000) }))
    await closesPromptly(connection)
    assert.deepEqual(connection.statuses, [431])
    assert.equal(await server.count('HeadersTooLarge'), 1)
  })

  test('what is not HTTP is a 400', async () => {
    for (const text of [
      'hello\r\n\r\n',
      'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: x\r\n\r\n',
      `${line} HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n`,
    ]) {
      const connection = await server.open()
      connection.write(text)
      await closesPromptly(connection)
      assert.deepEqual(connection.statuses, [400], text)
    }
  })

  test('each webhook header sent twice is a 400', async () => {
    for (const [name, value] of Object.entries(server.sign())) {
      const connection = await server.open()
      connection.write(server.genuine().replace('\r\n\r\n', `\r\n${name}: ${value}\r\n\r\n`))
      await closesPromptly(connection)
      assert.deepEqual(connection.statuses, [400], name)
    }
  })

  test('a sender that asks first is told to go on; other expectations are ignored', async () => {
    for (const expectation of ['100-continue', 'miracles']) {
      server.inbox.willAnswer('stored')
      const connection = await server.open()
      connection.write(server.genuine(`msg_${expectation}`).replace('\r\n', `\r\nexpect: ${expectation}\r\n`))
      await eventually('the final answer', () => connection.statuses.includes(204))
      assert.ok(!connection.statuses.includes(417))
      connection.close()
    }
  })

  test('a sender that goes away in the middle of the body leaves nothing behind', async () => {
    const connection = await server.open()
    connection.write(server.genuine('gone').slice(0, -10))
    await eventually('the bytes to arrive', async () => (await server.heldBytes()) !== '0')
    connection.close()
    await eventually('the abort to be counted', async () => (await server.count('Aborted')) === 1)
    assert.equal(await server.heldBytes(), '0')
  })

  test('a load balancer may probe the public port: a bare 200', async () => {
    for (const method of ['GET', 'HEAD']) {
      const connection = await server.open()
      await connection.write(requestHead(`${method} /healthz`, {})).answers(1)
      assert.deepEqual(connection.statuses, [200])
      assert.match(connection.received, /\r\n\r\n$/)
      connection.close()
    }
  })
})

describe('with short time limits', () => {
  let server: TestServer
  before(async () => {
    server = await aServer({ headersTimeoutMs: 200, requestTimeoutMs: 400, connectionsCheckingIntervalMs: 50 })
  })
  after(() => server.receiver.close())

  const slow: { name: string; first: () => string }[] = [
    { name: 'a connection that says nothing', first: () => '' },
    { name: 'headers that do not end', first: () => `${line} HTTP/1.1\r\nhost: a\r\nx-slow: ` },
    { name: 'a body that does not come', first: () => server.genuine('slow').slice(0, -5) },
  ]
  for (const { name, first } of slow) {
    test(`${name} is a 408, counted once`, async () => {
      const before = await server.count('TooSlow')
      const aborted = await server.count('Aborted')
      const connection = await server.open()
      connection.write(first())
      await closesPromptly(connection)
      assert.deepEqual(connection.statuses, [408])
      assert.equal(await server.count('TooSlow'), before + 1)
      assert.equal(await server.count('Aborted'), aborted)
      assert.equal(await server.heldBytes(), '0')
    })
  }
})

test('hundreds of stalled uploads hold only what has arrived of them, and stop at the budget', async () => {
  const maxHeldBodyBytes = 1_048_576
  const server = await aServer({ maxHeldBodyBytes })
  const connections = await Promise.all(Array.from({ length: 40 }, () => server.open()))
  const part = Buffer.alloc(65_536)
  for (const connection of connections) {
    connection.write(requestHead(line, { ...server.sign(), 'content-length': 200_000 })).write(part)
  }
  await eventually('the overflow to be refused', async () => (await server.count('Overloaded')) > 0)
  assert.ok(Number(await server.heldBytes()) <= maxHeldBodyBytes)
  for (const connection of connections) connection.close()
  await eventually('the budget to be free again', async () => (await server.heldBytes()) === '0')
  server.inbox.willAnswer('stored')
  const after = await server.open()
  await after.write(server.genuine()).answers(1)
  assert.deepEqual(after.statuses, [204])
  after.close()
  await server.receiver.close()
})

test('draining serves on, closes each connection after its answer, and ends in a server that takes no more', async () => {
  const server = await aServer({ drainMs: 100 })
  const late = Promise.withResolvers<AppendResult>()
  server.inbox.willAnswer('stored', () => late.promise)
  const idle = await server.open()
  await idle.write(requestHead('GET /healthz', {})).answers(1)
  const during = await server.open()
  const drained = server.receiver.drain()
  assert.deepEqual(server.receiver.readiness(), { ready: false, why: 'Draining' })
  await during.write(server.genuine('during')).answers(1)
  assert.deepEqual(during.statuses, [204])
  await closesPromptly(during)
  const probe = await server.open()
  await probe.write(requestHead('GET /healthz', {})).answers(1)
  assert.deepEqual(probe.statuses, [503])

  const inFlight = await server.open()
  inFlight.write(server.genuine('in-flight'))
  await eventually('the append to begin', () => server.inbox.isSpent)
  await drained
  const closed = server.receiver.close()
  await closesPromptly(idle)
  await assert.rejects(server.open(), 'nobody listens any more')
  late.resolve('stored')
  await inFlight.answers(1)
  assert.deepEqual(inFlight.statuses, [204], 'what was under way ends as if nothing had happened')
  await closed
})

test('while the inbox takes no events nothing is ready, with the reason, and by itself again after', async () => {
  const server = await aServer()
  const probe = async () => {
    const connection = await server.open()
    await connection.write(requestHead('GET /healthz', {})).answers(1)
    connection.close()
    return connection.statuses
  }
  const ready = async () => /gwh_receiver_ready (\d)\n/.exec((await server.metrics.expose()).text)?.[1]
  assert.deepEqual(await probe(), [200])
  assert.equal(await ready(), '1')
  for (const obstacle of [
    'Full',
    'VolumeFull',
    'WritesFail',
    'NotConfirmed',
    'Disconnected',
    'StreamMissing',
  ] as const) {
    server.inbox.obstacle = obstacle
    assert.deepEqual(server.receiver.readiness(), { ready: false, why: `Inbox${obstacle}` })
  }
  assert.deepEqual(await probe(), [503])
  assert.equal(await ready(), '0')
  server.inbox.willAnswer('duplicate')
  const known = await server.open()
  await known.write(server.genuine('known')).answers(1)
  assert.deepEqual(known.statuses, [204], 'whoever comes all the same is served as well as can be')
  known.close()
  server.inbox.obstacle = undefined
  assert.deepEqual(await probe(), [200])
  await server.receiver.close()
})

test('before the first configuration nothing is ready, and probes are told so', async () => {
  const { receiver } = aReceiver({ directory: new EndpointDirectory(), inbox: new InboxDouble(), clock: systemClock })
  const { port } = await receiver.listen({ host: '127.0.0.1', port: 0 })
  assert.deepEqual(receiver.readiness(), { ready: false, why: 'ConfigurationNotLoaded' })
  const probe = await RawConnection.open(port)
  await probe.write(requestHead('GET /healthz', {})).answers(1)
  assert.deepEqual(probe.statuses, [503])
  probe.close()
  await receiver.close()
})
