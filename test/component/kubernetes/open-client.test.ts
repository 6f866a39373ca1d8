import assert from 'node:assert/strict'
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'

import {
  KubernetesApiError,
  type KubernetesClient,
  type KubernetesObject,
  type ResourceKind,
} from '../../../src/kubernetes/client.ts'
import { openKubernetesClient, type OpenClientOptions } from '../../../src/kubernetes/open-client.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import {
  answer,
  ApiDouble,
  cut,
  hang,
  listOf,
  refuse,
  type ApiStep,
  type ApiVerb,
} from '../../support/doubles/api-double.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'

const configMap: ResourceKind = { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true }
const widget: ResourceKind = {
  group: 'example.io',
  version: 'v1',
  kind: 'Widget',
  plural: 'widgets',
  namespaced: true,
}
const key = { namespace: 'ml', name: 'x' }
const object = { apiVersion: 'example.io/v1', kind: 'Widget', metadata: { namespace: 'ml', name: 'x' } }

async function setUp(t: TestContext, overrides: Partial<OpenClientOptions> = {}) {
  const double = await ApiDouble.start()
  t.after(() => double.close())
  const clock = new FakeClock()
  const metrics = createMetrics()
  const client = await openKubernetesClient({
    kubeconfigPath: overrides.kubeconfigPath ?? (await double.kubeconfig({ token: 'let-me-in' })),
    userAgent: 'tester/1.0',
    clock,
    random: () => 1,
    logger: silentLogger,
    metrics,
    ...overrides,
  })
  t.after(() => client.close())
  return { double, clock, metrics, client }
}

/** Until the client waits: its own timeout is one timer, what it waits for the second. */
async function untilItWaits(clock: FakeClock): Promise<void> {
  await eventually('a second timer', () => clock.pending === 2)
}

/** An exec plugin whose nth run gives the token `run-n`. */
async function countingPlugin(double: ApiDouble) {
  const script = `const fs = require('node:fs'); const file = process.argv[1]
    fs.appendFileSync(file, 'x'); const token = 'run-' + fs.readFileSync(file, 'utf8').length
    console.log(JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token } }))`
  const runs = await double.file('runs', '')
  return {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: process.execPath,
    args: ['-e', script, runs],
    interactiveMode: 'Never',
  }
}

/** Moves time over every pause until the call has ended. */
async function letPass<T>(clock: FakeClock, call: Promise<T>): Promise<T> {
  let ended = false
  const ending = call.finally(() => {
    ended = true
  })
  await eventually('the call to end', async () => {
    if (!ended && clock.pending === 2) await clock.advance({ seconds: 1 })
    return ended
  })
  return ending
}

async function rejected(promise: Promise<unknown>): Promise<KubernetesApiError> {
  const error = await promise.then(
    () => assert.fail('should have failed'),
    (error: unknown) => error,
  )
  assert.ok(error instanceof KubernetesApiError, String(error))
  return error
}

const calls: {
  name: string
  verb: ApiVerb
  call: (client: KubernetesClient) => Promise<unknown>
  path: string
  contentType?: string
  body?: unknown
}[] = [
  {
    name: 'get',
    verb: 'get',
    call: (client) => client.get(widget, key),
    path: '/apis/example.io/v1/namespaces/ml/widgets/x',
  },
  {
    name: 'create',
    verb: 'create',
    call: (client) => client.create(widget, object),
    path: '/apis/example.io/v1/namespaces/ml/widgets',
    contentType: 'application/json',
    body: object,
  },
  {
    name: 'replace',
    verb: 'update',
    call: (client) => client.replace(widget, object),
    path: '/apis/example.io/v1/namespaces/ml/widgets/x',
    contentType: 'application/json',
    body: object,
  },
  {
    name: 'replaceStatus',
    verb: 'update',
    call: (client) => client.replaceStatus(widget, object),
    path: '/apis/example.io/v1/namespaces/ml/widgets/x/status',
    contentType: 'application/json',
    body: object,
  },
  {
    name: 'merge patch',
    verb: 'patch',
    call: (client) => client.patch(widget, key, { a: null }, { type: 'merge' }),
    path: '/apis/example.io/v1/namespaces/ml/widgets/x',
    contentType: 'application/merge-patch+json',
    body: { a: null },
  },
  {
    name: 'merge patch of status',
    verb: 'patch',
    call: (client) => client.patch(widget, key, object, { type: 'merge', subresource: 'status' }),
    path: '/apis/example.io/v1/namespaces/ml/widgets/x/status',
    contentType: 'application/merge-patch+json',
    body: object,
  },
  {
    name: 'delete with preconditions',
    verb: 'delete',
    call: (client) => client.delete(widget, key, { preconditions: { uid: 'u' } }),
    path: '/apis/example.io/v1/namespaces/ml/widgets/x',
    contentType: 'application/json',
    body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: 'u' } },
  },
]

for (const { name, verb, call, path, contentType, body } of calls) {
  test(`${name}: the right verb, path, content type and body`, async (t) => {
    const { double, client } = await setUp(t)
    double.expect(verb, answer(200, object))
    await call(client)
    const [seen] = double.seen
    assert.equal(seen?.path, path)
    assert.equal(seen.headers['content-type'], contentType)
    assert.deepEqual(Object.fromEntries(seen.query), {})
    assert.deepEqual(seen.body, body)
    assert.equal(seen.headers.authorization, 'Bearer let-me-in')
    assert.equal(seen.headers['user-agent'], 'tester/1.0')
  })
}

test('a list of metadata only asks for nothing else, so that it can be sent nothing else', async (t) => {
  const { double, client } = await setUp(t)
  double.expect('list', listOf([object], '7', 'more'))
  const page = await client.list(configMap, { metadataOnly: true, limit: 1 })
  assert.deepEqual(page, { items: [object], resourceVersion: '7', continueToken: 'more' })
  assert.equal(double.seen[0]?.headers.accept, 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1')
  double.expect('watch', double.openWatch())
  const watch = client.watch(configMap, { metadataOnly: true })[Symbol.asyncIterator]()
  const first = watch.next()
  await eventually('the watch', () => double.watches.length === 1)
  assert.equal(double.seen[1]?.headers.accept, 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1')
  double.watch(0).end()
  assert.equal((await first).done, true)
})

test('a missing object is a value on get and an error elsewhere', async (t) => {
  const { double, client } = await setUp(t)
  double.expect('get', refuse(404, 'NotFound')).expect('delete', refuse(404, 'NotFound'))
  assert.equal(await client.get(widget, key), undefined)
  assert.equal((await rejected(client.delete(widget, key))).status, 404)
})

test('a refusal names verb, kind, object, status and reason', async (t) => {
  const { double, client } = await setUp(t)
  double.expect('create', refuse(403, 'Forbidden'))
  const error = await rejected(client.create(widget, object))
  assert.equal(
    error.message,
    'create widgets.example.io ml/x: the API server answered 403 Forbidden: scripted Forbidden',
  )
  assert.deepEqual([error.status, error.reason], [403, 'Forbidden'])
})

test("a proxy's page instead of an object is an error that says so", async (t) => {
  const { double, client } = await setUp(t)
  double.expect('get', answer(200, '<html>sign in</html>')).expect('list', answer(502, '<html>bad gateway</html>'))
  double.otherwise(() => answer(502, '<html>bad gateway</html>'))
  const error = await rejected(client.get(widget, key))
  assert.equal(error.reason, 'BadAnswer')
  assert.doesNotMatch(error.message, /html/)
})

const transientFaults: { name: string; step: ApiStep }[] = [
  { name: 'a 500', step: refuse(500, 'InternalError') },
  { name: 'a 503', step: refuse(503, 'ServiceUnavailable') },
  { name: 'a 429', step: refuse(429, 'TooManyRequests') },
  { name: 'a broken connection', step: cut() },
]

for (const { name, step } of transientFaults) {
  test(`${name} on a read is retried after a pause`, async (t) => {
    const { double, clock, client } = await setUp(t)
    double.expect('get', step, answer(200, object))
    const reading = client.get(widget, key)
    await untilItWaits(clock)
    assert.equal(double.count('get'), 1)
    await clock.advance({ ms: 100 })
    assert.deepEqual(await reading, object)
    assert.equal(clock.pending, 0, 'no timer is left behind')
  })

  test(`${name} on a write is left to the caller, who alone knows whether to repeat it`, async (t) => {
    const { double, clock, client } = await setUp(t)
    double.expect('create', step)
    await rejected(client.create(widget, object))
    assert.equal(double.count('create'), 1)
    assert.equal(clock.pending, 0)
  })
}

test('a write that was refused with Retry-After is repeated when the time has come, not before', async (t) => {
  const { double, clock, client } = await setUp(t)
  double.expect('create', refuse(429, 'TooManyRequests', { 'retry-after': '3' }), answer(201, object))
  const writing = client.create(widget, object)
  await untilItWaits(clock)
  await clock.advance({ seconds: 3 })
  assert.equal(double.count('create'), 1)
  await clock.advance({ ms: 100 })
  assert.deepEqual(await writing, object)
})

test('a read gives up after five attempts with the last answer', async (t) => {
  const { double, clock, client } = await setUp(t)
  double.otherwise(() => refuse(500, 'InternalError'))
  assert.equal((await letPass(clock, rejected(client.get(widget, key)))).status, 500)
  assert.equal(double.count('get'), 5)
})

test('a connection that never came to be is retried even for a write', async (t) => {
  const { double, clock, metrics } = await setUp(t)
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const port = (server.address() as AddressInfo).port
  await new Promise((resolve) => server.close(resolve))
  const kubeconfigPath = await double.kubeconfig({}, { server: `http://127.0.0.1:${port}` })
  const options = { kubeconfigPath, userAgent: 'tester/1.0', clock, random: () => 1, logger: silentLogger, metrics }
  const lonely = await openKubernetesClient(options)
  const error = await letPass(clock, rejected(lonely.create(widget, object)))
  assert.deepEqual([error.status, error.reason], [0, 'Unreachable'])
  assert.match(error.message, /^create widgets\.example\.io ml\/x: no answer from the API server \(ECONNREFUSED\)$/)
  assert.match((await metrics.expose()).text, /gwh_kubernetes_requests_total\{verb="create",code="none"\} 5/)
  await lonely.close()
})

test('a server that takes the request and never answers costs the timeout, no more', async (t) => {
  const { double, clock, client } = await setUp(t)
  double.expect('get', hang()).expect('create', hang())
  const reading = rejected(client.get(widget, key))
  const writing = rejected(client.create(widget, object, { timeoutMs: 5_000 }))
  await eventually('both requests', () => double.seen.length === 2)
  await clock.advance({ seconds: 5 })
  assert.deepEqual([(await writing).status, (await writing).reason], [0, 'Timeout'])
  await clock.advance({ seconds: 25 })
  assert.match(
    (await reading).message,
    /^get widgets\.example\.io ml\/x: no answer from the API server within 30000 ms$/,
  )
})

test("the caller's signal ends a call with its own reason, wherever it is", async (t) => {
  const { double, clock, client } = await setUp(t)
  double.expect('get', hang(), refuse(500, 'InternalError'))
  const reason = new Error('enough')
  const inFlight = new AbortController()
  const first = client.get(widget, key, { signal: inFlight.signal })
  await eventually('the request', () => double.seen.length === 1)
  inFlight.abort(reason)
  await assert.rejects(first, reason)
  const inBackoff = new AbortController()
  const second = client.get(widget, key, { signal: inBackoff.signal })
  await untilItWaits(clock)
  inBackoff.abort(reason)
  await assert.rejects(second, reason)
  await assert.rejects(client.get(widget, key, { signal: AbortSignal.abort(reason) }), reason)
  assert.equal(double.seen.length, 2, 'an aborted call is not sent')
  assert.equal(clock.pending, 0)
})

test('a token that is refused is read again at once, and the call repeated, even a write', async (t) => {
  const { double } = await setUp(t)
  const tokenFile = await double.file('token', 'old\n')
  const kubeconfigPath = await double.kubeconfig({ tokenFile })
  const { client } = await setUp(t, { kubeconfigPath })
  double.otherwise(({ headers }) =>
    headers.authorization === 'Bearer new' ? answer(201, object) : refuse(401, 'Unauthorized'),
  )
  await double.file('token', 'new\n')
  assert.deepEqual(await client.create(widget, object), object)
  assert.deepEqual(
    double.seen.map(({ headers }) => headers.authorization),
    ['Bearer old', 'Bearer new'],
  )
})

test('a token that stays refused is an error after one more try, not a loop', async (t) => {
  const { double, client } = await setUp(t)
  double.otherwise(() => refuse(401, 'Unauthorized'))
  assert.equal((await rejected(client.get(widget, key))).status, 401)
  assert.equal(double.seen.length, 2)
})

test('a token file named relative to the kubeconfig is read again every minute', async (t) => {
  const { double } = await setUp(t)
  await double.file('token', 'first')
  const { client, clock } = await setUp(t, { kubeconfigPath: await double.kubeconfig({ tokenFile: 'token' }) })
  double.otherwise(() => answer(200, object))
  await client.get(widget, key)
  await double.file('token', 'second')
  await clock.advance({ seconds: 59 })
  await client.get(widget, key)
  await clock.advance({ seconds: 1 })
  await client.get(widget, key)
  assert.deepEqual(
    double.seen.map(({ headers }) => headers.authorization),
    ['Bearer first', 'Bearer first', 'Bearer second'],
  )
})

test('an exec plugin is asked once, and again only when its token is refused', async (t) => {
  const { double } = await setUp(t)
  const exec = await countingPlugin(double)
  const { client, clock } = await setUp(t, { kubeconfigPath: await double.kubeconfig({ exec }) })
  double.expect('get', answer(200, object), answer(200, object), refuse(401, 'Unauthorized'), answer(200, object))
  await client.get(widget, key)
  await clock.advance({ minutes: 10 })
  await client.get(widget, key)
  await client.get(widget, key)
  assert.deepEqual(
    double.seen.map(({ headers }) => headers.authorization),
    ['Bearer run-1', 'Bearer run-1', 'Bearer run-1', 'Bearer run-2'],
  )
})

test('many calls that are refused together run an exec plugin once', async (t) => {
  const { double } = await setUp(t)
  const exec = await countingPlugin(double)
  const { client } = await setUp(t, { kubeconfigPath: await double.kubeconfig({ exec }) })
  double.otherwise(({ headers }) =>
    headers.authorization === 'Bearer run-2' ? answer(200, object) : refuse(401, 'Unauthorized'),
  )
  await Promise.all(Array.from({ length: 10 }, () => client.get(widget, key)))
  assert.deepEqual(
    new Set(double.seen.map(({ headers }) => headers.authorization)),
    new Set(['Bearer run-1', 'Bearer run-2']),
  )
})

test('a hundred calls in a row share their connections, and open watches do not starve calls', async (t) => {
  const { double, client } = await setUp(t, { qps: 1_000, burst: 1_000 })
  double.otherwise(({ verb }) => (verb === 'watch' ? double.openWatch() : answer(200, object)))
  for (let index = 0; index < 100; index += 1) await client.get(widget, key)
  // The next call may start while the last answer is still being put away: that takes a second connection, never a
  // third.
  assert.ok(double.connections <= 2, `${double.connections} connections`)
  const stop = new AbortController()
  const watching = Array.from({ length: 40 }, () => drain(client.watch(widget, { signal: stop.signal })))
  await eventually('forty watches', () => double.watches.length === 40)
  assert.deepEqual(await client.get(widget, key), object)
  stop.abort()
  await Promise.all(watching)
  await eventually('all watches closed', () => double.watches.every(({ closed }) => closed))
})

test('calls beyond the burst wait for their turn', async (t) => {
  const { double, clock, client } = await setUp(t, { qps: 1, burst: 2 })
  double.otherwise(() => answer(200, object))
  const reading = Promise.all([1, 2, 3].map(() => client.get(widget, key)))
  await eventually('two calls', () => double.seen.length === 2)
  await clock.advance({ ms: 999 })
  assert.equal(double.seen.length, 2)
  await clock.advance({ ms: 1 })
  await reading
  assert.equal(double.seen.length, 3)
})

test("the server's clock is known from its answers", async (t) => {
  const { double, clock, client } = await setUp(t)
  assert.equal(client.serverClockSkewMs, undefined)
  const date = new Date(clock.now() + 90_000).toUTCString()
  double.expect('get', answer(200, object, { date }))
  await client.get(widget, key)
  assert.ok(Math.abs((client.serverClockSkewMs ?? 0) - 90_000) <= 1_000)
})

test('attempts are counted by verb and code', async (t) => {
  const { double, clock, metrics, client } = await setUp(t)
  double.expect('get', refuse(503, 'ServiceUnavailable'), answer(200, object))
  const reading = client.get(widget, key)
  await untilItWaits(clock)
  await clock.advance({ seconds: 1 })
  await reading
  const { text } = await metrics.expose()
  assert.match(text, /^gwh_kubernetes_requests_total\{verb="get",code="503"\} 1$/m)
  assert.match(text, /^gwh_kubernetes_requests_total\{verb="get",code="200"\} 1$/m)
  assert.match(text, /^gwh_kubernetes_request_seconds_count\{verb="get"\} 1$/m)
})

async function drain(watch: AsyncIterable<unknown>): Promise<unknown[]> {
  const events: unknown[] = []
  for await (const event of watch) events.push(event)
  return events
}

test('a watch hands over its events and ends quietly when the server ends it', async (t) => {
  const { double, client } = await setUp(t)
  double.expect('watch', double.openWatch())
  const watching = drain(client.watch(widget, { namespace: 'ml', resourceVersion: '5', serverTimeoutSeconds: 300 }))
  await eventually('the watch', () => double.watches.length === 1)
  double.watch(0).send('ADDED', object)
  double.watch(0).send('BOOKMARK', { metadata: { resourceVersion: '9' } })
  double.watch(0).end()
  assert.deepEqual(await watching, [
    { type: 'ADDED', object },
    { type: 'BOOKMARK', resourceVersion: '9', initialEventsEnd: false },
  ])
})

test('a watch that is cut, or refused, throws', async (t) => {
  const { double, client } = await setUp(t)
  double.expect('watch', double.openWatch(), refuse(403, 'Forbidden'))
  const watching = rejected(drain(client.watch(widget, {})))
  await eventually('the watch', () => double.watches.length === 1)
  double.watch(0).cut()
  assert.match((await watching).message, /^watch widgets\.example\.io: no answer/)
  assert.equal((await rejected(drain(client.watch(widget, {})))).status, 403)
})

test('a watch that is left early closes its connection', async (t) => {
  const { double, client } = await setUp(t)
  double.expect('watch', double.openWatch())
  const watching = (async () => {
    for await (const event of client.watch<KubernetesObject>(widget, {})) return event
    return undefined
  })()
  await eventually('the watch', () => double.watches.length === 1)
  double.watch(0).send('ADDED', object)
  assert.deepEqual(await watching, { type: 'ADDED', object })
  await eventually('the connection to close', () => double.watch(0).closed)
})

test('a watch whose headers do not come is given up after the timeout, or at once on abort', async (t) => {
  const { double, clock, client } = await setUp(t)
  double.expect('watch', hang(), hang())
  const first = rejected(drain(client.watch(widget, {})))
  await eventually('the request', () => double.seen.length === 1)
  await clock.advance({ seconds: 30 })
  assert.equal((await first).reason, 'Timeout')
  const stop = new AbortController()
  const second = drain(client.watch(widget, { signal: stop.signal }))
  await eventually('the request', () => double.seen.length === 2)
  stop.abort()
  assert.deepEqual(await second, [])
})

test('an open watch outlives the timeout of calls', async (t) => {
  const { double, clock, client } = await setUp(t)
  double.expect('watch', double.openWatch())
  const watching = drain(client.watch(widget, {}))
  await eventually('the watch', () => double.watches.length === 1)
  await eventually('the timer of the headers to be gone', () => clock.pending === 0)
  await clock.advance({ hours: 1 })
  double.watch(0).send('ADDED', object)
  double.watch(0).end()
  assert.equal((await watching).length, 1)
})

test('plain http is refused unless the kubeconfig says that it is meant', async (t) => {
  const { double } = await setUp(t)
  const kubeconfigPath = await double.kubeconfig({}, { 'insecure-skip-tls-verify': false })
  await assert.rejects(setUp(t, { kubeconfigPath }), /plain http; set insecure-skip-tls-verify/)
})

test('a context that does not exist is refused with those that do', async (t) => {
  const { double } = await setUp(t)
  const kubeconfigPath = await double.kubeconfig()
  await assert.rejects(setUp(t, { kubeconfigPath, context: 'prod' }), /no context "prod"; it has: double/)
})

test('close does not wait for a handshake that a dead server never finishes', async (t) => {
  const { double } = await setUp(t)
  const sockets: Socket[] = []
  const silent = createServer((socket) => void sockets.push(socket))
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    silent.close()
  })
  const server = `https://127.0.0.1:${(silent.address() as AddressInfo).port}`
  const { client } = await setUp(t, { kubeconfigPath: await double.kubeconfig({}, { server }) })
  const reading = rejected(client.get(widget, key))
  await eventually('the connection', () => sockets.length > 0)
  const startedMs = performance.now()
  await client.close()
  assert.ok(performance.now() - startedMs < 2_000, 'well before the connect timeout of five seconds')
  assert.equal((await reading).reason, 'Closed')
})

test('close ends calls that wait for an answer or for another attempt, and open watches', async (t) => {
  const { double, clock, client } = await setUp(t)
  double.expect('get', hang(), refuse(500, 'InternalError')).expect('watch', double.openWatch())
  const unanswered = rejected(client.get(widget, key))
  await eventually('the first request', () => double.seen.length === 1)
  const pausing = rejected(client.get(widget, key))
  await eventually('the pause', () => clock.pending === 3)
  const watching = rejected(drain(client.watch(widget, {})))
  await eventually('the watch', () => double.watches.length === 1)
  await client.close()
  assert.equal((await unanswered).reason, 'Closed')
  assert.equal((await pausing).reason, 'Closed')
  assert.ok(['Closed', 'Unreachable'].includes((await watching).reason))
  await eventually('no timer is left behind', () => clock.pending === 0)
  assert.equal((await rejected(client.get(widget, key))).reason, 'Closed')
})

test('a proxy-url in the kubeconfig is used for every connection', async (t) => {
  const { double } = await setUp(t)
  const tunnels: string[] = []
  const proxy = createHttpServer()
  proxy.on('connect', (request, socket, head) => {
    tunnels.push(request.url ?? '')
    const [host, port] = (request.url ?? '').split(':')
    const upstream = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      upstream.write(head)
      upstream.pipe(socket)
      socket.pipe(upstream)
    })
    upstream.on('error', () => socket.destroy())
    socket.on('error', () => upstream.destroy())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    proxy.close()
    proxy.closeAllConnections()
  })
  const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  const { client } = await setUp(t, { kubeconfigPath: await double.kubeconfig({}, { 'proxy-url': proxyUrl }) })
  double.expect('get', answer(200, object)).expect('watch', refuse(403, 'Forbidden'))
  assert.deepEqual(await client.get(widget, key), object)
  assert.equal((await rejected(drain(client.watch(widget, {})))).status, 403)
  assert.deepEqual(new Set(tunnels), new Set([new URL(double.url).host]))
})

test('a proxy that is not http is refused with its name', async (t) => {
  const { double } = await setUp(t)
  const kubeconfigPath = await double.kubeconfig({}, { 'proxy-url': 'socks5://127.0.0.1:1' })
  const { client, clock } = await setUp(t, { kubeconfigPath })
  const error = await letPass(clock, rejected(client.create(widget, object)))
  assert.match(error.message, /uses socks5:; only http and https proxies are supported/)
})
