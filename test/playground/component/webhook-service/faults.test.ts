import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'

import type { CallFault } from '../../../../playground/webhook-service/faults.ts'
import { eventually } from '../../../support/measures/eventually.ts'
import { rawApi, startSimulator } from '../../../support/worlds/simulator.ts'

const input = { uri: 'https://hooks.test/x', subscribed_events: ['batch.succeeded'] }

async function start(t: TestContext, options: { random?: () => number } = {}) {
  const simulated = await startSimulator(t, options)
  const call = rawApi(simulated.url, simulated.apiKey)
  const create = () => call('POST', '/v1/webhooks', input)
  const counts = () => simulated.admin.calls().counts
  return { ...simulated, call, create, counts }
}

const lost: [string, CallFault['effect'], number][] = [
  ['a reset before the commit', { type: 'reset' }, 0],
  ['a reset after the commit', { type: 'reset', when: 'afterCommit' }, 1],
]
for (const [name, effect, committed] of lost) {
  test(`${name} cuts the connection and leaves ${committed} webhooks`, async (t) => {
    const { admin, create, counts } = await start(t)
    admin.addFault({ verb: 'create', effect })
    await assert.rejects(create(), /fetch failed/)
    assert.equal(admin.webhooks().length, committed)
    assert.deepEqual(counts().create, { received: 1, committed })
    assert.equal((await create()).status, 200, 'it struck once')
  })
}

test('a rotation whose answer is lost has replaced the secret', async (t) => {
  const { admin, call, create } = await start(t)
  const { id, new_signing_secret: first } = (await create()).body as { id: string; new_signing_secret: string }
  admin.addFault({ verb: 'rotateSigningSecret', effect: { type: 'reset', when: 'afterCommit' } })
  await assert.rejects(call('POST', `/v1/webhooks/${id}:rotateSigningSecret`, {}))
  const secrets = admin.secrets(id)
  assert.equal(secrets.length, 2)
  assert.equal(secrets[0]?.secret, first)
})

for (const when of ['beforeCommit', 'afterCommit'] as const) {
  test(`a hang ${when} never answers`, async (t) => {
    const { admin, url, apiKey } = await start(t)
    admin.addFault({ effect: { type: 'hang', when } })
    const request = fetch(`${url}/v1/webhooks`, {
      method: 'POST',
      headers: { 'x-goog-api-key': apiKey },
      body: JSON.stringify(input),
      signal: AbortSignal.timeout(200),
    })
    await assert.rejects(request, { name: 'TimeoutError' })
    await eventually('the call', () => admin.calls().counts.create.received === 1)
    assert.equal(admin.webhooks().length, when === 'afterCommit' ? 1 : 0)
  })
}

test('latency is time of the service: moving its clock ends it', async (t) => {
  const { admin, create } = await start(t)
  admin.addFault({ effect: { type: 'latency', ms: 3_600_000 } })
  const answer = create()
  while (admin.calls().counts.create.received === 0) {
    await admin.advance(600_000)
    await new Promise((turn) => setImmediate(turn))
  }
  assert.equal((await answer).status, 200)
})

describe('statuses', () => {
  for (const status of [400, 401, 403, 404, 408, 409, 412, 429, 500, 501, 503, 504]) {
    test(`${status} in the RPC and in the Interactions shape, with and without Retry-After`, async (t) => {
      const { admin, create, counts } = await start(t)
      admin.addFault({ effect: { type: 'status', status, retryAfter: '7' } })
      const rpc = await create()
      assert.equal(rpc.status, status)
      assert.equal(rpc.headers.get('retry-after'), '7')
      const { error } = rpc.body as { error: { code: number; message: string; status: string } }
      assert.equal(error.code, status)
      assert.match(error.status, /^[A-Z_]+$/)
      admin.addFault({ effect: { type: 'status', status, shape: 'interactions', message: 'no' } })
      const interactions = await create()
      assert.equal(interactions.status, status)
      assert.equal(interactions.headers.get('retry-after'), null)
      assert.equal((interactions.body as { error: { message: string } }).error.message, 'no')
      assert.deepEqual(counts().create, { received: 2, committed: 0 })
    })
  }
  test('HTML and an empty body, as proxies answer', async (t) => {
    const { admin, create } = await start(t)
    admin.addFault({ effect: { type: 'status', status: 502, shape: 'html' } })
    admin.addFault({ skip: 1, effect: { type: 'status', status: 502, shape: 'empty' } })
    assert.match(String((await create()).body), /^<html>/)
    assert.equal((await create()).body, '')
  })
  test('an ErrorInfo reason of choice', async (t) => {
    const { admin, create } = await start(t)
    admin.addFault({ effect: { type: 'status', status: 403, reason: 'SERVICE_DISABLED' } })
    const { error } = (await create()).body as { error: { details: { reason: string }[] } }
    assert.equal(error.details[0]?.reason, 'SERVICE_DISABLED')
  })
  test('an error after the commit has done what was asked', async (t) => {
    const { admin, create } = await start(t)
    admin.addFault({ effect: { type: 'status', status: 500, when: 'afterCommit' } })
    assert.equal((await create()).status, 500)
    assert.equal(admin.webhooks().length, 1)
  })
})

test('a garbled answer has done what was asked', async (t) => {
  const { admin, create } = await start(t)
  const hows = ['html', 'noContentType', 'noContent', 'truncated', 'emptyObject'] as const
  for (const how of hows) admin.addFault({ skip: hows.indexOf(how), effect: { type: 'garble', how } })
  assert.equal((await create()).headers.get('content-type'), 'text/html')
  assert.equal((await create()).headers.get('content-type'), null)
  assert.equal((await create()).status, 204)
  await assert.rejects(create(), SyntaxError)
  assert.deepEqual((await create()).body, {})
  assert.equal(admin.webhooks().length, 5)
})

test('a fault strikes the verb, the project and the calls that it names, so often as it says', async (t) => {
  const { admin, call, create } = await start(t)
  admin.addFault({ verb: 'create', project: 'project-b', effect: { type: 'status', status: 500 } })
  admin.addFault({ verb: 'create', skip: 1, times: 2, effect: { type: 'status', status: 503 } })
  const statuses: number[] = []
  for (let n = 0; n < 4; n++) statuses.push((await create()).status, (await call('GET', '/v1/webhooks')).status)
  assert.deepEqual(statuses, [200, 200, 503, 200, 503, 200, 200, 200])
  admin.addFault({ times: 0, effect: { type: 'status', status: 503 } })
  assert.equal((await create()).status, 503)
  assert.equal((await create()).status, 503)
  admin.clearFaults()
  assert.equal((await create()).status, 200)
})

test('a rollout that flaps: every other call fails, by chance', async (t) => {
  let turn = 0
  const { admin, create } = await start(t, { random: () => (turn++ % 2 === 0 ? 0.1 : 0.9) })
  admin.addFault({ times: 0, probability: 0.5, effect: { type: 'status', status: 400, message: 'rollout' } })
  const statuses = [await create(), await create(), await create(), await create()].map(({ status }) => status)
  assert.deepEqual(statuses, [400, 200, 400, 200])
})

test('one call may see an old list', async (t) => {
  const { admin, call, create } = await start(t)
  await create()
  admin.addFault({ verb: 'list', effect: { type: 'lag', ms: 60_000 } })
  assert.deepEqual((await call('GET', '/v1/webhooks')).body, {})
  assert.notDeepEqual((await call('GET', '/v1/webhooks')).body, {})
})

test('the key set fails on demand too', async (t) => {
  const { admin, url } = await start(t)
  admin.addFault({ verb: 'jwks', effect: { type: 'status', status: 503 } })
  const fetchKeys = async () => (await fetch(`${url}/.well-known/jwks.json`)).status
  assert.deepEqual([await fetchKeys(), await fetchKeys()], [503, 200])
})

test('another hand edits, rotates and deletes behind the back of the API', async (t) => {
  const { admin, call, create } = await start(t)
  const { id } = (await create()).body as { id: string }
  admin.editWebhook(id, { name: 'stolen', uri: 'http://evil.test' })
  const secret = admin.rotateWebhook(id, 'revoke_previous_secrets_immediately')
  const seen = (await call('GET', `/v1/webhooks/${id}`)).body as Record<string, unknown>
  assert.equal(seen['name'], 'stolen')
  assert.deepEqual(seen['signing_secrets'], [{ truncated_secret: `whsec_...${secret.slice(-4)}` }])
  admin.deleteWebhook(id)
  assert.equal((await call('POST', `/v1/webhooks/${id}:rotateSigningSecret`, {})).status, 404)
  assert.throws(() => admin.deleteWebhook(id), /no webhook has the id/)
})

test('calls are counted by verb and kept with what happened to them', async (t) => {
  const { admin, call, create } = await start(t)
  await create()
  await call('POST', '/v1/webhooks', {})
  await call('GET', '/v1/webhooks')
  const { counts, calls } = admin.calls()
  assert.deepEqual(counts.create, { received: 2, committed: 1 })
  assert.deepEqual(
    calls.map(({ verb, status, committed, project }) => [verb, status, committed, project]),
    [
      ['create', 200, true, 'project-a'],
      ['create', 400, false, 'project-a'],
      ['list', 200, true, 'project-a'],
    ],
  )
  admin.resetCalls()
  assert.equal(admin.calls().counts.create.received, 0)
})

test('a fault that is none is refused with what is wrong', async (t) => {
  const { admin } = await start(t)
  assert.throws(() => admin.addFault({ effect: { type: 'explode' } } as unknown as CallFault), /type/)
})
