import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'

import type { Sandbox } from '../../src/roles/sandbox/start.ts'
import { startStrictPostgrest, startStrictSlack } from '../support/doubles/strict-servers.ts'
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
let slack: Awaited<ReturnType<typeof startStrictSlack>>
let postgrest: Awaited<ReturnType<typeof startStrictPostgrest>>

before(async () => {
  sandbox = await startExampleSandbox()
  slack = await startStrictSlack(`/services/T0/B0/${randomBytes(12).toString('hex')}`)
  recordSecret(slack.url)
  postgrest = await startStrictPostgrest('gemini_jobs', ['name', 'state'])
  await putCredentials(sandbox, 'slack', { url: slack.url })
  await leadServiceTo(sandbox, 'postgrest', postgrest.port)
  await applyWebhooks(sandbox, 'examples/slack/webhook.yaml')
  await applyWebhooks(sandbox, 'examples/postgrest/webhook.yaml')
})
after(async () => {
  await sandbox.stop()
  slack.close()
  postgrest.close()
})

test('a batch that finishes is a message in Slack, and a row behind PostgREST', async () => {
  const { batch } = finishBatch(sandbox)
  const message = `Batch ${batch}: batch.succeeded`
  await eventually('the message', () => slack.messages.includes(message))
  const row = await eventually('the row', () => postgrest.rows.get(batch))
  assert.deepEqual(row, { name: batch, state: 'batch.succeeded' })
})

test('a Slack that is busy gets the message once it is not, and a strict one refuses none', async () => {
  slack.state.busyTimes = 2
  const { batch } = finishBatch(sandbox)
  await eventually('the message', () => slack.messages.includes(`Batch ${batch}: batch.succeeded`))
  assert.equal(slack.state.answered.filter((status) => status === 429).length, 2)
  assert.deepEqual(
    slack.state.answered.filter((status) => status !== 429 && status !== 200),
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
