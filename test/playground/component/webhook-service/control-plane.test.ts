import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import { rawApi, startSimulator } from '../../../support/worlds/simulator.ts'

const input = { name: 'n', uri: 'https://hooks.test/x', subscribed_events: ['batch.succeeded'] }
const hourMs = 3_600_000

interface Wire {
  id: string
  state: string
  uri: string
  new_signing_secret?: string
  signing_secrets: { truncated_secret: string; expire_time?: string }[]
}
interface WirePage {
  webhooks?: Wire[]
  next_page_token?: string
}

async function start(t: TestContext) {
  const simulated = await startSimulator(t)
  const call = rawApi(simulated.url, simulated.apiKey)
  const create = async () => (await call('POST', '/v1/webhooks', input)).body as Wire
  return { ...simulated, call, create }
}

test('both versions show the same webhooks, and all keys of a project share them', async (t) => {
  const { admin, url, create } = await start(t)
  const { id } = await create()
  const second = rawApi(url, admin.createApiKey('project-a'))
  assert.equal((await second('GET', `/v1beta/webhooks/${id}`)).status, 200)
  assert.equal((await second('GET', `/v2/webhooks/${id}`)).status, 404)
})

test('no key is 403, an unknown or revoked one is 400 with ErrorInfo API_KEY_INVALID', async (t) => {
  const { admin, url, apiKey, call } = await start(t)
  const none = await rawApi(url, undefined)('GET', '/v1/webhooks')
  assert.equal(none.status, 403)
  assert.equal((none.body as { error: { status: string } }).error.status, 'PERMISSION_DENIED')
  admin.revokeApiKey(apiKey)
  const { status, body } = await call('GET', '/v1/webhooks')
  const { error } = body as { error: { code: number; status: string; details: { reason: string }[] } }
  assert.equal(status, 400)
  assert.equal(error.status, 'INVALID_ARGUMENT')
  assert.equal(error.details[0]?.reason, 'API_KEY_INVALID')
})

test('every answer is JSON with its charset: delete, ping and an empty list are {}, never a 204', async (t) => {
  const { call, create } = await start(t)
  const { id } = await create()
  const answers = [
    await call('POST', `/v1/webhooks/${id}:ping`),
    await call('POST', `/v1/webhooks/${id}:ping`, {}),
    await call('DELETE', `/v1/webhooks/${id}`),
    await call('GET', '/v1/webhooks'),
  ]
  for (const { status, headers, body } of answers) {
    assert.equal(status, 200)
    assert.equal(headers.get('content-type'), 'application/json; charset=UTF-8')
    assert.deepEqual(body, {})
  }
  assert.equal((await call('GET', '/v1/webhooks/gone')).headers.get('content-type'), 'application/json; charset=UTF-8')
})

test('unknown query parameters and the update mask are ignored', async (t) => {
  const { call, create } = await start(t)
  const { id } = await create()
  const path = `/v1/webhooks/${id}?update_mask=name&strange=1`
  const { body } = await call('PATCH', path, { uri: 'https://other.test/y', state: 'disabled' })
  assert.equal((body as Wire).uri, 'https://other.test/y')
  assert.equal((body as Wire).state, 'disabled')
})

const refusals: [string, string, unknown, RegExp][] = [
  [
    'a camelCase key',
    'POST',
    { ...input, subscribedEvents: [] },
    /Unknown parameter 'subscribedEvents'. Did you mean 'subscribed_events'\?/,
  ],
  ['an unknown key', 'POST', { ...input, labels: {} }, /Unknown parameter 'labels'\.$/],
  ['no uri', 'POST', { subscribed_events: ['batch.failed'] }, /Missing required parameter 'uri'/],
  ['no events', 'POST', { uri: 'https://a.test' }, /Missing required parameter 'subscribed_events'/],
  [
    'an empty list of events',
    'POST',
    { ...input, subscribed_events: [] },
    /Missing required parameter 'subscribed_events'/,
  ],
  [
    'a cancelled event',
    'POST',
    { ...input, subscribed_events: ['batch.cancelled'] },
    /batch\.cancelled.*batch\.succeeded, batch\.failed, batch\.expired, interaction\.completed, interaction\.requires_action, interaction\.failed, video\.generated/,
  ],
  ['an event that never was', 'POST', { ...input, subscribed_events: ['batch.completed'] }, /batch\.completed/],
  ['a uri that is none', 'POST', { ...input, uri: 'hooks' }, /'uri'/],
  ['a uri of another scheme', 'POST', { ...input, uri: 'ftp://a.test' }, /'uri'/],
  ['a name that is no string', 'POST', { ...input, name: 5 }, /'name'/],
  ['a list as body', 'POST', [], /must be an object/],
  ['a body that is no JSON', 'POST', '{', /Invalid JSON/],
  ['an unknown state', 'PATCH', { state: 'paused' }, /'state'/],
  ['a failed state by a client', 'PATCH', { state: 'disabled_due_to_failed_deliveries' }, /'state'/],
  ['an update to no events', 'PATCH', { subscribed_events: [] }, /subscribed_events/],
  ['an output-only key in an update', 'PATCH', { id: 'x' }, /Unknown parameter 'id'/],
]
for (const [name, method, body, message] of refusals) {
  test(`${method} with ${name} is 400 and changes nothing`, async (t) => {
    const { admin, call, create } = await start(t)
    const { id } = await create()
    const before = admin.webhooks()
    const answer = await call(method, method === 'POST' ? '/v1/webhooks' : `/v1/webhooks/${id}`, body)
    assert.equal(answer.status, 400)
    assert.match((answer.body as { error: { message: string } }).error.message, message)
    assert.deepEqual(admin.webhooks(), before)
  })
}

test('a rotation takes the two documented behaviours, in lower case, or none', async (t) => {
  const { call, create } = await start(t)
  const { id } = await create()
  const rotate = async (body: unknown) => (await call('POST', `/v1/webhooks/${id}:rotateSigningSecret`, body)).status
  assert.equal(await rotate({}), 200)
  assert.equal(await rotate({ revocation_behavior: 'revoke_previous_secrets_immediately' }), 200)
  assert.equal(await rotate({ revocation_behavior: 'REVOKE_PREVIOUS_SECRETS_AFTER_H24' }), 400)
  assert.equal(await rotate({ revocationBehavior: 'revoke_previous_secrets_immediately' }), 400)
})

test('ids are made by the service; two webhooks may have the same name and uri; times are not shown', async (t) => {
  const { create } = await start(t)
  const [one, two] = [await create(), await create()]
  assert.notEqual(one.id, two.id)
  assert.match(one.id, /^[a-z0-9]{36}$/)
  assert.deepEqual(Object.keys(one).toSorted(), [
    'id',
    'name',
    'new_signing_secret',
    'signing_secrets',
    'state',
    'subscribed_events',
    'uri',
  ])
})

test('the secret is shown by create alone, then only its last four characters', async (t) => {
  const { call, create } = await start(t)
  const { id, new_signing_secret: secret = '' } = await create()
  assert.match(secret, /^whsec_[A-Za-z0-9+/]{32}$/)
  for (const { body } of [
    await call('GET', `/v1/webhooks/${id}`),
    await call('GET', '/v1/webhooks'),
    await call('PATCH', `/v1/webhooks/${id}`, { name: 'm' }),
  ]) {
    const text = JSON.stringify(body)
    assert.ok(!text.includes(secret.slice(6, 26)))
    assert.ok(text.includes(`whsec_...${secret.slice(-4)}`))
  }
})

test('the old secret has an expiry 24 hours ahead after a rotation, and vanishes then', async (t) => {
  const { admin, call, create } = await start(t)
  const { id, signing_secrets: before } = await create()
  assert.equal(before[0]?.expire_time, undefined)
  await call('POST', `/v1/webhooks/${id}:rotateSigningSecret`, {})
  const during = ((await call('GET', `/v1/webhooks/${id}`)).body as Wire).signing_secrets
  const expiries = during.map(({ expire_time }) => expire_time)
  assert.deepEqual([expiries.length, expiries.filter((expiry) => expiry === undefined).length], [2, 1])
  await admin.advance(24 * hourMs - 60_000)
  assert.equal(admin.secrets(id).length, 2)
  await admin.advance(60_000)
  assert.equal(admin.secrets(id).length, 1)
})

test('an immediate revocation leaves the new secret alone, an expiring one included', async (t) => {
  const { admin, call, create } = await start(t)
  const { id } = await create()
  await call('POST', `/v1/webhooks/${id}:rotateSigningSecret`, {})
  const body = { revocation_behavior: 'revoke_previous_secrets_immediately' }
  const { secret } = (await call('POST', `/v1/webhooks/${id}:rotateSigningSecret`, body)).body as { secret: string }
  assert.deepEqual(admin.secrets(id), [{ secret }])
})

test('pages: 50 by default, at most 1000, an opaque token, none on the last', async (t) => {
  const { admin, call } = await start(t)
  const webhook = { uri: 'https://a.test', subscribedEvents: ['batch.failed'] }
  const ids = Array.from({ length: 1_100 }, () => admin.createWebhook('project-a', webhook).id)
  const page = async (query: string) => (await call('GET', `/v1/webhooks${query}`)).body as WirePage
  assert.equal((await page('')).webhooks?.length, 50)
  const first = await page('?page_size=5000')
  assert.equal(first.webhooks?.length, 1000)
  const token = first.next_page_token ?? ''
  assert.doesNotMatch(token, /^\d+$/)
  const last = await page(`?page_size=1000&page_token=${token}`)
  assert.equal(last.next_page_token, undefined)
  assert.deepEqual(
    [...(first.webhooks ?? []), ...(last.webhooks ?? [])].map(({ id }) => id),
    ids,
  )
  assert.equal((await call('GET', '/v1/webhooks?page_token=nonsense')).status, 400)
  assert.equal((await call('GET', '/v1/webhooks?page_size=-1')).status, 400)
})

test('an unknown id is 404 for every operation on it, an encoded slash included', async (t) => {
  const { call } = await start(t)
  for (const [method, path] of [
    ['GET', '/v1/webhooks/gone'],
    ['GET', '/v1/webhooks/webhooks%2Fgone'],
    ['PATCH', '/v1/webhooks/gone'],
    ['DELETE', '/v1/webhooks/gone'],
    ['POST', '/v1/webhooks/gone:ping'],
    ['POST', '/v1/webhooks/gone:rotateSigningSecret'],
  ] as const) {
    const { status, body } = await call(method, path, method === 'PATCH' ? { name: 'x' } : undefined)
    assert.equal(status, 404, `${method} ${path}`)
    assert.equal((body as { error: { status: string } }).error.status, 'NOT_FOUND')
  }
  assert.equal((await call('POST', '/v1/webhooks/gone:explode')).status, 404)
})

test('requests that are no requests of the API get an error of its form', async (t) => {
  const { call } = await start(t)
  for (const [status, answer] of [
    [400, await call('GET', '/v1/webhooks/%zz')],
    [413, await call('POST', '/v1/webhooks', 'x'.repeat(2 * 1024 * 1024))],
  ] as const) {
    assert.equal(answer.status, status)
    assert.equal((answer.body as { error: { code: number } }).error.code, status)
  }
  assert.match(String((await call('PUT', '/v1/webhooks', {})).body), /<html>/)
})
