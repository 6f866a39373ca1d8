import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { sinkCredentialsSecretType } from '../../../../src/api/names.ts'
import type { SinkSpec } from '../../../../src/api/sink.ts'
import { found, missing } from '../../../../src/controller/facts/lookup.ts'
import { resolveSinks } from '../../../../src/controller/sinks/resolve-sinks.ts'
import { credentialsOf, type CredentialsLookup } from '../../../../src/controller/sinks/sink-credentials.ts'

/** One of the certificates and keys for tests. */
const pem = (name: string) => readFileSync(`test/fixtures/tls/${name}.pem`, 'utf8')

const path = '/services/T000/B000/a-secret-of-the-chat?token=another-secret'
const url = `https://hooks.example.com${path}`
const ref = { name: 'chat', key: 'url' }

function secretOf(data: Record<string, string>, type = sinkCredentialsSecretType, name = 'chat'): CredentialsLookup {
  const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')] as const)
  return found({ metadata: { name }, type, data: Object.fromEntries(encoded) })
}

function resolve(sinks: readonly SinkSpec[], credentials: Record<string, CredentialsLookup>) {
  return resolveSinks(sinks, {
    namespace: 'ml',
    clusterDomain: undefined,
    natsPrefix: undefined,
    kafkaPrefix: undefined,
    services: new Map(),
    allowForeign: false,
    addressableNamespaces: [],
    areServicesWatched: true,
    credentials: new Map(Object.entries(credentials)),
    addressables: new Map(),
    known: [],
  })
}

test('the URL of a Secret becomes the destination, guarded as a uri is, and the status shows its scheme and host only', () => {
  const resolution = resolve([{ name: 'chat', uriSecretRef: ref }], { chat: secretOf({ url: `${url}\n` }) })
  const { resolved, status, problem, held } = resolution
  assert.deepEqual([problem, held], [undefined, []])
  assert.deepEqual(resolved[0]?.destination, { type: 'http', url, isSecret: true, reach: 'public' })
  assert.deepEqual(status, [{ name: 'chat', address: 'https://hooks.example.com', ready: true }])
})

const failed: CredentialsLookup = {
  state: 'failed',
  failure: { class: 'transient', reason: 'ProgressingWithRetry', message: 'no answer', mayHaveCommitted: true },
}

const refused: { name: string; secret: CredentialsLookup; message: RegExp }[] = [
  { name: 'that is not there', secret: missing, message: /Secret chat does not exist: create it .* the key "url"$/ },
  { name: 'that could not be read', secret: failed, message: /Secret chat could not be read; it is tried again$/ },
  { name: 'of another type', secret: secretOf({ url }, 'Opaque'), message: /Secret chat is not of type webhooks/ },
  { name: 'without the key', secret: secretOf({ uri: url }), message: /Secret chat has no key "url": add it/ },
  { name: 'that is much too large', secret: { state: 'tooLarge', name: 'chat' }, message: /Secret chat holds more/ },
  ...[
    { value: '', message: /the value of key "url" is no http or https URL: correct it$/ },
    { value: path, message: /the value of key "url" is no http or https URL: correct it$/ },
    { value: `ftp://hooks.example.com${path}`, message: /the value of key "url" is no http or https URL: correct it$/ },
    {
      value: `https://user:a-secret-of-the-chat@hooks.example.com/`,
      message: /the value of key "url" has userinfo or a fragment: remove it/,
    },
    { value: `${url}#a-secret-of-the-chat`, message: /the value of key "url" has userinfo or a fragment: remove it/ },
    { value: `${url}#`, message: /the value of key "url" .*plain host name.*: correct it$/ },
    { value: ` ${url}`, message: /the value of key "url" .*without blanks.*: correct it$/ },
    { value: `${url}\n\n`, message: /the value of key "url" .*without blanks, line breaks.*: correct it$/ },
    { value: `https://hooks.exa\nmple.com${path}`, message: /the value of key "url" .*line breaks.*: correct it$/ },
    { value: `https:\\\\hooks.example.com${path}`, message: /the value of key "url" .*plain host name.*: correct it$/ },
    { value: `https://[::1]${path}`, message: /the value of key "url" .*plain host name.*: correct it$/ },
    {
      value: `${url}${'x'.repeat(2048)}`,
      message: /the value of key "url" is longer than the 2048 characters .*: correct it$/,
    },
  ].map(({ value, message }) => ({
    name: `whose value is ${JSON.stringify(value.slice(0, 60))}`,
    secret: secretOf({ url: value }),
    message,
  })),
]
for (const { name, secret, message } of refused) {
  test(`a Secret ${name} holds the sink; the message names Secret and key and what to do, and no part of the URL`, () => {
    const { resolved, held, status, problem } = resolve([{ name: 'chat', uriSecretRef: ref }], { chat: secret })
    assert.deepEqual([resolved, held], [[], ['chat']])
    assert.deepEqual(status, [{ name: 'chat', ready: false, reason: 'SinkInvalid' }])
    assert.equal(problem?.blocksRegistration, true)
    assert.match(problem.message, /^spec\.sinks\[chat\]\.uriSecretRef: /)
    assert.match(problem.message, message)
    assert.match(problem.message, /Secret chat\b/)
    assert.doesNotMatch(problem.message, /a-secret|another-secret|T000|hooks\.example/)
  })
}

test('a Secret that could not be read is looked at again soon', () => {
  assert.equal(resolve([{ name: 'chat', uriSecretRef: ref }], { chat: failed }).recheck, true)
})

test('one Secret may hold URL and headers: the URL is sent as no header, of no sink of the object', () => {
  const auth = { headersSecretRef: { name: 'chat' } }
  const { resolved } = resolve(
    [
      { name: 'chat', uriSecretRef: ref, auth, deadLetter: { uriSecretRef: { name: 'chat', key: 'dead' } } },
      { name: 'other', uri: 'https://other.example/', auth },
    ],
    { chat: secretOf({ url, dead: url, 'x-team': 'search' }) },
  )
  assert.deepEqual(
    resolved.map(({ headers }) => headers),
    [{ 'x-team': 'search' }, { 'x-team': 'search' }],
  )
})

const deadUrl = 'https://dead.example.com/a-secret-of-the-dead'

test('a dead letter destination has credentials of its own, and the sink keeps its own', () => {
  const data = {
    url: deadUrl,
    authorization: 'Bearer dead',
    'signing-secret': 'whsec_dead',
    'ca.crt': pem('authority-1.cert'),
    'tls.crt': pem('client-1.cert'),
    'tls.key': pem('client-1.key'),
  }
  const dead = secretOf(data, sinkCredentialsSecretType, 'dead')
  const its = { name: 'dead' }
  const { resolved, problem } = resolve(
    [
      {
        name: 'worker',
        uri: 'https://worker.example/',
        auth: { headersSecretRef: { name: 'worker' } },
        deadLetter: {
          uriSecretRef: { name: 'dead', key: 'url' },
          auth: { headersSecretRef: its, signingSecretRef: its, tlsSecretRef: its },
        },
      },
    ],
    { dead, worker: secretOf({ authorization: 'Bearer worker' }) },
  )
  assert.equal(problem, undefined)
  const [sink] = resolved
  assert.deepEqual([sink?.headers, sink?.signingSecret], [{ authorization: 'Bearer worker' }, undefined])
  assert.deepEqual(sink?.deadLetter, {
    type: 'http',
    url: deadUrl,
    isSecret: true,
    reach: 'public',
    ca: pem('authority-1.cert').trim(),
  })
  assert.deepEqual(sink.deadLetterAuth, {
    headers: { authorization: 'Bearer dead' },
    signingSecret: 'whsec_dead',
    clientCertificate: { cert: pem('client-1.cert').trim(), key: pem('client-1.key').trim() },
  })
})

test('a dead letter destination without auth gets none in the keyring, as before', () => {
  const { resolved } = resolve(
    [{ name: 'a', uri: 'https://a.example/', deadLetter: { uri: 'https://d.example/' } }],
    {},
  )
  assert.deepEqual(Object.keys(resolved[0] ?? {}).includes('deadLetterAuth'), false)
})

const badDead: { name: string; dead: SinkSpec['deadLetter']; message: RegExp }[] = [
  {
    name: 'its URL is not there',
    dead: { uriSecretRef: { name: 'no', key: 'url' } },
    message: /uriSecretRef: Secret no/,
  },
  {
    name: 'its headers are not there',
    dead: { uri: 'https://d.example/', auth: { headersSecretRef: { name: 'no' } } },
    message: /auth\.headersSecretRef: the Secret does not exist: create it/,
  },
  {
    name: 'its signing secret is not there',
    dead: { uri: 'https://d.example/', auth: { signingSecretRef: { name: 'chat' } } },
    message: /auth\.signingSecretRef: the Secret has no key signing-secret: add it/,
  },
  {
    name: 'it has certificates and is not https',
    dead: { uri: 'http://d.example/', auth: { tlsSecretRef: { name: 'chat' } } },
    message: /auth\.tlsSecretRef: the destination is not https/,
  },
]
for (const { name, dead, message } of badDead) {
  test(`a sink is held where of its dead letter destination ${name}`, () => {
    const sinks = [{ name: 'worker', uri: 'https://worker.example/', deadLetter: dead }]
    const { held, problem } = resolve(sinks, { chat: secretOf({ a: 'b' }) })
    assert.deepEqual(held, ['worker'])
    assert.match(problem?.message ?? '', /^spec\.sinks\[worker\]\.deadLetter\./)
    assert.match(problem?.message ?? '', message)
  })
}

const authOf = (prefix: string) => ({
  headersSecretRef: { name: `${prefix}-headers` },
  signingSecretRef: { name: `${prefix}-signing` },
  tlsSecretRef: { name: `${prefix}-tls` },
})

test('every Secret that a sink or its dead letter names is watched', () => {
  const names = credentialsOf([
    {
      name: 'a',
      uriSecretRef: { name: 'url', key: 'url' },
      auth: authOf('sink'),
      deadLetter: { uriSecretRef: { name: 'dead-url', key: 'url' }, auth: authOf('dead') },
    },
    { name: 'b', kubernetesEvent: {} },
  ])
  assert.deepEqual(names.toSorted(), [
    'dead-headers',
    'dead-signing',
    'dead-tls',
    'dead-url',
    'sink-headers',
    'sink-signing',
    'sink-tls',
    'url',
  ])
})
