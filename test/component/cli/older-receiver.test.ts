import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import { test } from 'node:test'

import { AdminClient } from '../../../src/cli/deliveries/admin-client.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'

/** A forwarded connection to a receiver that refuses whatever it is asked. */
function aRefusal(status: number, error: string): AdminClient {
  const body = JSON.stringify({ error })
  const head = `HTTP/1.1 ${status} Refused\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`
  const connection = new Duplex({
    read: () => {},
    write(_chunk, _encoding, done) {
      this.push(head + body)
      done()
    },
  })
  const clock = new FakeClock()
  return new AdminClient({ pod: 'receiver-0', version: '1.2.3', clock, connect: async () => connection })
}

test('a receiver that does not know a path, or a field of a request, is said to be older', async () => {
  await assert.rejects(aRefusal(404, 'there are GET /v1/stats and POST /v1/replay').ask('listKept', { limit: 1 }), {
    message: 'receiver-0: the receiver does not know /v1/delivered: it is older than this gwh',
  })
  await assert.rejects(
    aRefusal(400, 'a field is not one of namespace, name').ask('replay', { namespace: 'ml', delivered: true }),
    /^Error: receiver-0: the receiver does not know all that was asked of \/v1\/replay: it is older than this gwh: a field/,
  )
})

test('what it knows and has not is said in its own words', async () => {
  await assert.rejects(
    aRefusal(404, 'deliveryId is no dead letter (any more)').ask('readDeadLetterBody', { deliveryId: '1' }),
    {
      message: 'the receiver answered 404: deliveryId is no dead letter (any more)',
    },
  )
  await assert.rejects(aRefusal(400, 'limit is not 1 to 1000').ask('listKept', { limit: 1 }), {
    message: 'the receiver answered 400: limit is not 1 to 1000',
  })
})
