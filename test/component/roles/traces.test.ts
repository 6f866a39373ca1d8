import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { request } from 'undici'

import { startReceiver } from '../../../src/roles/receiver.ts'
import { aRouteEntry } from '../../support/builders/a-route-entry.ts'
import { anHttpSink } from '../../support/builders/deliveries.ts'
import { roleDeps } from '../../support/builders/role-deps.ts'
import { signedDelivery } from '../../support/builders/signed-delivery.ts'
import { startOtlpCollector, type CollectedSpan } from '../../support/doubles/otlp-collector.ts'
import { recordSecret } from '../../support/measures/run-record.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { NatsServer, withoutNatsServer } from '../../support/processes/nats-server.ts'
import { startOperatorWorld } from '../../support/worlds/operator-world.ts'
import { aKeyringEntry } from '../../support/worlds/receiver-fixture.ts'
import { receiverRoleConfig } from '../../support/worlds/receiver-role.ts'
import { ServedKeyring } from '../../support/worlds/served-keyring.ts'

interface Got {
  readonly path: string
  readonly id: string
  readonly isTaken: boolean
  readonly headers: IncomingHttpHeaders
}

/** Workers behind one port; those in `refusing` answer 503. */
async function workers(t: TestContext) {
  const got: Got[] = []
  const refusing = new Set<string>()
  const server = createServer((incoming, response) => {
    const path = incoming.url ?? ''
    const isTaken = !refusing.has(path)
    got.push({ path, id: String(incoming.headers['ce-id']), isTaken, headers: incoming.headers })
    incoming.resume()
    response.writeHead(isTaken ? 204 : 503).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close().closeAllConnections())
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const sinkOf = (name: string, path: string, isSecret = false) => {
    const sink = anHttpSink(`${base}${path}`, { name })
    const destination = { ...sink.destination, ...(isSecret && { isSecret: true as const }) } as typeof sink.destination
    const delivery = { ...sink.delivery, backoffDelayMs: 50, backoffMaxMs: 100, retry: 100_000 }
    return { ...sink, destination, delivery }
  }
  return { got, refusing, sinkOf }
}

const secretPath = '/hook/s3cr3t-token'

/** A webhook with two sinks, one of them at a secret URL, and a team's route; receivers are started on its keyring. */
async function aWorld(t: TestContext) {
  const world = await startOperatorWorld()
  t.after(() => world.close())
  const sinks = await workers(t)
  const webhook = aKeyringEntry({ sinks: [sinks.sinkOf('worker', '/worker'), sinks.sinkOf('chat', secretPath, true)] })
  const { uid } = webhook
  const route = aRouteEntry({
    uid: 'uid-of-search',
    sinks: [sinks.sinkOf('search', '/search')],
    route: { webhookUid: uid },
  })
  await new ServedKeyring(world).put(webhook, route)
  const start = async (flags: readonly string[]) => {
    const config = await receiverRoleConfig(world, ['--allow-loopback-sinks', ...flags])
    const { deps, messages } = roleDeps()
    const receiver = await startReceiver(config, deps)
    let stopping: Promise<void> | undefined
    const stop = () => (stopping ??= receiver.stop())
    t.after(stop)
    return { receiver, messages, stop, metrics: async () => (await deps.metrics.expose()).text }
  }
  const secret = webhook.secrets[0]?.secret ?? ''
  const post = async (
    port: number,
    id: string,
    headers: Readonly<Record<string, string>> = {},
    signedWith = secret,
  ) => {
    const delivery = signedDelivery({ secret: signedWith, atMs: Date.now(), id, dataId: 'batches/private-job' })
    const url = `http://127.0.0.1:${port}/v1/s/ml/batch-events`
    const answer = await request(url, { method: 'POST', ...delivery, headers: { ...delivery.headers, ...headers } })
    await answer.body.dump()
    return answer.statusCode
  }
  return { start, post, secret, ...sinks }
}

async function aFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gwh-traces-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

const traceId = () => randomBytes(16).toString('hex')

async function followOneTrace(t: TestContext, inbox: (podName: string) => string[]): Promise<void> {
  const collector = await startOtlpCollector(t)
  const { start, post, refusing, got, secret } = await aWorld(t)
  refusing.add('/worker')
  // The exporter reads it by itself, and nothing of ours sees it.
  const token = randomUUID()
  recordSecret(token)
  process.env['OTEL_EXPORTER_OTLP_HEADERS'] = `x-token=${token}`
  t.after(() => delete process.env['OTEL_EXPORTER_OTLP_HEADERS'])
  const flagsOf = (podName: string) => [`--trace-endpoint=${collector.url}`, `--pod-name=${podName}`, ...inbox(podName)]
  const first = await start(flagsOf('gwh-receiver-0'))

  const theirs = { trace: traceId(), span: randomBytes(8).toString('hex') }
  // Their flag says that they do not keep it: that is their choice, and not ours.
  const headers = { traceparent: `00-${theirs.trace}-${theirs.span}-00`, tracestate: 'theirs=1' }
  const id = `msg_${randomUUID()}`
  await eventually('the keyring is read', async () => (await post(first.receiver.port, id, headers)) === 204)
  const taken = (path: string) => got.find((one) => one.path === path && one.isTaken && one.id === id)
  await eventually('the route has its copy', () => taken('/search'))
  await eventually('the chat has it', () => taken(secretPath))
  await eventually('the worker refused it', () => got.some(({ path }) => path === '/worker'))
  await first.stop()

  refusing.clear()
  const second = await start(flagsOf('gwh-receiver-1'))
  await eventually('the worker takes it from the next receiver', () => taken('/worker'))
  const forged = traceId()
  const badly = `whsec_${randomBytes(24).toString('base64')}`
  assert.equal(
    await post(second.receiver.port, 'msg_forged', { traceparent: `00-${forged}-${theirs.span}-01` }, badly),
    401,
  )
  await second.stop()

  const spans = collector.spans.filter(({ attributes }) => attributes['messaging.message.id'] === id)
  assert.deepEqual([...new Set(spans.map((span) => span.traceId))], [theirs.trace])
  const all = collector.spans.filter((span) => span.traceId === theirs.trace)
  const named = (name: string) => all.filter((span) => span.name === name)
  const [server] = named('POST /v1/s/:namespace/:name')
  assert.ok(server)
  assert.deepEqual([server.parentSpanId, server.kind, server.traceState], [theirs.span, 'server', 'theirs=1'])
  assert.equal(server.attributes['http.response.status_code'], 204)
  assert.equal(server.attributes['cloudevents.event_id'], id)
  const within = (parent: CollectedSpan) => all.filter(({ parentSpanId }) => parentSpanId === parent.spanId)
  const names = new Set(within(server).map(({ name }) => name))
  const parts = ['verify signature', 'append to inbox', 'send worker', 'send chat', 'copy to routes', 'record in inbox']
  assert.deepEqual(names, new Set(parts))
  const [copying] = named('copy to routes')
  assert.ok(copying && within(copying).some(({ name }) => name === 'send search'))

  // What each worker was sent names the attempt that sent it.
  for (const arrival of got.filter((one) => one.id === id)) {
    const [, trace, span, flags] = String(arrival.headers['traceparent']).split('-')
    assert.deepEqual([trace, flags, arrival.headers['tracestate']], [theirs.trace, '01', 'theirs=1'])
    const attempt = all.find(({ spanId }) => spanId === span)
    assert.ok(attempt?.kind === 'client', `the span of an attempt at ${arrival.path}`)
    assert.equal(attempt.error, arrival.isTaken ? undefined : '503')
  }
  const attempts = named('send worker').toSorted((a, b) => a.startMs - b.startMs)
  assert.deepEqual(attempts[0]?.attributes['error.type'], '503')
  assert.deepEqual(
    [attempts[0], attempts.at(-1)].map((attempt) => attempt?.resource['service.instance.id']),
    ['gwh-receiver-0', 'gwh-receiver-1'],
  )
  for (const { startMs, endMs, name } of all)
    assert.ok(endMs >= startMs && Math.abs(Date.now() - endMs) < 300_000, name)

  assert.ok(collector.requests.every((sent) => sent['x-token'] === token))
  assert.ok(
    collector.spans.every((span) => span.traceId !== forged),
    'what is refused leaves no span',
  )
  const everything = JSON.stringify(collector.spans)
  for (const hidden of [secret, token, secretPath, 's3cr3t', 'private-job', 'v1,'])
    assert.ok(!everything.includes(hidden), hidden)
  const [toChat] = named('send chat')
  assert.ok(toChat && !('server.address' in toChat.attributes) && 'server.address' in (attempts[0]?.attributes ?? {}))
}

test('one trace from the request to each sink, a team’s route and a retry after a restart', async (t) => {
  const folder = await aFolder(t)
  await followOneTrace(t, () => [`--data-dir=${folder}`])
})

test('the same with JetStream, where another receiver makes the retry', { skip: withoutNatsServer }, async (t) => {
  const nats = await NatsServer.start()
  t.after(() => nats.dispose())
  await followOneTrace(t, () => ['--inbox=jetstream', `--nats-url=${nats.url}`, '--nats-replicas=1'])
})

const traceOf = (one: Got) => String(one.headers['traceparent']).split('-')[1]

test('an event that came without a trace has one of its own, the same as where no traces are kept', async (t) => {
  const collector = await startOtlpCollector(t)
  const { start, post, got, refusing } = await aWorld(t)
  const folder = await aFolder(t)
  refusing.add('/worker')
  const silent = await start([`--data-dir=${folder}`])
  const headers = { traceparent: '00-0123', tracestate: 'theirs=1' }
  await eventually('the keyring is read', async () => (await post(silent.receiver.port, 'msg_1', headers)) === 204)
  await eventually('it is tried', () => got.some(({ path }) => path === '/worker'))
  await silent.stop()
  assert.equal(collector.requests.length, 0)

  const keeping = await start([`--data-dir=${folder}`, `--trace-endpoint=${collector.url}`])
  await eventually(
    'the keyring is read again',
    async () => (await post(keeping.receiver.port, 'msg_2', headers)) === 204,
  )
  refusing.clear()
  await eventually(
    'both are delivered',
    () => got.filter(({ path, isTaken }) => path === '/worker' && isTaken).length === 2,
  )
  await keeping.stop()

  const tracesOf = (id: string) => new Set(got.filter((one) => one.id === id && one.path === '/worker').map(traceOf))
  assert.equal(tracesOf('msg_1').size, 1, 'before and after')
  const roots = collector.spans.filter(({ parentSpanId }) => parentSpanId === '')
  assert.ok(roots.some((span) => span.name === 'send worker' && tracesOf('msg_1').has(span.traceId)))
  assert.ok(roots.some((span) => span.kind === 'server' && tracesOf('msg_2').has(span.traceId)))
})

test('a collector that is away costs no delivery, no time at the end, and a line of the log', async (t) => {
  const { start, post, got } = await aWorld(t)
  const folder = await aFolder(t)
  const away = createServer()
  await new Promise<void>((resolve) => away.listen(0, '127.0.0.1', resolve))
  const { port } = away.address() as AddressInfo
  await new Promise((resolve) => away.close(resolve))
  const { receiver, stop, messages } = await start([
    `--data-dir=${folder}`,
    `--trace-endpoint=http://127.0.0.1:${port}`,
  ])
  await eventually('the keyring is read', async () => (await post(receiver.port, 'msg_0')) === 204)
  for (let at = 1; at <= 30; at += 1) assert.equal(await post(receiver.port, `msg_${at}`), 204)
  const arrived = () => new Set(got.filter(({ path }) => path === '/worker').map(({ id }) => id))
  await eventually('all are delivered', () => arrived().size === 31)
  const startedMs = performance.now()
  await stop()
  assert.ok(performance.now() - startedMs < 8_000, 'it waits for seconds at most')
  assert.ok(messages.filter((message) => message === 'traces.not_taken').length <= 1)
})
