import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'

import type { Sandbox } from '../../src/roles/sandbox/start.ts'
import { sendAsReceiver } from '../support/doubles/send-as-receiver.ts'
import { eventually } from '../support/measures/eventually.ts'
import { ExampleProcess } from '../support/processes/example-process.ts'
import { installedExample } from '../support/processes/node-example.ts'
import { PostgresServer, withoutPostgres } from '../support/processes/postgres-server.ts'
import { applyWebhooks, finishBatch, leadServiceTo, startExampleSandbox } from '../support/worlds/example-sandbox.ts'

const example = withoutPostgres === false ? installedExample('postgres-sync') : { missing: withoutPostgres }
const skip = 'missing' in example && example.missing
const folder = 'folder' in example ? example.folder : ''

interface Row {
  state: string
  result: unknown
  changes: number
}

/** What the tests use of the example's own client. */
interface Postgres {
  Client: new (url: string) => {
    connect(): Promise<void>
    query(text: string, values?: string[]): Promise<{ rows: unknown[] }>
    end(): Promise<void>
  }
}

void describe('postgres-sync, with a real PostgreSQL', { skip }, () => {
  let postgres: PostgresServer
  let sandbox: Sandbox
  let worker: ExampleProcess
  let url: string

  async function startWorker(): Promise<void> {
    worker = new ExampleProcess({
      command: [process.execPath, 'worker.ts'],
      cwd: folder,
      env: {
        DATABASE_URL: postgres.url,
        GEMINI_API_KEY: sandbox.simulator.apiKey,
        GOOGLE_GEMINI_BASE_URL: sandbox.simulator.url,
        PORT: '0',
      },
    })
    const port = await worker.printed(/taking events on port (\d+)/)
    url = `http://127.0.0.1:${port}/events`
    await leadServiceTo(sandbox, 'postgres-sync', Number(port))
  }

  async function query(text: string, values: string[] = []): Promise<unknown[]> {
    const { Client } = createRequire(join(folder, 'package.json'))('pg') as Postgres
    const client = new Client(postgres.url)
    await client.connect()
    try {
      return (await client.query(text, values)).rows
    } finally {
      await client.end()
    }
  }
  const jobOf = async (name: string) =>
    (await query('SELECT state, result, changes FROM gemini_jobs WHERE name = $1', [name]))[0] as Row | undefined
  const isThere = (name: string) => eventually(`${name} is in the table`, () => jobOf(name), { timeoutMs: 60_000 })

  before(async () => {
    ;[postgres, sandbox] = await Promise.all([PostgresServer.start(), startExampleSandbox()])
    await startWorker()
    await applyWebhooks(sandbox, 'examples/postgres-sync/webhook.yaml')
  })
  after(async () => {
    await worker.kill()
    await sandbox.stop()
    await postgres.dispose()
  })

  test('its types are right', () => {
    const tsc = resolve('node_modules/typescript/bin/tsc')
    const { status, stdout } = spawnSync(process.execPath, [tsc], { cwd: folder, encoding: 'utf8' })
    assert.equal(status, 0, stdout)
  })

  test('a batch that finishes at Google is a row with its state and its result', async () => {
    const { batch } = finishBatch(sandbox)
    const { state, result, changes } = await isThere(batch)
    assert.deepEqual([state, changes], ['JOB_STATE_SUCCEEDED', 1])
    assert.match(JSON.stringify(result), /simulated/)
  })

  test('an event that comes again changes nothing, at once, at the same time or after the worker was killed', async (t) => {
    const send = sendAsReceiver(t)
    const { batch } = finishBatch(sandbox)
    await isThere(batch)
    const body = Buffer.from(JSON.stringify({ type: 'batch.succeeded', data: { id: batch } }))
    const again = () => send(url, {}, { eventId: 'msg_twice', body })
    const delivered = { type: 'delivered', status: 204 }
    for (const outcome of await Promise.all([again(), again(), again(), again()])) assert.deepEqual(outcome, delivered)
    assert.equal((await jobOf(batch))?.changes, 2, 'another event about the same job is taken once')
    await worker.kill()
    await startWorker()
    assert.deepEqual(await again(), delivered)
    assert.equal((await jobOf(batch))?.changes, 2)
  })

  test('what comes while the database is away is there once it is back', async () => {
    await postgres.stop()
    const { batch, eventId } = finishBatch(sandbox)
    await eventually('the worker has refused it', () => worker.output.includes('later:'))
    await postgres.start()
    assert.equal((await isThere(batch)).changes, 1)
    assert.equal((await query('SELECT FROM gemini_events WHERE id = $1', [eventId])).length, 1)
  })

  test('what comes while the worker is away is there once it is back', async () => {
    await worker.kill()
    const { batch } = finishBatch(sandbox)
    await startWorker()
    assert.equal((await isThere(batch)).changes, 1)
  })

  test('a request that is no event is refused for good', async (t) => {
    const outcome = await sendAsReceiver(t)(url, { format: 'Original' }, {})
    assert.deepEqual(outcome, { type: 'permanent', cause: 'refused', status: 400 })
  })
})
