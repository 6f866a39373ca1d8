import assert from 'node:assert/strict'
import { test } from 'node:test'

import { lazySink } from '../../../src/sinks/lazy-sink.ts'
import type { Sink } from '../../../src/sinks/port.ts'
import { anOutgoing } from '../../support/builders/deliveries.ts'

function aLazySink() {
  const seen: string[] = []
  const sink: Sink = {
    async send({ event }) {
      seen.push(event.eventId)
      return { type: 'delivered' }
    },
    close: async () => void seen.push('closed'),
  }
  const lazy = lazySink(async () => {
    seen.push('loaded')
    return sink
  })
  return { lazy, seen }
}

test('what nobody sends to is never loaded, and closes all the same', async () => {
  const { lazy, seen } = aLazySink()
  await lazy.close()
  assert.deepEqual(seen, [])
})

test('it is loaded once, with the first of many deliveries, and closed at the end', async () => {
  const { lazy, seen } = aLazySink()
  const { signal } = new AbortController()
  const outcomes = await Promise.all([lazy.send(anOutgoing(), signal), lazy.send(anOutgoing(), signal)])
  assert.deepEqual(outcomes, [{ type: 'delivered' }, { type: 'delivered' }])
  await lazy.close()
  assert.deepEqual(seen, ['loaded', 'msg_1', 'msg_1', 'closed'])
})
