import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { geminiWebhookKind } from '../../src/api/kind.ts'
import { systemClock } from '../../src/clock.ts'
import { keyringSecretNameFor } from '../../src/contract/keyring/shard.ts'
import type { KubernetesClient, KubernetesObject } from '../../src/kubernetes/client.ts'
import { openKubernetesClient } from '../../src/kubernetes/open-client.ts'
import { silentLogger } from '../../src/observability/logger.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { EndpointActivity } from '../../src/receiver/endpoint-activity.ts'
import { EndpointDirectory } from '../../src/receiver/endpoint-directory.ts'
import { createReportWriter } from '../../src/receiver/report-writer.ts'
import { watchConfiguration, type ConfigurationWatch } from '../../src/receiver/watch-configuration.ts'
import { slotName } from '../../src/contract/receiver-report/slots.ts'
import { eventually } from '../support/measures/eventually.ts'
import { withRealApiServer } from '../support/processes/real-api-server.ts'
import { aKeyringEntry } from '../support/worlds/receiver-fixture.ts'

const operatorNamespace = 'gemini-webhook-system'
const secretKind = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true }
const configMapKind = { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true }
const entry = aKeyringEntry()
const shard = { namespace: operatorNamespace, name: keyringSecretNameFor(entry.uid) }

interface Secret extends KubernetesObject {
  stringData?: Record<string, string>
}

function open(kubeconfigPath: string): Promise<KubernetesClient> {
  const parts = { clock: systemClock, random: Math.random, logger: silentLogger, metrics: createMetrics() }
  return openKubernetesClient({ ...parts, kubeconfigPath, userAgent: 'gwh-test/0' })
}

await withRealApiServer('the configuration of a receiver, under the role that ships', (server) => {
  const directory = new EndpointDirectory()
  const activity = new EndpointActivity()
  const metrics = createMetrics()
  let admin: KubernetesClient
  let receiver: KubernetesClient
  let watch: ConfigurationWatch

  before(async () => {
    const applied = await server().kubectl(['apply', '-f', 'deploy/namespace.yaml', '-f', 'deploy/rbac', '-f', 'crds'])
    assert.equal(applied.code, 0, applied.stderr)
    await server().kubectl(['create', 'namespace', entry.namespace])
    admin = await open(server().kubeconfigPath)
    receiver = await open(await server().kubeconfigForServiceAccount(operatorNamespace, 'gwh-receiver'))
    watch = watchConfiguration({
      client: receiver,
      operatorNamespace,
      directory,
      clock: systemClock,
      random: Math.random,
      logger: silentLogger,
      metrics,
    })
  })
  after(async () => {
    await watch.stop()
    await Promise.all([admin.close(), receiver.close()])
  })

  const endpoint = () => directory.lookup(entry.namespace, entry.name)

  test('it is complete when no keyring exists yet', async () => {
    watch.start()
    await eventually('all shards to be known', () => directory.isSynced)
    assert.equal(endpoint(), undefined)
  })

  test('an entry is served within moments of being written, an update too', async () => {
    await admin.create<Secret>(secretKind, { metadata: shard, stringData: { [entry.uid]: JSON.stringify(entry) } })
    await eventually('the entry', () => endpoint()?.keys[0]?.keyId === entry.secrets[0]?.keyId)
    const rotated = aKeyringEntry()
    await admin.patch(secretKind, shard, { stringData: { [entry.uid]: JSON.stringify(rotated) } }, { type: 'merge' })
    await eventually('the new secret', () => endpoint()?.keys[0]?.keyId === rotated.secrets[0]?.keyId)
  })

  test('a broken entry changes nothing, and a Secret that is deleted takes nothing along', async () => {
    const keyId = endpoint()?.keys[0]?.keyId
    const broken = { stringData: { [entry.uid]: '{', 'uid-marker': '{' } }
    await admin.patch(secretKind, shard, broken, { type: 'merge' })
    await eventually('both problems to be counted', async () =>
      /gwh_receiver_keyring_problems_total 2\n/.test((await metrics.expose()).text),
    )
    assert.equal(endpoint()?.keys[0]?.keyId, keyId)
    await admin.delete(secretKind, shard)
    assert.equal(endpoint()?.keys[0]?.keyId, keyId)
    await admin.create<Secret>(secretKind, { metadata: shard, stringData: {} })
    await eventually('the proof that the entry is gone', () => endpoint() === undefined)
  })

  test('an object without an entry is known, and what is in progress is seen in its status', async () => {
    const key = { namespace: entry.namespace, name: entry.name }
    const created = await admin.create(geminiWebhookKind, {
      apiVersion: 'webhooks.gemini-operator.io/v1alpha1',
      kind: 'GeminiWebhook',
      metadata: key,
      spec: { apiKeySecretRef: { name: 'gemini-api-key' }, events: ['batch.succeeded'] },
    } as KubernetesObject)
    await eventually('the object', () => endpoint()?.owner.uid === created.metadata.uid)
    assert.deepEqual(endpoint()?.keys, [])

    const status = {
      operation: { type: 'Rotate', attemptID: 'a-1', startTime: '2026-11-21T12:00:00Z' },
      check: { attemptID: 'c-1', startTime: '2026-11-21T12:00:00Z' },
    }
    await admin.patch(geminiWebhookKind, key, { status }, { type: 'merge', subresource: 'status' })
    await eventually('the intent', () => endpoint()?.areKeysChanging === true)
    assert.equal(endpoint()?.checkAttemptId, 'c-1')
    await admin.patch(geminiWebhookKind, key, { status: null }, { type: 'merge', subresource: 'status' })
    await eventually('the end of the intent', () => endpoint()?.areKeysChanging === false)
    await admin.delete(geminiWebhookKind, key)
    await eventually('the end of the object', () => endpoint() === undefined)
  })

  test("a report goes into the receiver's own key and touches no other", async () => {
    const key = { namespace: operatorNamespace, name: slotName(0) }
    await admin.create(configMapKind, { metadata: key, data: { 'receiver-9': 'other' } } as KubernetesObject)
    const writer = createReportWriter({
      client: receiver,
      namespace: operatorNamespace,
      podName: 'receiver-0',
      directory,
      activity,
      ownInbox: true,
      inbox: {
        stats: () =>
          Promise.resolve({
            events: 1,
            bodyBytes: 1,
            pending: 1,
            deadLetters: 0,
            oldestPendingMs: 0,
            pendingByOwner: new Map([['uid-1', 1]]),
            lastDropMsByOwner: new Map(),
            rememberedIds: 0,
            kept: 0,
            byNamespace: new Map(),
          }),
      },
      clock: systemClock,
      logger: silentLogger,
      metrics: createMetrics(),
      intervalMs: 50,
    })
    writer.start()
    const data = await eventually('the report', async () => {
      const found = await admin.get<KubernetesObject & { data: Record<string, string> }>(configMapKind, key)
      return found?.data['receiver-0'] !== undefined && found.data
    })
    const { time, ...report } = JSON.parse(data?.['receiver-0'] ?? '{}') as { time?: string }
    assert.match(time ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:00Z$/)
    assert.deepEqual(report, { ownInbox: true, foldsJobs: true, endpoints: { 'uid-1': { pending: 1 } } })
    assert.equal(data?.['receiver-9'], 'other')
    await writer.stop()
  })
})
