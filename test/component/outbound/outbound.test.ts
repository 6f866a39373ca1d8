import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { systemClock } from '../../../src/clock.ts'
import { createWebhookServiceOpener } from '../../../src/gemini/webhook-service-opener.ts'
import { GeminiError } from '../../../src/gemini/webhook-service.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { fetchThrough } from '../../../src/outbound/fetch-through.ts'
import { openOutbound, type OutboundSettings } from '../../../src/outbound/open-outbound.ts'
import { createEndpointProbe } from '../../../src/controller/observe/probe-endpoint.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import {
  privateAuthorityFile as trustedCa,
  startForwardProxy,
  startPrivateServer,
} from '../../support/doubles/forward-proxy.ts'

/** The certificate of the private server is for this name, which exists nowhere: only a tunnel leads there. */
const origin = 'https://hooks.test'
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

async function startWorld(t: TestContext, { tls = false } = {}) {
  const seen: string[] = []
  const { port } = await startPrivateServer(t, (request, response) => {
    seen.push(`${request.method} ${request.url}`)
    response.setHeader('content-type', 'application/json')
    if (request.url?.startsWith('/empty') === true) response.writeHead(204).end()
    else response.end(request.method === 'GET' ? '{"webhooks":[]}' : '{}')
  })
  return { seen, proxy: await startForwardProxy(t, { leadsTo: port, tls }), port }
}

function aFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'gwh-outbound-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

function openFetch(t: TestContext, settings: OutboundSettings) {
  const outbound = openOutbound(settings, { clock: systemClock })
  t.after(() => outbound.close())
  return fetchThrough(outbound)
}

for (const tls of [false, true]) {
  test(`https goes through ${tls ? 'an https' : 'an http'} proxy, with its credentials, to a server of a private authority`, async (t) => {
    const { proxy, seen } = await startWorld(t, { tls })
    const httpsProxy = proxy.origin.replace('://', '://team:p%40ss@')
    const answer = await openFetch(t, { httpsProxy, trustedCa })(`${origin}/a%2Fb?c=d`, { method: 'POST', body: '{}' })
    assert.deepEqual([answer.status, await answer.json()], [200, {}])
    assert.deepEqual(seen, ['POST /a%2Fb?c=d'])
    const authorization = `Basic ${Buffer.from('team:p@ss').toString('base64')}`
    assert.deepEqual(proxy.asked, [{ target: 'hooks.test:443', authorization }])
  })
}

test('an answer without a body, and one that is no success', async (t) => {
  const { proxy } = await startWorld(t)
  const fetch = openFetch(t, { httpsProxy: proxy.origin, trustedCa })
  const answer = await fetch(`${origin}/empty`)
  assert.deepEqual([answer.status, await answer.text()], [204, ''])
})

test('proxyBypass, http and this machine are called directly', async (t) => {
  const { proxy, port, seen } = await startWorld(t)
  const fetch = openFetch(t, { httpsProxy: proxy.origin, trustedCa, proxyBypass: ['hooks.test'] })
  assert.equal((await fetch(`https://localhost:${port}/direct`)).status, 200)
  await assert.rejects(fetch(origin), /fetch failed/)
  assert.deepEqual([proxy.asked, seen], [[], ['GET /direct']])
})

test('a private authority is trusted without a proxy too, and nothing is without it', async (t) => {
  const { port } = await startWorld(t)
  assert.equal((await openFetch(t, { trustedCa })(`https://localhost:${port}/`)).status, 200)
  await assert.rejects(openFetch(t, {})(`https://localhost:${port}/`), { name: 'TypeError', message: 'fetch failed' })
})

test('credentials come from a file, too, and change with it', async (t) => {
  const { proxy } = await startWorld(t)
  const file = join(aFolder(t), 'credentials')
  writeFileSync(file, 'team:one\n')
  const clock = new FakeClock()
  const settings = { httpsProxy: proxy.origin, proxyCredentials: file, trustedCa }
  const outbound = openOutbound(settings, { clock })
  t.after(() => outbound.close())
  const fetch = fetchThrough(outbound)
  await fetch(origin)
  writeFileSync(file, 'team:two\n')
  await clock.advance({ minutes: 1 })
  await fetch(origin)
  const sent = proxy.asked.map(({ authorization = '' }) => Buffer.from(authorization.slice(6), 'base64').toString())
  assert.deepEqual(sent, ['team:one', 'team:two'])
  writeFileSync(file, 'hunter2')
  assert.throws(() => openOutbound(settings), {
    message: `proxyCredentials: ${file} is not one line with user:password`,
  })
})

test('a file of authorities that changes counts within a minute; a broken one changes nothing', async (t) => {
  const { port } = await startWorld(t)
  const file = join(aFolder(t), 'ca.crt')
  copyFileSync('test/fixtures/tls/authority-2.cert.pem', file)
  const clock = new FakeClock()
  const outbound = openOutbound({ trustedCa: file }, { clock })
  t.after(() => outbound.close())
  const fetch = fetchThrough(outbound)
  const url = `https://localhost:${port}/`
  await assert.rejects(fetch(url), /fetch failed/)
  copyFileSync(trustedCa, file)
  await clock.advance({ minutes: 1 })
  assert.equal((await fetch(url)).status, 200)
  writeFileSync(file, 'not a certificate')
  await clock.advance({ minutes: 1 })
  assert.equal((await fetch(url)).status, 200)
  assert.throws(() => openOutbound({ trustedCa: file }), /trustedCa: .* holds no certificates/)
  assert.throws(() => openOutbound({ trustedCa: `${file}.absent` }), /trustedCa: .* cannot be read \(ENOENT\)/)
})

function openGoogle(t: TestContext, settings: OutboundSettings, timeoutMs = 5000) {
  const open = createWebhookServiceOpener({
    baseUrl: origin,
    timeoutMs,
    clock: systemClock,
    metrics: createMetrics(),
    fetch: openFetch(t, settings),
  })
  return open({ apiKey: 'AIzaTest', fingerprint: 'x' })
}

test('calls to Google go through the proxy', async (t) => {
  const { proxy, seen } = await startWorld(t)
  assert.deepEqual(await openGoogle(t, { httpsProxy: proxy.origin, trustedCa }).list(), [])
  assert.deepEqual(seen, ['GET /v1/webhooks?page_size=1000'])
  assert.equal(proxy.asked.length, 1)
})

for (const { answer, says } of [
  { answer: 407, says: /answered 407 to CONNECT hooks\.test:443: it wants a user name and a password/ },
  { answer: 403, says: /answered 403 to CONNECT hooks\.test:443: its rules forbid this host/ },
  { answer: 502, says: /answered 502 to CONNECT hooks\.test:443: it cannot reach the host/ },
] as const) {
  test(`a proxy that answers ${answer} is named, its password is not, and a create has certainly not happened`, async (t) => {
    const { proxy } = await startWorld(t)
    proxy.answer = answer
    const google = openGoogle(t, { httpsProxy: proxy.origin.replace('://', '://team:hunter2@'), trustedCa })
    const wanted = { name: 'gwh', uri: 'https://hooks.example.com', subscribedEvents: ['batch.succeeded'] }
    const error = await google.create(wanted).catch((thrown: unknown) => thrown)
    assert.ok(error instanceof GeminiError)
    assert.match(error.message, says)
    assert.ok(error.message.includes(proxy.origin))
    assert.doesNotMatch(error.message, /hunter2|team/)
    assert.deepEqual([error.code, error.mayHaveCommitted], ['ERR_GEMINI_CONNECTION', false])
  })
}

test('a proxy where nobody listens, one that never answers, and one whose certificate is for another name', async (t) => {
  const { proxy } = await startWorld(t)
  await assert.rejects(
    openGoogle(t, { httpsProxy: 'http://127.0.0.1:1' }).list(),
    /takes no connection \(ECONNREFUSED\)/,
  )
  proxy.answer = 'hang'
  const hanging = openGoogle(t, { httpsProxy: proxy.origin, trustedCa }, 200)
  await assert.rejects(hanging.list(), { code: 'ERR_GEMINI_TIMEOUT' })
})

test('the probe of an endpoint goes through the proxy and tells when it is to blame', async (t) => {
  const { proxy, seen } = await startWorld(t)
  const way = { httpsProxy: proxy.origin, trustedCa }
  const endpointProbe = createEndpointProbe({ clock: systemClock, random: Math.random, timeoutMs: 1000, way })
  t.after(() => endpointProbe.close())
  const { probe } = endpointProbe
  const url = `${origin}/v1/s/ml/batch-events`
  assert.deepEqual(await probe({ url, secret }), { healthy: true })
  assert.deepEqual(seen, ['POST /v1/s/ml/batch-events'])
  proxy.answer = 407
  assert.deepEqual(await probe({ url, secret }), { healthy: false, cause: 'Proxy', status: 407 })
  proxy.answer = 'hang'
  assert.deepEqual(await probe({ url, secret }), { healthy: false, cause: 'Timeout' })
})

for (const [how, length] of [
  ['announced', String(200 * 1024 * 1024)],
  ['not announced', undefined],
] as const) {
  test(`an answer that is too large, ${how}, is given up after as much as is read of any, and its connection with it`, async (t) => {
    let sent = 0
    const closed = Promise.withResolvers<void>()
    const { port } = await startPrivateServer(t, (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', ...(length && { 'content-length': length }) })
      const block = Buffer.alloc(64 * 1024, ' ')
      const push = () => {
        while (!response.destroyed && sent < 200 * 1024 * 1024) {
          sent += block.length
          if (!response.write(block)) return void response.once('drain', push)
        }
      }
      response.on('close', closed.resolve)
      push()
    })
    const fetch = openFetch(t, { trustedCa })
    await assert.rejects(fetch(`https://localhost:${port}/`), (error: Error) => {
      assert.equal(error.message, 'fetch failed')
      assert.match((error.cause as Error).message, /more than 8388608 bytes/)
      return true
    })
    await closed.promise
    assert.ok(sent < 64 * 1024 * 1024, `${sent} bytes were taken`)
  })
}
