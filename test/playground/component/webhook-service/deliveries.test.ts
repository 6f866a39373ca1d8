import assert from 'node:assert/strict'
import { createPublicKey, verify, type JsonWebKey } from 'node:crypto'
import { test, type TestContext } from 'node:test'

import { Webhook } from 'standardwebhooks'

import type { Logger } from '../../../../src/observability/logger.ts'
import type { SwitchChanges } from '../../../../playground/webhook-service/switches.ts'
import { eventually } from '../../../support/measures/eventually.ts'
import { startSimulator, startTlsEndpoint, type Received } from '../../../support/worlds/simulator.ts'

const hourMs = 3_600_000

async function start(t: TestContext, switches: SwitchChanges = {}) {
  const simulated = await startSimulator(t, { switches })
  const { admin } = simulated
  const webhook = admin.createWebhook('project-a', {
    uri: 'https://hooks.test/v1/s/ml/x?q=1',
    subscribedEvents: ['batch.succeeded'],
  })
  const finishBatch = () => {
    const { id } = admin.createJob({ project: 'project-a', type: 'batch' })
    return admin.finishJob(id, 'succeeded')
  }
  const secret = () => admin.secrets(webhook.id).at(-1)?.secret ?? ''
  return { ...simulated, webhook, finishBatch, secret }
}

const headersOf = ({ headers }: Received) => ({
  'webhook-id': String(headers['webhook-id']),
  'webhook-timestamp': String(headers['webhook-timestamp']),
  'webhook-signature': String(headers['webhook-signature']),
})
/** The reference library as judge; its clock is the machine's, so timestamps far away from it are refused. */
const verifies = (secret: string, received: Received | undefined) => {
  assert.ok(received !== undefined, 'nothing was received')
  return new Webhook(secret).verify(received.body, headersOf(received))
}

test('a static delivery is compact JSON with the three headers, and verifies with the reference library', async (t) => {
  const { admin, endpoint, finishBatch, secret } = await start(t)
  const { job } = finishBatch()
  await admin.advance(0)
  const [received] = endpoint.received
  assert.ok(received !== undefined)
  const payload = verifies(secret(), received) as Record<string, unknown>
  assert.equal(received.body.toString(), JSON.stringify(payload), 'compact')
  assert.deepEqual(Object.keys(payload), ['type', 'version', 'timestamp', 'data'])
  assert.equal(payload['type'], 'batch.succeeded')
  assert.equal(payload['version'], 'v1')
  assert.match(String(payload['timestamp']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/)
  assert.deepEqual(payload['data'], { id: `batches/${job.id}` })
  assert.match(String(received.headers['webhook-id']), /^msg_[0-9a-f-]{36}$/)
  assert.match(String(received.headers['webhook-timestamp']), /^\d+$/)
  assert.equal(received.headers['content-type'], 'application/json')
  assert.equal(received.headers.host, 'hooks.test')
  assert.equal(received.path, '/v1/s/ml/x?q=1')
})

test('during the overlap both secrets sign, after it only the new one', async (t) => {
  const { admin, endpoint, finishBatch, webhook, secret } = await start(t)
  const old = secret()
  const fresh = admin.rotateWebhook(webhook.id)
  finishBatch()
  await admin.advance(0)
  verifies(old, endpoint.received[0])
  verifies(fresh, endpoint.received[0])
  assert.equal(String(endpoint.received[0]?.headers['webhook-signature']).split(' ').length, 2)
  await admin.advance(24 * hourMs)
  finishBatch()
  await admin.advance(0)
  assert.equal(String(endpoint.received[1]?.headers['webhook-signature']).split(' ').length, 1)
})

test('retries carry the same id and body under a fresh timestamp and signature', async (t) => {
  const { admin, endpoint, finishBatch } = await start(t)
  endpoint.state.answer = (nth) => (nth < 4 ? 500 : 204)
  finishBatch()
  await admin.advance(hourMs)
  assert.equal(endpoint.received.length, 4)
  const unique = (name: string) => new Set(endpoint.received.map(({ headers }) => headers[name])).size
  assert.equal(unique('webhook-id'), 1)
  assert.equal(new Set(endpoint.received.map(({ body }) => body.toString())).size, 1)
  assert.ok(unique('webhook-timestamp') > 1)
  assert.ok(unique('webhook-signature') > 1)
  const [delivery] = admin.deliveries()
  assert.equal(delivery?.state, 'delivered')
  const times = delivery.attempts.map(({ atMs }) => atMs)
  const gaps = times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0))
  assert.ok((gaps[1] ?? 0) > (gaps[0] ?? 0) && (gaps[2] ?? 0) > (gaps[1] ?? 0), `growing: ${gaps.join(', ')}`)
})

test('retries end after 24 hours', async (t) => {
  const { admin, endpoint, finishBatch } = await start(t, { autoDisable: 'off' })
  endpoint.state.answer = 503
  finishBatch()
  const startMs = admin.now()
  await admin.advance(30 * hourMs)
  const [delivery] = admin.deliveries()
  assert.equal(delivery?.state, 'gaveUp')
  const lastMs = (delivery.attempts.at(-1)?.atMs ?? 0) - startMs
  assert.ok(lastMs <= 24 * hourMs && lastMs > 20 * hourMs, `last attempt after ${lastMs / hourMs} h`)
})

for (const [name, answer] of [
  ['a redirect', 307],
  ['a 4xx', 404],
  ['a connection that is cut', 'cut'],
  ['no answer in time', 'hang'],
] as const) {
  test(`${name} is a failure and is tried again`, async (t) => {
    const { admin, endpoint, finishBatch } = await start(t, answer === 'hang' ? { attemptTimeoutMs: 500 } : {})
    endpoint.state.headers = { location: 'https://elsewhere.test/' }
    endpoint.state.answer = (nth) => (nth === 1 ? answer : 200)
    finishBatch()
    await admin.advance(10_000)
    assert.deepEqual(
      admin.deliveries().map(({ state, attempts }) => [state, attempts.length]),
      [['delivered', 2]],
    )
    assert.ok(endpoint.received.every(({ path }) => path === '/v1/s/ml/x?q=1'))
  })
}

test('an endpoint that nobody serves is tried again too', async (t) => {
  const { admin, endpoint, finishBatch } = await start(t)
  admin.setConnectTo({ 'hooks.test:443': 'http://127.0.0.1:9' })
  finishBatch()
  await admin.advance(500)
  assert.equal(admin.deliveries()[0]?.attempts[0]?.error, 'ECONNREFUSED')
  admin.setConnectTo({ 'hooks.test': endpoint.origin })
  await admin.advance(5_000)
  assert.equal(admin.deliveries()[0]?.state, 'delivered')
})

test('a URI that another hand made unusable fails like an endpoint that nobody serves', async (t) => {
  const { admin, webhook, finishBatch } = await start(t)
  admin.editWebhook(webhook.id, { uri: 'no uri at all' })
  finishBatch()
  await admin.advance(0)
  assert.equal(admin.deliveries()[0]?.attempts[0]?.error, 'ERR_INVALID_URL')
})

test('https is real where the map says https: the certificate has to fit the name in the URI', async (t) => {
  const { origin, certificate, hosts } = await startTlsEndpoint(t)
  const { admin } = await startSimulator(t, { connectTo: { '*': origin }, trustedCertificates: [certificate] })
  const emit = (uri: string) => admin.emit({ project: 'project-a', type: 'x.y', data: {}, uris: [uri] })
  emit('https://hooks.test/right')
  emit('https://other.test/wrong')
  await admin.advance(0)
  assert.deepEqual(
    admin.deliveries().map(({ attempts: [attempt] }) => attempt?.status ?? attempt?.error),
    [204, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  )
  assert.deepEqual(hosts, ['hooks.test'])
})

test('the log tells what was attempted, and no secret, signature or body', async (t) => {
  const lines: string[] = []
  const write = (details: object, message: string) => void lines.push(JSON.stringify({ message, ...details }))
  const logger: Logger = { debug: write, info: write, warn: write, error: write, child: () => logger }
  const { admin, endpoint, apiKey } = await startSimulator(t, { logger })
  const { id } = admin.createWebhook('project-a', { uri: 'https://hooks.test/', subscribedEvents: ['batch.failed'] })
  endpoint.state.answer = (nth) => (nth === 1 ? 500 : 204)
  admin.emit({ project: 'project-a', type: 'batch.failed', data: { id: 'private' } })
  await admin.advance(10_000)
  const log = lines.join('\n')
  assert.equal(lines.filter((line) => line.includes('simulator.delivery_attempted')).length, 2)
  const signature = String(endpoint.received[0]?.headers['webhook-signature']).slice(3)
  for (const secret of [apiKey, admin.secrets(id)[0]?.secret ?? '', signature, 'private']) {
    assert.ok(!log.includes(secret), 'the log tells a secret')
  }
})

test('time that passes by itself makes retries happen as well', async (t) => {
  const { admin, endpoint, finishBatch } = await start(t, { retryDelayMs: 20 })
  endpoint.state.answer = (nth) => (nth === 1 ? 500 : 204)
  finishBatch()
  await eventually('the retry', () => admin.deliveries()[0]?.state === 'delivered')
})

test('only an enabled webhook that subscribed to the event gets it', async (t) => {
  const { admin, endpoint, webhook, finishBatch } = await start(t)
  admin.editWebhook(webhook.id, { subscribedEvents: ['video.generated'] })
  finishBatch()
  admin.editWebhook(webhook.id, { subscribedEvents: ['batch.succeeded'], state: 'disabled' })
  finishBatch()
  admin.deleteWebhook(webhook.id)
  finishBatch()
  await admin.advance(hourMs)
  assert.equal(endpoint.received.length, 0)
})

test('so many failures in a row disable the webhook; a success in between starts the count again', async (t) => {
  const { admin, endpoint, webhook, finishBatch } = await start(t, { autoDisableFailures: 3, retryDelayMs: 1_000 })
  const state = () => admin.webhooks()[0]?.state
  endpoint.state.answer = (nth) => (nth === 3 ? 204 : 500)
  finishBatch()
  await admin.advance(hourMs)
  assert.equal(state(), 'enabled', 'two failures, then a success')
  finishBatch()
  await admin.advance(hourMs)
  assert.equal(state(), 'disabled_due_to_failed_deliveries')
  assert.equal(admin.deliveries()[1]?.state, 'dropped')
  const sent = endpoint.received.length
  finishBatch()
  await admin.advance(hourMs)
  assert.equal(endpoint.received.length, sent, 'nothing is sent any more')
  admin.editWebhook(webhook.id, { state: 'enabled' })
  endpoint.state.answer = 204
  finishBatch()
  await admin.advance(0)
  assert.equal(endpoint.received.length, sent + 1)
})

test('a forced auto-disable is what a client sees', async (t) => {
  const { admin, webhook } = await start(t)
  assert.equal(admin.autoDisable(webhook.id).state, 'disabled_due_to_failed_deliveries')
})

test('duplicates carry the same id', async (t) => {
  const { admin, endpoint, finishBatch } = await start(t)
  admin.addDeliveryFault({ effect: { type: 'duplicate', copies: 2 } })
  finishBatch()
  await admin.advance(0)
  assert.equal(endpoint.received.length, 3)
  assert.equal(new Set(endpoint.received.map(({ headers }) => headers['webhook-id'])).size, 1)
})

test('a reordered delivery comes after the next one', async (t) => {
  const { admin, endpoint, finishBatch } = await start(t)
  admin.addDeliveryFault({ effect: { type: 'reorder' } })
  const [first, second] = [finishBatch(), finishBatch()]
  await admin.advance(0)
  const order = endpoint.received.map(({ body }) => (JSON.parse(body.toString()) as { data: { id: string } }).data.id)
  assert.deepEqual(order, [`batches/${second.job.id}`, `batches/${first.job.id}`])
})

test('a delayed delivery comes later, a dropped one never', async (t) => {
  const { admin, endpoint, finishBatch } = await start(t)
  admin.addDeliveryFault({ effect: { type: 'delay', ms: hourMs } })
  admin.addDeliveryFault({ skip: 1, effect: { type: 'drop' } })
  finishBatch()
  finishBatch()
  await admin.advance(hourMs - 60_000)
  assert.equal(endpoint.received.length, 0)
  await admin.advance(60_000)
  assert.equal(endpoint.received.length, 1)
  await admin.advance(25 * hourMs)
  assert.equal(endpoint.received.length, 1)
})

test('a tampered body and a stale timestamp are refused by the reference library; the retry is right', async (t) => {
  const { admin, endpoint, finishBatch, secret } = await start(t)
  endpoint.state.answer = (nth) => (nth === 1 ? 401 : 204)
  admin.addDeliveryFault({ effect: { type: 'tamper' } })
  finishBatch()
  await admin.advance(5_000)
  assert.throws(() => verifies(secret(), endpoint.received[0]), /signature/i)
  verifies(secret(), endpoint.received[1])
  admin.addDeliveryFault({ effect: { type: 'skew', seconds: 400 } })
  finishBatch()
  await admin.advance(0)
  assert.throws(() => verifies(secret(), endpoint.received[2]), /timestamp too old/i)
})

test('a ping answers at once and is delivered later, of the configured type', async (t) => {
  const { admin, endpoint, webhook, url, apiKey, secret } = await start(t)
  endpoint.state.answer = 'hang'
  const response = await fetch(`${url}/v1/webhooks/${webhook.id}:ping`, {
    method: 'POST',
    headers: { 'x-goog-api-key': apiKey },
  })
  assert.equal(await response.text(), '{}')
  endpoint.state.answer = 204
  const received = await eventually('the ping', () => endpoint.received[0])
  assert.equal((verifies(secret(), received) as { type: string }).type, 'ping')
  assert.equal(admin.deliveries(webhook.id).length, 1)
})

async function dynamicJob(t: TestContext, switches: SwitchChanges = {}) {
  const simulated = await start(t, switches)
  const { admin, url } = simulated
  const jwks = async () => (await (await fetch(`${url}/.well-known/jwks.json`)).json()) as { keys: JsonWebKey[] }
  const run = async (uris = ['https://dynamic.test/v1/d/a', 'https://dynamic.test/v1/d/b']) => {
    const webhookConfig = { uris, userMetadata: { team: 'search' } }
    const { id } = admin.createJob({ project: 'project-a', type: 'batch', webhookConfig })
    admin.finishJob(id, 'succeeded')
    await admin.advance(0)
  }
  return { ...simulated, jwks, run }
}

const verifiesV1a = ({ headers, body }: Received, keys: JsonWebKey[]) => {
  const content = Buffer.concat([
    Buffer.from(`${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.`),
    body,
  ])
  const signature = Buffer.from(String(headers['webhook-signature']).replace(/^v1a,/, ''), 'base64')
  return keys.filter((key) => verify(null, content, createPublicKey({ key, format: 'jwk' }), signature)).length
}

test('a dynamic delivery goes to every URI instead of the registered webhook, signed v1a by one of three keys without kid', async (t) => {
  const { endpoint, jwks, run } = await dynamicJob(t)
  await run()
  assert.deepEqual(endpoint.received.map(({ path }) => path).toSorted(), ['/v1/d/a', '/v1/d/b'])
  const { keys } = await jwks()
  assert.equal(keys.length, 3)
  for (const key of keys) {
    assert.deepEqual(Object.keys(key).toSorted(), ['alg', 'crv', 'kty', 'use', 'x'])
    assert.deepEqual([key.kty, key.crv, key['alg'], key['use']], ['OKP', 'Ed25519', 'EdDSA', 'sig'])
  }
  for (const received of endpoint.received) {
    assert.match(String(received.headers['webhook-signature']), /^v1a,[A-Za-z0-9+/]+=*$/)
    assert.equal(verifiesV1a(received, keys), 1)
    const { user_metadata: metadata } = JSON.parse(received.body.toString()) as { user_metadata: unknown }
    assert.deepEqual(metadata, { team: 'search' })
  }
})

test('after the keys were rotated the new set verifies, and the old one no longer', async (t) => {
  const { admin, endpoint, jwks, run } = await dynamicJob(t)
  const before = await jwks()
  admin.rotateSigningKeys()
  await run(['https://dynamic.test/'])
  const after = await jwks()
  const [received] = endpoint.received
  assert.ok(received !== undefined)
  assert.equal(verifiesV1a(received, after.keys), 1)
  assert.equal(verifiesV1a(received, before.keys), 0)
  assert.equal(after.keys.filter(({ x }) => before.keys.some((old) => old.x === x)).length, 2)
})
