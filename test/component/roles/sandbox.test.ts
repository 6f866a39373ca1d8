import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, before, test } from 'node:test'

import type { GeminiRouteManifest } from '../../../src/api/gemini-route.ts'
import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import { apiVersion, geminiRouteKind, geminiWebhookKind, kindName, routeKindName } from '../../../src/api/kind.ts'
import type { KubernetesObject } from '../../../src/kubernetes/client.ts'
import { startSandbox, type Sandbox } from '../../../src/roles/sandbox/start.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { roleDeps } from '../../support/builders/role-deps.ts'

let sandbox: Sandbox
const key = { namespace: 'default', name: 'batch-events' }

before(async () => {
  const ports = { kubernetesPort: 0, webhookServicePort: 0, receiverPort: 0, workerPort: 0 }
  sandbox = await startSandbox(
    { host: '127.0.0.1', ...ports, dataDir: undefined, keep: false, speed: 100 },
    roleDeps().deps,
  )
})
after(() => sandbox.stop())

const webhook = () => sandbox.kubernetes.client.get<GeminiWebhook>(geminiWebhookKind, key)
const isReady = (object: GeminiWebhook | undefined) =>
  object?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false

test('a GeminiWebhook becomes Ready: registered, its secret kept, a ping came back', async () => {
  await sandbox.kubernetes.client.create<KubernetesObject & Pick<GeminiWebhook, 'spec'>>(geminiWebhookKind, {
    apiVersion,
    kind: kindName,
    metadata: key,
    spec: {
      apiKeySecretRef: { name: 'gemini-api-key' },
      events: ['batch.succeeded'],
      sinks: [
        { name: 'worker', service: { name: 'batch-worker', port: 80, path: '/events' } },
        { name: 'cluster', kubernetesEvent: {} },
      ],
    },
  })
  await eventually('Ready', async () => isReady(await webhook()))
  const [registered, ...more] = sandbox.simulator.admin.webhooks()
  assert.equal(more.length, 0)
  assert.equal(registered?.uri, `${sandbox.receiver.publicUrl}/v1/s/default/batch-events`)
})

test('a finished batch arrives at the worker as a CloudEvent and in the cluster as an Event', async () => {
  const project = sandbox.simulator.admin.webhooks()[0]?.project ?? ''
  const { id } = sandbox.simulator.admin.createJob({ project, type: 'batch' })
  sandbox.simulator.admin.finishJob(id, 'succeeded')
  const event = await eventually('the worker getting it', () => sandbox.worker.events[0])
  assert.equal(event.type, 'com.google.gemini.batch.succeeded')
  assert.match(event.subject ?? '', /^batches\//)
  const events = { group: 'events.k8s.io', version: 'v1', kind: 'Event', plural: 'events', namespaced: true }
  await eventually('the Event', async () => {
    const { items } = await sandbox.kubernetes.client.list(events, { namespace: 'default' })
    return items.some((item) => 'reason' in item && item.reason === 'BatchSucceeded')
  })
})

test('GeminiRoutes are served beside GeminiWebhooks, with their rules', async () => {
  const { client } = sandbox.kubernetes
  const create = (name: string) =>
    client.create<KubernetesObject & Pick<GeminiRouteManifest, 'spec'>>(geminiRouteKind, {
      apiVersion,
      kind: routeKindName,
      metadata: { namespace: 'default', name },
      spec: { webhookRef: { name: key.name }, sinks: [{ name: 'cluster', kubernetesEvent: {} }] },
    })
  await assert.rejects(create('nightly.eval'), /metadata\.name must have at most 63 characters and no dots/)
  await create('nightly-eval')
  const { items } = await client.list(geminiRouteKind, { namespace: 'default' })
  assert.deepEqual(
    items.map(({ metadata }) => metadata.name),
    ['nightly-eval'],
  )
  await client.delete(geminiRouteKind, { namespace: 'default', name: 'nightly-eval' })
})

test('deleting the object deletes the webhook at the service', async () => {
  await sandbox.kubernetes.client.delete(geminiWebhookKind, key)
  await eventually('the object gone', async () => (await webhook()) === undefined)
  assert.deepEqual(sandbox.simulator.admin.webhooks(), [])
})

test('a temporary directory does not outlive the sandbox', async () => {
  assert.ok(existsSync(sandbox.kubeconfigPath))
  await sandbox.stop()
  assert.ok(!existsSync(sandbox.dataDir))
})
