import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { systemClock } from '../../src/clock.ts'
import { parseEnvelope } from '../../src/gemini/parse-event.ts'
import type { KubernetesClient } from '../../src/kubernetes/client.ts'
import { createEventRecorder, type EventRecorder } from '../../src/kubernetes/event-recorder.ts'
import { openKubernetesClient } from '../../src/kubernetes/open-client.ts'
import { silentLogger } from '../../src/observability/logger.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { createKubernetesEventSink } from '../../src/sinks/kubernetes-event-sink.ts'
import { anEvent } from '../support/builders/an-event.ts'
import { anOutgoing, aSink } from '../support/builders/deliveries.ts'
import { applyCrds, withRealApiServer } from '../support/processes/real-api-server.ts'

const operatorNamespace = 'gemini-webhook-system'
const never = new AbortController().signal
const sink = aSink({ destination: { type: 'kubernetesEvent', maxPerHour: 60 } })
const webhook = `
apiVersion: webhooks.gemini-operator.io/v1alpha1
kind: GeminiWebhook
metadata: {name: batch-events, namespace: ml}
spec: {apiKeySecretRef: {name: key}, events: [batch.succeeded]}
`

await withRealApiServer('Gemini events as Kubernetes Events, under the role that ships', (server) => {
  const machinery = { clock: systemClock, random: Math.random, logger: silentLogger, metrics: createMetrics() }
  let client: KubernetesClient
  let recorder: EventRecorder

  before(async () => {
    await applyCrds(server())
    const applied = await server().kubectl(['apply', '-f', 'deploy/namespace.yaml', '-f', 'deploy/rbac'])
    assert.equal(applied.code, 0, applied.stderr)
    await server().kubectl(['create', 'namespace', 'ml'])
    const kubeconfigPath = await server().kubeconfigForServiceAccount(operatorNamespace, 'gwh-receiver')
    client = await openKubernetesClient({ ...machinery, kubeconfigPath, userAgent: 'gwh-test/0' })
    recorder = createEventRecorder({
      ...machinery,
      client,
      controller: 'webhooks.gemini-operator.io/receiver',
      instance: 'receiver-0',
      perObject: { ratePerSecond: 1, burst: 3600 },
    })
  })
  after(async () => {
    await recorder.close()
    await client.close()
  })

  test('kubectl describe shows them about their object, repeats as one, failures as warnings', async () => {
    const created = await server().kubectl(['create', '-o', 'jsonpath={.metadata.uid}', '-f', '-'], { input: webhook })
    assert.equal(created.code, 0, created.stderr)
    const owner = { uid: created.stdout, namespace: 'ml', name: 'batch-events' }
    const events = createKubernetesEventSink({ ...machinery, recorder, parseEnvelope })
    const failed = Buffer.from(`{"type":"batch.failed","data":{"id":"${'x'.repeat(1024)}"}}`)
    for (const event of [anEvent({ owner }), anEvent({ owner, eventId: 'msg_2' }), anEvent({ owner, body: failed })]) {
      assert.deepEqual(await events.send(anOutgoing({ event, sink }), never), { type: 'delivered' })
    }
    await recorder.flush()

    const { stdout } = await server().kubectl(['describe', 'geminiwebhook', 'batch-events', '-n', 'ml'])
    assert.match(stdout, /Normal +BatchSucceeded .*Gemini reported batch\.succeeded for batches\/abc123/)
    assert.match(stdout, /Warning +BatchFailed .*Gemini reported batch\.failed for x{256} \(sha256 [0-9a-f]{12}\)/)
    const all = await server().kubectl(['get', 'events.events.k8s.io', '-n', 'ml', '-o', 'json'])
    const items: { reason: string; series?: { count: number } }[] = JSON.parse(all.stdout).items
    const counts = Object.fromEntries(items.map(({ reason, series }) => [reason, series?.count ?? 1]))
    assert.equal(items.length, 2)
    assert.deepEqual(counts, { BatchFailed: 1, BatchSucceeded: 2 })
  })
})
