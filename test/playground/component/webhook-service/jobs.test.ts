import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import {
  jobOutcomes,
  subscribableEvents,
  type JobOutcome,
  type JobType,
} from '../../../../playground/webhook-service/events.ts'
import type { SwitchChanges } from '../../../../playground/webhook-service/switches.ts'
import { rawApi, startSimulator } from '../../../support/worlds/simulator.ts'

const hourMs = 3_600_000

async function start(t: TestContext, switches: SwitchChanges = {}) {
  const simulated = await startSimulator(t, { switches })
  simulated.admin.createWebhook('project-a', { uri: 'https://hooks.test/s', subscribedEvents: [...subscribableEvents] })
  const events = () =>
    simulated.endpoint.received.map(
      ({ body }) => JSON.parse(body.toString()) as { type: string; data: Record<string, unknown> },
    )
  return { ...simulated, events }
}

const wanted: [JobType, JobOutcome, string[]][] = [
  ['batch', 'succeeded', ['id']],
  ['batch', 'failed', ['id', 'error_code', 'error_message']],
  ['batch', 'expired', ['id']],
  ['interaction', 'completed', ['id']],
  ['interaction', 'requires_action', ['id']],
  ['interaction', 'failed', ['id', 'error_code', 'error_message']],
  ['video', 'generated', ['id', 'output_file_uri', 'file_name']],
]
for (const [type, outcome, keys] of wanted) {
  test(`a ${type} that ends as ${outcome} sends ${type}.${outcome} with ${keys.join(', ')}`, async (t) => {
    const { admin, events } = await start(t)
    const { id } = admin.createJob({ project: 'project-a', type })
    admin.finishJob(id, outcome)
    await admin.advance(0)
    const [event] = events()
    assert.equal(event?.type, `${type}.${outcome}`)
    assert.deepEqual(Object.keys(event.data), keys)
    assert.ok(String(event.data['id']).endsWith(id))
  })
}

test('every subscribable event has a job that sends it', () => {
  const sent: string[] = wanted.map(([type, outcome]) => `${type}.${outcome}`)
  assert.deepEqual(sent.toSorted(), [...subscribableEvents].toSorted())
})

test('a batch that nobody finishes expires', async (t) => {
  const { admin, events } = await start(t)
  admin.createJob({ project: 'project-a', type: 'batch' })
  await admin.advance(24 * hourMs - 60_000)
  assert.equal(events().length, 0)
  await admin.advance(60_000)
  assert.equal(events()[0]?.type, 'batch.expired')
  assert.equal(admin.jobs()[0]?.state, 'expired')
})

test('a batch that was finished does not expire', async (t) => {
  const { admin, events } = await start(t)
  const { id } = admin.createJob({ project: 'project-a', type: 'batch' })
  admin.finishJob(id, 'succeeded')
  await admin.advance(25 * hourMs)
  assert.equal(events().length, 1)
})

test('a job ends once, in a way that its type knows', async (t) => {
  const { admin } = await start(t)
  const { id } = admin.createJob({ project: 'project-a', type: 'video' })
  assert.throws(() => admin.finishJob(id, 'succeeded'), /A video cannot end as 'succeeded'.*generated/)
  admin.finishJob(id, 'generated')
  assert.throws(() => admin.finishJob(id, 'generated'), /has ended already/)
  assert.throws(() => admin.finishJob('nobody', 'failed'), /not found/)
  assert.ok(jobOutcomes.video.length > 0)
})

test('any event can be sent, of an unknown type and form', async (t) => {
  const { admin, endpoint, events } = await start(t)
  admin.emit({ project: 'project-a', type: 'batch.succeeded', data: { odd: [1] } })
  admin.emit({ project: 'project-a', type: 'made.up', data: 1, uris: ['https://dynamic.test/d'] })
  await admin.advance(0)
  assert.deepEqual(
    events().map(({ type, data }) => [type, data]),
    [
      ['batch.succeeded', { odd: [1] }],
      ['made.up', 1],
    ],
  )
  assert.equal(endpoint.received[1]?.path, '/d')
})

test('a video of SDK 2.x carries its webhookConfig at the top, and a job of another project is not seen', async (t) => {
  const { admin, url, apiKey, events } = await start(t)
  const call = rawApi(url, apiKey)
  const body = { instances: [{}], webhookConfig: { uris: ['https://dynamic.test/v'] } }
  const created = await call('POST', '/v1beta/models/veo-3:predictLongRunning', body)
  const { name } = created.body as { name: string }
  assert.match(name, /^models\/veo-3\/operations\/[a-z0-9]{36}$/)
  admin.finishJob(name.split('/').at(-1) ?? '', 'generated')
  await admin.advance(0)
  assert.equal(events()[0]?.type, 'video.generated')
  assert.equal(((await call('GET', `/v1beta/${name}`)).body as { done: boolean }).done, true)
  admin.createProject('project-b')
  const stranger = rawApi(url, admin.createApiKey('project-b'))
  assert.equal((await stranger('GET', `/v1beta/${name}`)).status, 404)
  assert.equal((await call('POST', '/v1beta/models/veo-3:generateContent', {})).status, 404)
})

test('an unknown key in a webhook_config is refused: it is uris, never url', async (t) => {
  const { url, apiKey } = await start(t)
  const call = rawApi(url, apiKey)
  const interaction = { model: 'm', input: 'x', background: true, webhook_config: { url: 'https://a.test' } }
  assert.equal((await call('POST', '/v1/interactions', interaction)).status, 400)
  const batch = { batch: { webhookConfig: { url: 'https://a.test' } } }
  assert.equal((await call('POST', '/v1/models/m:batchGenerateContent', batch)).status, 400)
})

test('a batch takes user_metadata by either name, as the JSON form of a message does', async (t) => {
  const { admin, url, apiKey } = await start(t)
  const api = rawApi(url, apiKey)
  for (const name of ['userMetadata', 'user_metadata']) {
    const webhookConfig = { uris: ['https://hooks.test/d'], [name]: { team: name } }
    const { status } = await api('POST', '/v1beta/models/m:batchGenerateContent', { batch: { webhookConfig } })
    assert.equal(status, 200)
    assert.deepEqual(admin.jobs().at(-1)?.webhookConfig?.userMetadata, { team: name })
  }
})

test('a batch that has succeeded shows its answers, or the file that they are in', async (t) => {
  const { admin, url, apiKey } = await start(t)
  for (const [input, shown] of [
    ['inline', /"inlinedResponses":\[\{"response":\{"candidates"/],
    ['file', /"responsesFile":"files\//],
  ] as const) {
    const { id } = admin.createJob({ project: 'project-a', type: 'batch', input })
    const batch = async () => JSON.stringify((await rawApi(url, apiKey)('GET', `/v1beta/batches/${id}`)).body)
    assert.doesNotMatch(await batch(), /"output"/)
    admin.finishJob(id, 'succeeded')
    assert.match(await batch(), shown)
  }
})
