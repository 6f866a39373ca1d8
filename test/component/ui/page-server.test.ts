import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import type { FastifyInstance } from 'fastify'

import { createPageServer } from '../../../src/ui/server/page-server.ts'
import { openSession } from '../../../src/ui/server/session.ts'
import { Streams } from '../../../src/ui/server/streams.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'

const files = { 'index.html': '<!doctype html>', 'page.js': 'start()', 'page.css': 'a{}', 'icon.svg': '<svg/>' }

async function playground(app: FastifyInstance): Promise<void> {
  app.get('/playground/state', () => ({ jobs: [] }))
}

/** The server with a handler that counts how often it was asked, and what a browser of the user sends. */
async function aServer(t: TestContext) {
  const session = openSession('a-token')
  const seen: unknown[] = []
  const handlers = {
    get: { 'api/webhook': (query: unknown) => ({ query }) },
    post: { 'api/act': (body: unknown) => (seen.push(body), { outcome: 'done' }) },
  }
  const streams = new Streams([], new FakeClock())
  const app = createPageServer({ session, files, streams, handlers, plugin: playground })
  t.after(() => app.close())
  const own = { host: '127.0.0.1:8000', cookie: `${session.cookieName}=${session.cookieValue}` }
  const ask = (url: string, headers: Record<string, string> = own) => app.inject({ url, headers })
  const act = (headers: Record<string, string>, payload = '{"action":"ping"}') =>
    app.inject({ method: 'POST', url: `${session.path}/api/act`, headers, payload })
  return { session, own, seen, app, ask, act }
}

const posting = { 'content-type': 'application/json', 'x-gwh-page': '1' }

test('the token becomes a cookie that scripts cannot read, that no other site sends and no other port gets', async (t) => {
  const { session, ask } = await aServer(t)
  const answer = await ask('/?token=a-token', { host: '127.0.0.1:8000' })
  assert.deepEqual([answer.statusCode, answer.headers.location], [303, `${session.path}/`])
  const cookie = String(answer.headers['set-cookie'])
  assert.equal(cookie, `gwh-ui=${session.cookieValue}; Path=${session.path}/; HttpOnly; SameSite=Strict`)
  assert.ok(!cookie.includes('a-token') && !session.path.includes('a-token'), 'neither tells the token')
})

test('two starts have different tokens, paths and cookies; the same token has the same', () => {
  const [a, b] = [openSession(), openSession()]
  assert.ok(a.token.length >= 43 && a.token !== b.token && a.path !== b.path && a.cookieValue !== b.cookieValue)
  assert.deepEqual(openSession(a.token), a)
})

const strangers: { name: string; headers: Record<string, string>; status: number }[] = [
  { name: 'without the cookie', headers: { cookie: '' }, status: 401 },
  { name: 'with a wrong cookie', headers: { cookie: 'gwh-ui=guessed' }, status: 401 },
  { name: 'with the token for a cookie', headers: { cookie: 'gwh-ui=a-token' }, status: 401 },
  { name: 'for a foreign Host, as after rebinding', headers: { host: 'evil.example:8000' }, status: 403 },
  { name: 'for a Host that begins like ours', headers: { host: '127.0.0.1.evil.example' }, status: 403 },
  { name: 'of a foreign Origin', headers: { origin: 'https://evil.example' }, status: 403 },
  { name: 'of another port of this machine', headers: { origin: 'http://127.0.0.1:9000' }, status: 403 },
  { name: 'of a sandboxed frame', headers: { origin: 'null' }, status: 403 },
  { name: 'of another site, without an Origin', headers: { 'sec-fetch-site': 'cross-site' }, status: 403 },
  { name: 'of another port, without an Origin', headers: { 'sec-fetch-site': 'same-site' }, status: 403 },
]
for (const { name, headers, status } of strangers) {
  test(`a request ${name} learns nothing and does nothing`, async (t) => {
    const { session, own, seen, ask, act } = await aServer(t)
    for (const address of ['webhook', 'stream', 'playground/state']) {
      const answer = await ask(`${session.path}/api/${address}`, { ...own, ...headers })
      assert.equal(answer.statusCode, status, address)
      assert.deepEqual(Object.keys(answer.json<object>()), ['error'])
    }
    assert.equal((await act({ ...own, ...posting, ...headers })).statusCode, status)
    assert.deepEqual(seen, [])
  })
}

test('no other spelling of an address goes past the cookie or the header of the page', async (t) => {
  const { session, own, seen, ask, app } = await aServer(t)
  const stranger = { host: own.host }
  const spellings = (path: string) => [
    `${session.path}/%61pi/${path}`,
    `${session.path.replace('/s/', '/%73/')}/api/${path}`,
    `http://127.0.0.1:8000${session.path}/api/${path}`,
    `http://x${session.path}/api/${path}`,
  ]
  for (const url of ['webhook', 'stream', 'playground/state'].flatMap(spellings)) {
    const answer = await ask(url, stranger)
    assert.ok([401, 404].includes(answer.statusCode), `${url}: ${answer.statusCode}`)
  }
  const withoutHeader = { ...own, 'content-type': 'application/json' }
  for (const url of spellings('act')) {
    for (const headers of [{ ...stranger, ...posting }, withoutHeader]) {
      const { statusCode } = await app.inject({ method: 'POST', url, headers, payload: '{}' })
      assert.ok([401, 403, 404].includes(statusCode), `${url}: ${statusCode}`)
    }
  }
  assert.deepEqual(seen, [])
})

test('a wrong token, or none, lets nobody in and says what to open', async (t) => {
  const { ask } = await aServer(t)
  for (const url of ['/', '/?token=', '/?token=a-toke', '/?token=a-token2']) {
    const answer = await ask(url, { host: 'localhost:8000' })
    assert.deepEqual([answer.statusCode, answer.headers['set-cookie']], [401, undefined], url)
    assert.match(answer.body, /the address that \\"gwh ui\\" printed/)
  }
})

test('a post takes the header that no form can send, and JSON', async (t) => {
  const { own, seen, act } = await aServer(t)
  assert.equal((await act({ ...own, 'content-type': 'application/json' })).statusCode, 403)
  assert.equal((await act({ ...own, 'x-gwh-page': '1', 'content-type': 'text/plain' })).statusCode, 415)
  assert.deepEqual(seen, [])
  assert.equal((await act({ ...own, ...posting, origin: 'http://127.0.0.1:8000' })).statusCode, 200)
  assert.deepEqual(seen, [{ action: 'ping' }])
})

test('a link from elsewhere may lead to the page, whose files hold nothing of anybody; a frame or a script may not', async (t) => {
  const { session, ask } = await aServer(t)
  const from = { host: 'localhost:8000', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
  assert.equal((await ask(`${session.path}/`, { ...from, 'sec-fetch-dest': 'document' })).statusCode, 200)
  assert.equal((await ask(`${session.path}/`, { ...from, 'sec-fetch-dest': 'iframe' })).statusCode, 403)
  const script = { ...from, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' }
  assert.equal((await ask(`${session.path}/page.js`, script)).statusCode, 403)
})

test('every answer, also a refusal, forbids inline code, other origins, framing, sniffing and Referer', async (t) => {
  const { session, own, ask } = await aServer(t)
  const asked = [
    '/',
    '/%E0%A4%A',
    `${session.path}/`,
    `${session.path}/page.js`,
    `${session.path}/api/webhook`,
    '/none',
  ]
  for (const url of asked) {
    const { headers } = await ask(url, own)
    const policy = String(headers['content-security-policy'])
    for (const part of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"]) {
      assert.ok(policy.split('; ').includes(part), `${url}: ${part}`)
    }
    assert.doesNotMatch(policy, /unsafe|https?:|\*/)
    assert.deepEqual(
      ['referrer-policy', 'x-content-type-options', 'cross-origin-opener-policy', 'cross-origin-resource-policy'].map(
        (name) => headers[name],
      ),
      ['no-referrer', 'nosniff', 'same-origin', 'same-origin'],
      url,
    )
    assert.equal(headers['access-control-allow-origin'], undefined)
  }
})

test('who sends a question byte by byte does not hold a connection for ever', async (t) => {
  const { app } = await aServer(t)
  assert.equal(app.server.requestTimeout, 30_000)
})

test('the routes of a playground are behind the same gate', async (t) => {
  const { session, own, ask } = await aServer(t)
  const answer = await ask(`${session.path}/api/playground/state`, own)
  assert.deepEqual([answer.statusCode, answer.json()], [200, { jobs: [] }])
})

test('what is not there is not found, whoever asks', async (t) => {
  const { own, ask } = await aServer(t)
  for (const url of ['/none', '/s/guessed/', '/s/guessed/api/webhook'])
    assert.equal((await ask(url, own)).statusCode, 404)
})
