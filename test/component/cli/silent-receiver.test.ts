import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import { test } from 'node:test'

import { AdminClient } from '../../../src/cli/deliveries/admin-client.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'

/** A forwarded connection, on which nothing comes but what `says` is given; `isAsked` resolves with the request. */
function aConnection() {
  const asked = Promise.withResolvers<void>()
  const connection = new Duplex({
    read: () => {},
    write(_chunk, _encoding, done) {
      asked.resolve()
      done()
    },
  })
  const clock = new FakeClock()
  const client = new AdminClient({ pod: 'receiver-0', version: '1.2.3', clock, connect: async () => connection })
  const says = async (text: string) => {
    connection.push(text)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { connection, client, clock, says, isAsked: asked.promise }
}

const answer = JSON.stringify({ deliveries: [] })
const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${answer.length}\r\n\r\n`

test('a receiver that accepts and never answers is given up after a minute', async () => {
  const { connection, client, clock, isAsked } = aConnection()
  const refused = assert.rejects(client.ask('listRecent', { limit: 1 }), /no answer in 60000 ms/)
  await isAsked
  await clock.advance({ seconds: 61 })
  await refused
  assert.ok(connection.destroyed)
})

test('one that begins its answer and falls silent is given up after a minute more', async () => {
  const { connection, client, clock, says, isAsked } = aConnection()
  const refused = assert.rejects(client.ask('listRecent', { limit: 1 }), /no answer in 60000 ms/)
  await isAsked
  await clock.advance({ seconds: 59 })
  await says(head + answer.slice(0, 5))
  await clock.advance({ seconds: 59 })
  assert.ok(!connection.destroyed)
  await clock.advance({ seconds: 2 })
  await refused
})

test('one that is slow and answers is waited for, and no timer is left', async () => {
  const { connection, client, clock, says, isAsked } = aConnection()
  const asked = client.ask('listRecent', { limit: 1 })
  await isAsked
  await clock.advance({ seconds: 50 })
  await says(head + answer.slice(0, 5))
  await clock.advance({ seconds: 50 })
  await says(answer.slice(5))
  connection.push(null)
  assert.deepEqual(await asked, { deliveries: [] })
  await new Promise((resolve) => connection.once('close', resolve).destroy())
  assert.equal(clock.pending, 0)
})

test('a stream may be silent for hours once it is open, and ends when it is told to', async () => {
  const { connection, client, clock, says, isAsked } = aConnection()
  const opened = Promise.withResolvers<void>()
  const end = new AbortController()
  const stream = client.follow({}, () => {}, { onOpen: opened.resolve, signal: end.signal })
  const ended = assert.rejects(stream)
  await isAsked
  await says('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
  await opened.promise
  await clock.advance({ hours: 5 })
  assert.ok(!connection.destroyed)
  end.abort()
  await ended
  assert.ok(connection.destroyed)
})

test('a pod that ends within its stream, or within an answer, is told as that', async () => {
  const endedWithin = /^Error: the connection ended within the answer: has the pod ended\?$/
  const streaming = aConnection()
  const opened = Promise.withResolvers<void>()
  const stream = assert.rejects(
    streaming.client.follow({}, () => {}, { onOpen: opened.resolve }),
    endedWithin,
  )
  await streaming.isAsked
  await streaming.says('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
  await opened.promise
  streaming.connection.push(null)
  await stream

  const answering = aConnection()
  const asked = assert.rejects(answering.client.ask('listRecent', { limit: 1 }), endedWithin)
  await answering.isAsked
  await answering.says(head + answer.slice(0, 5))
  answering.connection.push(null)
  await asked
})
