import assert from 'node:assert/strict'
import { test } from 'node:test'

import { rememberEnvelopes } from '../../../src/sinks/remember-envelopes.ts'
import { anEvent, anOwner } from '../../support/builders/an-event.ts'

const large = new Uint8Array(256 * 1_024)

function aReader() {
  let reads = 0
  const parse = rememberEnvelopes(() => ({ type: `read.${(reads += 1)}` }))
  return (given: Parameters<typeof anEvent>[0]) => {
    const event = anEvent({ body: large, ...given })
    return parse(event.body, event).type
  }
}

test('a large body is read once for all sinks and attempts of its event', () => {
  const read = aReader()
  assert.equal(read({ sinks: ['a'] }), 'read.1')
  assert.equal(read({ sinks: ['b'], body: large.slice() }), 'read.1')
})

test('what another event says is never taken for it, also where an id comes back', () => {
  const read = aReader()
  const types = [
    read({ eventId: 'a' }),
    read({ eventId: 'b' }),
    read({ eventId: 'a', receivedAtMs: 7 }),
    read({ eventId: 'a', owner: anOwner('other') }),
    read({ eventId: 'a', body: large.subarray(1) }),
  ]
  assert.equal(new Set(types).size, types.length)
})

test('what is small is not remembered: reading it is cheaper', () => {
  const read = aReader()
  const body = large.subarray(0, 4_096)
  assert.notEqual(read({ body }), read({ body }))
})

test('a flood of one namespace leaves what is known of others', () => {
  const read = aReader()
  const quiet = { eventId: 'quiet', owner: anOwner('o', 'quiet') }
  const first = read(quiet)
  for (let at = 0; at < 5_000; at += 1) read({ eventId: `m${at}`, owner: anOwner('o', 'loud') })
  assert.equal(read(quiet), first)
})
