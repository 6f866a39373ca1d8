import assert from 'node:assert/strict'
import { test } from 'node:test'

import { pacedFetch } from '../../../src/conformance/paced-fetch.ts'

/** A service that takes so many requests, then refuses one after the other as long as no time passes. */
function service(takes: number, retryAfter = '7') {
  const clock = { nowMs: 0 }
  const bodies: string[] = []
  const waits: number[] = []
  let left = takes
  const inner: typeof fetch = async (input, init) => {
    bodies.push(await new Request(input, init).text())
    const headers = { 'content-type': 'application/json' }
    if (left === 0) return new Response('{}', { status: 429, headers: { ...headers, 'retry-after': retryAfter } })
    left--
    return new Response('{}', { headers })
  }
  const pace = pacedFetch(inner, () => clock.nowMs)
  const wait = async (ms: number) => {
    waits.push(ms)
    clock.nowMs += ms
    left = takes
  }
  return { pace, send: pace.through(wait), bodies, waits, clock }
}

test('what is refused for its rate is sent again, body included, and the rate is known then', async () => {
  const { pace, send, bodies, waits } = service(2)
  for (let nth = 0; nth < 2; nth++) await send('https://a.test', { method: 'POST', body: 'once' })
  assert.equal(pace.limit(), undefined)
  const request = new Request('https://a.test', { method: 'POST', body: 'twice' })
  assert.equal((await send(request)).status, 200)
  assert.deepEqual(bodies, ['once', 'once', 'twice', 'twice'])
  assert.deepEqual([waits, pace.limit(), pace.pauses()], [[7_000], 2, 1])
})

test('requests of more than a minute ago do not count', async () => {
  const { pace, send, clock } = service(5)
  await send('https://a.test')
  clock.nowMs += 60_001
  await send('https://a.test')
  assert.equal(pace.recent(), 1)
})

test('a refusal that does not say how long is an answer', async () => {
  const { pace, send, waits } = service(0, '')
  assert.equal((await send('https://a.test')).status, 429)
  assert.deepEqual([waits, pace.limit()], [[], undefined])
})

test('a service that goes on refusing gets its way', async () => {
  const { send, waits } = service(0)
  assert.equal((await send('https://a.test')).status, 429)
  assert.equal(waits.length, 5)
})
