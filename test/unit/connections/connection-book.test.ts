import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { test } from 'node:test'

import { ConnectionBook, type Cut } from '../../../src/connections/connection-book.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'

class SocketDouble extends EventEmitter {
  readonly remoteAddress = '203.0.113.9'
  readonly localAddress = '10.0.0.1'
  readonly remotePort: number
  destroyed = false
  constructor(remotePort: number) {
    super()
    this.remotePort = remotePort
  }
  destroy(): void {
    this.destroyed = true
    this.emit('close')
  }
}

function aBook(maxConnections = 4) {
  const clock = new FakeClock()
  const cuts: Cut[] = []
  const idleMs = { stranger: 5_000, proven: 620_000, proxy: 620_000 }
  const book = new ConnectionBook({ maxConnections, idleMs, clock, onCut: (cut) => cuts.push(cut) })
  let ports = 0
  const open = (standing: 'stranger' | 'proxy' = 'stranger') => {
    const socket = new SocketDouble(++ports) as unknown as Socket
    book.accept(socket, standing)
    return socket
  }
  const begin = (socket: Socket, complete = true) => book.begin({ socket, complete } as IncomingMessage)
  const serve = (socket: Socket, namespace?: string) => {
    begin(socket)
    if (namespace !== undefined) book.prove(socket, namespace)
    return book.answered(socket, { isEnding: false })
  }
  return { book, clock, cuts, open, begin, serve }
}

test('a stranger is idle for five seconds, one that delivered for ten minutes', async () => {
  const { book, clock, cuts, open, serve } = aBook()
  const [stranger, proven] = [open(), open()]
  assert.equal(serve(stranger), 5_000)
  assert.equal(serve(proven, 'ml'), 620_000)
  await clock.advance({ seconds: 4 })
  assert.equal(stranger.destroyed, false)
  await clock.advance({ seconds: 1 })
  assert.equal(stranger.destroyed, true)
  await clock.advance({ seconds: 614 })
  assert.equal(proven.destroyed, false)
  await clock.advance({ seconds: 1 })
  assert.deepEqual([proven.destroyed, cuts], [true, ['Idle', 'Idle']])
  assert.deepEqual([book.count('stranger'), book.count('proven')], [0, 0])
  await clock.advance({ seconds: 2 })
  assert.equal(clock.pending, 0, 'no timer without a connection')
})

test('what has not asked yet, or is asking, is not idle', async () => {
  const { clock, open, begin, serve } = aBook()
  const [silent, asking] = [open(), open()]
  serve(asking)
  begin(asking, false)
  await clock.advance({ minutes: 1 })
  assert.deepEqual([silent.destroyed, asking.destroyed], [false, false])
})

test('requests move one that delivered to the end of its line, never a stranger', async () => {
  const { clock, cuts, open, begin, serve } = aBook(3)
  const [first, second, third] = [open(), open(), open()]
  await clock.advance({ ms: 10 })
  begin(first, false)
  open()
  assert.deepEqual([first.destroyed, second.destroyed], [true, false], 'it trickles')
  serve(second, 'ml')
  serve(third, 'ml')
  begin(second, false)
  open()
  assert.equal(third.destroyed, false, 'the stranger went first')
  open()
  assert.deepEqual(cuts, ['GaveWay', 'GaveWay', 'GaveWay'])
})

test('a newcomer is dropped where everybody is being answered', () => {
  const { cuts, open, begin } = aBook(2)
  for (const socket of [open(), open()]) begin(socket)
  const third = open()
  assert.deepEqual([third.destroyed, cuts], [true, ['NoRoom']])
})

test('a namespace that fills the port gives its own away', () => {
  const { cuts, open, serve } = aBook(4)
  const greedy = [open(), open(), open(), open()]
  for (const socket of greedy) serve(socket, 'greedy')
  const other = open()
  serve(other, 'other')
  const last = open()
  assert.deepEqual(
    greedy.map(({ destroyed }) => destroyed),
    [true, true, false, false],
  )
  assert.deepEqual([other.destroyed, last.destroyed], [false, false])
  assert.deepEqual(cuts, ['ProvenGaveWay', 'ProvenGaveWay'])
})

test('a connection is the same behind TLS, where requests come over another object', () => {
  const { book, open } = aBook()
  const accepted = open()
  const { remoteAddress, remotePort, localAddress } = accepted
  const encrypted = { remoteAddress, remotePort, localAddress } as Socket
  book.begin({ socket: encrypted, complete: true } as IncomingMessage)
  book.prove(encrypted, 'ml')
  assert.equal(book.standingOf(accepted), 'proven')
})

test('after an answer that ends the connection nothing more is taken from it', () => {
  const { book, open, begin } = aBook()
  const socket = open()
  assert.equal(begin(socket), true)
  book.answered(socket, { isEnding: true })
  assert.equal(begin(socket), false)
})
