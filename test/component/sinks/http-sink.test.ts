import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'

import { Webhook } from 'standardwebhooks'

import { parseEnvelope } from '../../../src/gemini/parse-event.ts'
import { startSampleWorker } from '../../../playground/sample-worker.ts'
import { createAddressRules } from '../../../src/sinks/address-guard.ts'
import { createHttpSink, type HttpSinkOptions } from '../../../src/sinks/http-sink.ts'
import { systemClock } from '../../../src/clock.ts'
import { anEvent, batchSucceeded } from '../../support/builders/an-event.ts'
import { anHttpSink, anOutgoing, aSink } from '../../support/builders/deliveries.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { eventually } from '../../support/measures/eventually.ts'

const never = new AbortController().signal

function aHttpSink(t: TestContext, given: Partial<HttpSinkOptions> = {}) {
  const addressRules = createAddressRules({ allowLoopback: true })
  const sink = createHttpSink({ parseEnvelope, clock: systemClock, addressRules, ...given })
  t.after(() => sink.close())
  return sink
}

interface Received {
  method: string
  url: string
  headers: IncomingHttpHeaders
  body: Buffer
}

/** A server that keeps what it got and answers as it is told. */
async function aServer(
  t: TestContext,
  answer: RequestListener = (_request, response) => response.writeHead(204).end(),
) {
  const received: Received[] = []
  const connections = { count: 0 }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      received.push({ method, url, headers, body: Buffer.concat(chunks) })
      answer(request, response)
    })
  })
  server.on('connection', () => (connections.count += 1))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/events?a=b`, port, received, connections }
}

for (const format of ['CloudEventBinary', 'CloudEventStructured'] as const) {
  test(`a strict CloudEvents worker takes ${format}`, async (t) => {
    const worker = await startSampleWorker({ host: '127.0.0.1', port: 0 })
    t.after(() => worker.close())
    const sink = anHttpSink(`http://127.0.0.1:${worker.port}/`, { format })
    const outcome = await aHttpSink(t).send(anOutgoing({ sink, attempt: 3, replayed: true }), never)
    assert.deepEqual(outcome, { type: 'delivered', status: 204 })
    const [event] = worker.events
    assert.equal(event?.id, 'msg_1')
    assert.equal(event?.type, 'com.google.gemini.batch.succeeded')
    assert.equal(event?.source, '/apis/webhooks.gemini-operator.io/v1alpha1/namespaces/ml/geminiwebhooks/batch-events')
    assert.equal(event?.subject, 'batches/abc123')
    assert.deepEqual(event?.data, JSON.parse(batchSucceeded))
    const { geminimode, deliveryattempt, replayed } = event?.extensions ?? {}
    assert.deepEqual(
      { geminimode, deliveryattempt, replayed },
      { geminimode: 'static', deliveryattempt: '3', replayed: 'true' },
    )
  })
}

test('binary mode sends the original bytes under their content type, with a trace and the headers of the sink', async (t) => {
  const server = await aServer(t)
  const body = Buffer.from('{ "type" : "batch.succeeded",\n "data": {"id": 12345678901234567890} }')
  const event = anEvent({ body, contentType: 'application/json; charset=utf-8' })
  const sink = anHttpSink(server.url, { headers: { Authorization: 'Bearer t0ken', 'X-Team': 'search' } })
  await aHttpSink(t).send(anOutgoing({ event, sink }), never)
  const [request] = server.received
  assert.equal(request?.method, 'POST')
  assert.equal(request?.url, '/events?a=b')
  assert.deepEqual(request?.body, body)
  assert.equal(request?.headers['content-type'], 'application/json; charset=utf-8')
  assert.equal(request?.headers['content-length'], String(body.length))
  assert.equal(request?.headers['authorization'], 'Bearer t0ken')
  assert.equal(request?.headers['x-team'], 'search')
  assert.match(String(request?.headers['traceparent']), /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
})

test('the attempts of a delivery are told apart at the worker: one trace, a span each', async (t) => {
  const server = await aServer(t)
  const sink = aHttpSink(t)
  for (const attempt of [1, 2]) await sink.send(anOutgoing({ sink: anHttpSink(server.url), attempt }), never)
  const [first, second] = server.received.map(({ headers }) => String(headers['traceparent']).split('-'))
  assert.equal(first?.[1], second?.[1])
  assert.notEqual(first?.[2], second?.[2])
})

test('a sink with a signing secret gets a Standard Webhooks signature that verifies, in every format', async (t) => {
  const server = await aServer(t)
  const signingSecret = `whsec_${Buffer.from('a secret of the sink, 32 bytes..').toString('base64')}`
  for (const format of ['CloudEventBinary', 'CloudEventStructured', 'Original'] as const) {
    await aHttpSink(t).send(anOutgoing({ sink: anHttpSink(server.url, { format, signingSecret }) }), never)
    const request = server.received.at(-1)
    const headers = Object.fromEntries(Object.entries(request?.headers ?? {}).map(([k, v]) => [k, String(v)]))
    new Webhook(signingSecret).verify(request?.body.toString() ?? '', headers) // refuses a timestamp that is not fresh
    assert.equal(headers['x-gemini-webhook-signature'], undefined)
  }
})

test("without a secret, format Original carries Google's headers under names of ours, and nothing of a CloudEvent", async (t) => {
  const server = await aServer(t)
  await aHttpSink(t).send(anOutgoing({ sink: anHttpSink(server.url, { format: 'Original' }) }), never)
  const { headers, body } = server.received[0] ?? assert.fail('nothing came')
  assert.equal(body.toString(), batchSucceeded)
  assert.equal(headers['x-gemini-webhook-id'], 'msg_1')
  assert.equal(headers['x-gemini-webhook-timestamp'], '1795262398')
  assert.equal(headers['x-gemini-webhook-signature'], 'v1,aaaa')
  assert.deepEqual(
    Object.keys(headers).filter((name) => /^(ce-|webhook-)/.test(name)),
    [],
  )
})

test('a signing secret that cannot be used sends nothing, and does not blame the event', async (t) => {
  const server = await aServer(t)
  const outcome = await aHttpSink(t).send(
    anOutgoing({ sink: anHttpSink(server.url, { signingSecret: 'not one' }) }),
    never,
  )
  assert.deepEqual(outcome, { type: 'retryable', cause: 'badSigningSecret' })
  assert.equal(server.connections.count, 0)
})

test('headers of a sink cannot change what the request is', async (t) => {
  const server = await aServer(t)
  const headers = {
    Host: 'other.example',
    'Content-Type': 'text/html',
    'content-length': '1',
    'Transfer-Encoding': 'chunked',
    Connection: 'close',
    'CE-Type': 'forged',
    'Webhook-Id': 'forged',
    'X-Gemini-Webhook-Id': 'forged',
    Expect: '100-continue',
    'x-allowed': 'yes',
  }
  const outcome = await aHttpSink(t).send(anOutgoing({ sink: anHttpSink(server.url, { headers }) }), never)
  assert.equal(outcome.type, 'delivered')
  const got = server.received[0]?.headers ?? {}
  assert.equal(got['host'], `127.0.0.1:${server.port}`)
  assert.equal(got['content-type'], 'application/json')
  assert.equal(got['ce-type'], 'com.google.gemini.batch.succeeded')
  assert.equal(got['webhook-id'], undefined)
  assert.equal(got['x-gemini-webhook-id'], undefined)
  assert.equal(got['x-allowed'], 'yes')
})

test('a header that cannot be sent is the fault of the request, not of the sink', async (t) => {
  const server = await aServer(t)
  const sink = anHttpSink(server.url, { headers: { 'x-odd': 'line\r\nbreak' } })
  const outcome = await aHttpSink(t).send(anOutgoing({ sink }), never)
  assert.deepEqual(outcome, { type: 'permanent', cause: 'unsendable' })
  assert.equal(server.received.length, 0)
})

test('a redirect is not followed', async (t) => {
  const target = await aServer(t)
  const server = await aServer(t, (_request, response) => response.writeHead(307, { location: target.url }).end())
  const outcome = await aHttpSink(t).send(anOutgoing({ sink: anHttpSink(server.url) }), never)
  assert.deepEqual(outcome, { type: 'retryable', cause: 'redirect', status: 307 })
  assert.equal(target.connections.count, 0)
})

test('Retry-After is read from the answer', async (t) => {
  const server = await aServer(t, (_request, response) => response.writeHead(429, { 'retry-after': '7' }).end())
  const outcome = await aHttpSink(t).send(anOutgoing({ sink: anHttpSink(server.url) }), never)
  assert.deepEqual(outcome, { type: 'retryable', cause: 'status', status: 429, retryAfterMs: 7_000 })
})

test('a sink that does not answer is left when the timeout of the sink is over', async (t) => {
  const server = await aServer(t, () => {})
  const clock = new FakeClock()
  const sending = aHttpSink(t, { clock }).send(
    anOutgoing({ sink: anHttpSink(server.url, { delivery: { ...aSink().delivery, timeoutMs: 2_000 } }) }),
    never,
  )
  await eventually('the request to arrive', () => server.received.length === 1, { intervalMs: 5 })
  await clock.advance({ ms: 2_000 })
  assert.deepEqual(await sending, { type: 'retryable', cause: 'timeout' })
  assert.equal(clock.pending, 0)
})

test('an attempt is cut off when the process must end', async (t) => {
  const server = await aServer(t, () => {})
  const end = new AbortController()
  const sending = aHttpSink(t).send(anOutgoing({ sink: anHttpSink(server.url) }), end.signal)
  await eventually('the request to arrive', () => server.received.length === 1, { intervalMs: 5 })
  end.abort()
  assert.deepEqual(await sending, { type: 'retryable', cause: 'cancelled' })
})

test('of an endless answer at most 64 KiB are taken, and the event counts as delivered', async (t) => {
  let sentBytes = 0
  let isClosed = false
  const server = await aServer(t, (_request, response) => {
    response.writeHead(200)
    response.on('close', () => (isClosed = true))
    const chunk = Buffer.alloc(16 * 1024)
    const more = () => {
      if (isClosed) return
      sentBytes += chunk.length
      if (response.write(chunk)) setImmediate(more)
      else response.once('drain', more)
    }
    more()
  })
  const outcome = await aHttpSink(t).send(anOutgoing({ sink: anHttpSink(server.url) }), never)
  assert.deepEqual(outcome, { type: 'delivered', status: 200 })
  await eventually('the connection to be closed', () => isClosed, { intervalMs: 5 })
  assert.ok(sentBytes < 16 * 1024 * 1024, `${sentBytes} bytes: socket buffers, but no more`)
})

test('nobody listens: the cause says so in a word, without the address', async (t) => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  const outcome = await aHttpSink(t).send(anOutgoing({ sink: anHttpSink(`http://127.0.0.1:${port}/`) }), never)
  assert.deepEqual(outcome, { type: 'retryable', cause: 'connectionRefused' })
})

test('a connection that breaks before the answer is retried, and what is no HTTP is named as such', async (t) => {
  const broken = await aServer(t, (request) => request.socket.destroy())
  const sink = aHttpSink(t)
  assert.deepEqual(await sink.send(anOutgoing({ sink: anHttpSink(broken.url) }), never), {
    type: 'retryable',
    cause: 'connectionReset',
  })
  const noHttp = await aServer(t, (request) => request.socket.end('SSH-2.0-OpenSSH_9.9\r\n'))
  assert.deepEqual(await sink.send(anOutgoing({ sink: anHttpSink(noHttp.url) }), never), {
    type: 'retryable',
    cause: 'malformedAnswer',
  })
})

test('connections are reused, and no attempt waits for others to the same destination: they may be of another namespace', async (t) => {
  const held: (() => void)[] = []
  const server = await aServer(t, (_request, response) => held.push(() => response.writeHead(204).end()))
  const sink = aHttpSink(t)
  const sendAll = (count: number) =>
    Array.from({ length: count }, () => sink.send(anOutgoing({ sink: anHttpSink(server.url) }), never))
  const sends = sendAll(200)
  await eventually('200 requests', () => held.length === 200, { intervalMs: 5 })
  for (const answer of held.splice(0)) answer()
  const outcomes = await Promise.all(sends)
  assert.ok(outcomes.every(({ type }) => type === 'delivered'))
  const more = sendAll(100)
  await eventually('100 more', () => held.length === 100, { intervalMs: 5 })
  for (const answer of held.splice(0)) answer()
  await Promise.all(more)
  assert.equal(server.connections.count, 200)
})

test('what a transform has made goes out as it says, and a sink without it is posted to', async (t) => {
  const { url, received } = await aServer(t)
  const sink = aHttpSink(t)
  const transform = { body: '1', contentType: 'text/plain', method: 'PATCH', headers: { prefer: 'a' } } as const
  const content = Buffer.from('Batch batches/abc123')
  await sink.send(anOutgoing({ sink: anHttpSink(url, { transform }), content }), never)
  await sink.send(anOutgoing({ sink: anHttpSink(url) }), never)
  const [patched, posted] = received
  assert.deepEqual([patched?.method, posted?.method], ['PATCH', 'POST'])
  assert.deepEqual([String(patched?.body), String(posted?.body)], [String(content), batchSucceeded])
  assert.deepEqual([patched?.headers['content-type'], patched?.headers['prefer']], ['text/plain', 'a'])
  assert.equal(patched?.headers['content-length'], String(content.length))
})

test('a sink with a transform gets nothing where nothing was made', async (t) => {
  const { url, received } = await aServer(t)
  const transform = { body: '1', contentType: 'text/plain', method: 'POST', headers: {} } as const
  const outcome = await aHttpSink(t).send(anOutgoing({ sink: anHttpSink(url, { transform }) }), never)
  assert.deepEqual([outcome, received.length], [{ type: 'permanent', cause: 'unsendable' }, 0])
})
