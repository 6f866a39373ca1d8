import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import type { Sandbox } from '../../src/roles/sandbox/start.ts'
import { sendAsReceiver } from '../support/doubles/send-as-receiver.ts'
import { eventually } from '../support/measures/eventually.ts'
import { recordSecret } from '../support/measures/run-record.ts'
import { ExampleProcess } from '../support/processes/example-process.ts'
import { pythonEnvironment } from '../support/processes/python-environment.ts'
import {
  applyWebhooks,
  finishBatch,
  leadServiceTo,
  putCredentials,
  secretText,
  startExampleSandbox,
} from '../support/worlds/example-sandbox.ts'

const [workerPython, batchPython] = await Promise.all([
  pythonEnvironment('examples/python-worker/requirements.txt'),
  pythonEnvironment('examples/batch-with-dynamic-webhook/requirements.txt'),
])
const missing = [workerPython, batchPython].map((each) => ('missing' in each ? each.missing : undefined))
const skip = missing.find((each) => each !== undefined) ?? false
const binOf = (python: typeof workerPython) => ('bin' in python ? python.bin : '')

const signingSecret = `whsec_${randomBytes(32).toString('base64')}`
recordSecret(signingSecret)

void describe('python-worker and batch-with-dynamic-webhook', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'gwh-python-worker-'))
  const database = join(folder, 'events.db')
  let sandbox: Sandbox
  let worker: ExampleProcess
  let url: string

  async function startWorker(): Promise<void> {
    worker = new ExampleProcess({
      command: [join(binOf(workerPython), 'python'), '-m', 'uvicorn', 'worker:app', '--port', '0'],
      cwd: 'examples/python-worker',
      env: { SIGNING_SECRET: signingSecret, DATABASE: database, PYTHONDONTWRITEBYTECODE: '1' },
    })
    const port = await worker.printed(/running on http:\/\/127\.0\.0\.1:(\d+)/)
    url = `http://127.0.0.1:${port}/events`
    await leadServiceTo(sandbox, 'python-worker', Number(port))
  }

  /** What the worker has kept of an event. */
  function rowsOf(eventId: string) {
    using open = new DatabaseSync(database, { readOnly: true })
    return open.prepare('SELECT type, subject, data FROM events WHERE id = ?').all(eventId) as Record<string, string>[]
  }
  const keptOf = (eventId: string) => eventually(`the worker has kept ${eventId}`, () => rowsOf(eventId)[0])

  before(async () => {
    sandbox = await startExampleSandbox()
    await startWorker()
    await putCredentials(sandbox, 'worker-signing', { 'signing-secret': signingSecret })
    const examples = ['python-worker', 'batch-with-dynamic-webhook']
    await applyWebhooks(sandbox, ...examples.map((name) => `examples/${name}/webhook.yaml`))
  })
  after(async () => {
    await worker.kill()
    await sandbox.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  test('a batch that finishes at Google is a row of the worker', async () => {
    const { batch, eventId } = finishBatch(sandbox)
    const { type, subject } = await keptOf(eventId)
    assert.deepEqual({ type, subject }, { type: 'com.google.gemini.batch.succeeded', subject: batch })
  })

  test("the guide's own batch call names the endpoint, and its end comes to the worker with the note", async () => {
    const { admin } = sandbox.simulator
    const started = new ExampleProcess({
      command: [join(binOf(batchPython), 'python'), 'start_batch.py'],
      cwd: 'examples/batch-with-dynamic-webhook',
      env: {
        GEMINI_API_KEY: sandbox.simulator.apiKey,
        GOOGLE_GEMINI_BASE_URL: sandbox.simulator.url,
        WEBHOOK_URI: await secretText(sandbox, 'jobs-dynamic-endpoint', 'uri'),
        PYTHONDONTWRITEBYTECODE: '1',
      },
    })
    const name = await started.printed(/^(batches\/\S+)$/m)
    const job = admin.jobs().find(({ id }) => `batches/${id}` === name) ?? assert.fail(name)
    assert.deepEqual(job.webhookConfig?.userMetadata, { team: 'search' })
    const [deliveryId] = admin.finishJob(job.id, 'succeeded').deliveryIds
    const sent = admin.deliveries().find((delivery) => delivery.deliveryId === deliveryId) ?? assert.fail('not sent')
    const { subject, data } = await keptOf(sent.eventId)
    assert.equal(subject, name)
    assert.match(data ?? '', /search/)
  })

  test('an event that comes again, in another format or after the worker was killed, is kept once', async (t) => {
    const send = sendAsReceiver(t)
    const delivered = { type: 'delivered', status: 204 }
    const event = { eventId: 'msg_again' }
    assert.deepEqual(await send(url, { signingSecret }, event), delivered)
    assert.deepEqual(await send(url, { signingSecret, format: 'CloudEventStructured' }, event), delivered)
    await worker.kill()
    await startWorker()
    assert.deepEqual(await send(url, { signingSecret }, event), delivered)
    assert.equal(rowsOf('msg_again').length, 1)
    await worker.printed(/^(again com\.google\.gemini\.batch\.succeeded batches\/abc123)$/m)
  })

  test('what is not genuine is refused so that events wait, and what is no event so that it is a dead letter', async (t) => {
    const send = sendAsReceiver(t)
    const stranger = `whsec_${randomBytes(32).toString('base64')}`
    const unauthorized = { type: 'unauthorized', status: 401 }
    assert.deepEqual(await send(url, { signingSecret: stranger }, { eventId: 'msg_forged' }), unauthorized)
    assert.deepEqual(await send(url, {}, { eventId: 'msg_unsigned' }), unauthorized)
    const noEvent = await send(url, { signingSecret, format: 'Original' }, { eventId: 'msg_original' })
    assert.deepEqual(noEvent, { type: 'permanent', cause: 'refused', status: 400 })
    for (const id of ['msg_forged', 'msg_unsigned', 'msg_original']) assert.deepEqual(rowsOf(id), [])
  })
})
