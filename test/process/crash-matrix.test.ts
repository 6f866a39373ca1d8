import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Webhook } from 'standardwebhooks'

import { apiVersion, geminiWebhookKind, kindName } from '../../src/api/kind.ts'
import type { GeminiWebhook } from '../../src/api/gemini-webhook.ts'
import { CrashJournal, startCrashProxy } from '../support/crash-proxy.ts'
import type { CrashPoint } from '../support/crash-proxy.ts'
import { eventually } from '../support/eventually.ts'
import { GwhProcess } from '../support/gwh-process.ts'
import {
  giveApiKey,
  operatorNamespace,
  readSecret,
  startOperatorWorld,
  userNamespace,
} from '../support/operator-world.ts'
import type { OperatorWorld } from '../support/operator-world.ts'
import { recordSecret } from '../support/run-record.ts'

const webhookKey = { namespace: userNamespace, name: 'crashed' }

/** Writes to Kubernetes and every call to Google count; reads of Kubernetes change nothing, and Events may come in any order. */
const kubernetesPoint = (method: string, path: string) => {
  if (method === 'GET' || /\/(events|leases)(\/|\?|$)/.test(path)) return undefined
  const [, resource] = /\/namespaces\/[^/]+\/([^?]+)/.exec(path) ?? []
  return resource === undefined ? undefined : `${method} ${resource}`
}
const googlePoint = (method: string, path: string) =>
  `${method} google ${path.replace(/\?.*/, '').replace(/[a-z0-9]{36}/, '{id}')}`

interface Run {
  world: OperatorWorld
  journal: CrashJournal
  start: () => GwhProcess
  close: () => Promise<void>
}

/** A fresh world with one GeminiWebhook applied, and the controller's two ways out of its process under watch. */
async function prepare(): Promise<Run> {
  const world = await startOperatorWorld()
  const journal = new CrashJournal()
  const kubernetes = await startCrashProxy({
    target: world.kubernetesUrl,
    ca: world.kubernetesCa,
    label: kubernetesPoint,
    journal,
  })
  const google = await startCrashProxy({ target: world.webhookServiceUrl, label: googlePoint, journal })
  const kubeconfig = await world.kubeconfigFor(kubernetes.url)
  await giveApiKey(world)
  await world.client.create<GeminiWebhook>(geminiWebhookKind, {
    apiVersion,
    kind: kindName,
    metadata: webhookKey as GeminiWebhook['metadata'],
    spec: { apiKeySecretRef: { name: 'gemini-api-key' }, events: ['batch.succeeded'], endpointCheck: 'Never' },
  })
  const start = () => new GwhProcess(controllerArguments(kubeconfig, google.url), 'crash-matrix')
  const close = async () => {
    await kubernetes.close()
    await google.close()
    await world.close()
  }
  return { world, journal, start, close }
}

/** Production's protocol with shorter waits; nothing is switched off but the lease, which a killed leader would hold for its whole term. */
function controllerArguments(kubeconfig: string, googleUrl: string): string[] {
  return [
    'controller',
    `--kubeconfig=${kubeconfig}`,
    `--namespace=${operatorNamespace}`,
    '--base-url=https://hooks.example.com',
    `--google-base-url=${googleUrl}`,
    '--leader-election=false',
    '--health-port=0',
    '--call-timeout=800ms',
    '--settle-extra=1s',
    '--confirm-interval=200ms',
    '--receiver-seen-wait=50ms',
    '--resync-interval=1s',
  ]
}

/** Registered, nothing under way: what the object itself says when the controller believes to be finished. */
async function isAtRest({ world }: Run): Promise<boolean> {
  const webhook = await world.client.get<GeminiWebhook>(geminiWebhookKind, webhookKey)
  const ready = webhook?.status?.conditions?.find(({ type }) => type === 'Ready')
  return ready?.status === 'True' && webhook?.status?.operation === undefined
}

function explain({ world }: Run, process: GwhProcess) {
  return async (cause: unknown): Promise<never> => {
    const webhook = await world.client.get<GeminiWebhook>(geminiWebhookKind, webhookKey)
    throw new Error(`${JSON.stringify(webhook?.status, undefined, 1)}\n${process.describe()}`, { cause })
  }
}

/** The promise, read off the service and the Secret: one webhook, and the next delivery verifies with what the Secret holds. */
async function assertOneWebhookThatVerifies({ world }: Run, where: string): Promise<void> {
  const webhooks = world.webhookService.webhooks()
  assert.equal(webhooks.length, 1, `${where}: webhooks at the service`)
  for (const { secrets } of webhooks) for (const { secret } of secrets) recordSecret(secret)
  world.caught.length = 0
  world.webhookService.emit({ project: 'project', type: 'batch.succeeded', data: { id: 'batches/1' } })
  const delivery = await eventually('the delivery arrives', () => world.caught[0])
  const held = await readSecret(world, `${webhookKey.name}-signing-secret`)
  const verifier = new Webhook(held?.['signing-secret'] ?? '')
  assert.doesNotThrow(() => verifier.verify(delivery.body, delivery.headers as Record<string, string>), where)
}

async function crashAt(point: CrashPoint): Promise<string> {
  const run = await prepare()
  let first: GwhProcess | undefined
  let second: GwhProcess | undefined
  try {
    run.journal.arm(point, async () => first?.kill())
    first = run.start()
    await eventually(`the crash ${point.phase} step ${point.index}`, () => run.journal.fired, { timeoutMs: 20_000 })
    await first.exited()
    second = run.start()
    const where = `killed ${run.journal.fired ?? '?'} (step ${point.index})`
    await eventually(`${where}: at rest again`, () => isAtRest(run)).catch(explain(run, second))
    await assertOneWebhookThatVerifies(run, where)
    return where
  } finally {
    await first?.kill()
    await second?.kill()
    await run.close()
  }
}

test(
  'a controller killed before or after any step of create leaves one webhook and a Secret that verifies',
  { timeout: 900_000 },
  async (t) => {
    const undisturbed = await prepare()
    const controller = undisturbed.start()
    let labels: readonly string[]
    try {
      await eventually('at rest without a crash', () => isAtRest(undisturbed)).catch(explain(undisturbed, controller))
      await assertOneWebhookThatVerifies(undisturbed, 'not killed')
      labels = [...undisturbed.journal.labels]
    } finally {
      await controller.kill()
      await undisturbed.close()
    }
    assert.ok(
      labels.some((label) => label.startsWith('POST google')),
      `create is among the steps: ${labels.join(', ')}`,
    )

    const points = labels.flatMap((_, index) => [
      { index, phase: 'before' as const },
      { index, phase: 'after' as const },
    ])
    t.diagnostic(`${points.length} crash points: before and after each of ${labels.join('; ')}`)
    for (const point of points) {
      await t.test(`${point.phase} step ${point.index}: ${labels[point.index] ?? ''}`, async () => {
        await crashAt(point)
      })
    }
  },
)
