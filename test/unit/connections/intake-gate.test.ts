import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { test } from 'node:test'

import type { ConnectionState } from '../../../src/connections/connection-book.ts'
import { IntakeGate } from '../../../src/connections/intake-gate.ts'

const head = (name: string) => `GET /${name} HTTP/1.1\r\nx: ${'x'.repeat(120)}\r\n\r\n`

/** A gate whose bytes may pass at once, and what passed it. */
async function aGate({ roomBytes = Infinity, passes = true } = {}) {
  const state = {
    standing: 'stranger',
    namespace: '',
    answered: 0,
    isAnswering: false,
    isReceiving: false,
    isEnding: false,
  }
  const seen = { parts: [] as string[], hasEnded: false, reads: 0, crowdedOut: 0, heldBytes: 0 }
  const socket = new Duplex({ read: () => void (seen.reads += 1) })
  socket.on('data', (part: Buffer) => seen.parts.push(part.toString())).on('end', () => (seen.hasEnded = true))
  const room = {
    take: (bytes: number) => seen.heldBytes + bytes <= roomBytes && (seen.heldBytes += bytes) >= 0,
    give: (bytes: number) => void (seen.heldBytes -= bytes),
  }
  const gate = new IntakeGate(socket as unknown as Socket, state as ConnectionState, {
    arrived: (own) => {
      if (passes) own.pass()
    },
    roomFor: () => room,
    noRoom: () => (seen.crowdedOut += 1),
  })
  await turn() // until the stream flows
  return { gate, state, seen, socket, come: (text: string) => socket.push(Buffer.from(text)) }
}

test('what comes passes at once, up to the end of each head, and reading goes on', async () => {
  const { seen, come } = await aGate()
  assert.equal(come(head('a') + head('b') + 'GET /c'), true)
  assert.deepEqual(seen.parts, [head('a'), head('b'), 'GET /c'])
  assert.equal(seen.heldBytes, 0)
})

test('a part is no shorter than a few requests of the shortest kind', async () => {
  const { seen, come } = await aGate()
  come('\r\n'.repeat(640))
  assert.deepEqual(
    seen.parts.map(({ length }) => length),
    Array.from({ length: 10 }, () => 128),
  )
})

test('while a request is answered nothing passes and nothing is read; then it goes on, one request at a time', async () => {
  const { gate, state, seen, socket, come } = await aGate()
  come(head('a'))
  await turn()
  state.isAnswering = true
  const { reads } = seen
  assert.equal(come(head('b') + head('c')), false)
  socket.read(0)
  assert.deepEqual([seen.parts.length, seen.reads, seen.heldBytes], [1, reads, 2 * head('b').length])
  state.isAnswering = false
  socket.once('data', () => (state.answered += 1))
  gate.pass()
  assert.deepEqual([seen.parts.length, seen.heldBytes], [2, head('c').length], 'the one that was answered at once')
  await turn()
  assert.equal(seen.reads, reads, 'some is kept still')
  gate.pass()
  assert.deepEqual([seen.parts.length, seen.heldBytes], [3, 0])
  assert.equal(seen.reads > reads, true)
})

test('who does not read its answers has nothing more taken in until it does', async () => {
  const { seen, socket, come } = await aGate()
  socket.pause()
  assert.equal(come(head('a') + head('b')), false)
  assert.deepEqual(seen.parts, [])
  socket.resume()
  await turn()
  assert.deepEqual(seen.parts, [head('a'), head('b')])
})

test('an end waits for what came before it', async () => {
  const { gate, seen, socket, come } = await aGate({ passes: false })
  come(head('a'))
  socket.push(null)
  await turn()
  assert.equal(seen.hasEnded, false)
  gate.pass()
  await turn()
  assert.deepEqual([seen.parts, seen.hasEnded], [[head('a')], true])
})

test('behind a last answer everything is dropped, and what still comes is read for nothing', async () => {
  const { gate, state, seen, come } = await aGate({ passes: false })
  come(head('a'))
  state.isEnding = true
  gate.pass()
  assert.equal(come(head('b')), true)
  assert.deepEqual([seen.parts, seen.heldBytes], [[], 0])
})

test('what is handed on last and ends the connection is counted no more', async () => {
  const { gate, state, seen, socket, come } = await aGate({ passes: false })
  come(head('a'))
  assert.equal(seen.heldBytes, head('a').length)
  socket.once('data', () => {
    state.answered += 1
    state.isEnding = true
  })
  gate.pass()
  assert.deepEqual([seen.parts, seen.heldBytes], [[head('a')], 0])
})

test('what does not fit ends the connection, and what was counted is given back when it closes', async () => {
  const { seen, socket, come } = await aGate({ passes: false, roomBytes: 200 })
  come(head('a'))
  assert.deepEqual([seen.crowdedOut, seen.heldBytes], [0, head('a').length])
  come(head('b'))
  assert.equal(seen.crowdedOut, 1)
  socket.destroy()
  await turn()
  assert.equal(seen.heldBytes, 0)
})
