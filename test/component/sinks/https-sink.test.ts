import assert from 'node:assert/strict'
import { createServer, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import tls from 'node:tls'

import { systemClock } from '../../../src/clock.ts'
import { parseEnvelope } from '../../../src/gemini/parse-event.ts'
import { createAddressRules } from '../../../src/sinks/address-guard.ts'
import { createHttpSink } from '../../../src/sinks/http-sink.ts'
import type { SendOutcome } from '../../../src/sinks/port.ts'
import { anOutgoing, aSink } from '../../support/builders/deliveries.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { aSender, anHttpsServer, authority, client, server } from '../../support/doubles/https-sinks.ts'

const delivered: SendOutcome = { type: 'delivered', status: 204 }
const untrusted: SendOutcome = { type: 'retryable', cause: 'tls' }

test('a certificate of an authority of our own is trusted by the sink that names the authority, and by no other', async (t) => {
  const worker = await anHttpsServer(t, server(1))
  const send = aSender(t)
  assert.deepEqual(await send(worker.url), untrusted)
  assert.deepEqual(await send(worker.url, { ca: authority(1) }), delivered)
  assert.deepEqual(await send(worker.url, { ca: authority(2) }), untrusted, 'not over the connection of the other sink')
  assert.deepEqual(await send(worker.url), untrusted)
  assert.equal(worker.clients.length, 1)
})

test('a host that is not in the certificate is not trusted, whoever signed it', async (t) => {
  const worker = await anHttpsServer(t, server(1))
  const lookup = { addressRules: createAddressRules({ allowLoopback: true }) }
  const sink = createHttpSink({
    parseEnvelope,
    clock: systemClock,
    ...lookup,
    lookup: (_name, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
  })
  t.after(() => sink.close())
  const at = (host: string) => {
    const url = worker.url.replace('127.0.0.1', host)
    const destination = { type: 'http', url, reach: 'cluster', ca: authority(1) } as const
    return sink.send(anOutgoing({ sink: aSink({ destination }) }), new AbortController().signal)
  }
  assert.deepEqual(await at('hooks.test'), delivered)
  assert.deepEqual(await at('other.test'), untrusted)
})

test('a new authority is used from the next attempt on, and no connection of the old one is', async (t) => {
  const worker = await anHttpsServer(t, server(1))
  const send = aSender(t)
  assert.deepEqual(await send(worker.url, { ca: authority(1) }), delivered)
  worker.https.setSecureContext(server(2))
  worker.https.closeAllConnections()
  assert.deepEqual(await send(worker.url, { ca: authority(1) }), untrusted)
  assert.deepEqual(await send(worker.url, { ca: `${authority(1)}${authority(2)}` }), delivered)
  worker.https.setSecureContext(server(1))
  assert.deepEqual(await send(worker.url, { ca: authority(2) }), untrusted)
})

test('certificates are read once, however many connections are made with them', async (t) => {
  const worker = await anHttpsServer(t, server(1))
  const send = aSender(t)
  const sink = { ca: authority(1) }
  assert.deepEqual(await send(worker.url, sink), delivered)
  const read = t.mock.method(tls, 'createSecureContext')
  for (let again = 0; again < 3; again += 1) {
    worker.https.closeAllConnections()
    await eventually('a new connection', async () => (await send(worker.url, sink)).type === 'delivered')
  }
  assert.equal(read.mock.callCount(), 0)
})

test('a client certificate is shown where it is asked for, and a new one from the next attempt on', async (t) => {
  const worker = await anHttpsServer(t, { ...server(1), ca: authority(1), requestCert: true, rejectUnauthorized: true })
  const send = aSender(t)
  const ca = authority(1)
  assert.equal((await send(worker.url, { ca })).type, 'retryable', 'without one the server hangs up')
  assert.deepEqual(worker.clients, [])
  for (const clientCertificate of [client(1), client(1), client(2)]) {
    assert.deepEqual(await send(worker.url, { ca, clientCertificate }), delivered)
  }
  assert.deepEqual(worker.clients, ['client-1', 'client-1', 'client-2'])
})

test('material that is none fails in a word and blames neither event nor sink for good', async (t) => {
  const worker = await anHttpsServer(t, server(1))
  const send = aSender(t)
  const broken = { cert: 'not a certificate', key: 'not a key' }
  assert.deepEqual(await send(worker.url, { ca: authority(1), clientCertificate: broken }), untrusted)
})

test('a destination with an address is judged by the name that is asked for, and no connection of another name is used for it', async (t) => {
  const worker = await anHttpsServer(t, server(1))
  const sink = createHttpSink({
    parseEnvelope,
    clock: systemClock,
    addressRules: createAddressRules({ allowLoopback: true }),
    lookup: () => assert.fail('the name was looked up'),
  })
  t.after(() => sink.close())
  const at = (host: string) => {
    const url = worker.url.replace('127.0.0.1', host)
    const destination = { type: 'http', url, reach: 'cluster', ca: authority(1), address: '127.0.0.1' } as const
    return sink.send(anOutgoing({ sink: aSink({ destination }) }), new AbortController().signal)
  }
  assert.deepEqual(await at('hooks.test'), delivered)
  assert.deepEqual(await at('other.test'), untrusted)
  assert.deepEqual(await at('hooks.test'), delivered)
  assert.equal(worker.clients.length, 2, 'nothing was sent under the other name')
})

test('no sink is offered a handshake in a group that it makes up itself: one of ten thousand bits would hold the thread for most of a second', async (t) => {
  const { promise, resolve } = Promise.withResolvers<Buffer>()
  const listening = createServer((socket) => {
    socket.once('data', resolve).once('data', () => socket.destroy())
    socket.on('error', () => {})
  })
  await new Promise<void>((done) => listening.listen(0, '127.0.0.1', done))
  t.after(() => listening.close())
  const { port } = listening.address() as AddressInfo
  await aSender(t)(`https://127.0.0.1:${port}/`, { ca: authority(1) })
  const offered = cipherSuitesIn(await promise)
  assert.ok(offered.includes(0xc02f), 'ECDHE-RSA-AES128-GCM-SHA256')
  assert.deepEqual(
    offered.filter((suite) => withChosenGroup.has(suite)),
    [],
  )
})

/** Of the suites with DHE, those that Node offers otherwise. */
const withChosenGroup = new Set([0x9e, 0x9f, 0xccaa, 0x67, 0x6b, 0x33, 0x39, 0xc09e, 0xc09f])

/**
 * Of a first message: record, handshake, version and random take 43 bytes, then a session id and the list come with
 * their lengths.
 */
function cipherSuitesIn(hello: Buffer): number[] {
  const from = 44 + hello.readUInt8(43)
  const bytes = hello.readUInt16BE(from)
  return Array.from({ length: bytes / 2 }, (_, at) => hello.readUInt16BE(from + 2 + at * 2))
}
