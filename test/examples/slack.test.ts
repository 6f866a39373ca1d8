import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'

import type { Sandbox } from '../../src/roles/sandbox/start.ts'
import { startChatWebhook, type ChatWebhook } from '../../playground/chat-webhook.ts'
import { startStrictPostgrest } from '../support/doubles/strict-servers.ts'
import { eventually } from '../support/measures/eventually.ts'
import { recordSecret } from '../support/measures/run-record.ts'
import {
  applyWebhooks,
  finishBatch,
  leadServiceTo,
  putCredentials,
  startExampleSandbox,
} from '../support/worlds/example-sandbox.ts'

let sandbox: Sandbox
let slack: ChatWebhook
let postgrest: Awaited<ReturnType<typeof startStrictPostgrest>>

before(async () => {
  sandbox = await startExampleSandbox()
  const path = `/services/T0/B0/${randomBytes(12).toString('hex')}`
  slack = await startChatWebhook({ host: '127.0.0.1', port: 0, path })
  const url = `http://127.0.0.1:${slack.port}${path}`
  recordSecret(url)
  postgrest = await startStrictPostgrest('gemini_jobs', ['name', 'state'])
  await putCredentials(sandbox, 'slack', { url })
  await leadServiceTo(sandbox, 'postgrest', postgrest.port)
  await applyWebhooks(sandbox, 'examples/slack/webhook.yaml', 'examples/postgrest/webhook.yaml')
})
after(async () => {
  await sandbox.stop()
  await slack.close()
  postgrest.close()
})

test('a batch that finishes is a message in Slack, and a row behind PostgREST', async () => {
  const { batch } = finishBatch(sandbox)
  const message = `Batch ${batch}: batch.succeeded`
  await eventually('the message', () => slack.texts.includes(message))
  const row = await eventually('the row', () => postgrest.rows.get(batch))
  assert.deepEqual(row, { name: batch, state: 'batch.succeeded' })
})

test('a Slack that is busy gets the message once it is not, and a strict one refuses none', async () => {
  slack.limitNext(2)
  const { batch } = finishBatch(sandbox)
  await eventually('the message', () => slack.texts.includes(`Batch ${batch}: batch.succeeded`))
  assert.equal(slack.statuses.filter((status) => status === 429).length, 2)
  assert.deepEqual(
    slack.statuses.filter((status) => status !== 429 && status !== 200),
    [],
  )
})

test('two events about one batch are one row', async () => {
  const { admin } = sandbox.simulator
  for (const type of ['batch.failed', 'batch.expired']) {
    admin.emit({ project: 'sandbox', type, data: { id: 'batches/twice' } })
    await eventually(type, () => postgrest.rows.get('batches/twice')?.['state'] === type)
  }
})
