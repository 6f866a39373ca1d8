import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { stringify } from 'yaml'

import { apiVersion, kindName } from '../../src/api/kind.ts'
import { systemClock } from '../../src/clock.ts'
import { silentLogger } from '../../src/observability/logger.ts'
import { startSampleWorker } from '../../playground/sample-worker.ts'
import { createWebhookServiceSimulator } from '../../playground/webhook-service/simulator.ts'
import { eventually } from '../support/measures/eventually.ts'
import { startOperatorProcesses } from '../support/processes/operator-processes.ts'
import { withRealApiServer } from '../support/processes/real-api-server.ts'
import { recordSecret } from '../support/measures/run-record.ts'

const manifest = (workerUrl: string) =>
  stringify({
    apiVersion,
    kind: kindName,
    metadata: { name: 'batch-events', namespace: 'ml' },
    spec: {
      apiKeySecretRef: { name: 'gemini-api-key' },
      displayName: 'nightly batches',
      events: ['batch.succeeded', 'batch.failed'],
      sinks: [
        { name: 'worker', uri: `${workerUrl}/events` },
        { name: 'cluster', kubernetesEvent: {} },
      ],
    },
  })

await withRealApiServer('the main job on a real API server', (server) => {
  const leftovers: (() => unknown)[] = []
  after(async () => {
    for (const end of leftovers.toReversed()) await end()
  })

  async function kubectl(args: string[], input?: string): Promise<string> {
    const { code, stdout, stderr } = await server().kubectl(args, input === undefined ? {} : { input })
    assert.equal(code, 0, `kubectl ${args.join(' ')}: ${stderr}`)
    return stdout
  }

  test('a GeminiWebhook applied with kubectl ends in delivered events, and deleted leaves nothing at the service', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'gwh-main-job-'))
    leftovers.push(() => rm(folder, { recursive: true, force: true }))
    const worker = await startSampleWorker({ host: '127.0.0.1', port: 0 })
    leftovers.push(() => worker.close())
    const simulator = createWebhookServiceSimulator({
      clock: systemClock,
      random: Math.random,
      logger: silentLogger,
    })
    leftovers.push(() => simulator.close())
    const { url: googleUrl } = await simulator.listen({ port: 0 })
    simulator.admin.createProject('project')
    const apiKey = simulator.admin.createApiKey('project')
    recordSecret(apiKey)

    await kubectl(['apply', '-f', 'crds', '-f', 'deploy/namespace.yaml', '-f', 'deploy/rbac'])
    await kubectl(['create', 'namespace', 'ml'])
    await kubectl(['create', 'secret', 'generic', 'gemini-api-key', '-n', 'ml', `--from-literal=api-key=${apiKey}`])
    const { controller, receiver } = await startOperatorProcesses(server(), { folder, googleUrl, name: 'main-job' })
    leftovers.push(
      () => controller.kill(),
      () => receiver.kill(),
    )
    const { port } = await receiver.logged('receiver.started')
    simulator.admin.setConnectTo({ 'hooks.example.com': `http://127.0.0.1:${String(port)}` })

    await kubectl(['apply', '-f', '-'], manifest(`http://127.0.0.1:${worker.port}`))
    await kubectl(['wait', '-n', 'ml', 'gwh/batch-events', '--for=condition=Ready', '--timeout=90s']).catch(
      async (error: unknown) => {
        const state = await kubectl(['get', '-n', 'ml', 'gwh', '-o', 'yaml'])
        throw new Error(`${state}\n${controller.describe()}\n${receiver.describe()}`, { cause: error })
      },
    )
    t.diagnostic(await kubectl(['get', '-n', 'ml', 'gwh', '-o', 'wide']))
    const [webhook, ...others] = simulator.admin.webhooks()
    assert.ok(webhook)
    assert.deepEqual(others, [])
    for (const { secret } of webhook.secrets) recordSecret(secret)

    const [deliveryId] = simulator.admin.emit({
      project: 'project',
      type: 'batch.succeeded',
      data: { id: 'batches/42' },
    })
    const event = await eventually('the worker has the CloudEvent', () =>
      worker.events.find(({ type }) => type === 'com.google.gemini.batch.succeeded'),
    )
    const sent = simulator.admin.deliveries().find((delivery) => delivery.deliveryId === deliveryId)
    assert.equal(event.id, sent?.eventId)
    assert.equal(event.subject, 'batches/42')
    assert.equal(event.source, '/apis/webhooks.gemini-operator.io/v1alpha1/namespaces/ml/geminiwebhooks/batch-events')
    await eventually('kubectl describe shows the Event', async () =>
      (await kubectl(['describe', '-n', 'ml', 'gwh', 'batch-events'])).includes('BatchSucceeded'),
    )

    await kubectl(['delete', '-n', 'ml', 'gwh', 'batch-events', '--timeout=60s'])
    assert.deepEqual(simulator.admin.webhooks(), [])
    const secrets = await kubectl(['get', '-n', 'ml', 'secrets', '-o', 'name'])
    assert.equal(secrets.trim(), 'secret/gemini-api-key')
    for (const role of [controller, receiver]) {
      const refused = role.lines.filter((line) => JSON.stringify(line).includes('Forbidden'))
      assert.deepEqual(refused, [], 'the shipped roles allow everything that is called')
      assert.equal(await role.terminate(), 0, role.describe())
    }
    t.diagnostic(
      `${simulator.admin.calls().calls.length} calls to the service: ${JSON.stringify(simulator.admin.calls().counts)}`,
    )
  })
})
