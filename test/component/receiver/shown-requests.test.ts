import assert from 'node:assert/strict'
import { test } from 'node:test'

import { aDynamicPart, aDynamicSender } from '../../support/doubles/dynamic-sender.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { InboxDouble } from '../../support/doubles/inbox-double.ts'
import { aKeyringEntry, aReceiver, directoryOf, signedHeaders } from '../../support/worlds/receiver-fixture.ts'

const body = '{"type":"batch.succeeded","version":"v1","data":{"id":"batches/secret-of-the-body"}}'
const token = 'k3mWq7yT5uXz0aBcDeFgHiJkLmNoPqRsTuVwXyZ1234'

function aScene() {
  const clock = new FakeClock()
  const sender = aDynamicSender()
  const entry = aKeyringEntry({ dynamic: aDynamicPart(token) })
  const inbox = new InboxDouble()
  const publicKeys = { keys: sender.keySet(), refresh: () => Promise.resolve('unchanged' as const) }
  const fixture = aReceiver({ directory: directoryOf(entry), inbox, clock, publicKeys })
  const timestampSeconds = Math.floor(clock.now() / 1000)
  const sign = () => signedHeaders({ timestampSeconds, body, secrets: entry.secrets })
  const signDynamic = () => sender.headers({ timestampSeconds, body })
  const post = (url: string, headers: Record<string, string>) =>
    fixture.receiver.inject({ method: 'POST', url, headers, payload: body })
  return { ...fixture, clock, entry, inbox, sign, signDynamic, post }
}

test('a stored delivery is shown with its headers, the key that verified it, and how it was answered', async () => {
  const scene = aScene()
  scene.inbox.willAnswer('stored')
  await scene.post('/v1/s/ml/batch-events', { ...scene.sign(), 'content-type': 'application/json', 'user-agent': 'G' })
  const [shown] = scene.shown
  assert.ok(shown)
  assert.deepEqual(
    { ...shown, headers: { ...shown.headers } },
    {
      kind: 'request',
      atMs: scene.clock.now(),
      durationMs: 0,
      route: '/v1/s/:namespace/:name',
      outcome: 'Stored',
      status: 204,
      namespace: 'ml',
      name: 'batch-events',
      eventId: 'msg_1',
      keyId: scene.entry.secrets[0]?.keyId,
      bodyBytes: body.length,
      headers: {
        'webhook-id': 'msg_1',
        'webhook-timestamp': String(Math.floor(scene.clock.now() / 1000)),
        'content-type': 'application/json',
        'content-length': String(body.length),
        'user-agent': 'G',
      },
    },
  )
})

test('a refusal is shown with its reason, and no event id that nobody vouches for', async () => {
  const scene = aScene()
  await scene.post('/v1/s/ml/batch-events', { ...scene.sign(), 'webhook-signature': `v1,${'A'.repeat(43)}=` })
  await scene.post('/v1/s/ml/nobody', scene.sign())
  await scene.post('/v1/s/ml/batch-events', {})
  const seen = scene.shown.map(({ outcome, status, name, eventId }) => [outcome, status, name, eventId])
  assert.deepEqual(seen, [
    ['BadSignature', 401, 'batch-events', undefined],
    ['UnknownEndpoint', 404, undefined, undefined],
    ['MissingHeader', 400, undefined, undefined],
  ])
})

test('no signature, token, credential, cookie or body is ever shown', async () => {
  const scene = aScene()
  scene.inbox.willAnswer('stored', 'stored')
  const extra = { authorization: 'Bearer hidden-1', cookie: 'hidden-2', 'x-forwarded-access-token': 'hidden-3' }
  const [plain, dynamic] = [scene.sign(), scene.signDynamic()]
  await scene.post('/v1/s/ml/batch-events', { ...plain, ...extra })
  await scene.post(`/v1/d/ml/batch-events/${token}`, { ...dynamic, ...extra })
  await scene.post(`/v1/d/ml/batch-events/${token}x`, { ...dynamic, ...extra })
  assert.deepEqual(
    scene.shown.map(({ outcome }) => outcome),
    ['Stored', 'Stored', 'UnknownEndpoint'],
  )
  const text = JSON.stringify(scene.shown)
  const secrets = [plain['webhook-signature'], dynamic['webhook-signature'], token, 'hidden-', 'secret-of-the-body']
  for (const secret of secrets) {
    assert.ok(secret !== undefined && secret.length > 5)
    assert.ok(!text.includes(secret), secret.slice(0, 8))
  }
})

test('a header of any length is shown cut, and probes are not shown', async () => {
  const scene = aScene()
  await scene.post('/v1/s/ml/nobody', { 'user-agent': 'x'.repeat(4_000) })
  await scene.receiver.inject({ method: 'GET', url: '/healthz' })
  assert.equal(scene.shown[0]?.headers['user-agent']?.length, 256)
  assert.deepEqual(
    scene.shown.map(({ outcome }) => outcome),
    ['UnknownEndpoint', 'NotReady'],
    'the health answer of a receiver that does not listen yet',
  )
})
