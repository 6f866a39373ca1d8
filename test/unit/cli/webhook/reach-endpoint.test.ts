import assert from 'node:assert/strict'
import { test } from 'node:test'

import { MockAgent } from 'undici'

import { reachEndpoint } from '../../../../src/cli/webhook/reach-endpoint.ts'

const url = 'https://hooks.example.com/prefix/v1/s/ml/batch-events'

/** What is at the other end, instead of a network. */
function anEnd(reply: (pool: ReturnType<ReturnType<MockAgent['get']>['intercept']>) => void, to = url) {
  const dispatcher = new MockAgent()
  dispatcher.disableNetConnect()
  const { origin, pathname } = new URL(to)
  reply(dispatcher.get(origin).intercept({ path: pathname, method: 'GET' }))
  return reachEndpoint(to, { outbound: dispatcher, timeoutMs: 5_000 })
}

const failing = (code: string) => (end: { replyWithError(error: Error): void }) =>
  end.replyWithError(Object.assign(new Error('no'), { code }))

test('a receiver is known by how it refuses a GET', async () => {
  const reach = await anEnd((end) => end.reply(405, '', { headers: { allow: 'POST' } }))
  assert.equal(reach.ends, 'receiver')
})

for (const [name, reply] of [
  ['another server that refuses GET', (end) => end.reply(405, '', { headers: { allow: 'PUT' } })],
  ['a default backend', (end) => end.reply(404, 'not found')],
  [
    'a redirect, which Google does not follow',
    (end) => end.reply(301, '', { headers: { location: 'https://x.example' } }),
  ],
  ['a page', (end) => end.reply(200, '<html>')],
] as [string, Parameters<typeof anEnd>[0]][]) {
  test(`${name} is a wrong route`, async () => {
    const { ends, says } = await anEnd(reply)
    assert.equal(ends, 'route')
    assert.match(says, /^hooks\.example\.com answers \d{3} where a receiver would answer 405/)
  })
}

for (const [code, ends] of [
  ['ENOTFOUND', 'DNS'],
  ['EAI_AGAIN', 'DNS'],
  ['CERT_HAS_EXPIRED', 'TLS'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'TLS'],
  ['ECONNREFUSED', 'connection'],
  ['UND_ERR_CONNECT_TIMEOUT', 'connection'],
  ['ECONNRESET', 'connection'],
] as const) {
  test(`${code} ends the way at ${ends}`, async () => {
    assert.equal((await anEnd(failing(code))).ends, ends)
  })
}

test('a name that only pods know is not one that does not resolve', async () => {
  const inside = 'http://gwh-receiver.gemini-webhook-system.svc/v1/s/ml/batch-events'
  const { ends, says } = await anEnd(failing('ENOTFOUND'), inside)
  assert.equal(ends, 'inCluster')
  assert.match(says, /^gwh-receiver\.gemini-webhook-system\.svc is a name inside the cluster/)
  assert.equal((await anEnd(failing('ENOTFOUND'), inside.replace('.svc/', '.svc.example.com/'))).ends, 'DNS')
  assert.equal((await anEnd(failing('ECONNREFUSED'), inside)).ends, 'connection')
})
