import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { sinkCredentialsSecretType } from '../../../../src/api/names.ts'
import type { SinkSpec } from '../../../../src/api/sink.ts'
import type { Addressable, AddressableLookup } from '../../../../src/controller/sinks/addressable.ts'
import { addressesIn, factsOfAll, factsOfSlice } from '../../../../src/controller/sinks/endpoint-facts.ts'
import type { Secret, Service } from '../../../../src/kubernetes/core-kinds.ts'
import { found, missing, type Lookup } from '../../../../src/controller/facts/lookup.ts'
import type { ServiceLookup } from '../../../../src/controller/sinks/resolve-service.ts'
import { resolveSinks } from '../../../../src/controller/sinks/resolve-sinks.ts'
import type { ResolvedSink } from '../../../../src/contract/keyring/entry.ts'
import type { EndpointSlice } from '../../../../src/kubernetes/endpoint-slice.ts'

/** One of the certificates and keys for tests. */
const pem = (name: string) => readFileSync(`test/fixtures/tls/${name}.pem`, 'utf8')

const clusterIP = '10.96.0.7'

/** A Service that leads to the pods that it selects. */
function service(spec: Service['spec'] = {}, slices: EndpointSlice[] = [aSlice()]): ServiceLookup {
  const ports = [{ name: 'http', port: 80 }]
  return found({
    service: {
      metadata: { name: 'w' },
      spec: { type: 'ClusterIP', clusterIP, selector: { app: 'w' }, ports, ...spec },
    },
    endpoints: factsOfAll(
      slices.map((slice) => factsOfSlice(slice, { namespace: 'ml', denied: new Set(addressesIn([apiServer])) })),
    ),
  })
}

const apiServer: EndpointSlice = {
  metadata: { name: 'kubernetes' },
  endpoints: [{ addresses: ['192.168.1.10'] }],
  ports: [{ name: 'https', port: 6443 }],
}

function aSlice(change: Partial<EndpointSlice> = {}, labels: Record<string, string> = {}): EndpointSlice {
  const managed = { 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io' }
  return {
    metadata: { name: 'w-x7k', labels: { ...managed, ...labels } },
    endpoints: [{ addresses: ['10.244.1.5'], targetRef: { kind: 'Pod', namespace: 'ml', name: 'w-1' } }],
    ports: [{ name: 'http', port: 8080 }],
    ...change,
  }
}

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
    service?: ServiceLookup
    services?: Record<string, ServiceLookup>
    allowForeignEndpoints?: boolean
    addressableNamespaces?: string[]
    areServicesWatched?: boolean
    secret?: Lookup<Secret>
    clusterDomain?: string
    natsPrefix?: string
    kafkaPrefix?: string
    broker?: AddressableLookup
    key?: string
    known?: ResolvedSink[]
    keepDeliveredMs?: number
  } = {},
) {
  const resolution = resolveSinks([{ name: 'worker', ...sink }], {
    namespace: 'ml',
    clusterDomain: around.clusterDomain,
    natsPrefix: around.natsPrefix,
    kafkaPrefix: around.kafkaPrefix,
    services: new Map([['ml/w', around.service ?? service()], ...Object.entries(around.services ?? {})]),
    allowForeign: around.allowForeignEndpoints ?? false,
    addressableNamespaces: around.addressableNamespaces ?? [],
    areServicesWatched: around.areServicesWatched ?? true,
    credentials: new Map([['c', around.secret ?? missing]]),
    addressables: new Map([
      [around.key ?? 'eventing.knative.dev/v1/Broker/default', around.broker ?? { state: 'unlisted' }],
    ]),
    known: around.known ?? [],
    ...(around.keepDeliveredMs !== undefined && { keepDeliveredMs: around.keepDeliveredMs }),
  })
  return { ...resolution, sink: resolution.resolved[0] }
}

test('every sink is told how long what it has taken is kept, where the object says so', () => {
  const kept = resolve({ service: { name: 'w' } }, { keepDeliveredMs: 60_000 })
  assert.equal(kept.sink?.delivery.keepDeliveredMs, 60_000)
  assert.ok(!('keepDeliveredMs' in (resolve({ service: { name: 'w' } }).sink?.delivery ?? {})))
})

test('a Service becomes its address in the cluster, with the defaults of the resource', () => {
  const { sink, problem, status } = resolve({ service: { name: 'w' } })
  assert.equal(problem, undefined)
  const want = { type: 'http', url: 'http://w.ml.svc:80/', reach: 'cluster', address: clusterIP }
  assert.deepEqual(sink?.destination, want, 'the address that was judged, and the name only to ask for')
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
    address: clusterIP,
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

test('a Kafka topic is shown as the address of its sink', () => {
  const { problem, status } = resolve({ kafka: { topic: 'batches.{type}' } }, { kafkaPrefix: 'gwh.events' })
  assert.equal(problem, undefined)
  assert.deepEqual(status, [{ name: 'worker', address: 'kafka:gwh.events.ml.batches.{type}', ready: true }])
})

test('a Service that does not exist yet is told, keeps its events and stops no registration', () => {
  const { resolved, held, problem, status } = resolve({ service: { name: 'w' } }, { service: missing })
  assert.deepEqual([resolved, held], [[], ['worker']], 'its name alone would lead wherever somebody says later')
  assert.equal(problem?.blocksRegistration, false)
  assert.match(problem?.message ?? '', /Service ml\/w does not exist/)
  assert.deepEqual(status, [{ name: 'worker', ready: false, reason: 'SinkInvalid' }])
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

const body = '{"text": event.type}'

test('a transform is handed on with nothing left open', () => {
  const plain = resolve({ service: { name: 'w' }, transform: { body } })
  assert.deepEqual([plain.problem, plain.status[0]?.ready], [undefined, true])
  const defaults = { body, contentType: 'application/json', method: 'POST', headers: {} }
  assert.deepEqual(plain.sink?.transform, defaults)
  const given = { body: '"a"', contentType: 'text/plain', method: 'PUT', headers: { a: 'b' } } as const
  assert.deepEqual(resolve({ service: { name: 'w' }, transform: given }).sink?.transform, given)
})

test('a transform that cannot run is told by name, keeps its sink so that deliveries wait, and stops no registration', () => {
  const wrong = { service: { name: 'w' }, transform: { body: 'event.attempt', contentType: 'text/plain' } }
  const { sink, problem, status } = resolve(wrong)
  assert.equal(sink?.transform?.body, 'event.attempt')
  assert.deepEqual([problem?.reason, problem?.blocksRegistration], ['SinkInvalid', false])
  assert.match(
    problem?.message ?? '',
    /^spec\.sinks\[worker\]\.transform\.body yields int, not a string.*: correct it;/,
  )
  assert.deepEqual(status, [{ name: 'worker', address: 'http://w.ml.svc:80/', ready: false, reason: 'SinkInvalid' }])
})

const misuses: { why: string; sink: Omit<SinkSpec, 'name'>; message: RegExp }[] = [
  {
    why: 'a header decides what a delivery is',
    sink: { service: { name: 'w' }, transform: { body, headers: { 'Content-Length': '7' } } },
    message: /^spec\.sinks\[worker\]\.transform\.headers: key "Content-Length" may not be sent as a header: remove it$/,
  },
  {
    why: 'a header would be two',
    sink: { service: { name: 'w' }, transform: { body, headers: { a: 'secret\r\nhost: b' } } },
    message: /transform\.headers: the value of key "a" is not printable ASCII: correct it$/,
  },
  {
    why: 'the format makes a body too',
    sink: { service: { name: 'w' }, format: 'CloudEventStructured', transform: { body } },
    message: /^spec\.sinks\[worker\]\.format: .* remove one of the two$/,
  },
  {
    why: 'there is no body',
    sink: { kubernetesEvent: {}, transform: { body } },
    message: /^spec\.sinks\[worker\]\.transform: a Kubernetes Event has no body/,
  },
]

for (const { why, sink: spec, message } of misuses) {
  test(`a transform where ${why} holds its sink`, () => {
    const { sink, held, problem } = resolve(spec)
    assert.deepEqual([sink, held, problem?.reason], [undefined, ['worker'], 'SinkInvalid'])
    assert.match(problem?.message ?? '', message)
    assert.ok(problem?.message.includes('secret') === false)
  })
}

/** Costs 516 steps, and eight for each character. */
const searching = (characters: number) => `event.data.id.contains("${'a'.repeat(characters)}")`

test('filters that may cost too much together: the dearest is told by name with how far it is over, the others go on', () => {
  const filters = { cheap: searching(60), dear: searching(600), middle: searching(61), plain: 'true' }
  const sinks = Object.entries(filters).map(([name, cel]) => ({ name, service: { name: 'w' }, filter: { cel } }))
  const { resolved, held, status, problem } = resolveSinks(sinks, {
    namespace: 'ml',
    clusterDomain: undefined,
    natsPrefix: undefined,
    kafkaPrefix: undefined,
    services: new Map([['ml/w', service()]]),
    allowForeign: false,
    addressableNamespaces: [],
    areServicesWatched: true,
    credentials: new Map(),
    addressables: new Map(),
    known: [],
  })
  assert.deepEqual(
    status.filter(({ ready }) => !ready).map(({ name, reason }) => [name, reason]),
    [['dear', 'SinkInvalid']],
  )
  assert.deepEqual(
    [resolved.length, held, problem?.blocksRegistration],
    [4, [], false],
    'deliveries wait, none is lost',
  )
  assert.match(
    problem?.message ?? '',
    /^spec\.sinks\[dear\]\.filter\.cel may cost 5,317 steps for one event, with the cheaper expressions of this object 7,320, 2,320 more than the 5,000 .*: use fewer loops .* object of its own: correct it/,
  )
})

const broker = { apiVersion: 'eventing.knative.dev/v1', kind: 'Broker', name: 'default' }
const viaBroker = 'eventing.knative.dev/v1/Broker/default'
const aBroker = (status?: Addressable['status']): AddressableLookup =>
  found({ metadata: { name: 'default' }, ...(status !== undefined && { status }) })

test('a reference becomes the address that the object publishes, with the authorities it names, and is to be public as a uri is', () => {
  const url = 'https://broker.example.com/ml/default'
  const { sink, problem, status, recheck } = resolve(
    { ref: broker },
    { broker: aBroker({ address: { url, CACerts: pem('authority-1.cert') } }) },
  )
  assert.equal(problem, undefined)
  assert.deepEqual(sink?.destination, {
    type: 'http',
    url,
    reach: 'public',
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
    reach: 'public',
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
    around: { service: service({ type: 'ExternalName', externalName: 'kubernetes.default.svc' }) },
    reason: 'SinkInvalid',
    message: /ExternalName/,
  },
  ...[
    {
      what: 'a headless Service',
      around: { service: service({ clusterIP: 'None' }) },
      message: /Service ml\/w is headless.*allowForeignEndpoints/,
    },
    {
      what: 'a Service without a selector',
      around: { service: service({ selector: {} }) },
      message: /has no selector.*allowForeignEndpoints/,
    },
    {
      what: 'a Service that draws the traffic of other addresses to it',
      around: { service: service({ externalIPs: ['10.96.0.1'] }) },
      message: /has externalIPs.*allowForeignEndpoints/,
    },
    {
      what: 'a Service with endpoints that somebody added',
      around: { service: service({}, [aSlice(), aSlice({}, { 'endpointslice.kubernetes.io/managed-by': 'me' })]) },
      message: /endpoints that are no pods of its namespace \(EndpointSlice w-x7k\).*allowForeignEndpoints/,
    },
    {
      what: 'a Service with endpoints that are no pods, whoever is said to have made them',
      around: { service: service({}, [aSlice({ endpoints: [{ addresses: ['10.0.0.1'] }] })]) },
      message: /endpoints that are no pods of its namespace/,
    },
    {
      what: 'a Service with pods of another namespace',
      around: {
        service: service({}, [
          aSlice({
            endpoints: [{ addresses: ['10.0.0.1'], targetRef: { kind: 'Pod', namespace: 'other', name: 'p' } }],
          }),
        ]),
      },
      message: /endpoints that are no pods of its namespace/,
    },
    ...[false, true].map((allowForeignEndpoints) => ({
      what: `a Service that leads to a port of kubelet, where foreign endpoints are allowed: ${allowForeignEndpoints}`,
      around: { allowForeignEndpoints, service: service({}, [aSlice({ ports: [{ name: 'http', port: 10250 }] })]) },
      message: /leads to a port of kubelet or kube-proxy/,
    })),
    ...[false, true].map((allowForeignEndpoints) => ({
      what: `a Service that leads to the API server, where foreign endpoints are allowed: ${allowForeignEndpoints}`,
      around: { allowForeignEndpoints, service: service({ selector: {} }, [apiServer]) },
      message: /Service ml\/w leads to the API server/,
    })),
  ].map(({ what, around, message }) => ({
    name: what,
    sink: { service: { name: 'w' } },
    around,
    reason: 'SinkInvalid',
    message,
  })),
  {
    name: 'a reference whose address is a Service of a namespace that the installation does not name',
    sink: { ref: broker },
    around: {
      broker: aBroker({ address: { url: 'http://admin.other-tenant.svc.cluster.local/' } }),
      services: { 'other-tenant/admin': service() },
    },
    reason: 'SinkUnsupported',
    message:
      /Broker ml\/default names Service other-tenant\/admin as its address: add other-tenant to addressableNamespaces/,
  },
  {
    name: 'a reference whose address is a Service of its namespace that may not be used',
    sink: { ref: broker },
    around: {
      broker: aBroker({ address: { url: 'http://w.ml.svc/' } }),
      service: service({ type: 'ExternalName', externalName: 'admin.other-tenant.svc' }),
    },
    reason: 'SinkInvalid',
    message: /^spec\.sinks\[worker\]\.ref: Service ml\/w is of type ExternalName/,
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
    kafkaPrefix: undefined,
    services: new Map(),
    allowForeign: false,
    addressableNamespaces: [],
    areServicesWatched: true,
    credentials: new Map([['c', secret]]),
    addressables: new Map(),
    known: [],
  }
  const { resolved, held, problem } = resolveSinks(sinks, around)
  assert.deepEqual(resolved, [])
  assert.deepEqual(held, ['a', 'b', 'c'])
  assert.equal(problem?.reason, 'CredentialsTooLarge')
  assert.ok(!problem.message.includes('vvvv'))
  const suspended = resolveSinks([...sinks.slice(0, 2), { ...sinks[2], name: 'c', suspend: true }], around)
  assert.equal(suspended.problem?.reason, 'CredentialsTooLarge', 'that it goes on must not be what holds the others')
})

test('Services that lead elsewhere are used where the installation allows them, still by the address that was judged', () => {
  const allowed = { allowForeignEndpoints: true }
  const sinkOf = (lookup: ServiceLookup) =>
    resolve({ service: { name: 'w' } }, { ...allowed, service: lookup }).sink?.destination
  const pinned = { type: 'http', url: 'http://w.ml.svc:80/', reach: 'cluster', address: clusterIP }
  assert.deepEqual(sinkOf(service({ selector: {} }, [aSlice({ endpoints: [{ addresses: ['10.0.0.1'] }] })])), pinned)
  const { address: _, ...byName } = pinned
  assert.deepEqual(sinkOf(service({ clusterIP: 'None' })), byName, 'a headless one has no other address than its name')
  assert.equal(sinkOf(service({ type: 'ExternalName', externalName: 'x.example.com' })), undefined)
})

test('a Service of which endpoints are not there yet is used: they are going to be pods', () => {
  assert.notEqual(resolve({ service: { name: 'w' } }, { service: service({}, []) }).sink, undefined)
})

test('a Service that has no cluster IP yet holds deliveries, and stops no registration', () => {
  const { held, problem } = resolve({ service: { name: 'w' } }, { service: service({ clusterIP: '' }) })
  assert.deepEqual(held, ['worker'])
  assert.deepEqual([problem?.reason, problem?.blocksRegistration], ['SinkNotReady', false])
})

const unreadableService: { state: ServiceLookup['state']; lookup: ServiceLookup; warning: RegExp | undefined }[] = [
  { state: 'failed', lookup: unreadable(), warning: undefined },
  { state: 'forbidden', lookup: { state: 'forbidden' }, warning: /grant its account .* endpointslices/ },
]
for (const { state, lookup, warning } of unreadableService) {
  test(`what receivers know of a Service stays while reading it is ${state}, also in the form of older controllers`, () => {
    const { sink } = resolve({ service: { name: 'w' } })
    assert.ok(sink?.destination.type === 'http')
    const { address: _, ...byName } = sink.destination
    for (const destination of [sink.destination, byName]) {
      const known = [{ ...sink, destination }]
      const again = resolve({ service: { name: 'w' } }, { service: lookup, known })
      assert.deepEqual(again.sink?.destination, destination)
      if (warning === undefined) assert.equal(again.problem, undefined)
      else assert.match(again.problem?.message ?? '', warning)
      assert.equal(again.recheck, true)
    }
    const unknown = resolve({ service: { name: 'w' } }, { service: lookup })
    assert.deepEqual(unknown.held, ['worker'], 'and a name that nobody has judged is not used')
    assert.equal(unknown.problem?.blocksRegistration, false)
  })
}

test('Services that are watched need no other look, and all others do', () => {
  assert.equal(resolve({ service: { name: 'w' } }).recheck, undefined)
  assert.equal(resolve({ service: { name: 'w' } }, { areServicesWatched: false }).recheck, true)
})

test('a reference into a namespace that the installation names is reached at the address that the Service has, also behind an alias', () => {
  const ingress = service({ clusterIP: '10.96.0.99' }, [])
  const url = 'http://broker-ingress.knative-eventing.svc.cluster.local/ml/default'
  const around = {
    addressableNamespaces: ['knative-eventing'],
    services: { 'knative-eventing/broker-ingress': ingress },
  }
  const direct = resolve({ ref: broker }, { ...around, broker: aBroker({ address: { url } }) })
  const want = { type: 'http', url, reach: 'cluster', via: viaBroker, address: '10.96.0.99' }
  assert.deepEqual(direct.sink?.destination, want)
  const alias = service({ type: 'ExternalName', externalName: 'broker-ingress.knative-eventing.svc.cluster.local' })
  const published = aBroker({ address: { url: 'http://channel-kn-channel.ml.svc.cluster.local' } })
  const services = { ...around.services, 'ml/channel-kn-channel': alias }
  const behind = resolve({ ref: broker }, { ...around, services, broker: published })
  assert.deepEqual(behind.sink?.destination, { ...want, url: 'http://channel-kn-channel.ml.svc.cluster.local/' })
  const elsewhere = service({ type: 'ExternalName', externalName: 'admin.other-tenant.svc.cluster.local' })
  const refused = resolve(
    { ref: broker },
    { ...around, services: { ...services, 'ml/channel-kn-channel': elsewhere }, broker: published },
  )
  assert.deepEqual(refused.held, ['worker'])
})

test('a Service for dead letters that does not exist yet is told and looked for, and holds nothing that the sink takes', () => {
  const sink = { uri: 'https://example.com/', deadLetter: { service: { name: 'w' } } }
  const later = resolve(sink, { service: missing })
  assert.deepEqual([later.held, later.sink?.deadLetter], [[], undefined])
  assert.match(later.problem?.message ?? '', /deadLetter\.service: Service ml\/w does not exist/)
  assert.deepEqual([later.problem?.blocksRegistration, later.recheck], [false, true])
  const there = resolve(sink).sink?.deadLetter
  assert.deepEqual(there, { type: 'http', url: 'http://w.ml.svc:80/', reach: 'cluster', address: clusterIP })
  assert.deepEqual(resolve(sink, { service: service({ selector: {} }) }).held, ['worker'])
})
