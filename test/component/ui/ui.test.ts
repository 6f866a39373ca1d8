import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { apiVersion, geminiWebhookKind, kindName } from '../../../src/api/kind.ts'
import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import type { RunningUi } from '../../../src/cli/open-ui.ts'
import { systemClock } from '../../../src/clock.ts'
import { pageAddresses, type PageError } from '../../../src/contract/page/addresses.ts'
import type { DeliveryLife } from '../../../src/contract/page/deliveries.ts'
import type { WebhookDetail } from '../../../src/contract/page/webhook-detail.ts'
import type { KubernetesObject } from '../../../src/kubernetes/client.ts'
import { startSandbox, type Sandbox } from '../../../src/roles/sandbox/start.ts'
import { startUi } from '../../../src/ui/start-ui.ts'
import { roleDeps } from '../../support/builders/role-deps.ts'
import { uiConfig } from '../../support/builders/ui-config.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { PageClient } from '../../support/worlds/page-client.ts'

const key = { namespace: 'default', name: 'batch-events' }
const files = { 'index.html': '<!doctype html><title>page</title>', 'page.js': '', 'page.css': '', 'icon.svg': '' }

let sandbox: Sandbox
let ui: RunningUi
let page: PageClient

before(async () => {
  const ports = { kubernetesPort: 0, webhookServicePort: 0, receiverPort: 0, workerPort: 0 }
  const options = { host: '127.0.0.1', ...ports, dataDir: undefined, keep: false, speed: 100 }
  sandbox = await startSandbox(options, roleDeps().deps)
  await sandbox.kubernetes.client.create<KubernetesObject & Pick<GeminiWebhook, 'spec'>>(geminiWebhookKind, {
    apiVersion,
    kind: kindName,
    metadata: key,
    spec: {
      apiKeySecretRef: { name: 'gemini-api-key' },
      events: ['batch.succeeded'],
      sinks: [{ name: 'worker', service: { name: 'batch-worker', port: 80, path: '/events' } }],
    },
  })
  const config = uiConfig(`--kubeconfig=${sandbox.kubeconfigPath}`, `--google-base-url=${sandbox.simulator.url}`)
  ui = await startUi(config, { clock: systemClock, random: Math.random, version: '1.2.3', files })
  page = await PageClient.open(ui.url)
})
after(async () => {
  await ui.close()
  await sandbox.stop()
})

test('a page that is opened is told all there is, and then what changes', async () => {
  const stream = await page.stream()
  const hello = await stream.until('hello', () => true)
  assert.equal(hello.version, '1.2.3')
  assert.equal(hello.operatorNamespace, 'gemini-webhook-system')
  await stream.until('apiServer', ({ apiServer }) => apiServer.state === 'Connected')
  const { changed } = await stream.until('rows', ({ changed }) => changed.some(({ health }) => health === 'Ready'))
  const [row] = changed
  assert.equal(row?.id, 'default/batch-events')
  assert.equal(row?.atGoogle, 'enabled')
  assert.deepEqual(row?.sinks, [{ name: 'worker', isWell: true }])
  await stream.until('receivers', ({ receivers }) => receivers.some(({ state }) => state === 'Connected'))
  await stream.until('overview', ({ overview }) => overview.counts.Ready === 1 && overview.inbox.isKnown)
  await stream.until('findings', ({ findings }) =>
    findings.some(({ name, state }) => name === 'CRD' && state === 'Good'),
  )
  stream.close()
})

test('a delivery is seen as it happens, counted by minute, and told from the request to its end', async () => {
  const stream = await page.stream()
  await stream.until('receivers', ({ receivers }) => receivers.some(({ state }) => state === 'Connected'))
  const project = sandbox.simulator.admin.webhooks()[0]?.project ?? ''
  const { id } = sandbox.simulator.admin.createJob({ project, type: 'batch' })
  sandbox.simulator.admin.finishJob(id, 'succeeded')
  const step = await eventually('the step', () =>
    stream
      .of('deliveries')
      .flatMap(({ entries }) => entries)
      .find((entry) => entry.kind === 'step' && entry.next === 'Succeed'),
  )
  assert.equal(step.name, 'batch-events')
  await stream.until('lastHour', ({ lastHour }) => lastHour.total.delivered >= 1 && lastHour.total.p99Ms !== null)
  const { status, body } = await page.get<DeliveryLife>(pageAddresses.delivery, { ...key, eventId: step.eventId ?? '' })
  assert.equal(status, 200)
  assert.deepEqual(body.steps.map(({ kind }) => kind).toSorted(), [
    'attempt',
    'end',
    'received',
    'sent',
    'stored',
    'verified',
  ])
  assert.deepEqual(body.sinks, [{ sink: 'worker', state: 'Delivered' }])
  assert.equal(Object.keys(body.headers).includes('webhook-signature'), false)
  stream.close()
})

test('the detail of a webhook has the chain of gwh status, its secret by its hint alone, and what the user may do', async () => {
  const { status, body } = await page.get<WebhookDetail>(pageAddresses.webhook, key)
  assert.equal(status, 200)
  assert.ok(body.chain.map(({ name }) => name).includes('sink worker'), JSON.stringify(body.chain))
  assert.equal(body.firstBroken, undefined, JSON.stringify(body.chain))
  assert.equal(body.secrets.length, 1)
  assert.match(body.secrets[0]?.hint ?? '', /\.\.\./)
  assert.equal(body.sinks[0]?.kind, 'service')
  assert.deepEqual(
    Object.values(body.may),
    Object.values(body.may).map(() => ({ may: 'yes' })),
  )
})

test('what is asked wrongly is told by its field, and what does not exist is not found', async () => {
  const wrong = await page.get<PageError>(pageAddresses.webhook, { namespace: 'default', name: 'a b' })
  assert.deepEqual([wrong.status, wrong.body.error], [400, 'name: name is the name of a GeminiWebhook'])
  const absent = await page.get<PageError>(pageAddresses.webhook, { namespace: 'default', name: 'none' })
  assert.equal(absent.status, 404)
})

test('rotate takes the typed name, and is the rotation of gwh rotate', async () => {
  await assert.rejects(page.act({ action: 'rotate', ...key, typed: 'batch' }), /409.*nothing was rotated/)
  const result = await page.act({ action: 'rotate', ...key, typed: key.name })
  assert.deepEqual([result.outcome, result.problem, result.command], ['done', '', 'gwh rotate default/batch-events'])
  assert.match(result.says, /^default\/batch-events: rotated; Secret default\/batch-events-signing-secret holds/)
})

test('ping is the ping of gwh ping', async () => {
  const result = await page.act({ action: 'ping', ...key })
  assert.deepEqual([result.outcome, result.problem], ['done', ''])
})
