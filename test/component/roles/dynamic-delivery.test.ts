import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import { apiVersion, geminiWebhookKind, kindName } from '../../../src/api/kind.ts'
import type { KubernetesObject } from '../../../src/kubernetes/client.ts'
import { startSandbox, type Sandbox } from '../../../src/roles/sandbox/start.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { roleDeps } from '../../support/builders/role-deps.ts'

let sandbox: Sandbox
const key = { namespace: 'default', name: 'jobs' }
const secretKind = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true }

before(async () => {
  const ports = { kubernetesPort: 0, webhookServicePort: 0, receiverPort: 0, workerPort: 0 }
  sandbox = await startSandbox(
    { host: '127.0.0.1', ...ports, dataDir: undefined, keep: false, speed: 100 },
    roleDeps().deps,
  )
  await sandbox.kubernetes.client.create<KubernetesObject & Pick<GeminiWebhook, 'spec'>>(geminiWebhookKind, {
    apiVersion,
    kind: kindName,
    metadata: key,
    spec: {
      apiKeySecretRef: { name: 'gemini-api-key' },
      dynamic: {},
      sinks: [{ name: 'worker', service: { name: 'batch-worker', port: 80, path: '/events' } }],
    },
  })
  await eventually('Ready', async () => {
    const webhook = await sandbox.kubernetes.client.get<GeminiWebhook>(geminiWebhookKind, key)
    return webhook?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
  })
})
after(() => sandbox.stop())

/** What a job mounts. */
async function mountedUri(): Promise<string> {
  const secret = await sandbox.kubernetes.client.get<KubernetesObject & { data?: Record<string, string> }>(secretKind, {
    namespace: key.namespace,
    name: 'jobs-dynamic-endpoint',
  })
  return Buffer.from(secret?.data?.['uri'] ?? '', 'base64').toString('utf8')
}

/** Ends a batch that was started with this `webhook_config`, and gives the delivery once it was answered. */
async function deliveryOf(uri: string) {
  const { admin } = sandbox.simulator
  const job = admin.createJob({ project: 'sandbox', type: 'batch', webhookConfig: { uris: [uri] } })
  const [deliveryId] = admin.finishJob(job.id, 'succeeded').deliveryIds
  return eventually('an answer to the delivery', () => {
    const delivery = admin.deliveries().find((each) => each.deliveryId === deliveryId)
    return delivery?.attempts[0]?.status === undefined ? undefined : delivery
  })
}

test('nothing is registered at the service for an object that has only a dynamic endpoint', () => {
  assert.deepEqual(sandbox.simulator.admin.webhooks(), [])
})

test('a job that was started with the mounted URI reaches the worker, marked as dynamic', async () => {
  const uri = await mountedUri()
  assert.ok(uri.startsWith(`${sandbox.receiver.publicUrl}/v1/d/default/jobs/`), 'the URI of the receiver')
  // The receiver may still be about to see the keyring; the service tries again, but a test need not wait for that.
  const delivery = await eventually('an accepted delivery', async () => {
    const sent = await deliveryOf(uri)
    return sent.attempts[0]?.status === 204 ? sent : undefined
  })
  const event = await eventually('the worker getting it', () =>
    sandbox.worker.events.find(({ id }) => id === delivery.eventId),
  )
  assert.equal(event.type, 'com.google.gemini.batch.succeeded')
  assert.equal(event.extensions['geminimode'], 'dynamic')
  assert.equal(event.source, '/apis/webhooks.gemini-operator.io/v1alpha1/namespaces/default/geminiwebhooks/jobs')
})

test('the same genuine delivery without the right token finds nothing there', async () => {
  const uri = await mountedUri()
  const delivery = await deliveryOf(`${uri.slice(0, -1)}${uri.endsWith('A') ? 'B' : 'A'}`)
  assert.equal(delivery.attempts[0]?.status, 404)
})
