import assert from 'node:assert/strict'
import { test } from 'node:test'

import { badAnswer, isUnreadableSuccess, toGeminiError, type Verb } from '../../../src/gemini/gemini-failure.ts'
import type { GeminiErrorCode } from '../../../src/gemini/webhook-service.ts'

const apiKey = 'AIzaSyTestOnlyTestOnlyTestOnlyTestOnly12'
const nowMs = Date.parse('2026-11-21T12:00:00Z')

const rpc = (code: number, status: string, details?: object[]) => ({
  status: code,
  headers: new Headers(),
  error: { error: { code, message: `${status} text`, status, ...(details !== undefined && { details }) } },
})
const interactions = (status: number, code: string) => ({
  status,
  headers: new Headers(),
  error: { error: { message: 'text', code } },
})
const transport = (code?: string) => ({
  name: 'APIConnectionError',
  cause: { cause: code === undefined ? new TypeError('fetch failed') : Object.assign(new Error('x'), { code }) },
})
const errorOf = (error: unknown, verb: Verb = 'create', timedOut = false) =>
  toGeminiError({ verb, error, timedOut, timeoutMs: 10_000, apiKey, nowMs })

interface Case {
  name: string
  error: unknown
  verb?: Verb
  timedOut?: boolean
  code: GeminiErrorCode
  committed: boolean
}

const keyInvalid = [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID' }]
const cases: Case[] = [
  { name: '401', error: rpc(401, 'UNAUTHENTICATED'), code: 'ERR_GEMINI_CREDENTIALS_REJECTED', committed: false },
  { name: '403', error: rpc(403, 'PERMISSION_DENIED'), code: 'ERR_GEMINI_CREDENTIALS_REJECTED', committed: false },
  {
    name: '400 whose ErrorInfo names the key',
    error: rpc(400, 'INVALID_ARGUMENT', keyInvalid),
    code: 'ERR_GEMINI_CREDENTIALS_REJECTED',
    committed: false,
  },
  {
    name: '400 that only talks about a key in its text',
    error: { status: 400, error: { error: { message: 'API_KEY_INVALID', status: 'INVALID_ARGUMENT' } } },
    code: 'ERR_GEMINI_REJECTED',
    committed: false,
  },
  { name: '400 RPC shape', error: rpc(400, 'INVALID_ARGUMENT'), code: 'ERR_GEMINI_REJECTED', committed: false },
  {
    name: '400 Interactions shape',
    error: interactions(400, 'invalid_request'),
    code: 'ERR_GEMINI_REJECTED',
    committed: false,
  },
  { name: '412', error: rpc(412, 'FAILED_PRECONDITION'), code: 'ERR_GEMINI_REJECTED', committed: false },
  {
    name: '404 on rotate',
    error: rpc(404, 'NOT_FOUND'),
    verb: 'rotateSigningSecret',
    code: 'ERR_GEMINI_NOT_FOUND',
    committed: false,
  },
  {
    name: '404 Interactions shape on get',
    error: interactions(404, 'not_found'),
    verb: 'get',
    code: 'ERR_GEMINI_NOT_FOUND',
    committed: false,
  },
  {
    name: '404 on get whose error is a list, which is neither shape of the API',
    error: { status: 404, error: { error: [] } },
    verb: 'get',
    code: 'ERR_GEMINI_BAD_ANSWER',
    committed: false,
  },
  {
    name: '404 on create, which needs no webhook',
    error: rpc(404, 'NOT_FOUND'),
    code: 'ERR_GEMINI_REJECTED',
    committed: false,
  },
  {
    name: '404 in HTML, which proves nothing about the webhook',
    error: { status: 404, headers: new Headers(), error: undefined, body: '<html>' },
    verb: 'get',
    code: 'ERR_GEMINI_BAD_ANSWER',
    committed: false,
  },
  {
    name: '404 in HTML on list',
    error: { status: 404, headers: new Headers(), error: undefined, body: '<html>' },
    verb: 'list',
    code: 'ERR_GEMINI_BAD_ANSWER',
    committed: false,
  },
  {
    name: '407 of a proxy',
    error: { status: 407, headers: new Headers(), error: undefined, body: 'proxy' },
    code: 'ERR_GEMINI_BAD_ANSWER',
    committed: false,
  },
  {
    name: '403 in HTML, as the front end answers',
    error: { status: 403, headers: new Headers(), error: undefined, body: '<html>' },
    code: 'ERR_GEMINI_CREDENTIALS_REJECTED',
    committed: false,
  },
  { name: '408', error: rpc(408, 'DEADLINE'), code: 'ERR_GEMINI_UNAVAILABLE', committed: true },
  { name: '409', error: rpc(409, 'ABORTED'), code: 'ERR_GEMINI_CONFLICT', committed: false },
  { name: '429', error: rpc(429, 'RESOURCE_EXHAUSTED'), code: 'ERR_GEMINI_RATE_LIMITED', committed: false },
  { name: '500', error: rpc(500, 'INTERNAL'), code: 'ERR_GEMINI_UNAVAILABLE', committed: true },
  { name: '503 on a read', error: rpc(503, 'X'), verb: 'list', code: 'ERR_GEMINI_UNAVAILABLE', committed: false },
  { name: '307', error: { status: 307 }, code: 'ERR_GEMINI_BAD_ANSWER', committed: false },
  { name: '204', error: { status: 204 }, code: 'ERR_GEMINI_BAD_ANSWER', committed: true },
  { name: '200 unparsable', error: new SyntaxError('x'), code: 'ERR_GEMINI_BAD_ANSWER', committed: true },
  {
    name: 'timeout',
    error: { name: 'APIUserAbortError' },
    timedOut: true,
    code: 'ERR_GEMINI_TIMEOUT',
    committed: true,
  },
  { name: 'reset', error: transport('ECONNRESET'), code: 'ERR_GEMINI_CONNECTION', committed: true },
  { name: 'cut without a code', error: transport(), code: 'ERR_GEMINI_CONNECTION', committed: true },
  { name: 'refused', error: transport('ECONNREFUSED'), code: 'ERR_GEMINI_CONNECTION', committed: false },
  { name: 'unknown host', error: transport('ENOTFOUND'), code: 'ERR_GEMINI_CONNECTION', committed: false },
  {
    name: 'wrong certificate',
    error: transport('ERR_TLS_CERT_ALTNAME_INVALID'),
    code: 'ERR_GEMINI_CONNECTION',
    committed: false,
  },
  { name: 'something thrown that is no object', error: 'oops', code: 'ERR_GEMINI_CONNECTION', committed: true },
]

for (const { name, error, verb, timedOut, code, committed } of cases) {
  test(`${name} becomes ${code}, ${committed ? 'may have' : 'has not'} committed`, () => {
    const failure = errorOf(error, verb, timedOut)
    assert.equal(failure.code, code)
    assert.equal(failure.mayHaveCommitted, committed)
    assert.match(failure.message, new RegExp(`^webhooks\\.${verb ?? 'create'} .+: .+`), 'names the call and what to do')
    assert.equal(failure.cause, undefined, 'the SDK error carries bodies and must not travel along')
  })
}

const retryAfterCases: [string, Record<string, string>, number | undefined][] = [
  ['seconds', { 'retry-after': '30' }, 30_000],
  ['a date', { 'retry-after': 'Sat, 21 Nov 2026 12:02:00 GMT' }, 120_000],
  ['a date in the past', { 'retry-after': 'Sat, 21 Nov 2026 11:00:00 GMT' }, 0],
  ['milliseconds first', { 'retry-after-ms': '250', 'retry-after': '9' }, 250],
  ['nonsense', { 'retry-after': 'soon' }, undefined],
  ['a fraction, which some take for a day in 2001', { 'retry-after': '1.5' }, undefined],
  ['nothing', {}, undefined],
  ['more than a day, cut', { 'retry-after': '999999' }, 86_400_000],
]
for (const [name, headers, want] of retryAfterCases) {
  test(`Retry-After: ${name}`, () => {
    assert.equal(errorOf({ status: 429, headers: new Headers(headers) }).retryAfterMs, want)
  })
}

test("secrets in Google's text never reach the message", () => {
  const message = `key ${apiKey} with whsec_${'A'.repeat(43)}= and Bearer abcdefghijklmnop, hint whsec_...3frh ${'x'.repeat(500)}`
  const failure = errorOf({ status: 400, headers: new Headers(), error: { error: { message, status: apiKey } } })
  for (const secret of [apiKey, 'AAAAAAAA', 'abcdefghijklmnop']) assert.ok(!failure.message.includes(secret), secret)
  assert.match(failure.message, /whsec_\.\.\.3frh/, 'a hint is not a secret')
  assert.ok(failure.message.length < 450)
})

test('a bad answer to a read has committed nothing', () => {
  assert.equal(badAnswer('get', 'a webhook').mayHaveCommitted, false)
  assert.equal(badAnswer('create', 'a webhook').mayHaveCommitted, true)
})

test('an unreadable success is a 2xx or an answer that is not JSON, nothing else', () => {
  assert.ok(isUnreadableSuccess({ status: 204 }))
  assert.ok(isUnreadableSuccess(new SyntaxError('x')))
  assert.ok(!isUnreadableSuccess({ status: 302 }))
  assert.ok(!isUnreadableSuccess({ status: 404 }))
  assert.ok(!isUnreadableSuccess(new TypeError('x')))
})
