import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'

import { GoogleGenAI } from '@google/genai'

import { startSimulator } from '../../../support/worlds/simulator.ts'

/** The official SDK, as users have it, without any option that would make it easier. */
async function start(t: TestContext, apiVersion: string) {
  const simulated = await startSimulator(t)
  const { url: baseUrl, apiKey } = simulated
  const client = new GoogleGenAI({ apiKey, vertexai: false, apiVersion, httpOptions: { baseUrl } })
  return { ...simulated, client }
}

const bodies = (received: { body: Buffer }[]) =>
  received.map(({ body }) => JSON.parse(body.toString()) as { type: string; data: Record<string, unknown> })

for (const apiVersion of ['v1', 'v1beta']) {
  describe(`the official SDK over /${apiVersion}`, () => {
    test('runs all seven operations', async (t) => {
      const { client, admin } = await start(t, apiVersion)
      assert.equal((await client.webhooks.list()).webhooks, undefined)
      const created = await client.webhooks.create({
        name: 'sdk',
        uri: 'https://hooks.test/sdk',
        subscribed_events: ['batch.succeeded'],
      })
      const id = created.id ?? ''
      assert.deepEqual(admin.secrets(id), [{ secret: created.new_signing_secret }])
      assert.equal((await client.webhooks.get(id)).name, 'sdk')
      const update = { state: 'disabled', update_mask: 'state' } as const
      assert.equal((await client.webhooks.update(id, update)).state, 'disabled')
      const { secret } = await client.webhooks.rotateSigningSecret(id, {
        revocation_behavior: 'revoke_previous_secrets_immediately',
      })
      assert.deepEqual(admin.secrets(id), [{ secret }])
      await client.webhooks.ping(id)
      await client.webhooks.ping(id, { body: {} })
      await client.webhooks.delete(id)
      assert.equal((await client.webhooks.list({ page_size: 10 })).webhooks, undefined)
    })

    test('pages by hand', async (t) => {
      const { client, admin } = await start(t, apiVersion)
      const webhook = { uri: 'https://a.test', subscribedEvents: ['batch.failed'] }
      for (let n = 0; n < 5; n++) admin.createWebhook('project-a', webhook)
      const first = await client.webhooks.list({ page_size: 3 })
      const second = await client.webhooks.list({ page_size: 3, page_token: first.next_page_token ?? '' })
      assert.deepEqual([first.webhooks?.length, second.webhooks?.length, second.next_page_token], [3, 2, undefined])
    })

    test('repeats a create on its own after a lost answer: the hazard is real', async (t) => {
      const { client, admin } = await start(t, apiVersion)
      admin.addFault({ verb: 'create', effect: { type: 'reset', when: 'afterCommit' } })
      await client.webhooks.create({ uri: 'https://a.test', subscribed_events: ['batch.failed'] })
      assert.equal(admin.webhooks().length, 2)
    })

    test('creates an inline batch with a dynamic webhook, sees it end, and its event names no output file', async (t) => {
      const { client, admin, endpoint } = await start(t, apiVersion)
      const batch = await client.batches.create({
        model: 'gemini-3-flash',
        src: [{ contents: [{ role: 'user', parts: [{ text: 'hello' }] }] }],
        config: {
          displayName: 'nightly',
          webhookConfig: { uris: ['https://dynamic.test/b'], userMetadata: { team: 'search' } },
        },
      })
      assert.equal(batch.state, 'JOB_STATE_RUNNING')
      const name = batch.name ?? ''
      admin.finishJob(name.replace('batches/', ''), 'succeeded')
      await admin.advance(0)
      assert.equal((await client.batches.get({ name })).state, 'JOB_STATE_SUCCEEDED')
      const [event] = bodies(endpoint.received)
      assert.equal(event?.type, 'batch.succeeded')
      assert.deepEqual(event.data, { id: name })
    })

    test('creates a batch from a file for the registered webhooks, whose event names the output file', async (t) => {
      const { client, admin, endpoint } = await start(t, apiVersion)
      admin.createWebhook('project-a', { uri: 'https://hooks.test/s', subscribedEvents: ['batch.succeeded'] })
      const batch = await client.batches.create({ model: 'gemini-3-flash', src: { fileName: 'files/abc' } })
      const id = batch.name?.replace('batches/', '') ?? ''
      admin.finishJob(id, 'succeeded')
      await admin.advance(0)
      assert.deepEqual(bodies(endpoint.received)[0]?.data, { id: batch.name, output_file_uri: `files/${id}` })
      assert.equal(endpoint.received[0]?.path, '/s')
    })

    test('cancels a batch, which sends nothing', async (t) => {
      const { client, admin, endpoint } = await start(t, apiVersion)
      const webhookConfig = { uris: ['https://dynamic.test/b'] }
      const src = { fileName: 'files/abc' }
      const batch = await client.batches.create({ model: 'gemini-3-flash', src, config: { webhookConfig } })
      const name = batch.name ?? ''
      await client.batches.cancel({ name })
      await admin.advance(0)
      assert.equal((await client.batches.get({ name })).state, 'JOB_STATE_CANCELLED')
      assert.equal(endpoint.received.length, 0)
    })

    test('creates a background interaction with a dynamic webhook, which comes back in the answer', async (t) => {
      const { client, admin, endpoint } = await start(t, apiVersion)
      const webhook_config = { uris: ['https://dynamic.test/i'], user_metadata: { run: 7 } }
      const model = 'gemini-3-flash'
      const interaction = await client.interactions.create({ model, input: 'hi', background: true, webhook_config })
      assert.equal(interaction.status, 'in_progress')
      assert.deepEqual((interaction as { webhook_config?: unknown }).webhook_config, webhook_config)
      const { id } = interaction
      admin.finishJob(id, 'requires_action')
      admin.finishJob(id, 'completed')
      await admin.advance(0)
      assert.deepEqual(
        bodies(endpoint.received).map(({ type, data }) => [type, data]),
        [
          ['interaction.requires_action', { id }],
          ['interaction.completed', { id }],
        ],
      )
      assert.equal((await client.interactions.get(id)).status, 'completed')
    })

    test('a webhook_config without background is refused', async (t) => {
      const { client } = await start(t, apiVersion)
      const webhook_config = { uris: ['https://dynamic.test/i'] }
      const request = client.interactions.create({ model: 'gemini-3-flash', input: 'hi', webhook_config })
      await assert.rejects(request, { status: 400 })
    })
  })
}
