import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import type { TLSSocket } from 'node:tls'

import { systemClock } from '../../../src/clock.ts'
import { parseEnvelope } from '../../../src/gemini/parse-event.ts'
import type { ResolvedSink } from '../../../src/keyring/entry.ts'
import { createAddressRules } from '../../../src/sinks/address-guard.ts'
import { createHttpSink } from '../../../src/sinks/http-sink.ts'
import type { SendOutcome } from '../../../src/sinks/port.ts'
import { anOutgoing, aSink } from '../../support/deliveries.ts'

const never = new AbortController().signal
const pem = (name: string) => readFileSync(`test/fixtures/tls/${name}.pem`, 'utf8')
const server = (n: 1 | 2) => ({ cert: pem(`server-${n}.cert`), key: pem(`server-${n}.key`) })
const client = (n: 1 | 2) => ({ cert: pem(`client-${n}.cert`), key: pem(`client-${n}.key`) })
const authority = (n: 1 | 2) => pem(`authority-${n}.cert`)

/** Keeps who came: the common name of each request's client certificate. */
async function anHttpsServer(t: TestContext, options: ServerOptions) {
  const clients: string[] = []
  const https = createServer(options, (request, response) => {
    const { subject } = (request.socket as TLSSocket).getPeerCertificate() as { subject?: { CN: string } }
    clients.push(subject?.CN ?? '')
    request.resume()
    response.writeHead(204).end()
  })
  await new Promise<void>((resolve) => https.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    https.close()
    https.closeAllConnections()
  })
  const { port } = https.address() as AddressInfo
  return { url: `https://127.0.0.1:${port}/`, https, clients }
}

function aSender(t: TestContext) {
  const addressRules = createAddressRules({ allowLoopback: true })
  const sink = createHttpSink({ parseEnvelope, clock: systemClock, addressRules })
  t.after(() => sink.close())
  return (url: string, { ca, ...given }: Partial<ResolvedSink> & { ca?: string } = {}): Promise<SendOutcome> => {
    const destination = { type: 'http', url, reach: 'cluster', ...(ca !== undefined && { ca }) } as const
    return sink.send(anOutgoing({ sink: aSink({ destination, ...given }) }), never)
  }
}

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
    return sink.send(anOutgoing({ sink: aSink({ destination }) }), never)
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

test('a client certificate goes along with the authorities of the system too', async (t) => {
  const worker = await anHttpsServer(t, { ...server(1), ca: authority(1), requestCert: true })
  const send = aSender(t)
  assert.deepEqual(await send(worker.url, { clientCertificate: client(1) }), untrusted)
  assert.deepEqual(worker.clients, [])
})

test('material that is none fails in a word and blames neither event nor sink for good', async (t) => {
  const worker = await anHttpsServer(t, server(1))
  const send = aSender(t)
  const broken = { cert: 'not a certificate', key: 'not a key' }
  assert.deepEqual(await send(worker.url, { ca: authority(1), clientCertificate: broken }), untrusted)
})
