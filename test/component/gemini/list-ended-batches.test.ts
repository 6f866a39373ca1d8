import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'

import { systemClock } from '../../../src/clock.ts'
import { createCallBudget } from '../../../src/gemini/call-budget.ts'
import { createGeminiMetrics } from '../../../src/gemini/gemini-metrics.ts'
import { openWebhookService } from '../../../src/gemini/open-webhook-service.ts'
import type { Unknown } from '../../../src/gemini/unknown-forms.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { geminiErrorOf } from '../../support/measures/gemini-error-of.ts'

/** What only a broken or foreign server answers, and pages of any size; the rest is in test/contract. */
const apiKey = 'AIzaSyTestOnlyTestOnlyTestOnlyTestOnly12'
const mebibyte = 1024 * 1024

type Answer = (response: ServerResponse, query: URLSearchParams) => void

async function start(t: TestContext, answer: Answer) {
  const seen: { url: string; headers: IncomingMessage['headers'] }[] = []
  const server = createServer((request, response) => {
    const url = request.url ?? ''
    seen.push({ url, headers: request.headers })
    answer(response, new URL(url, 'http://any').searchParams)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const metrics = createGeminiMetrics(createMetrics())
  const budget = createCallBudget({ settings: { burst: 100 }, clock: systemClock, metrics })
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/prefix`
  const unknown: Unknown[] = []
  const onUnknown = (form: Unknown) => void unknown.push(form)
  const service = openWebhookService({
    apiKey: ` ${apiKey}\n`,
    baseUrl,
    budget,
    clock: systemClock,
    metrics,
    onUnknown,
  })
  return { seen, unknown, list: () => service.batches.listEndedBatches({ endedAfterMs: 0 }), service }
}

const send = (response: ServerResponse, status: number, type: string, body: string) =>
  response.writeHead(status, { 'content-type': type }).end(body)
const json =
  (body: unknown): Answer =>
  (response) =>
    void send(response, 200, 'application/json', JSON.stringify(body))

function aBatch(id: string, changes: { text?: string; displayName?: string } = {}) {
  const { text, displayName } = changes
  const response = { candidates: [{ content: { parts: [{ text }] } }] }
  return {
    name: `batches/${id}`,
    metadata: {
      state: 'BATCH_STATE_SUCCEEDED',
      endTime: '2026-11-20T10:00:00Z',
      displayName,
      output: text === undefined ? undefined : { inlinedResponses: { inlinedResponses: [{ response }] } },
    },
    done: true,
    response: text === undefined ? undefined : { text },
  }
}

test('the request is what the SDK sends, with the key in a header alone', async (t) => {
  const { seen, list } = await start(t, (response, query) => {
    const isFirst = query.get('pageToken') === null
    json({ operations: [aBatch(isFirst ? 'a' : 'b')], ...(isFirst && { nextPageToken: 'more/of it' }) })(
      response,
      query,
    )
  })
  assert.equal((await list()).jobs.length, 2)
  assert.deepEqual(
    seen.map(({ url }) => url),
    ['/prefix/v1/batches?pageSize=100', '/prefix/v1/batches?pageSize=100&pageToken=more%2Fof+it'],
  )
  assert.equal(seen[0]?.headers['x-goog-api-key'], apiKey)
})

test('what batches were answered is dropped while a page is read, however much it is', async (t) => {
  const text = 'x'.repeat(4 * mebibyte)
  const { list, seen } = await start(t, json({ operations: [1, 2, 3, 4].map((n) => aBatch(`b${n}`, { text })) }))
  const { jobs } = await list()
  assert.deepEqual(
    jobs.map(({ id }) => id),
    ['batches/b1', 'batches/b2', 'batches/b3', 'batches/b4'],
  )
  assert.equal(seen.length, 1)
})

test('of a page that is too large a smaller one is asked for, from the same place', async (t) => {
  const displayName = 'n'.repeat(mebibyte)
  const all = Array.from({ length: 15 }, (_, n) => aBatch(`b${n}`, { displayName }))
  const { list, seen } = await start(t, (response, query) => {
    const from = Number(query.get('pageToken') ?? 0)
    const next = from + Number(query.get('pageSize'))
    const more = next < all.length && { nextPageToken: String(next) }
    json({ operations: all.slice(from, next), ...more })(response, query)
  })
  assert.equal((await list()).jobs.length, 15)
  const sizes = seen.map(({ url }) => new URL(url, 'http://any').searchParams.get('pageSize'))
  assert.deepEqual(sizes.slice(0, 3), ['100', '10', '1'])
  assert.equal(seen.length, 2 + 15)
})

test('one batch that is too large to be read is told as such', async (t) => {
  const { list, seen } = await start(t, json({ operations: [aBatch('b', { displayName: 'n'.repeat(9 * mebibyte) })] }))
  const error = await geminiErrorOf(list())
  assert.equal(error.code, 'ERR_GEMINI_BAD_ANSWER')
  assert.match(error.message, /^batches\.list was answered with more than 8388608 bytes/)
  assert.equal(seen.length, 3)
})

const badAnswers: [name: string, answer: Answer][] = [
  ['HTML', (response) => void send(response, 200, 'text/html', '<html></html>')],
  ['JSON that is cut off', (response) => void send(response, 200, 'application/json', '{"operations":[')],
  ['a redirect', (response) => void response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end()],
  ['an error page', (response) => void send(response, 404, 'text/html', '<html>404</html>')],
  ['something that is no list', json({ operations: { name: 'batches/b' } })],
]
for (const [name, answer] of badAnswers) {
  test(`${name} is no list of batches, and nothing is tried again`, async (t) => {
    const { list, seen } = await start(t, answer)
    assert.equal((await geminiErrorOf(list())).code, 'ERR_GEMINI_BAD_ANSWER')
    assert.equal(seen.length, 1)
  })
}

test('an error repeats neither the key nor what the service calls a secret', async (t) => {
  const body = { error: { code: 400, message: `bad ${apiKey} whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw`, status: 'X' } }
  const { list } = await start(t, (response) => void send(response, 400, 'application/json', JSON.stringify(body)))
  const error = await geminiErrorOf(list())
  assert.equal(error.code, 'ERR_GEMINI_REJECTED')
  assert.doesNotMatch(`${error.stack} ${JSON.stringify(error)}`, /MfKQ9r8G|AIzaSyTest/)
})

test("each caller reads the list of all, on nobody's account", async (t) => {
  const { service } = await start(t, json({ operations: [aBatch('b')] }))
  const mine = service.as({ party: 'ml', isUrgent: true, withoutWorker: (wait) => wait() })
  assert.equal(mine.batches, service.batches)
  assert.equal((await mine.batches.listEndedBatches({ endedAfterMs: 0 })).jobs.length, 1)
})

test('a state that is not known, and batches that cannot be read, are told once a list', async (t) => {
  const paused = { name: 'batches/b', metadata: { state: 'BATCH_STATE_MELTED' } }
  const { unknown, list } = await start(t, json({ operations: [paused, { ...paused, name: 'batches/c' }, {}, {}] }))
  assert.deepEqual((await list()).jobs, [])
  assert.deepEqual(unknown, [{ what: 'BatchState', name: 'BATCH_STATE_MELTED' }, { what: 'BatchField' }])
})
