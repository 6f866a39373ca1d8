import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'

import { Webhook } from 'standardwebhooks'

import { systemClock } from '../../../src/clock.ts'
import { keyringEntrySchema, type ResolvedSink } from '../../../src/contract/keyring/entry.ts'
import { createDispatcher } from '../../../src/dispatcher/dispatcher.ts'
import { parseEnvelope } from '../../../src/gemini/parse-event.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { createAddressRules } from '../../../src/sinks/address-guard.ts'
import { createHttpSink } from '../../../src/sinks/http-sink.ts'
import { aClaim, anHttpSink } from '../../support/builders/deliveries.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { anHttpsServer, authority, client, server as certificate } from '../../support/doubles/https-sinks.ts'
import { judgeHere } from '../../support/doubles/judge-here.ts'
import { MemoryInbox } from '../../support/doubles/memory-inbox.ts'
import { eventually } from '../../support/measures/eventually.ts'

interface Received {
  headers: Record<string, string>
  body: string
}

/** Keeps what came and answers with one status. */
async function aServer(t: TestContext, status: number) {
  const received: Received[] = []
  const server = createServer((request: IncomingMessage, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)] as const)
      received.push({ headers: Object.fromEntries(headers), body: Buffer.concat(chunks).toString() })
      response.writeHead(status).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, received }
}

const secretOf = (name: string) => `whsec_${Buffer.from(name.padEnd(32, '.')).toString('base64')}`
const ofSink = { headers: { authorization: 'Bearer of-the-sink' }, signingSecret: secretOf('sink') }
const ofDeadLetter = { headers: { authorization: 'Bearer of-the-dead' }, signingSecret: secretOf('dead') }

/** Sends one delivery by an entry as it was read from a keyring, until it has ended. */
async function deliver(t: TestContext, sink: ResolvedSink): Promise<void> {
  const entry = keyringEntrySchema.parse({ uid: 'u', namespace: 'ml', name: 'n', secrets: [], sinks: [sink] })
  const clock = new FakeClock()
  const inbox = new MemoryInbox(clock)
  const addressRules = createAddressRules({ allowLoopback: true })
  const sinks = createHttpSink({ parseEnvelope, clock: systemClock, addressRules })
  t.after(() => sinks.close())
  const dispatcher = createDispatcher({
    inbox,
    sinks,
    resolveSink: () => entry.sinks[0] ?? 'sinkRemoved',
    judgeFilter: judgeHere(),
    clock,
    random: () => 0.5,
    logger: silentLogger,
    metrics: createMetrics(),
    maxInFlight: 8,
  })
  inbox.add(aClaim())
  dispatcher.start()
  await eventually('the delivery has ended', async () => {
    await clock.advance({ seconds: 3 })
    return inbox.endOf('1')
  })
  await dispatcher.drain(0)
}

test('a dead letter destination gets its own headers and signature, and the sink its own', async (t) => {
  const [worker, dead] = [await aServer(t, 422), await aServer(t, 204)]
  const deadLetter = { type: 'http', url: dead.url, reach: 'cluster' } as const
  await deliver(t, anHttpSink(worker.url, { ...ofSink, deadLetter, deadLetterAuth: ofDeadLetter }))
  for (const [{ received }, credentials] of [
    [worker, ofSink],
    [dead, ofDeadLetter],
  ] as const) {
    const [request, ...others] = received
    assert.ok(request)
    assert.equal(others.length, 0)
    assert.equal(request.headers['authorization'], credentials.headers.authorization)
    new Webhook(credentials.signingSecret).verify(request.body, request.headers)
  }
  assert.equal(dead.received[0]?.headers['ce-deadletterreason'], 'Rejected')
})

test('without credentials of its own it gets none, as by an entry of an older controller', async (t) => {
  const [worker, dead] = [await aServer(t, 422), await aServer(t, 204)]
  const deadLetter = { type: 'http', url: dead.url, reach: 'cluster' } as const
  await deliver(t, anHttpSink(worker.url, { ...ofSink, deadLetter }))
  const [request] = dead.received
  assert.ok(request)
  assert.deepEqual([request.headers['authorization'], request.headers['webhook-signature']], [undefined, undefined])
})

test('it is shown the client certificate that is meant for it, and its own authorities are asked about it', async (t) => {
  const worker = await aServer(t, 422)
  const options = { ...certificate(1), ca: authority(1), requestCert: true, rejectUnauthorized: true }
  const dead = await anHttpsServer(t, options)
  const deadLetter = { type: 'http', url: dead.url, reach: 'cluster', ca: authority(1) } as const
  const deadLetterAuth = { headers: {}, clientCertificate: client(2) }
  await deliver(t, anHttpSink(worker.url, { clientCertificate: client(1), deadLetter, deadLetterAuth }))
  assert.deepEqual(dead.clients, ['client-2'])
})
