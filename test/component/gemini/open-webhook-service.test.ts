import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'

import { systemClock } from '../../../src/clock.ts'
import { createCallBudget, type CallAccount, type CallBudget } from '../../../src/gemini/call-budget.ts'
import { createGeminiMetrics } from '../../../src/gemini/gemini-metrics.ts'
import { createWebhookServiceOpener } from '../../../src/gemini/webhook-service-opener.ts'
import { openWebhookService, type WebhookServiceOptions } from '../../../src/gemini/open-webhook-service.ts'
import type { Caller, GeminiError, WebhookService } from '../../../src/gemini/webhook-service.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { collectGarbage } from '../../support/measures/collect-garbage.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { geminiErrorOf } from '../../support/measures/gemini-error-of.ts'

/**
 * What only a broken or foreign server answers; the service's own behaviour is in
 * test/contract/webhook-service.test.ts.
 */
const apiKey = 'AIzaSyTestOnlyTestOnlyTestOnlyTestOnly12'
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

type Answer = (response: ServerResponse, request: IncomingMessage) => void
let answer: Answer = () => {}
const seen: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = []
const server = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk: Buffer) => (body += chunk.toString()))
  request.on('end', () => {
    const path = request.url ?? ''
    // A request that an earlier test gave up may arrive late.
    if (!path.startsWith(prefix)) return response.destroy()
    seen.push({ method: request.method ?? '', url: path.slice(prefix.length), headers: request.headers, body })
    answer(response, request)
  })
})
let origin = ''
let prefix = ''
let runs = 0

/** The base URL of one test: a path prefix of its own, which also shows that prefixes are kept. */
function newBaseUrl(): string {
  prefix = `/run-${runs++}`
  seen.length = 0
  return `${origin}${prefix}/`
}

before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
after(() => {
  server.closeAllConnections()
  server.close()
})

function aService(options: Partial<WebhookServiceOptions> = {}) {
  const registry = createMetrics()
  const metrics = createGeminiMetrics(registry)
  const budget = createCallBudget({ clock: systemClock, metrics })
  const baseUrl = newBaseUrl()
  const service = openWebhookService({ apiKey, baseUrl, budget, clock: systemClock, metrics, ...options })
  return { service, registry }
}

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response
      .writeHead(status, { 'content-type': 'application/json; charset=UTF-8', ...headers })
      .end(JSON.stringify(body))
const raw =
  (status: number, type: string | undefined, body: string): Answer =>
  (response) =>
    response.writeHead(status, type === undefined ? {} : { 'content-type': type }).end(body)

const mutations: [string, (service: WebhookService) => Promise<unknown>][] = [
  ['create', (service) => service.create({ name: 'n', uri: 'https://a', subscribedEvents: ['batch.failed'] })],
  ['update', (service) => service.update('abc', { state: 'disabled' })],
  ['rotateSigningSecret', (service) => service.rotateSigningSecret('abc', 'revoke_previous_secrets_after_h24')],
]
const badAnswers: [string, Answer][] = [
  ['a 204', raw(204, undefined, '')],
  ['HTML with status 200', raw(200, 'text/html', `<html>${secret}</html>`)],
  ['no content type', raw(200, undefined, `{"secret":"${secret}"}`)],
  ['JSON that cannot be parsed', raw(200, 'application/json', `{"secret":"${secret}"`)],
  ['JSON of another shape', json(200, { hello: secret })],
]

describe('an answer that is not what the API promises', () => {
  for (const [verb, call] of mutations) {
    for (const [name, given] of badAnswers) {
      test(`${verb}: ${name} may have committed and is not repeated in the error`, async () => {
        answer = given
        const error = await geminiErrorOf(call(aService().service))
        assert.equal(error.code, 'ERR_GEMINI_BAD_ANSWER')
        assert.equal(error.mayHaveCommitted, true)
        assert.equal(seen.length, 1, 'one call means one request')
        assert.doesNotMatch(`${error.stack} ${JSON.stringify(error)}`, /MfKQ9r8G/)
      })
    }
  }
  for (const [name, given] of badAnswers) {
    test(`delete and ping take ${name} for success`, async () => {
      answer = given
      const { service } = aService()
      await service.delete('abc')
      await service.ping('abc')
      assert.equal(seen.length, 2)
    })
  }
  test('a 404 in HTML is not taken for a missing webhook', async () => {
    answer = raw(404, 'text/html', '<html>not here</html>')
    const { service } = aService()
    assert.equal((await geminiErrorOf(service.get('abc'))).code, 'ERR_GEMINI_BAD_ANSWER')
    assert.equal((await geminiErrorOf(service.delete('abc'))).code, 'ERR_GEMINI_BAD_ANSWER')
  })
  test('pages that never end are given up', async () => {
    answer = json(200, { webhooks: [], next_page_token: 'again' })
    const error = await geminiErrorOf(aService().service.list())
    assert.equal(error.code, 'ERR_GEMINI_BAD_ANSWER')
    assert.equal(seen.length, 2)
  })
  test('a webhook that two pages show counts once', async () => {
    answer = (response, request) => {
      const second = request.url?.includes('page_token') === true
      const webhooks = second ? [{ id: 'b' }, { id: 'c' }] : [{ id: 'a' }, { id: 'b', uri: null }]
      json(200, { webhooks, ...(!second && { next_page_token: 'p/2' }) })(response, request)
    }
    const webhooks = await aService().service.list()
    assert.deepEqual(
      webhooks.map(({ id }) => id),
      ['a', 'b', 'c'],
    )
    assert.deepEqual(webhooks[0], { id: 'a', uri: '', subscribedEvents: [], state: '', signingSecrets: [] })
  })
})

describe('the way there', () => {
  test('a redirect is not followed: it would carry the API key elsewhere', async () => {
    answer = (response, request) =>
      request.url?.endsWith('/elsewhere') === true
        ? json(200, {})(response, request)
        : response.writeHead(307, { location: `${prefix}/elsewhere` }).end()
    const error = await geminiErrorOf(aService().service.get('abc'))
    assert.equal(error.status, 307)
    assert.equal(seen.length, 1)
  })
  test('no answer in time is a timeout, and the request is not sent again', async () => {
    answer = () => {}
    const error = await geminiErrorOf(
      aService({ timeoutMs: 200 }).service.create({ name: 'n', uri: 'https://a', subscribedEvents: [] }),
    )
    assert.equal(error.code, 'ERR_GEMINI_TIMEOUT')
    assert.equal(error.mayHaveCommitted, true)
    await eventually('the request', () => seen.length > 0)
    assert.equal(seen.length, 1)
  })
  test('a body that stops half-way is a timeout too', async () => {
    answer = (response) => response.writeHead(200, { 'content-type': 'application/json' }).write('{"id":')
    const error = await geminiErrorOf(aService({ timeoutMs: 50 }).service.get('abc'))
    assert.equal(error.code, 'ERR_GEMINI_TIMEOUT')
    assert.equal(error.mayHaveCommitted, false)
  })
  test('a connection that is cut after the request may have committed', async () => {
    answer = (response) => response.destroy()
    const error = await geminiErrorOf(
      aService().service.rotateSigningSecret('abc', 'revoke_previous_secrets_immediately'),
    )
    assert.equal(error.code, 'ERR_GEMINI_CONNECTION')
    assert.equal(error.mayHaveCommitted, true)
    assert.equal(seen.length, 1)
  })
  test('a refused connection has committed nothing', async () => {
    const closed = createServer().listen(0, '127.0.0.1')
    await once(closed, 'listening')
    const { port } = closed.address() as AddressInfo
    await new Promise((resolve) => closed.close(resolve))
    const { service } = aService({ baseUrl: `http://127.0.0.1:${port}` })
    const error = await geminiErrorOf(service.create({ name: 'n', uri: 'https://a', subscribedEvents: [] }))
    assert.equal(error.code, 'ERR_GEMINI_CONNECTION')
    assert.equal(error.mayHaveCommitted, false)
  })
  test("the caller's signal ends a read with the caller's reason", async () => {
    const abort = new AbortController()
    answer = () => abort.abort(new Error('shutting down'))
    await assert.rejects(aService().service.list(abort.signal), /shutting down/)
  })
  test('further headers and the version are used', async () => {
    answer = json(200, {})
    const { service } = aService({
      apiVersion: 'v1beta',
      headers: { 'api-revision': '2026-05-20' },
    })
    assert.deepEqual(await service.list(), [])
    assert.equal(seen[0]?.url, '/v1beta/webhooks?page_size=1000')
    assert.equal(seen[0]?.headers['api-revision'], '2026-05-20')
    assert.equal(seen[0]?.headers['x-goog-api-key'], apiKey)
  })
})

describe('what is refused before anything is sent', () => {
  for (const id of ['', '.', '..', 'a b', 'ä']) {
    test(`the id ${JSON.stringify(id)}`, async () => {
      const { service } = aService()
      assert.equal((await geminiErrorOf(service.delete(id))).code, 'ERR_GEMINI_REJECTED')
      assert.equal((await geminiErrorOf(service.get(id))).code, 'ERR_GEMINI_REJECTED')
      assert.equal(seen.length, 0)
    })
  }
  test('an API key that no header can carry, without repeating it', async () => {
    const error = await geminiErrorOf(aService({ apiKey: 'abc\ndef' }).service.list())
    assert.equal(error.code, 'ERR_GEMINI_CREDENTIALS_REJECTED')
    assert.ok(!error.message.includes('abc'))
    assert.equal(seen.length, 0)
  })
  test('an update without changes', async () => {
    await assert.rejects(aService().service.update('abc', {}), TypeError)
    assert.equal(seen.length, 0)
  })
})

test('a call that is never answered ends at its timeout, whatever the garbage collector took meanwhile', async () => {
  const { service } = aService({ timeoutMs: 300 })
  answer = () => {}
  const calls = Array.from({ length: 20 }, () => geminiErrorOf(service.get('abc')))
  await eventually('all have arrived', () => seen.length === calls.length)
  await collectGarbage()
  const ended = Promise.all(calls)
  const tooLong = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 5000).unref())
  const failures = await Promise.race([ended, tooLong])
  assert.deepEqual(new Set(failures?.map(({ code }) => code)), new Set(['ERR_GEMINI_TIMEOUT']))
})

test('white space around the key, as files leave it, is dropped', async () => {
  answer = json(200, {})
  await aService({ apiKey: ` ${apiKey}\n` }).service.list()
  assert.equal(seen[0]?.headers['x-goog-api-key'], apiKey)
})

test('an update carries exactly the changed fields and their mask', async () => {
  answer = json(200, { id: 'abc' })
  await aService().service.update('abc', { uri: 'https://b', subscribedEvents: ['batch.failed'] })
  assert.deepEqual(JSON.parse(seen[0]?.body ?? ''), { uri: 'https://b', subscribed_events: ['batch.failed'] })
  assert.equal(seen[0]?.url, '/v1/webhooks/abc?update_mask=uri%2Csubscribed_events')
})

test('calls are counted by verb and outcome', async () => {
  const { service, registry } = aService()
  answer = json(200, {})
  await service.ping('abc')
  answer = json(429, { error: { message: 'slow down', status: 'RESOURCE_EXHAUSTED' } }, { 'retry-after': '0' })
  await geminiErrorOf(service.ping('abc'))
  const { text } = await registry.expose()
  assert.match(text, /gwh_gemini_calls_total\{verb="ping",code="OK"\} 1/)
  assert.match(text, /gwh_gemini_calls_total\{verb="ping",code="ERR_GEMINI_RATE_LIMITED"\} 1/)
  assert.match(text, /gwh_gemini_budget_pauses_total 1/)
})

test('a 429 pauses the key for as long as it says', async () => {
  const { service } = aService()
  answer = json(429, { error: { message: 'slow down', status: 'RESOURCE_EXHAUSTED' } }, { 'retry-after': '3600' })
  assert.equal((await geminiErrorOf(service.ping('abc'))).retryAfterMs, 3_600_000)
  const held = await geminiErrorOf(service.ping('abc'))
  assert.equal(held.code, 'ERR_GEMINI_RATE_LIMITED')
  assert.equal(seen.length, 1, 'the second call was not sent')
})

test('objects that share a key share its budget, whoever opened the service', async () => {
  const open = createWebhookServiceOpener({ baseUrl: newBaseUrl(), clock: systemClock, metrics: createMetrics() })
  answer = json(429, { error: { message: 'slow down', status: 'RESOURCE_EXHAUSTED' } }, { 'retry-after': '3600' })
  await geminiErrorOf(open({ apiKey, fingerprint: 'a' }).ping('abc'))
  answer = json(200, {})
  assert.equal((await geminiErrorOf(open({ apiKey, fingerprint: 'a' }).ping('abc'))).code, 'ERR_GEMINI_RATE_LIMITED')
  await open({ apiKey: 'AIzaSyAnotherKey', fingerprint: 'b' }).ping('abc')
})

test('the budget that a scrape shows is that of the key with the least left; keys are not named', async () => {
  const metrics = createMetrics()
  const budget = { callsPerSecond: 0.001, burst: 5 }
  const open = createWebhookServiceOpener({ baseUrl: newBaseUrl(), clock: systemClock, metrics, budget })
  const lines = async () => (await metrics.expose()).text.match(/^gwh_gemini_budget_lowest_tokens.*$/gm)
  assert.equal(await lines(), null, 'no key, no number')
  answer = json(200, {})
  const [one, other] = [open({ apiKey, fingerprint: 'a' }), open({ apiKey: 'AIzaSyAnotherKey', fingerprint: 'b' })]
  await one.ping('abc')
  await other.ping('abc')
  await other.ping('abc')
  assert.deepEqual(await lines(), ['gwh_gemini_budget_lowest_tokens 3'])
})

test("nothing of the SDK's environment gets in: no other key, address, version or Vertex mode", async (t) => {
  const misleading = {
    GOOGLE_API_KEY: 'AIzaSyFromTheEnvironment',
    GOOGLE_GEMINI_BASE_URL: 'http://127.0.0.1:9',
    GOOGLE_GENAI_API_VERSION: 'v9',
    GOOGLE_GENAI_USE_VERTEXAI: 'true',
    GOOGLE_GENAI_USE_ENTERPRISE: 'true',
    GOOGLE_CLOUD_PROJECT: 'somebody',
    GOOGLE_CLOUD_LOCATION: 'somewhere',
  }
  const before = { ...process.env }
  t.after(() => {
    for (const name of Object.keys(misleading)) delete process.env[name]
    Object.assign(process.env, before)
  })
  Object.assign(process.env, misleading)
  answer = json(200, {})
  await aService().service.list()
  assert.equal(seen[0]?.url, '/v1/webhooks?page_size=1000')
  assert.equal(seen[0]?.headers['x-goog-api-key'], apiKey)
})

test('an answer that is too large is told as such, after what is read of any, by every call and with any fetch', async () => {
  let sent = 0
  answer = (response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    const block = Buffer.alloc(64 * 1024, ' ')
    const push = () => {
      while (!response.destroyed && sent < 200 * 1024 * 1024) {
        sent += block.length
        if (!response.write(block)) return void response.once('drain', push)
      }
    }
    push()
  }
  const { service } = aService()
  const calls: [call: () => Promise<unknown>, mayHaveCommitted: boolean][] = [
    [() => service.list(), false],
    [() => service.get('w1'), false],
    [() => service.create({ name: 'n', uri: 'https://a.example/', subscribedEvents: [] }), true],
    [() => service.rotateSigningSecret('w1', 'revoke_previous_secrets_immediately'), true],
  ]
  for (const [call, mayHaveCommitted] of calls) {
    sent = 0
    await assert.rejects(call(), (error: GeminiError) => {
      assert.equal(error.code, 'ERR_GEMINI_BAD_ANSWER')
      assert.match(error.message, /was answered with more than 8388608 bytes/)
      assert.equal(error.mayHaveCommitted, mayHaveCommitted)
      return true
    })
    assert.ok(sent < 64 * 1024 * 1024, `${sent} bytes were taken`)
  }
})

test('a list is bounded in all: by its webhooks, and by how long they are together', async () => {
  for (const [name, perPage, message] of [
    ['short', 1000, /webhooks\.list has more than 100000 webhooks/],
    ['x'.repeat(4_000_000), 1, /webhooks\.list has more than 67108864 characters/],
  ] as const) {
    let pages = 0
    answer = (response, request) => {
      pages += 1
      const webhooks = Array.from({ length: perPage }, (_, n) => ({
        id: `w-${pages}-${n}`,
        name,
        uri: 'https://a.example/',
      }))
      json(200, { webhooks, next_page_token: `page-${pages}` })(response, request)
    }
    await assert.rejects(aService().service.list(), (error: GeminiError) => {
      assert.equal(error.code, 'ERR_GEMINI_BAD_ANSWER')
      assert.match(error.message, message)
      return true
    })
    assert.ok(pages <= 101, `${pages} pages were asked for`)
  }
})

/** A budget that is never free. */
const untilAborted: CallBudget['take'] = (signal) =>
  new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)))

/** Notes when it gives its worker up. */
function aCaller(changes: Partial<Caller> = {}) {
  const asides: string[] = []
  const caller: Caller = {
    party: 'ml',
    isUrgent: false,
    async withoutWorker(wait) {
      asides.push('begun')
      const answered = await wait()
      asides.push('ended')
      return answered
    },
    ...changes,
  }
  return { asides, caller }
}

describe('a service that makes its calls for one caller', () => {
  const emptyList = json(200, { webhooks: [] })

  test('waits for the budget and for the answer without a worker, so that it holds up nothing meanwhile', async () => {
    const { service } = aService()
    const { asides, caller } = aCaller()
    let seenAtAnswer: string[] = []
    answer = (response, request) => {
      seenAtAnswer = [...asides]
      json(200, {})(response, request)
    }
    await service.as(caller).ping('abc')
    assert.deepEqual(seenAtAnswer, ['begun'])
    assert.deepEqual(asides, ['begun', 'ended'])
  })

  test('takes from the budget on the account of the caller; a list is on nobody’s', async () => {
    const taken: (CallAccount | undefined)[] = []
    const take: CallBudget['take'] = (_signal, account) => Promise.resolve(void taken.push(account))
    const { service } = aService({ budget: { take, pause: () => {}, available: () => 1 } })
    const { caller, asides } = aCaller({ isUrgent: true })
    answer = json(200, {})
    await service.as(caller).ping('abc')
    answer = emptyList
    await service.as(caller).list()
    assert.deepEqual(
      taken.map((account) => [account?.party, account?.isUrgent]),
      [
        ['ml', true],
        ['', false],
      ],
    )
    assert.equal(asides.length, 2, 'whoever waits for a list sees to that itself')
  })

  test('once its caller is told to stop, what waits for the budget is not sent; what is under way is finished', async () => {
    const stopping = new AbortController()
    const { caller } = aCaller({ signal: stopping.signal })
    const empty = { take: untilAborted, pause: () => {}, available: () => 0 }
    const waiting = assert.rejects(aService({ budget: empty }).service.as(caller).ping('abc'), /told to stop/)
    const { service } = aService()
    answer = (response, request) => {
      stopping.abort(new Error('told to stop'))
      json(200, {})(response, request)
    }
    await service.as(caller).ping('abc')
    await waiting
    assert.equal(seen.length, 1)
  })
})
