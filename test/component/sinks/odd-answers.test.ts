import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { test, type TestContext } from 'node:test'

import { systemClock, type Clock } from '../../../src/clock.ts'
import { parseEnvelope } from '../../../src/gemini/parse-event.ts'
import { createAddressRules } from '../../../src/sinks/address-guard.ts'
import { createHttpSink } from '../../../src/sinks/http-sink.ts'
import type { SendOutcome } from '../../../src/sinks/port.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { anHttpSink, anOutgoing } from '../../support/builders/deliveries.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { RawServer, type Play } from '../../support/doubles/raw-server.ts'

const never = new AbortController().signal

async function aRawServer(t: TestContext, play: Play): Promise<RawServer> {
  const server = await RawServer.start(play)
  t.after(() => server.close())
  return server
}

function aSender(t: TestContext, clock: Clock = systemClock) {
  const sink = createHttpSink({ parseEnvelope, clock, addressRules: createAddressRules({ allowLoopback: true }) })
  t.after(() => sink.close())
  return (url: string, body?: Buffer): Promise<SendOutcome> =>
    sink.send(anOutgoing({ sink: anHttpSink(url), ...(body && { event: anEvent({ body }) }) }), never)
}

const delivered = (status: number): SendOutcome => ({ type: 'delivered', status })

const accepted = 'HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n'
const longHeader = `x-long: ${'a'.repeat(40_000)}\r\n`

/**
 * What a server may say and close after; each is an answer that a careful client understands, or decides itself with
 * its status line.
 */
const understood: [what: string, answer: string, status: number][] = [
  ['100 Continue that nobody asked for', `HTTP/1.1 100 Continue\r\n\r\n${accepted}`, 202],
  ['several interim answers', `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n${accepted}`, 202],
  [
    '103 Early Hints with headers',
    `HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\nx: y\r\n\r\n${accepted}`,
    202,
  ],
  ['an interim answer of a status nobody knows', `HTTP/1.1 199 Wait\r\n\r\n${accepted}`, 202],
  ['interim answers with bare line feeds', `HTTP/1.1 100 Continue\n\n${accepted}`, 202],
  ['a hundred interim answers', `${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(100)}${accepted}`, 202],
  ['an empty line in front', `\r\n${accepted}`, 202],
  ['no length: until the connection closes', 'HTTP/1.1 200 OK\r\n\r\nfine', 200],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-type: text/plain\r\n\r\nfine', 200],
  ['HTTP/1.0 with keep-alive', 'HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 4\r\n\r\nfine', 200],
  ['no reason phrase', 'HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n', 200],
  ['an empty reason phrase', 'HTTP/1.1 200 \r\ncontent-length: 0\r\n\r\n', 200],
  ['a reason phrase with odd bytes', 'HTTP/1.1 200 \xdcbernommen\t!\r\ncontent-length: 0\r\n\r\n', 200],
  ['header names in upper case', 'HTTP/1.1 200 OK\r\nCONTENT-LENGTH: 0\r\nCONNECTION: CLOSE\r\n\r\n', 200],
  [
    'chunks with extensions and trailers',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4;a=b;c="d"\r\nfine\r\n0\r\nx-sum: 1\r\n\r\n',
    200,
  ],
  [
    'chunk sizes in upper case with zeros in front',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n000A\r\n0123456789\r\n0\r\n\r\n',
    200,
  ],
  ['the same length twice', 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\ncontent-length: 4\r\n\r\nfine', 200],
  ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nfine', 200],
  ['a length that is none', 'HTTP/1.1 200 OK\r\ncontent-length: some\r\n\r\nfine', 200],
  [
    'a length and chunks',
    'HTTP/1.1 200 OK\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n',
    200,
  ],
  ['204 with a length and a body', 'HTTP/1.1 204 No Content\r\ncontent-length: 4\r\n\r\nfine', 204],
  ['204 with chunks', 'HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n', 204],
  ['205', 'HTTP/1.1 205 Reset Content\r\ncontent-length: 0\r\n\r\n', 205],
  ['a 2xx that nobody knows', 'HTTP/1.1 299 Fine\r\ncontent-length: 0\r\n\r\n', 299],
  ['bare line feeds', 'HTTP/1.1 200 OK\ncontent-length: 4\n\nfine', 200],
  ['a folded header', 'HTTP/1.1 200 OK\r\nx-folded: a\r\n b\r\ncontent-length: 0\r\n\r\n', 200],
  ['a space before a colon', 'HTTP/1.1 200 OK\r\nx-odd : a\r\ncontent-length: 0\r\n\r\n', 200],
  ['a header without a colon', 'HTTP/1.1 200 OK\r\nnonsense\r\ncontent-length: 0\r\n\r\n', 200],
  ['a header with bytes that no header may have', 'HTTP/1.1 200 OK\r\nx: \x00\x01\r\ncontent-length: 0\r\n\r\n', 200],
  ['a bad chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\nfine', 200],
  ['an encoding nobody knows', 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n', 200],
  ['an encoding that is broken', 'HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nfine', 200],
  ['an end within the body', 'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nfine', 200],
  ['an end within the chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nfi', 200],
  ['an end within the headers', 'HTTP/1.1 200 OK\r\nx-cut: a', 200],
  ['an end after the status line', 'HTTP/1.1 200 OK\r\n', 200],
  ['an end within the reason', 'HTTP/1.1 200 O', 200],
  ['more than the length says', 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine and more', 200],
  ['a second answer', `${accepted}HTTP/1.1 500 Error\r\ncontent-length: 0\r\n\r\n`, 202],
]

const endings: [how: string, end: (socket: Socket) => void][] = [
  ['and closes', (socket) => socket.end()],
  ['and resets', (socket) => setImmediate(() => socket.resetAndDestroy())],
]

for (const [how, end] of endings) {
  for (const [what, answer, status] of understood) {
    test(`the server answers with ${what} ${how}: it took the event`, async (t) => {
      const server = await aRawServer(t, (socket) => socket.write(Buffer.from(answer, 'latin1'), () => end(socket)))
      assert.deepEqual(await aSender(t)(server.url), delivered(status))
      assert.equal(server.requests, 1)
    })
  }
}

/** They took the event as well; that nobody reads a head like that to its end counts against them. */
const burdensome: [what: string, answer: string][] = [
  ['headers beyond every limit', `HTTP/1.1 200 OK\r\n${longHeader}content-length: 0\r\n\r\n`],
  ['thousands of headers', `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(3_000)}content-length: 0\r\n\r\n`],
]

for (const [how, end] of endings) {
  for (const [what, answer] of burdensome) {
    test(`the server answers with ${what} ${how}: it took the event, and is a burden`, async (t) => {
      const server = await aRawServer(t, (socket) => socket.write(Buffer.from(answer, 'latin1'), () => end(socket)))
      assert.deepEqual(await aSender(t)(server.url), { ...delivered(200), burden: 'endlessHead' })
      assert.equal(server.requests, 1)
    })
  }
}

test('an answer that comes byte by byte is the same answer', async (t) => {
  const bytes = `HTTP/1.1 100 Continue\r\n\r\n${accepted}`
  const server = await aRawServer(t, (socket) => {
    socket.setNoDelay(true)
    const next = (at: number) => {
      if (at < bytes.length) socket.write(bytes.charAt(at), () => setImmediate(next, at + 1))
    }
    next(0)
  })
  assert.deepEqual(await aSender(t)(server.url), delivered(202))
})

for (const [how, end] of endings) {
  test(`an answer that comes before the request was read counts, though the server then goes away ${how}`, async (t) => {
    const server = await aRawServer(t, (socket) => {
      socket.pause()
      socket.write(accepted, () => end(socket))
    })
    assert.deepEqual(await aSender(t)(server.url, Buffer.alloc(8 * 1024 * 1024, 97)), delivered(202))
    assert.equal(server.requests, 1)
  })
}

const refusals: [what: string, answer: string, outcome: SendOutcome][] = [
  [
    'a refusal after an interim answer',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 No\r\n\r\n',
    { type: 'permanent', cause: 'refused', status: 400 },
  ],
  [
    'a failure in an odd head',
    'HTTP/1.1 503 Later\r\nnonsense\r\nretry-after: 5\r\n\r\n',
    { type: 'retryable', cause: 'status', status: 503 },
  ],
  [
    'another protocol',
    'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
    { type: 'retryable', cause: 'status', status: 101 },
  ],
  ['interim answers alone', 'HTTP/1.1 100 Continue\r\n\r\n', { type: 'retryable', cause: 'connectionReset' }],
  ['half a status', 'HTTP/1.1 20', { type: 'retryable', cause: 'connectionReset' }],
  ['too many digits', 'HTTP/1.1 2000 OK\r\n\r\n', { type: 'retryable', cause: 'malformedAnswer' }],
  ['no HTTP', 'SSH-2.0-OpenSSH_9.9\r\n', { type: 'retryable', cause: 'malformedAnswer' }],
  ['nothing', '', { type: 'retryable', cause: 'connectionReset' }],
]

for (const [what, answer, outcome] of refusals) {
  test(`the server answers with ${what}: the event is not taken`, async (t) => {
    const server = await aRawServer(t, (socket) => socket.end(answer))
    assert.deepEqual(await aSender(t)(server.url), outcome)
  })
}

test('interim answers without end are cut off', async (t) => {
  let isClosed = false
  const server = await aRawServer(t, (socket) => {
    socket.on('close', () => (isClosed = true))
    const more = () => {
      if (isClosed) return
      if (socket.write('HTTP/1.1 102 Processing\r\n\r\n'.repeat(100))) setImmediate(more)
      else socket.once('drain', more)
    }
    more()
  })
  assert.deepEqual(await aSender(t)(server.url), { type: 'retryable', cause: 'malformedAnswer' })
  await eventually('the connection to be closed', () => isClosed, { intervalMs: 5 })
})

test('the rest of an answer is waited for a second at most, however long the sink may take', async (t) => {
  const server = await aRawServer(t, (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n'))
  const clock = new FakeClock()
  const sending = aSender(t, clock)(server.url)
  await eventually('the status', () => server.requests === 1 && clock.pending === 2, { intervalMs: 5 })
  await clock.advance({ seconds: 1 })
  assert.deepEqual(await sending, delivered(200))
  assert.equal(clock.pending, 0)
})

const clean: [what: string, answer: string][] = [
  ['a length', accepted],
  ['204', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ['chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n'],
  ['an interim answer and a length', `HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${accepted}`],
]

for (const [what, answer] of clean) {
  test(`after an answer with ${what} the connection is used again`, async (t) => {
    const server = await aRawServer(t, (socket) => socket.write(answer))
    const send = aSender(t)
    for (let n = 0; n < 3; n += 1) assert.equal((await send(server.url)).type, 'delivered')
    assert.equal(server.requests, 3)
    assert.equal(server.connections, 1)
  })
}

const unclear: [what: string, answer: string][] = [
  ['204 and a body', 'HTTP/1.1 204 No Content\r\ncontent-length: 4\r\n\r\n'],
  ['the same length twice', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\ncontent-length: 0\r\n\r\n'],
  ['a length and chunks', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
]

for (const [what, answer] of unclear) {
  test(`after an answer with ${what} the connection is not used again: nobody knows where the answer ends`, async (t) => {
    const server = await aRawServer(t, (socket) => socket.write(answer))
    const send = aSender(t)
    for (let n = 0; n < 3; n += 1) assert.equal((await send(server.url)).type, 'delivered')
    assert.equal(server.connections, 3)
  })
}

test('what comes while nothing was asked is not the answer to the next request', async (t) => {
  const sockets: Socket[] = []
  const server = await aRawServer(t, (socket, nth) => {
    sockets.push(socket)
    socket.write(nth === 1 ? accepted : 'HTTP/1.1 503 Later\r\ncontent-length: 0\r\n\r\n')
  })
  const send = aSender(t)
  assert.deepEqual(await send(server.url), delivered(202))
  const [first] = sockets
  first?.write(accepted)
  await eventually('the connection to be given up', () => first?.closed, { intervalMs: 5 })
  assert.deepEqual(await send(server.url), { type: 'retryable', cause: 'status', status: 503 })
})

for (const [how, end] of endings) {
  test(`a kept connection that the server closes as we write ${how} costs no attempt`, async (t) => {
    const server = await aRawServer(t, (socket, nth) => {
      if (nth === 2) end(socket)
      else socket.write(accepted)
    })
    const send = aSender(t)
    assert.deepEqual(await send(server.url), delivered(202))
    assert.deepEqual(await send(server.url), delivered(202))
    assert.deepEqual([server.requests, server.connections], [3, 2])
  })
}

test('a kept connection that ends within an answer, or a new one that ends without, is a failure like any other', async (t) => {
  const plays = [accepted, 'HTTP/1.1 2', '']
  const server = await aRawServer(t, (socket, nth) => {
    if (nth === 1) socket.write(plays[0] ?? '')
    else socket.end(plays[nth - 1] ?? '')
  })
  const send = aSender(t)
  const reset: SendOutcome = { type: 'retryable', cause: 'connectionReset' }
  assert.deepEqual(await send(server.url), delivered(202))
  assert.deepEqual(await send(server.url), reset)
  assert.deepEqual(await send(server.url), reset)
  assert.equal(server.requests, 3)
})
