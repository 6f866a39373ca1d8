import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import { systemClock } from '../../../src/clock.ts'
import { parseEnvelope } from '../../../src/gemini/parse-event.ts'
import { createAddressRules } from '../../../src/sinks/address-guard.ts'
import { createHttpSink } from '../../../src/sinks/http-sink.ts'
import type { SendOutcome } from '../../../src/sinks/port.ts'
import { anHttpSink, anOutgoing } from '../../support/builders/deliveries.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { RawServer } from '../../support/doubles/raw-server.ts'

/** Begins an answer and goes on with it for as long as somebody listens. */
async function anEndlessServer(t: TestContext, first: string, unit: string, unitsPerWrite = 5_000) {
  const state = { isClosed: false }
  const more = Buffer.from(unit.repeat(unitsPerWrite), 'latin1')
  const server = await RawServer.start((socket) => {
    socket.setNoDelay(true)
    socket.on('close', () => (state.isClosed = true))
    socket.write(Buffer.from(first, 'latin1'))
    const go = () => {
      if (socket.destroyed) return
      if (socket.write(more)) setImmediate(go)
      else socket.once('drain', go)
    }
    go()
  })
  t.after(() => server.close())
  return { server, state }
}

const ok = 'HTTP/1.1 200 OK\r\n'
const chunked = `${ok}transfer-encoding: chunked\r\n\r\n`
const taken: SendOutcome = { type: 'delivered', status: 200 }
const burden: SendOutcome = { ...taken, burden: 'endlessHead' }
const unreadable: SendOutcome = { type: 'retryable', cause: 'malformedAnswer' }

const floods: [what: string, first: string, unit: string, outcome: SendOutcome][] = [
  ['short headers', ok, 'X-A: b\r\n', burden],
  ['headers without a value', ok, 'a:\r\n', burden],
  ['spaces before a value', `${ok}a:`, ' ', burden],
  ['a folded header', `${ok}a: b\r\n`, ' \r\n', burden],
  ['a reason', 'HTTP/1.1 200 ', 'OK ', burden],
  [
    'headers of a refusal',
    'HTTP/1.1 401 No\r\n',
    'a: b\r\n',
    { type: 'unauthorized', status: 401, burden: 'endlessHead' },
  ],
  ['interim answers', '', 'HTTP/1.1 102 P\r\n\r\n', unreadable],
  ['headers of an interim answer', 'HTTP/1.1 103 E\r\n', 'a: b\r\n', unreadable],
  ['empty lines in front', '', '\r\n', unreadable],
  ['chunks of one byte', chunked, '1\r\nx\r\n', taken],
  ['zeros in front of the size of a chunk', chunked, '0', taken],
  ['extensions of a chunk', `${chunked}1;`, 'a=b;', taken],
  ['chunks with extensions', chunked, '1;a\r\nx\r\n', taken],
  ['trailers', `${chunked}0\r\n`, 'X-A: b\r\n', taken],
  ['spaces in a trailer', `${chunked}0\r\na:`, ' ', taken],
  ['a body', `${ok}\r\n`, 'x', taken],
  ['answers', '', `${ok}content-length: 0\r\n\r\n`, taken],
  [
    'what another protocol says',
    'HTTP/1.1 101 S\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
    'x',
    { type: 'retryable', cause: 'status', status: 101 },
  ],
]

for (const [what, first, unit, outcome] of floods) {
  for (const [how, unitsPerWrite] of [
    ['in bulk', 5_000],
    ['piece by piece', 1],
  ] as const) {
    test(`an answer of endless ${what}, ${how}, ends by itself and at once: no time has passed`, async (t) => {
      const { server, state } = await anEndlessServer(t, first, unit, unitsPerWrite)
      const sink = createHttpSink({
        parseEnvelope,
        clock: new FakeClock(),
        addressRules: createAddressRules({ allowLoopback: true }),
        processorMs: () => 0,
      })
      t.after(() => sink.close())
      const signal = new AbortController().signal
      assert.deepEqual(await sink.send(anOutgoing({ sink: anHttpSink(server.url) }), signal), outcome)
      await eventually('the connection to be closed', () => state.isClosed, { intervalMs: 5 })
    })
  }
}

test('how long answers hold the thread is told with whose they are, and counts against a sink beyond a bound', async (t) => {
  const server = await RawServer.start((socket) => socket.write('HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n'))
  t.after(() => server.close())
  let now = 0
  let stepMs = 10
  const told: [string, number][] = []
  const sink = createHttpSink({
    parseEnvelope,
    clock: systemClock,
    addressRules: createAddressRules({ allowLoopback: true }),
    processorMs: () => (now += stepMs),
    onProcessorTime: (namespace, ms) => told.push([namespace, ms]),
  })
  t.after(() => sink.close())
  const send = () => sink.send(anOutgoing({ sink: anHttpSink(server.url) }), new AbortController().signal)
  assert.deepEqual(await send(), { type: 'delivered', status: 202 })
  stepMs = 51
  assert.deepEqual(await send(), { type: 'delivered', status: 202, burden: 'processorTime' })
  const { namespace } = anOutgoing().event.owner
  assert.deepEqual(told, [
    [namespace, 10],
    [namespace, 51],
  ])
})
