import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { Webhook } from 'standardwebhooks'

import { systemClock } from '../../../src/clock.ts'
import { createBackfillSender } from '../../../src/controller/backfill/send-event.ts'
import { keyIdOf } from '../../../src/contract/keyring/shard.ts'
import { openSqliteInbox } from '../../../src/inbox/sqlite/open-sqlite-inbox.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { aSeenBatch } from '../../support/builders/a-batch.ts'
import { aKeyringEntry, aReceiver, directoryOf, signedHeaders } from '../../support/worlds/receiver-fixture.ts'

const current = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const previous = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
const secrets = [current, previous].map((secret) => ({ keyId: keyIdOf(secret), secret }))
const batch = aSeenBatch('abc', '2026-11-21T09:00:00.500Z', { outputFileUri: 'files/result-1' })

interface Got {
  url: string
  headers: IncomingHttpHeaders
  body: string
}

/** Receivers that answer as the test says. */
async function startReceivers(t: TestContext, answer: (response: ServerResponse) => void) {
  const got: Got[] = []
  const server = createServer((request: IncomingMessage, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      got.push({ url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() })
      answer(response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const target = { namespace: 'ml', name: 'batch-events', publicUrl: `${origin}/public/v1/s/ml/batch-events`, secrets }
  return { got, origin, target }
}

function aSender(t: TestContext, options: { receiverUrl?: string; timeoutMs?: number } = {}) {
  const sender = createBackfillSender({ clock: systemClock, ...options })
  t.after(() => sender.close())
  return sender.send
}

test('an event is what Google would have sent, under an id of its own, and verifies with each live secret', async (t) => {
  const { got, origin, target } = await startReceivers(t, (response) => {
    response.writeHead(204, { 'gwh-outcome': 'stored' }).end()
  })
  const send = aSender(t, { receiverUrl: `${origin}/inside/` })
  assert.deepEqual(await send(batch, target), { state: 'stored' })
  const [{ url, headers, body } = { url: '', headers: {}, body: '' }] = got
  assert.equal(url, '/inside/v1/s/ml/batch-events')
  assert.equal(headers['webhook-id'], 'backfill_abc_batch_succeeded')
  assert.deepEqual(JSON.parse(body), {
    type: 'batch.succeeded',
    version: 'v1',
    timestamp: '2026-11-21T09:00:00.500Z',
    data: { id: 'batches/abc', output_file_uri: 'files/result-1' },
  })
  for (const secret of [current, previous]) {
    assert.ok(new Webhook(secret).verify(body, headers as Record<string, string>))
  }
})

test('where the receivers are not known inside the cluster, events go where Google delivers to', async (t) => {
  const { got, target } = await startReceivers(t, (response) => {
    response.writeHead(204, { 'gwh-outcome': 'duplicate' }).end()
  })
  assert.deepEqual(await aSender(t)(batch, target), { state: 'duplicate' })
  assert.equal(got[0]?.url, '/public/v1/s/ml/batch-events')
})

test('a secret that Google issued with another prefix signs as any other', async (t) => {
  const { got, target } = await startReceivers(t, (response) =>
    response.writeHead(204, { 'gwh-outcome': 'stored' }).end(),
  )
  const secret = current.replace('whsec_', 'gemini_whsec2_')
  const sent = await aSender(t)(batch, { ...target, secrets: [{ keyId: keyIdOf(secret), secret }] })
  assert.equal(sent.state, 'stored')
  new Webhook(current).verify(got[0]?.body ?? '', got[0]?.headers as Record<string, string>)
})

test('an answer that does not say whether the event is new is a failure: nothing could be counted', async (t) => {
  const { target } = await startReceivers(t, (response) => response.writeHead(204).end())
  const sent = await aSender(t)(batch, target)
  assert.match(sent.state === 'failed' ? sent.why : '', /gwh-outcome.*upgrade the receivers/)
  assert.ok(sent.state === 'failed' && sent.endsRun)
})

test('receivers that refuse, hang or are not there are failures with a cause, and without an address', async (t) => {
  const refusing = await startReceivers(t, (response) => response.writeHead(503, { 'gwh-outcome': 'stored' }).end())
  assert.deepEqual(await aSender(t)(batch, refusing.target), { state: 'failed', why: 'they answered 503' })
  const hanging = await startReceivers(t, () => {})
  const hung = await aSender(t, { timeoutMs: 50 })(batch, hanging.target)
  assert.deepEqual(hung, { state: 'failed', why: 'they did not answer in time' })
  const away = { ...refusing.target, publicUrl: 'http://127.0.0.1:9/v1/s/ml/batch-events' }
  const sent = await aSender(t)(batch, away)
  assert.match(sent.state === 'failed' ? sent.why : '', /^no request reached them \(\w+\)$/)
})

test('without a usable secret nothing is sent', async (t) => {
  const { got, target } = await startReceivers(t, (response) => response.writeHead(204).end())
  const sent = await aSender(t)(batch, { ...target, secrets: [] })
  assert.match(sent.state === 'failed' ? sent.why : '', /no signing secret/)
  assert.equal(got.length, 0)
})

test('receivers say what they have had from Google, also after a restart, and take from Google what they have had from us', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gwh-backfill-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const entry = aKeyringEntry({ secrets, foldJobsForSeconds: 266_400 })
  const { namespace, name } = entry
  const send = aSender(t)
  const [fromGoogle, fromUs] = [aSeenBatch('google', Date.now()), aSeenBatch('ours', Date.now())]

  async function startReceiver() {
    const path = join(folder, 'inbox.db')
    const inbox = await openSqliteInbox({ path, clock: systemClock, logger: silentLogger, metrics: createMetrics() })
    const { receiver } = aReceiver({ directory: directoryOf(entry), inbox, clock: systemClock })
    const { port } = await receiver.listen({ host: '127.0.0.1', port: 0 })
    const publicUrl = `http://127.0.0.1:${port}/v1/s/${namespace}/${name}`
    const target = { namespace, name, publicUrl, secrets }
    const stop = async () => {
      await receiver.close()
      await inbox.close()
    }
    return { target, inbox, stop }
  }
  async function deliver(url: string, id: string, jobId: string): Promise<number> {
    const body = JSON.stringify({ type: 'batch.succeeded', version: 'v1', data: { id: jobId } })
    const timestampSeconds = Math.floor(Date.now() / 1000)
    const headers = signedHeaders({ id, timestampSeconds, body, secrets })
    const answer = await fetch(url, { method: 'POST', headers, body })
    return answer.status
  }

  const first = await startReceiver()
  assert.equal(await deliver(first.target.publicUrl, 'msg_1', 'google'), 204)
  assert.deepEqual(await send(fromGoogle, first.target), { state: 'duplicate' })
  assert.deepEqual(await send(fromUs, first.target), { state: 'stored' })
  await first.stop()

  const second = await startReceiver()
  t.after(() => second.stop())
  assert.deepEqual(await send(fromGoogle, second.target), { state: 'duplicate' })
  assert.deepEqual(await send(fromUs, second.target), { state: 'duplicate' })
  assert.equal(await deliver(second.target.publicUrl, 'msg_2', 'batches/ours'), 204)
  assert.equal((await second.inbox.stats()).pending, 2, 'one for each batch')
})
