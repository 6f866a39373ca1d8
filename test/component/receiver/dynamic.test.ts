import assert from 'node:assert/strict'
import { test } from 'node:test'

import { pino } from 'pino'

import { EndpointDirectory } from '../../../src/receiver/endpoint-directory.ts'
import type { ReceiverLimits } from '../../../src/receiver/limits.ts'
import type { PublicKeys } from '../../../src/receiver/receive-dynamic.ts'
import { aDynamicPart, aDynamicSender } from '../../support/doubles/dynamic-sender.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { InboxDouble } from '../../support/doubles/inbox-double.ts'
import { aKeyringEntry, aReceiver, aSink, directoryOf, signedHeaders } from '../../support/worlds/receiver-fixture.ts'

const token = 'k3mWq7yT5uXz0aBcDeFgHiJkLmNoPqRsTuVwXyZ1234'
const path = `/v1/d/ml/batch-events/${token}`
const body = '{"type":"batch.succeeded","version":"v1","data":{"id":"batches/1"}}'

function aScene(
  given: {
    entry?: Parameters<typeof aKeyringEntry>[0]
    limits?: Partial<ReceiverLimits>
    publicKeys?: PublicKeys
    sender?: ReturnType<typeof aDynamicSender>
  } = {},
) {
  const clock = new FakeClock()
  const sender = given.sender ?? aDynamicSender()
  const entry = aKeyringEntry({ dynamic: aDynamicPart(token), ...given.entry })
  const inbox = new InboxDouble()
  const lines: string[] = []
  const refreshes = { count: 0 }
  const refresh = () => {
    refreshes.count++
    return Promise.resolve('unchanged' as const)
  }
  const publicKeys = given.publicKeys ?? { keys: sender.keySet(), refresh }
  const directory = directoryOf(entry)
  const fixture = aReceiver({
    directory,
    inbox,
    clock,
    publicKeys,
    logger: pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) }),
    ...(given.limits !== undefined && { limits: given.limits }),
  })
  const nowSeconds = Math.floor(clock.now() / 1000)
  const sign = (signed: { id?: string; body?: string; timestampSeconds?: number; key?: number } = {}) =>
    sender.headers({ timestampSeconds: nowSeconds, body, ...signed })
  const post = (headers: Record<string, string>, url = path, payload = body) =>
    fixture.receiver.inject({ method: 'POST', url, headers, payload })
  return { clock, sender, entry, inbox, directory, lines, refreshes, nowSeconds, sign, post, ...fixture }
}

const forged = { 'webhook-signature': `v1a,${'A'.repeat(86)}==` }

test('a genuine delivery to a dynamic endpoint is stored as dynamic and acknowledged', async () => {
  const scene = aScene({ entry: { sinks: [aSink('worker')] } })
  scene.inbox.willAnswer('stored')
  const headers: Record<string, string> = { ...scene.sign({ key: 2 }), 'content-type': 'application/json' }
  const answer = await scene.post(headers)
  assert.deepEqual([answer.statusCode, answer.body], [204, ''])
  assert.deepEqual(scene.inbox.appended, [
    {
      owner: { uid: 'uid-1', namespace: 'ml', name: 'batch-events' },
      eventId: 'msg_1',
      sentAtSeconds: scene.nowSeconds,
      receivedAtMs: scene.clock.now(),
      mode: 'dynamic',
      contentType: 'application/json',
      signature: headers['webhook-signature'],
      body: Buffer.from(body),
      sinks: ['worker'],
    },
  ])
  assert.equal(scene.stored.count, 1)
})

test('a wrong token is answered, to the byte, like a path that does not exist, and costs no public-key work', async () => {
  const looked: string[] = []
  const publicKeys: PublicKeys = {
    get keys() {
      looked.push('keys')
      return undefined
    },
    refresh: () => Promise.reject(new Error('nothing was verified')),
  }
  const scene = aScene({ publicKeys })
  const unknown = await scene.post(scene.sign(), '/v1/x/ml/batch-events')
  assert.equal(unknown.statusCode, 404)
  const strangers = ['wrong', token.slice(1), `${token}0`, token.toLowerCase(), '%00', 'a'.repeat(299), 'a'.repeat(301)]
  const urls = strangers.map((each) => `/v1/d/ml/batch-events/${each}`)
  urls.push(`/v1/d/ml/unknown/${token}`, `/v1/d/other/batch-events/${token}`, `${path}/`, `${path}/more`)
  for (const url of urls) {
    for (const headers of [scene.sign(), {}]) {
      const answer = await scene.post(headers, url)
      const { date: _ignored, ...got } = answer.headers
      const { date: _also, ...want } = unknown.headers
      assert.deepEqual([answer.statusCode, answer.body, got], [404, '', want], url)
    }
  }
  assert.deepEqual(looked, [])
})

test('an object without a dynamic endpoint has no token that opens one', async () => {
  const scene = aScene({ entry: { dynamic: undefined } })
  assert.equal((await scene.post(scene.sign())).statusCode, 404)
})

test('before the directory is complete a token that is not known yet is asked to come back', async () => {
  const { receiver } = aReceiver({ directory: new EndpointDirectory(), inbox: new InboxDouble() })
  const answer = await receiver.inject({ method: 'POST', url: path, payload: body })
  assert.deepEqual([answer.statusCode, answer.headers['retry-after']], [503, '5'])
})

test('the previous token opens the endpoint until its time is over', async () => {
  const notAfter = '2026-11-21T12:01:00Z'
  const scene = aScene({ entry: { dynamic: aDynamicPart('the-new-token', { token, notAfter }) } })
  scene.inbox.willAnswer('stored')
  assert.equal((await scene.post(scene.sign())).statusCode, 204)
  await scene.clock.advance({ minutes: 1 })
  const later = scene.sign({ timestampSeconds: scene.nowSeconds + 60 })
  assert.equal((await scene.post(later)).statusCode, 404)
})

const refusals: {
  name: string
  headers: (scene: ReturnType<typeof aScene>) => Record<string, string>
  want: number
}[] = [
  { name: 'without headers', headers: () => ({}), want: 400 },
  {
    name: 'with a bare JWT, which this object does not ask for',
    headers: (s) => ({ ...s.sign(), 'webhook-signature': 'e30.e30.e30' }),
    want: 400,
  },
  { name: 'that is 301 seconds old', headers: (s) => s.sign({ timestampSeconds: s.nowSeconds - 301 }), want: 401 },
  { name: 'that is 301 seconds ahead', headers: (s) => s.sign({ timestampSeconds: s.nowSeconds + 301 }), want: 401 },
  { name: 'with a forged signature', headers: (s) => ({ ...s.sign(), ...forged }), want: 401 },
  { name: 'signed for another body', headers: (s) => s.sign({ body: '{}' }), want: 401 },
]
for (const { name, headers, want } of refusals) {
  test(`a delivery ${name} is refused with ${want} and nothing is stored`, async () => {
    const scene = aScene()
    assert.equal((await scene.post(headers(scene))).statusCode, want)
    assert.deepEqual(scene.inbox.appended, [])
  })
}

test('the way of signing belongs to the path: v1 is refused on a dynamic path and v1a on a static one', async () => {
  const scene = aScene()
  const v1 = signedHeaders({ timestampSeconds: scene.nowSeconds, body, secrets: scene.entry.secrets })
  assert.equal((await scene.post(v1)).statusCode, 401)
  assert.equal(scene.refreshes.count, 0, 'nothing was verified, so no key was missed')
  assert.equal((await scene.post(scene.sign(), '/v1/s/ml/batch-events')).statusCode, 401)
  assert.deepEqual(scene.inbox.appended, [])
})

test('a delivery with both ways of signing is taken on either path by the one that belongs there', async () => {
  const scene = aScene()
  scene.inbox.willAnswer('stored', 'stored')
  const v1 = signedHeaders({ timestampSeconds: scene.nowSeconds, body, secrets: scene.entry.secrets })
  const v1a = scene.sign()
  const both = { ...v1, 'webhook-signature': `${v1['webhook-signature']} ${v1a['webhook-signature']}` }
  assert.equal((await scene.post(both)).statusCode, 204)
  assert.equal((await scene.post(both, '/v1/s/ml/batch-events')).statusCode, 204)
  assert.deepEqual(
    scene.inbox.appended.map(({ mode }) => mode),
    ['dynamic', 'static'],
  )
})

test('a JWT is accepted only where the object names its audience', async () => {
  const audience = 'https://hooks.example.com'
  const scene = aScene({ entry: { dynamic: { ...aDynamicPart(token), audiences: [audience] } } })
  scene.inbox.willAnswer('stored', 'stored')
  const withJwt = async (aud: string) => ({
    ...scene.sign(),
    'webhook-signature': await scene.sender.jwt({ audience: aud, nowSeconds: scene.nowSeconds }),
  })
  assert.equal((await scene.post(await withJwt(audience))).statusCode, 204)
  assert.equal((await scene.post(await withJwt('https://other.example.com'))).statusCode, 401)
  assert.equal((await scene.post(scene.sign({ id: 'msg_2' }))).statusCode, 204, 'v1a goes on')
})

test('before the public keys are known a delivery is asked to come back', async () => {
  const scene = aScene({ publicKeys: { keys: undefined, refresh: () => Promise.resolve('unknown') } })
  const answer = await scene.post(scene.sign())
  assert.deepEqual([answer.statusCode, answer.headers['retry-after']], [503, '5'])
})

test('a signature by a key that is newer than ours is accepted after one look for keys', async () => {
  const clockwork = aDynamicSender()
  const old = clockwork.keySet()
  clockwork.rotate()
  const publicKeys: { keys: PublicKeys['keys']; refresh: PublicKeys['refresh'] } = {
    keys: old,
    refresh: () => {
      publicKeys.keys = clockwork.keySet()
      return Promise.resolve('changed')
    },
  }
  const clock = new FakeClock()
  const inbox = new InboxDouble()
  inbox.willAnswer('stored')
  const directory = directoryOf(aKeyringEntry({ dynamic: aDynamicPart(token) }))
  const { receiver } = aReceiver({ directory, inbox, clock, publicKeys })
  const headers = clockwork.headers({ timestampSeconds: Math.floor(clock.now() / 1000), body, key: 0 })
  assert.equal((await receiver.inject({ method: 'POST', url: path, headers, payload: body })).statusCode, 204)
})

test('while the key server is away a signature that fits no key is asked to come back, not called wrong', async () => {
  const sender = aDynamicSender()
  const publicKeys: PublicKeys = { keys: sender.keySet(), refresh: () => Promise.resolve('unknown') }
  const scene = aScene({ sender, publicKeys })
  assert.equal((await scene.post({ ...scene.sign(), ...forged })).statusCode, 503)
  assert.equal(await scene.count('KeysChanging'), 1)
})

test('a flood of forgeries uses up the checks of its own endpoint only, and is answered 503 from then on', async () => {
  const scene = aScene({ limits: { maxFailedChecksPerMinute: 3 } })
  const statuses: number[] = []
  for (let count = 0; count < 5; count++) statuses.push((await scene.post({ ...scene.sign(), ...forged })).statusCode)
  assert.deepEqual(statuses, [401, 401, 401, 503, 503])
  assert.equal(await scene.count('ChecksExhausted'), 2)
  await scene.clock.advance({ minutes: 1 })
  scene.inbox.willAnswer('stored')
  const later = scene.sign({ timestampSeconds: scene.nowSeconds + 60 })
  assert.equal((await scene.post(later)).statusCode, 204)
})

test('more checks at once than may run are answered 503, and give their bytes back', async () => {
  const { promise, resolve } = Promise.withResolvers<'unchanged'>()
  const sender = aDynamicSender()
  let waiting = 0
  const refresh = () => {
    waiting++
    return promise
  }
  const publicKeys: PublicKeys = { keys: sender.keySet(), refresh }
  const scene = aScene({ limits: { maxPublicKeyChecksPerEndpoint: 2 }, sender, publicKeys })
  const held = [scene.post({ ...scene.sign(), ...forged }), scene.post({ ...scene.sign(), ...forged })]
  await eventually('both checks under way', () => waiting === 2)
  const third = await scene.post(scene.sign())
  assert.equal(third.statusCode, 503)
  resolve('unchanged')
  assert.deepEqual(
    (await Promise.all(held)).map(({ statusCode }) => statusCode),
    [401, 401],
  )
  const { text } = await scene.metrics.expose()
  assert.match(text, /^gwh_receiver_held_body_bytes 0$/m)
})

test('a dynamic delivery answers no endpoint check: that is for pings to the static endpoint', async () => {
  const scene = aScene()
  const facts = { uid: 'uid-1', namespace: 'ml', name: 'batch-events', areKeysChanging: false }
  scene.directory.applyFacts({ ...facts, checkAttemptId: 'attempt-1' })
  scene.inbox.willAnswer('stored')
  assert.equal((await scene.post(scene.sign())).statusCode, 204)
  const [activity] = [...scene.activity.entries()]
  assert.equal(activity?.[1].check, undefined)
})

test('the token appears in no log line and no metric, whatever becomes of the request', async () => {
  const scene = aScene()
  scene.inbox.willAnswer('stored')
  await scene.post(scene.sign())
  await scene.post({ ...scene.sign(), ...forged })
  await scene.post({})
  await scene.post(scene.sign(), `${path}/more`)
  await scene.post(scene.sign(), `${path}x`)
  await scene.receiver.inject({ method: 'GET', url: path })
  const { text } = await scene.metrics.expose()
  assert.ok(scene.lines.length >= 5, 'there are lines to look through')
  assert.ok(![...scene.lines, text].some((each) => each.includes(token)))
})
