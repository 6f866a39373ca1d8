import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import { rawApi, startSimulator } from '../../../support/worlds/simulator.ts'

async function start(t: TestContext) {
  const simulated = await startSimulator(t)
  const http = rawApi(simulated.url, undefined)
  const ok = async (method: string, path: string, body?: unknown) => {
    const answer = await http(method, `/_admin/${path}`, body)
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    return answer.body as Record<string, unknown>
  }
  return { ...simulated, http, ok }
}

test('the story of a webhook, over HTTP alone', async (t) => {
  const { ok, url, endpoint } = await start(t)
  await ok('POST', 'projects', { project: 'p' })
  const { apiKey } = (await ok('POST', 'api-keys', { project: 'p' })) as { apiKey: string }
  assert.match(apiKey, /^AIza[A-Za-z0-9]{35}$/)
  const webhook = { project: 'p', name: 'n', uri: 'https://hooks.test/x', subscribedEvents: ['batch.succeeded'] }
  const { id } = (await ok('POST', 'webhooks', webhook)) as { id: string }
  const secrets = (await ok('GET', `webhooks/${id}/secrets`)) as unknown as { secret: string }[]
  assert.match(secrets[0]?.secret ?? '', /^whsec_/)
  await ok('POST', 'jobs', { project: 'p', type: 'batch', outcome: 'succeeded' })
  await ok('POST', 'clock/advance', { ms: 0 })
  assert.equal(endpoint.received.length, 1)
  const deliveries = (await ok('GET', `deliveries?webhookId=${id}`)) as unknown as { state: string }[]
  assert.equal(deliveries[0]?.state, 'delivered')
  await ok('PATCH', `webhooks/${id}`, { state: 'disabled' })
  assert.match(((await ok('POST', `webhooks/${id}/rotate`)) as { secret: string }).secret, /^whsec_/)
  assert.equal((await ok('POST', `webhooks/${id}/auto-disable`))['state'], 'disabled_due_to_failed_deliveries')
  const list = await rawApi(url, apiKey)('GET', '/v1/webhooks')
  assert.equal((list.body as { webhooks: unknown[] }).webhooks.length, 1)
  const { counts } = (await ok('GET', 'calls')) as { counts: Record<string, unknown> }
  assert.deepEqual(counts['list'], { received: 1, committed: 1 })
  await ok('DELETE', 'calls')
  await ok('DELETE', `webhooks/${id}`)
  assert.deepEqual(await ok('GET', 'webhooks?project=p'), [])
  await ok('POST', 'api-keys/revoke', { apiKey })
  assert.equal((await rawApi(url, apiKey)('GET', '/v1/webhooks')).status, 400)
})

test('jobs that run on, dynamic ones, and any event', async (t) => {
  const { ok, endpoint } = await start(t)
  const dynamic = { project: 'project-a', type: 'video', uris: ['https://d.test/v'], userMetadata: { a: 1 } }
  const { job } = (await ok('POST', 'jobs', dynamic)) as { job: { id: string; state: string } }
  assert.equal(job.state, 'running')
  await ok('POST', `jobs/${job.id}/finish`, { outcome: 'generated' })
  await ok('POST', 'events', { project: 'project-a', type: 'x.y', data: {}, uris: ['https://d.test/e'] })
  await ok('POST', 'clock/advance', { ms: 0 })
  assert.deepEqual(endpoint.received.map(({ path }) => path).toSorted(), ['/e', '/v'])
  assert.equal(((await ok('GET', 'jobs')) as unknown as unknown[]).length, 1)
})

test('switches, faults, keys, the clock and the map of addresses', async (t) => {
  const { ok, http, admin, url, apiKey } = await start(t)
  const { pingType, secretBytes } = await ok('PATCH', 'switches', { pingType: 'webhook.ping' })
  assert.deepEqual([pingType, secretBytes], ['webhook.ping', 24])
  const settings = await ok('PATCH', 'switches', { secretBytes: 64 })
  assert.deepEqual([settings['pingType'], settings['secretBytes']], ['webhook.ping', 64], 'one change keeps the others')
  assert.deepEqual(await ok('GET', 'switches'), admin.switches())
  await ok('POST', 'faults', { verb: 'list', effect: { type: 'status', status: 500 } })
  await ok('POST', 'faults', { verb: 'list', effect: { type: 'status', status: 500 } })
  assert.equal((await rawApi(url, apiKey)('GET', '/v1/webhooks')).status, 500)
  await ok('DELETE', 'faults')
  assert.equal((await rawApi(url, apiKey)('GET', '/v1/webhooks')).status, 200)
  await ok('POST', 'delivery-faults', { effect: { type: 'drop' } })
  await ok('POST', 'signing-keys/rotate')
  await ok('PUT', 'connect-to', { '*': 'http://127.0.0.1:9' })
  const { nowMs } = (await ok('POST', 'clock/advance', { ms: 3_600_000 })) as { nowMs: number }
  assert.ok(nowMs >= Date.now() + 3_600_000 - 1_000)
  assert.ok(Number((await ok('GET', 'clock'))['nowMs']) >= nowMs)
  for (const [method, path, body] of [
    ['PATCH', 'switches', { pingtype: 'x' }],
    ['PATCH', 'switches', { secretBytes: 5 }],
    ['POST', 'faults', { effect: { type: 'explode' } }],
    ['POST', 'jobs', { project: 'nobody', type: 'batch' }],
    ['POST', 'jobs', { project: 'project-a', type: 'batch', outcome: 'generated' }],
    ['POST', 'webhooks', { project: 'nobody', uri: 'https://a.test', subscribedEvents: [] }],
    ['DELETE', 'webhooks/gone', undefined],
    ['POST', 'projects', '{'],
    ['POST', 'api-keys/revoke', { apiKey: 'nobody' }],
  ] as const) {
    const answer = await http(method, `/_admin/${path}`, body)
    assert.equal(answer.status, 400, `${method} ${path}`)
    assert.ok((answer.body as { error: string }).error.length > 10, 'says what is wrong')
  }
})
