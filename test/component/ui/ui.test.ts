import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import { apiVersion, geminiRouteKind, geminiWebhookKind, kindName, routeKindName } from '../../../src/api/kind.ts'
import type { RunningUi } from '../../../src/cli/open-ui.ts'
import { systemClock } from '../../../src/clock.ts'
import { pageAddresses } from '../../../src/contract/page/addresses.ts'
import type { LiveEntry } from '../../../src/contract/page/deliveries.ts'
import type { KubernetesObject } from '../../../src/kubernetes/client.ts'
import { secretKind, type Secret } from '../../../src/kubernetes/core-kinds.ts'
import { startSandbox, type Sandbox } from '../../../src/roles/sandbox/start.ts'
import { startUi } from '../../../src/ui/start-ui.ts'
import { aJudgedRoute } from '../../support/builders/a-judged-route.ts'
import { roleDeps } from '../../support/builders/role-deps.ts'
import { uiConfig } from '../../support/builders/ui-config.ts'
import { openSeverableLink, type SeverableLink } from '../../support/doubles/severable-link.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { PageClient, type PageStream } from '../../support/worlds/page-client.ts'

const key = { namespace: 'default', name: 'batch-events' }
const files = { 'index.html': '<!doctype html>', 'page.js': '', 'page.css': '', 'icon.svg': '' }
const markup = '</script><img src=x onerror=alert(1)>\u0000\u202e\u001b[2J&amp;"\'`${x}'

let sandbox: Sandbox
let link: SeverableLink
let ui: RunningUi
let page: PageClient

before(async () => {
  const ports = { kubernetesPort: 0, webhookServicePort: 0, receiverPort: 0, workerPort: 0 }
  const options = { host: '127.0.0.1', ...ports, dataDir: undefined, keep: false, speed: 100 }
  sandbox = await startSandbox(options, roleDeps().deps)
  await anObject(key.name)
  const { hostname, port, host } = new URL(sandbox.kubernetes.url)
  link = await openSeverableLink({ host: hostname, port: Number(port) })
  const kubeconfig = join(sandbox.dataDir, 'through-the-link')
  const text = await readFile(sandbox.kubeconfigPath, 'utf8')
  await writeFile(kubeconfig, text.replace(host, link.address))
  ui = await openPage(kubeconfig, 0)
  page = await PageClient.open(ui.url)
})
after(async () => {
  await ui?.close()
  await link?.stop()
  await sandbox?.stop()
})

function openPage(kubeconfig: string, port: number, token?: string, ...flags: string[]): Promise<RunningUi> {
  const config = uiConfig(
    ...flags,
    `--port=${port}`,
    `--kubeconfig=${kubeconfig}`,
    `--google-base-url=${sandbox.simulator.url}`,
    `--trusted-ca=${join(sandbox.dataDir, 'authority.pem')}`,
  )
  const again = token === undefined ? {} : { token }
  return startUi(config, { clock: systemClock, random: Math.random, version: '1.2.3', files, ...again })
}

function anObject(name: string): Promise<unknown> {
  return sandbox.kubernetes.client.create<KubernetesObject & Pick<GeminiWebhook, 'spec'>>(geminiWebhookKind, {
    apiVersion,
    kind: kindName,
    metadata: { namespace: key.namespace, name },
    spec: {
      apiKeySecretRef: { name: 'gemini-api-key' },
      events: ['batch.succeeded', 'batch.failed'],
      sinks: [{ name: 'worker', service: { name: 'batch-worker', port: 80, path: '/events' } }],
    },
  })
}

/** As if a job of the project had ended. */
function emit(data: Record<string, unknown>): void {
  const project = sandbox.simulator.admin.webhooks()[0]?.project ?? ''
  sandbox.simulator.admin.emit({ project, type: 'batch.succeeded', data })
}

function entriesOf(stream: PageStream): LiveEntry[] {
  return stream.of('deliveries').flatMap(({ entries }) => entries)
}

async function streamWithReceivers(): Promise<PageStream> {
  const stream = await page.stream()
  await allConnected(stream)
  return stream
}

function allConnected(stream: PageStream) {
  return eventually('receivers that are all followed', () => {
    const receivers = stream.of('receivers').at(-1)?.receivers ?? []
    return receivers.length === 2 && receivers.every(({ state }) => state === 'Connected')
  })
}

test('a page that is opened is told all there is, and then what changes', async () => {
  const stream = await page.stream()
  const hello = await stream.until('hello', () => true)
  assert.deepEqual([hello.version, hello.operatorNamespace], ['1.2.3', 'gemini-webhook-system'])
  await stream.until('apiServer', ({ apiServer }) => apiServer.state === 'Connected')
  const { changed } = await stream.until('rows', ({ changed }) => changed.some(({ health }) => health === 'Ready'))
  const [row] = changed
  assert.deepEqual([row?.id, row?.atGoogle], ['default/batch-events', 'enabled'])
  assert.deepEqual(row?.sinks, [{ name: 'worker', isWell: true }])
  await allConnected(stream)
  await stream.until('overview', ({ overview }) => overview.counts.Ready === 1 && overview.inbox.isKnown)
  await stream.until('overview', ({ overview }) => overview.callBudget.isKnown)
  const { findings } = await stream.until('findings', () => true)
  assert.equal(findings.find(({ name }) => name === 'CRD')?.state, 'Good')
  stream.close()
})

test('a delivery is seen as it happens, counted by minute, and told from the request to its end', async () => {
  const stream = await streamWithReceivers()
  emit({ id: 'batches/one' })
  const step = await eventually('the step', () =>
    entriesOf(stream).find((entry) => entry.kind === 'step' && entry.next === 'Succeed'),
  )
  await stream.until('lastHour', ({ lastHour }) => lastHour.total.delivered >= 1 && lastHour.total.p99Ms !== null)
  const query = { ...key, eventId: step.eventId ?? '' }
  const { status, body } = await page.get(pageAddresses.delivery, query)
  assert.equal(status, 200)
  const kinds = body.steps.map(({ kind }) => kind).toSorted()
  assert.deepEqual(kinds, ['attempt', 'end', 'received', 'sent', 'stored', 'verified'])
  assert.deepEqual(body.sinks, [{ sink: 'worker', state: 'Delivered' }])
  assert.ok(!Object.keys(body.headers).includes('webhook-signature'))
  stream.close()
})

test('the detail of a webhook has the chain of gwh status, its secret by its hint alone, and what the user may do', async () => {
  const { status, body } = await page.get(pageAddresses.webhook, key)
  assert.equal(status, 200)
  const names = new Set(body.chain.map(({ name }) => name))
  for (const name of ['API key', 'DNS', 'TLS', 'endpoint proven', 'sink worker']) assert.ok(names.has(name), name)
  assert.equal(body.firstBroken, undefined, JSON.stringify(body.chain))
  assert.equal(body.secrets.length, 1)
  assert.match(body.secrets[0]?.hint ?? '', /\.\.\./)
  for (const permission of Object.values(body.may)) assert.deepEqual(permission, { may: 'yes' })
})

test('what is asked wrongly is told by its field, and what does not exist is not found', async () => {
  const wrong = await page.get(pageAddresses.webhook, { namespace: 'default', name: 'a b' })
  assert.deepEqual([wrong.status, wrong.body.error], [400, 'name: name is the plain name of an object'])
  const absent = await page.get(pageAddresses.webhook, { namespace: 'default', name: 'none' })
  assert.equal(absent.status, 404)
  const forgotten = await page.get(pageAddresses.delivery, { ...key, eventId: 'none' })
  assert.equal(forgotten.status, 404)
})

test('ping, send and rotate are the commands of these names, in their words', async () => {
  for (const action of ['ping', 'send'] as const) {
    const result = await page.act({ action, ...key })
    assert.deepEqual([result.outcome, result.problem], ['done', ''], action)
    assert.equal(result.command, `gwh ${action} default/batch-events`)
  }
  await assert.rejects(page.act({ action: 'rotate', ...key, typed: 'batch' }), /409.*nothing was rotated/)
  const rotated = await page.act({ action: 'rotate', ...key, typed: key.name })
  assert.deepEqual([rotated.outcome, rotated.problem], ['done', ''])
  assert.match(rotated.says, /^default\/batch-events: rotated; Secret default\/batch-events-signing-secret holds/)
})

test('a dead letter is listed, counted, shown as it came, however it looks, and replayed', async () => {
  const stream = await streamWithReceivers()
  sandbox.worker.refuseWith(400)
  emit({ id: 'batches/odd', text: markup })
  await eventually('the dead letter', () =>
    entriesOf(stream).find((entry) => entry.kind === 'step' && entry.next === 'DeadLetter'),
  )
  const selection = { ...key, reason: 'Rejected' }
  const { body } = await page.get(pageAddresses.deadLetters, selection)
  assert.deepEqual([body.items.length, body.without], [1, []])
  const id = body.items[0]?.id ?? ''
  const count = await page.get(pageAddresses.count, { ...selection, of: 'deadLetters' })
  assert.deepEqual(count.body, { count: 1, isAtLeast: false, without: [] })
  const shown = await page.get(pageAddresses.body, { id })
  assert.equal((JSON.parse(shown.body.text) as { data: { text: string } }).data.text, markup)

  sandbox.worker.refuseWith(undefined)
  const replayed = await page.act({ action: 'replay', targets: { ids: [id] } })
  assert.deepEqual([replayed.outcome, replayed.says], ['done', '1 will be sent again.'])
  await eventually('the replayed one', () =>
    entriesOf(stream).find((entry) => entry.kind === 'step' && entry.next === 'Succeed' && entry.attempt?.replayed),
  )
  const again = await page.act({ action: 'replay', targets: { ids: [id] } })
  assert.equal(again.outcome, 'failed')
  assert.match(again.problem, /is no dead letter \(any more\)/)
  const nothing = await page.act({ action: 'retry', targets: { selection: {} } })
  assert.equal(nothing.outcome, 'failed')
  stream.close()
})

test('an API server that is away is a state: rows stay, and all goes on when it is back, nothing twice', async () => {
  const stream = await streamWithReceivers()
  link.sever()
  await stream.until('apiServer', ({ apiServer }) => apiServer.state === 'Away')
  await eventually('receivers that are out of reach', () => {
    const last = stream.of('receivers').at(-1)
    return last?.why !== undefined || last?.receivers.some(({ state }) => state === 'Unreachable')
  })
  const { status } = await page.get(pageAddresses.webhook, key)
  assert.equal(status, 200)
  await anObject('meanwhile')
  emit({ id: 'batches/meanwhile' })
  link.restore()
  await stream.until('rows', ({ changed }) => changed.some(({ name }) => name === 'meanwhile'))
  assert.equal(stream.of('apiServer').at(-1)?.apiServer.state, 'Connected')
  await allConnected(stream)
  const seen = entriesOf(stream).map((entry) => JSON.stringify(Object.assign({}, entry, { number: 0 })))
  assert.deepEqual(
    seen.filter((entry, at) => seen.indexOf(entry) !== at),
    [],
  )
  stream.close()
})

test('a server that is started again with its token lets the same browser in, which is told all there is', async () => {
  const stream = await page.stream()
  const { port, searchParams } = new URL(ui.url)
  await ui.close()
  await eventually('the end of the stream', () => stream.isEnded)
  ui = await openPage(sandbox.kubeconfigPath, Number(port), searchParams.get('token') ?? '')
  const next = await page.stream()
  await next.until('rows', ({ changed }) => changed.some(({ id }) => id === 'default/batch-events'))
  assert.equal(next.of('hello')[0]?.start, stream.of('hello')[0]?.start)
  next.close()
})

test('routes are listed beside webhooks, and the detail of one has the chain of gwh status', async () => {
  const stream = await page.stream()
  const sinks = [{ name: 'worker', service: { name: 'batch-worker', port: 80, path: '/events' } }]
  const { metadata, spec } = aJudgedRoute({ spec: { webhookRef: { name: key.name }, sinks } })
  const route = { metadata: { namespace: key.namespace, name: metadata.name }, spec }
  await sandbox.kubernetes.client.create<KubernetesObject>(geminiRouteKind, {
    apiVersion,
    kind: routeKindName,
    ...route,
  })
  const { routes } = await stream.until('routes', (message) => message.routes.isKnown && message.routes.total > 0)
  assert.ok(routes.isKnown)
  assert.deepEqual(
    [routes.rows[0]?.id, routes.rows[0]?.webhook],
    ['default/groute/nightly-eval', 'default/batch-events'],
  )
  const { status, body } = await page.get(pageAddresses.route, route.metadata)
  assert.equal(status, 200)
  const names = new Set(body.chain.map(({ name }) => name))
  for (const name of ['webhook: API key', 'webhook: DNS', 'controller', 'consent']) assert.ok(names.has(name), name)
  const missing = await page.get(pageAddresses.route, { ...route.metadata, name: 'not-there' })
  assert.deepEqual([missing.status, missing.body.error], [404, 'GeminiRoute default/not-there: does not exist'])
  stream.close()
})

test('dead letters of a route are selected, followed and replayed by the name that deliveries have of it', async () => {
  const stream = await streamWithReceivers()
  sandbox.worker.refuseWith(400)
  const owner = { namespace: key.namespace, name: 'groute/nightly-eval' }
  const ended = await eventually('a dead letter of the route', () => {
    emit({ id: 'batches/routed' })
    return entriesOf(stream).find(
      (entry) => entry.kind === 'step' && entry.next === 'DeadLetter' && entry.name === owner.name,
    )
  })
  const { body } = await page.get(pageAddresses.deadLetters, owner)
  assert.ok(body.items.length > 0 && body.items.every(({ name }) => name === owner.name))
  const count = await page.get(pageAddresses.count, { ...owner, of: 'deadLetters' })
  assert.ok(count.body.count > 0)
  const life = await page.get(pageAddresses.delivery, { ...owner, eventId: ended.eventId ?? '' })
  assert.deepEqual([life.status, life.body.sinks[0]?.state], [200, 'DeadLetter'])
  sandbox.worker.refuseWith(undefined)
  const replayed = await page.act({ action: 'replay', targets: { selection: owner } })
  assert.deepEqual([replayed.outcome, replayed.problem], ['done', ''])
  assert.equal(replayed.command, 'gwh replay --webhook=default/groute/nightly-eval')
  await assert.rejects(page.act({ action: 'ping', ...owner }), /400.*plain name/)
  stream.close()
})

test('no secret, key or signature is in anything that a page was told', async () => {
  const stream = await streamWithReceivers()
  await stream.until('overview', ({ overview }) => overview.total > 0)
  const detail = await page.get(pageAddresses.webhook, key)
  const told = JSON.stringify([stream.messages, detail.body])
  const { items } = await sandbox.kubernetes.client.list<Secret>(secretKind)
  const values = items.flatMap(({ data = {} }) => Object.values(data))
  const secrets = values.map((value) => Buffer.from(value, 'base64').toString('utf8'))
  assert.ok(secrets.length > 3, String(secrets.length))
  const words = secrets.flatMap((text) => text.split(/[\s",]+/))
  // What is shorter is a name or a number; addresses are shown.
  const secretWords = words.filter((word) => word.length >= 24 && !/^https?:/.test(word))
  assert.ok(secretWords.some((word) => word.startsWith('whsec_')))
  for (const word of secretWords) assert.ok(!told.includes(word), `${word.slice(0, 6)}... was told`)
  assert.doesNotMatch(told, /v1,[A-Za-z0-9+/]{40}/)
  stream.close()
})

test('with a namespace, its objects alone are shown, and the page says so', async () => {
  const opened: RunningUi[] = []
  const rowsIn = async (namespace: string) => {
    const narrowed = await openPage(sandbox.kubeconfigPath, 0, undefined, `--namespace=${namespace}`)
    opened.push(narrowed)
    const stream = await (await PageClient.open(narrowed.url)).stream()
    await stream.until('rows', ({ isComplete }) => isComplete === true)
    const hello = stream.of('hello').at(-1)
    const rows = stream.of('rows').flatMap(({ changed }) => changed)
    return { says: hello?.onlyNamespace, ids: rows.map(({ id }) => id) }
  }
  try {
    assert.deepEqual(await rowsIn('elsewhere'), { says: 'elsewhere', ids: [] })
    const own = await rowsIn(key.namespace)
    assert.equal(own.says, key.namespace)
    assert.ok(own.ids.includes(`${key.namespace}/${key.name}`))
  } finally {
    await Promise.all(opened.map((each) => each.close()))
  }
})
