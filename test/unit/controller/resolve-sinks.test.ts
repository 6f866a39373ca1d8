import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { sinkCredentialsSecretType } from '../../../src/api/names.ts'
import type { SinkSpec } from '../../../src/api/sink.ts'
import type { Addressable, AddressableLookup } from '../../../src/controller/addressable.ts'
import type { Secret, Service } from '../../../src/controller/kinds.ts'
import { found, missing, type Lookup } from '../../../src/controller/lookup.ts'
import { resolveSinks } from '../../../src/controller/resolve-sinks.ts'
import type { ResolvedSink } from '../../../src/keyring/entry.ts'

/** One of the certificates and keys for tests. */
const pem = (name: string) => readFileSync(`test/fixtures/tls/${name}.pem`, 'utf8')

const service = (type = 'ClusterIP'): Lookup<Service> => found({ metadata: { name: 'w' }, spec: { type } })

function credentials(data: Record<string, string>, type = sinkCredentialsSecretType): Lookup<Secret> {
  const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])
  return found({ metadata: { name: 'c' }, type, data: Object.fromEntries(encoded) as Record<string, string> })
}

const broken = pem('authority-1.cert').replace(/\nMII./, '\nAAAA')

function unreadable(): Extract<AddressableLookup, { state: 'failed' }> {
  const transient = { class: 'transient', reason: 'ProgressingWithRetry' } as const
  return { state: 'failed', failure: { ...transient, message: 'no answer', mayHaveCommitted: true } }
}

function resolve(
  sink: Omit<SinkSpec, 'name'>,
  around: {
    service?: Lookup<Service>
    secret?: Lookup<Secret>
    clusterDomain?: string
    natsPrefix?: string
    broker?: AddressableLookup
    key?: string
    known?: ResolvedSink[]
  } = {},
) {
  const resolution = resolveSinks([{ name: 'worker', ...sink }], {
    namespace: 'ml',
    clusterDomain: around.clusterDomain,
    natsPrefix: around.natsPrefix,
    services: new Map([['w', around.service ?? service()]]),
    credentials: new Map([['c', around.secret ?? missing]]),
    addressables: new Map([
      [around.key ?? 'eventing.knative.dev/v1/Broker/default', around.broker ?? { state: 'unlisted' }],
    ]),
    known: around.known ?? [],
  })
  return { ...resolution, sink: resolution.resolved[0] }
}

test('a Service becomes its address in the cluster, with the defaults of the resource', () => {
  const { sink, problem, status } = resolve({ service: { name: 'w' } })
  assert.equal(problem, undefined)
  assert.deepEqual(sink?.destination, { type: 'http', url: 'http://w.ml.svc:80/', reach: 'cluster' })
  assert.equal(sink?.format, 'CloudEventBinary')
  assert.equal(sink?.delivery.retryForMs, 86_400_000)
  assert.deepEqual(status, [{ name: 'worker', address: 'http://w.ml.svc:80/', ready: true }])
})

test('scheme, port, path and cluster domain are taken over', () => {
  const { sink } = resolve(
    { service: { name: 'w', scheme: 'https', port: 8443, path: '/events?x=1' } },
    { clusterDomain: 'cluster.local' },
  )
  assert.deepEqual(sink?.destination, {
    type: 'http',
    url: 'https://w.ml.svc.cluster.local:8443/events?x=1',
    reach: 'cluster',
  })
})

test('a NATS subject begins with the prefix of the installation and the namespace; its placeholders are left to the receivers', () => {
  const nats = { subject: 'batches.{name}.{type}' }
  const { sink, problem, status } = resolve({ nats }, { natsPrefix: 'gwh.events' })
  assert.equal(problem, undefined)
  const subject = 'gwh.events.ml.batches.{name}.{type}'
  assert.deepEqual(sink?.destination, { type: 'nats', subject, acknowledgedBy: 'Stream' })
  assert.deepEqual(status, [{ name: 'worker', address: `nats:${subject}`, ready: true }])
  const core = resolve({ nats: { ...nats, acknowledgedBy: 'Server' } }, { natsPrefix: 'gwh.events' })
  assert.deepEqual(core.sink?.destination, { type: 'nats', subject, acknowledgedBy: 'Server' })
})

test('a Service that does not exist yet is told, keeps its events and stops no registration', () => {
  const { sink, problem, status } = resolve({ service: { name: 'w' } }, { service: missing })
  assert.notEqual(sink, undefined)
  assert.equal(problem?.blocksRegistration, false)
  assert.match(problem?.message ?? '', /Service ml\/w does not exist/)
  assert.equal(status[0]?.ready, false)
})

test('all parts of a filter are handed on', () => {
  const { sink, problem } = resolve({
    service: { name: 'w' },
    filter: {
      types: { prefix: ['batch.'] },
      metadata: { exact: { team: 'search' }, prefix: { job_group: 'nightly-' } },
      cel: 'has(event.data.id)',
    },
  })
  assert.equal(problem, undefined)
  assert.deepEqual(sink?.filter, {
    typesExact: [],
    typesPrefix: ['batch.'],
    metadataExact: { team: 'search' },
    metadataPrefix: { job_group: 'nightly-' },
    cel: 'has(event.data.id)',
  })
})

test('a filter that cannot run is told by name, keeps its sink so that deliveries wait, and stops no registration', () => {
  const cel = 'event.typo == "a"'
  const { sink, problem, status } = resolve({ service: { name: 'w' }, filter: { cel } })
  assert.equal(sink?.filter?.cel, cel)
  assert.equal(problem?.reason, 'SinkInvalid')
  assert.equal(problem?.blocksRegistration, false)
  assert.match(
    problem?.message ?? '',
    /^spec\.sinks\[worker\]\.filter\.cel does not compile: No such key: typo .*correct it/,
  )
  assert.deepEqual(status, [{ name: 'worker', address: 'http://w.ml.svc:80/', ready: false, reason: 'SinkInvalid' }])
})

const broker = { apiVersion: 'eventing.knative.dev/v1', kind: 'Broker', name: 'default' }
const viaBroker = 'eventing.knative.dev/v1/Broker/default'
const aBroker = (status?: Addressable['status']): AddressableLookup =>
  found({ metadata: { name: 'default' }, ...(status !== undefined && { status }) })

test('a reference becomes the address that the object publishes, with the authorities it names, private or not', () => {
  const url = 'https://broker-ingress.knative-eventing.svc.cluster.local/ml/default'
  const { sink, problem, status, recheck } = resolve(
    { ref: broker },
    { broker: aBroker({ address: { url, CACerts: pem('authority-1.cert') } }) },
  )
  assert.equal(problem, undefined)
  assert.deepEqual(sink?.destination, {
    type: 'http',
    url,
    reach: 'cluster',
    via: viaBroker,
    ca: pem('authority-1.cert'),
  })
  assert.deepEqual(status, [{ name: 'worker', address: url, ready: true }])
  assert.equal(recheck, true, 'nobody tells when it changes')
})

test('of several addresses the first that has a URL is taken', () => {
  const addresses = [{}, { url: 'https://second.example/' }, { url: 'http://third.example/' }]
  const { sink } = resolve({ ref: broker }, { broker: aBroker({ addresses }) })
  assert.deepEqual(sink?.destination, {
    type: 'http',
    url: 'https://second.example/',
    reach: 'cluster',
    via: viaBroker,
  })
})

const notReady: { name: string; broker: AddressableLookup; message: RegExp }[] = [
  { name: 'that does not exist', broker: missing, message: /Broker ml\/default .* does not exist: create it/ },
  { name: 'without a status', broker: aBroker(), message: /has no status\.address\.url yet/ },
  { name: 'without an address', broker: aBroker({ address: {} }), message: /has no status\.address\.url yet/ },
  { name: 'that could not be read', broker: unreadable(), message: /could not be read; it is tried again/ },
]
for (const { name, broker: lookup, message } of notReady) {
  test(`a reference to an object ${name} holds deliveries, says so, is looked at again soon, and stops no registration`, () => {
    const { resolved, held, problem, status, recheck } = resolve({ ref: broker }, { broker: lookup })
    assert.deepEqual([resolved, held], [[], ['worker']])
    assert.equal(problem?.reason, 'SinkNotReady')
    assert.match(problem.message, message)
    assert.equal(problem.blocksRegistration, false)
    assert.deepEqual(status, [{ name: 'worker', ready: false, reason: 'SinkNotReady' }])
    assert.equal(recheck, true)
  })
}

test('an address that was known stays while the object cannot be read, for the sink and for its dead letters', () => {
  const known = resolve(
    { ref: broker, deadLetter: { ref: broker } },
    { broker: aBroker({ address: { url: 'http://b.example/' } }) },
  ).resolved
  const { sink, problem } = resolve({ ref: broker, deadLetter: { ref: broker } }, { broker: unreadable(), known })
  assert.deepEqual([sink], known)
  assert.equal(problem, undefined)
})

test('the known address of another object does not stand in', () => {
  const known = resolve({ ref: broker }, { broker: aBroker({ address: { url: 'http://b.example/' } }) }).resolved
  const { held } = resolve(
    { ref: { ...broker, name: 'other' } },
    { broker: unreadable(), key: 'eventing.knative.dev/v1/Broker/other', known },
  )
  assert.deepEqual(held, ['worker'])
})

const refused: {
  name: string
  sink: Omit<SinkSpec, 'name'>
  around?: Parameters<typeof resolve>[1]
  reason: string
  message: RegExp
}[] = [
  {
    name: 'an ExternalName Service',
    sink: { service: { name: 'w' } },
    around: { service: service('ExternalName') },
    reason: 'SinkInvalid',
    message: /ExternalName/,
  },
  { name: 'userinfo in a uri', sink: { uri: 'https://u:p@example.com/' }, reason: 'SinkInvalid', message: /userinfo/ },
  {
    name: 'a uri of another scheme',
    sink: { uri: 'ftp://example.com/' },
    reason: 'SinkInvalid',
    message: /http or https/,
  },
  { name: 'no destination at all', sink: {}, reason: 'SinkInvalid', message: /exactly one/ },
  {
    name: 'a reference to a kind that the installation does not list',
    sink: { ref: broker },
    reason: 'SinkUnsupported',
    message: /add eventing\.knative\.dev\/v1\/Broker=PLURAL to its addressableKinds/,
  },
  {
    name: 'a reference that the controller may not read',
    sink: { ref: broker },
    around: { broker: { state: 'forbidden' } },
    reason: 'SinkUnsupported',
    message: /may not read Broker ml\/default .* grant its account the verb get/,
  },
  ...[
    'ftp://broker.example/',
    'not a url',
    'http://user:pw@broker.example/',
    `http://b.example/${'x'.repeat(2048)}`,
  ].map((url) => ({
    name: `a reference whose address is ${url.slice(0, 30)}`,
    sink: { ref: broker },
    around: { broker: aBroker({ address: { url } }) },
    reason: 'SinkInvalid',
    message: /^spec\.sinks\[worker\]\.ref: the address in the status of Broker ml\/default .*: correct that object$/,
  })),
  {
    name: 'a dead letter with a reference that is not listed',
    sink: { service: { name: 'w' }, deadLetter: { ref: broker } },
    reason: 'SinkUnsupported',
    message: /^spec\.sinks\[worker\]\.deadLetter\.ref: /,
  },
  {
    name: 'NATS where the installation has none',
    sink: { nats: { subject: 's' } },
    reason: 'SinkUnsupported',
    message: /has no NATS servers for sinks/,
  },
  ...['a..b', '.a', 'a.', 'a.*', '>', '$JS.API', 'a b', 'a.{uid}', '{type', 'ü'].map((subject) => ({
    name: `the NATS subject ${subject}, which an older CRD may have let in`,
    sink: { nats: { subject } },
    around: { natsPrefix: 'gwh.events' },
    reason: 'SinkInvalid',
    message: /^spec\.sinks\[worker\]\.nats\.subject has something else/,
  })),
  {
    name: 'a dead letter with a NATS subject that is none',
    sink: { service: { name: 'w' }, deadLetter: { nats: { subject: '*' } } },
    around: { natsPrefix: 'gwh.events' },
    reason: 'SinkInvalid',
    message: /deadLetter\.nats\.subject/,
  },
  {
    name: 'a Secret that does not exist',
    sink: { uri: 'https://example.com/', auth: { headersSecretRef: { name: 'c' } } },
    reason: 'SinkInvalid',
    message: /does not exist/,
  },
  {
    name: 'a Secret of another type',
    sink: { uri: 'https://example.com/', auth: { headersSecretRef: { name: 'c' } } },
    around: { secret: credentials({ a: 'b' }, 'Opaque') },
    reason: 'SinkInvalid',
    message: /type/,
  },
  {
    name: 'a header that belongs to the delivery',
    sink: { uri: 'https://example.com/', auth: { headersSecretRef: { name: 'c' } } },
    around: { secret: credentials({ 'webhook-id': 'x' }) },
    reason: 'SinkInvalid',
    message: /webhook-id/,
  },
  {
    name: 'a header value with a line break',
    sink: { uri: 'https://example.com/', auth: { headersSecretRef: { name: 'c' } } },
    around: { secret: credentials({ a: 'x\r\ny: z' }) },
    reason: 'SinkInvalid',
    message: /printable/,
  },
  {
    name: 'more than sixteen headers',
    sink: { uri: 'https://example.com/', auth: { headersSecretRef: { name: 'c' } } },
    around: { secret: credentials(Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`x-${n}`, 'v']))) },
    reason: 'SinkInvalid',
    message: /17 headers/,
  },
  ...[
    {
      what: 'neither authorities nor a certificate',
      data: { authorization: 'x' },
      message: /neither ca\.crt nor tls\.crt with tls\.key: add them/,
    },
    {
      what: 'a certificate without its key',
      data: { 'tls.crt': pem('client-1.cert') },
      message: /belong together: add the other one/,
    },
    {
      what: 'a key without its certificate',
      data: { 'tls.key': pem('client-1.key') },
      message: /belong together: add the other one/,
    },
    {
      what: 'the key of another certificate',
      data: { 'tls.crt': pem('client-1.cert'), 'tls.key': pem('client-2.key') },
      message: /tls\.key is not the key of the certificate/,
    },
    {
      what: 'authorities that are none',
      data: { 'ca.crt': 'MIIB' },
      message: /"ca\.crt" is not a list of certificates in PEM/,
    },
    {
      what: 'one broken authority of two',
      data: { 'ca.crt': `${pem('authority-1.cert')}\n${broken}` },
      message: /"ca\.crt" is not a list/,
    },
    {
      what: 'a certificate that is none',
      data: { 'tls.crt': broken, 'tls.key': pem('client-1.key') },
      message: /"tls\.crt" is not a certificate/,
    },
    {
      what: 'a key that is none',
      data: { 'tls.crt': pem('client-1.cert'), 'tls.key': pem('client-1.cert') },
      message: /"tls\.key" is not an unencrypted/,
    },
  ].map(({ what, data, message }) => ({
    name: `a Secret for TLS with ${what}`,
    sink: { uri: 'https://example.com/', auth: { tlsSecretRef: { name: 'c' } } },
    around: { secret: credentials(data as Record<string, string>) },
    reason: 'SinkInvalid',
    message,
  })),
  ...[{ uri: 'http://example.com/' }, { service: { name: 'w' } }, { kubernetesEvent: {} }].map((destination) => ({
    name: `a Secret for TLS beside ${JSON.stringify(destination)}, which is not https`,
    sink: { ...destination, auth: { tlsSecretRef: { name: 'c' } } },
    around: { secret: credentials({ 'ca.crt': pem('authority-1.cert') }) },
    reason: 'SinkInvalid',
    message: /^spec\.sinks\[worker\]\.auth\.tlsSecretRef: the destination is not https/,
  })),
  {
    name: 'a reference whose CACerts are none',
    sink: { ref: broker },
    around: { broker: aBroker({ address: { url: 'https://b.example/', CACerts: broken } }) },
    reason: 'SinkInvalid',
    message: /CACerts that are not certificates in PEM/,
  },
  {
    name: 'a signing Secret without its key',
    sink: { uri: 'https://example.com/', auth: { signingSecretRef: { name: 'c' } } },
    around: { secret: credentials({ a: 'b' }) },
    reason: 'SinkInvalid',
    message: /signing-secret/,
  },
  {
    name: 'a dead letter that cannot be resolved',
    sink: { uri: 'https://example.com/', deadLetter: { nats: { subject: 's' } } },
    reason: 'SinkUnsupported',
    message: /deadLetter/,
  },
]

for (const { name, sink, around, reason, message } of refused) {
  test(`${name} is refused, its events are held, and a first registration waits for it`, () => {
    const { resolved, held, problem, status } = resolve(sink, around)
    assert.deepEqual(resolved, [])
    assert.deepEqual(held, ['worker'])
    assert.equal(problem?.reason, reason)
    assert.match(problem?.message ?? '', message)
    assert.equal(problem?.blocksRegistration, true)
    assert.deepEqual(status, [{ name: 'worker', ready: false, reason }])
  })
}

test('headers and the signing secret come from Secrets of our own type; a trailing newline is dropped', () => {
  const auth = { headersSecretRef: { name: 'c' }, signingSecretRef: { name: 'c' } }
  const secret = credentials({ authorization: 'Bearer x\n', 'signing-secret': 'whsec_abc\n' })
  const { sink } = resolve({ uri: 'https://example.com/', auth }, { secret })
  assert.deepEqual(sink?.headers, { authorization: 'Bearer x' })
  assert.equal(sink?.signingSecret, 'whsec_abc')
})

function authoritiesOf(sink: ResolvedSink | undefined): string | undefined {
  return sink?.destination.type === 'http' ? sink.destination.ca : undefined
}

test('authorities and client certificate come from a Secret of our own type, which may hold headers and a signing secret too', () => {
  const secret = credentials({
    authorization: 'Bearer x',
    'signing-secret': 'whsec_abc',
    'ca.crt': `some text\n${pem('authority-1.cert')}`,
    'tls.crt': pem('client-1.cert'),
    'tls.key': pem('client-1.key'),
  })
  const c = { name: 'c' }
  const auth = { headersSecretRef: c, signingSecretRef: c, tlsSecretRef: c }
  const { sink, problem } = resolve({ service: { name: 'w', scheme: 'https' }, auth }, { secret })
  assert.equal(problem, undefined)
  assert.deepEqual(sink?.headers, { authorization: 'Bearer x' })
  assert.equal(sink.signingSecret, 'whsec_abc')
  assert.equal(authoritiesOf(sink), pem('authority-1.cert').trim())
  assert.deepEqual(sink.clientCertificate, { cert: pem('client-1.cert').trim(), key: pem('client-1.key').trim() })
})

test('authorities of a reference and of a Secret add up, each once, also when the reference cannot be read', () => {
  const secret = credentials({ 'ca.crt': `${pem('authority-2.cert')}${pem('authority-1.cert')}` })
  const spec = { ref: broker, auth: { tlsSecretRef: { name: 'c' } } }
  const status = { address: { url: 'https://b.example/', CACerts: pem('authority-1.cert') } }
  const first = resolve(spec, { secret, broker: aBroker(status) })
  assert.equal(
    authoritiesOf(first.sink),
    [pem('authority-1.cert'), pem('authority-2.cert')].map((each) => each.trim()).join('\n'),
  )
  const second = resolve(spec, { secret, broker: unreadable(), known: first.resolved })
  assert.deepEqual(second.resolved, first.resolved)
})

test('what exceeds the keyring’s share of one object is refused as a whole', () => {
  const secret = credentials({ 'x-long': 'v'.repeat(6000) })
  const sinks = ['a', 'b', 'c'].map((name) => ({
    name,
    uri: 'https://example.com/',
    auth: { headersSecretRef: { name: 'c' } },
  }))
  const around = {
    namespace: 'ml',
    clusterDomain: undefined,
    natsPrefix: undefined,
    services: new Map(),
    credentials: new Map([['c', secret]]),
    addressables: new Map(),
    known: [],
  }
  const { resolved, held, problem } = resolveSinks(sinks, around)
  assert.deepEqual(resolved, [])
  assert.deepEqual(held, ['a', 'b', 'c'])
  assert.equal(problem?.reason, 'CredentialsTooLarge')
  assert.ok(!problem.message.includes('vvvv'))
})
