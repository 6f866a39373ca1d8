import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import type { infer as Infer } from 'zod'

import type { GeminiRoute } from '../../src/api/gemini-route.ts'
import type { GeminiWebhook } from '../../src/api/gemini-webhook.ts'
import { apiVersion, kindName, routeKindName } from '../../src/api/kind.ts'
import { sinkCredentialsSecretType } from '../../src/api/names.ts'
import { systemClock } from '../../src/clock.ts'
import type { pendingPage } from '../../src/contract/admin-api/answers.ts'
import { silentLogger } from '../../src/observability/logger.ts'
import {
  createWebhookServiceSimulator,
  type WebhookServiceSimulator,
} from '../../playground/webhook-service/simulator.ts'
import { eventually } from '../support/measures/eventually.ts'
import type { GwhProcess } from '../support/processes/gwh-process.ts'
import { startOperatorProcesses } from '../support/processes/operator-processes.ts'
import { withRealApiServer } from '../support/processes/real-api-server.ts'
import { recordSecret } from '../support/measures/run-record.ts'

const namespace = 'ml'
/** A delivery whose sink is held is looked at every half minute. */
const patience = { timeoutMs: 60_000, intervalMs: 100 }
/** What stands in each of the paths that are secret. */
const secret = 'a-secret-of-the-path'
const paths = {
  first: `/services/${secret}-first`,
  second: `/services/${secret}-second`,
  third: `/services/${secret}-third`,
  ofRoute: `/services/${secret}-of-the-route`,
} as const

await withRealApiServer('a sink whose URL is a secret, on a real API server with both programs at work', (server) => {
  const leftovers: (() => unknown)[] = []
  after(async () => {
    for (const end of leftovers.toReversed()) await end()
  })
  /** Of each path, the ids of the events that were sent to it; what is in `refusing` is answered 503. */
  const received = new Map<string, string[]>()
  const refusing = new Set<string>()
  let simulator: WebhookServiceSimulator
  let roles: { controller: GwhProcess; receiver: GwhProcess }
  let ports: { adminPort: number; healthPort: number; sink: number }

  async function kubectl(args: readonly string[], input?: unknown): Promise<string> {
    const options = input === undefined ? {} : { input: JSON.stringify(input) }
    const { code, stdout, stderr } = await server().kubectl([`--namespace=${namespace}`, ...args], options)
    assert.equal(code, 0, `kubectl ${args.join(' ')}: ${stderr}${stdout}`)
    return stdout
  }
  const origin = () => `http://127.0.0.1:${ports.sink}`
  async function putUrl(name: string, path: string): Promise<void> {
    const url = origin() + path
    recordSecret(url)
    const metadata = { name, namespace }
    await kubectl(['apply', '-f', '-'], {
      apiVersion: 'v1',
      kind: 'Secret',
      type: sinkCredentialsSecretType,
      metadata,
      data: { url: Buffer.from(url).toString('base64') },
    })
  }
  const read = async <T>(kind: string, name: string) =>
    JSON.parse(await kubectl(['get', kind, name, '-o', 'json'])) as T
  const emit = (id: string) => simulator.admin.emit({ project: 'project', type: 'batch.succeeded', data: { id } })
  const arrived = (path: string, id: string) => received.get(path)?.includes(id) === true
  const pending = async () => {
    const url = `http://127.0.0.1:${ports.adminPort}/v1/pending`
    const answer = await fetch(url, { headers: { 'x-gwh-admin': '1' } })
    return ((await answer.json()) as Infer<typeof pendingPage>).pending
  }

  before(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gwh-secret-url-'))
    leftovers.push(() => rm(folder, { recursive: true, force: true }))
    const sink = createServer((request, response) => {
      const { url: path = '', headers } = request
      request.resume().on('end', () => {
        received.set(path, [...(received.get(path) ?? []), String(headers['ce-subject'])])
        response.writeHead(refusing.has(path) ? 503 : 204).end()
      })
    })
    await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve))
    leftovers.push(() => sink.close().closeAllConnections())
    simulator = createWebhookServiceSimulator({ clock: systemClock, random: Math.random, logger: silentLogger })
    leftovers.push(() => simulator.close())
    const { url: googleUrl } = await simulator.listen({ port: 0 })
    simulator.admin.createProject('project')
    const apiKey = simulator.admin.createApiKey('project')
    recordSecret(apiKey)
    const files = ['crds', 'deploy/namespace.yaml', 'deploy/rbac'].flatMap((path) => ['-f', path])
    const installed = await server().kubectl(['apply', ...files])
    assert.equal(installed.code, 0, installed.stderr)
    await kubectl(['create', 'namespace', namespace])
    await kubectl(['create', 'secret', 'generic', 'gemini-api-key', `--from-literal=api-key=${apiKey}`])
    roles = await startOperatorProcesses(server(), {
      folder,
      googleUrl,
      name: 'secret-url',
      controllerFlags: ['--log-level=debug'],
      receiverFlags: ['--log-level=debug'],
    })
    leftovers.push(
      () => roles.controller.kill(),
      () => roles.receiver.kill(),
    )
    const { port, adminPort, healthPort } = await roles.receiver.logged('receiver.started')
    simulator.admin.setConnectTo({ 'hooks.example.com': `http://127.0.0.1:${String(port)}` })
    const { port: sinkPort } = sink.address() as AddressInfo
    ports = { adminPort: Number(adminPort), healthPort: Number(healthPort), sink: sinkPort }
  })

  test('applied and Ready, its events arrive, and its status shows scheme and host', async () => {
    await putUrl('chat', paths.first)
    await putUrl('audit', paths.ofRoute)
    await kubectl(['apply', '--validate=strict', '-f', '-'], {
      apiVersion,
      kind: kindName,
      metadata: { name: 'batch-events', namespace },
      spec: {
        apiKeySecretRef: { name: 'gemini-api-key' },
        events: ['batch.succeeded'],
        allowedRoutes: { namespaces: { from: 'Same' } },
        sinks: [{ name: 'chat', uriSecretRef: { name: 'chat', key: 'url' }, delivery: { backoffMax: '1s' } }],
      },
    })
    await kubectl(['apply', '--validate=strict', '-f', '-'], {
      apiVersion,
      kind: routeKindName,
      metadata: { name: 'audit', namespace },
      spec: {
        webhookRef: { name: 'batch-events' },
        sinks: [{ name: 'chat', uriSecretRef: { name: 'audit', key: 'url' } }],
      },
    })
    for (const object of ['gwh/batch-events', 'groute/audit']) {
      await kubectl(['wait', object, '--for=condition=Ready', '--timeout=90s'])
    }
    const { status } = await read<GeminiWebhook>('gwh', 'batch-events')
    assert.deepEqual(status?.sinks, [{ name: 'chat', address: origin(), ready: true }])
    const route = await read<GeminiRoute>('groute', 'audit')
    assert.deepEqual(route.status?.sinks, [{ name: 'chat', address: origin(), ready: true }])
    emit('batches/1')
    await eventually('the event is at the sink of the webhook', () => arrived(paths.first, 'batches/1'), patience)
    await eventually('the event is at the sink of the route', () => arrived(paths.ofRoute, 'batches/1'), patience)
  })

  test('a changed Secret is used from the next attempt on, of a delivery that is under way too', async () => {
    refusing.add(paths.first)
    emit('batches/2')
    await eventually('the first attempt was refused', () => arrived(paths.first, 'batches/2'), patience)
    await putUrl('chat', paths.second)
    await eventually('a later attempt goes to the new URL', () => arrived(paths.second, 'batches/2'), patience)
    const before = received.get(paths.first)?.length
    emit('batches/3')
    await eventually('the next event goes there at once', () => arrived(paths.second, 'batches/3'), patience)
    assert.equal(received.get(paths.first)?.length, before, 'nothing goes to the old one any more')
  })

  test('with the Secret gone events are kept, and arrive once it is back', async () => {
    await kubectl(['delete', 'secret', 'chat'])
    await kubectl(['wait', 'gwh/batch-events', '--for=condition=SinksResolved=False', '--timeout=60s'])
    const { status } = await read<GeminiWebhook>('gwh', 'batch-events')
    const condition = status?.conditions?.find(({ type }) => type === 'SinksResolved')
    assert.equal(condition?.reason, 'SinkInvalid')
    assert.match(
      condition.message,
      /^spec\.sinks\[chat\]\.uriSecretRef: Secret chat does not exist: create it .* under the key "url"$/,
    )
    assert.deepEqual(status?.sinks, [{ name: 'chat', ready: false, reason: 'SinkInvalid' }])
    refusing.add(paths.second)
    emit('batches/4')
    await eventually(
      'the event waits for its sink',
      async () => (await pending()).some(({ sink, lastCause }) => sink === 'chat' && lastCause === 'sinkUnresolved'),
      patience,
    )
    await putUrl('chat', paths.third)
    await eventually('the event arrives', () => arrived(paths.third, 'batches/4'), patience)
    await kubectl(['wait', 'gwh/batch-events', '--for=condition=SinksResolved=True', '--timeout=60s'])
    await eventually('nothing is pending', async () => (await pending()).length === 0, patience)
  })

  test('a Secret with something else holds the sink, and its message has nothing of the value', async () => {
    const value = Buffer.from(`ftp://user:${secret}@chat.example/`).toString('base64')
    await kubectl(['patch', 'secret', 'chat', '--type=merge', `--patch=${JSON.stringify({ data: { url: value } })}`])
    await kubectl(['wait', 'gwh/batch-events', '--for=condition=SinksResolved=False', '--timeout=60s'])
    const { status } = await read<GeminiWebhook>('gwh', 'batch-events')
    assert.equal(
      status?.conditions?.find(({ type }) => type === 'SinksResolved')?.message,
      'spec.sinks[chat].uriSecretRef: Secret chat: the value of key "url" is no http or https URL: correct it',
    )
  })

  test('no path stands in an object, an Event, a log at its most talkative, a metric or an answer of the admin API', async () => {
    const pages = ['/v1/pending', '/v1/deliveries', '/v1/deadletters', '/v1/stats'].map(
      (path) => `http://127.0.0.1:${ports.adminPort}${path}`,
    )
    const answers = await Promise.all(
      [...pages, `http://127.0.0.1:${ports.healthPort}/metrics`].map(async (url) =>
        (await fetch(url, { headers: { 'x-gwh-admin': '1' } })).text(),
      ),
    )
    const seen: Record<string, string> = {
      objects: await kubectl(['get', 'gwh,groute', '-o', 'yaml']),
      Events: await kubectl(['get', 'events.events.k8s.io', '-o', 'yaml']),
      controller: JSON.stringify(roles.controller.lines) + roles.controller.describe(),
      receiver: JSON.stringify(roles.receiver.lines) + roles.receiver.describe(),
      answers: answers.join('\n'),
    }
    assert.match(seen['receiver'] ?? '', /"severity":"DEBUG"/, 'the log is at its most talkative')
    assert.match(seen['answers'] ?? '', /gwh_delivery_attempts_total\{/)
    for (const [what, text] of Object.entries(seen)) assert.ok(!text.includes(secret), `the path stands in: ${what}`)
  })
})
