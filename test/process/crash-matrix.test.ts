import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Webhook } from 'standardwebhooks'

import { apiVersion, geminiWebhookKind, kindName } from '../../src/api/kind.ts'
import type { GeminiWebhook } from '../../src/api/gemini-webhook.ts'
import { bundledProgram } from '../support/processes/bundled-program.ts'
import { CrashJournal, startCrashProxy, type CrashPoint } from '../support/doubles/crash-proxy.ts'
import { eventually } from '../support/measures/eventually.ts'
import { GwhProcess } from '../support/processes/gwh-process.ts'
import {
  giveApiKey,
  operatorNamespace,
  readSecret,
  startOperatorWorld,
  userNamespace,
  type OperatorWorld,
} from '../support/worlds/operator-world.ts'
import { makeReportMaps } from '../support/builders/report-maps.ts'
import { recordSecret } from '../support/measures/run-record.ts'

const program = bundledProgram()
const webhookKey = { namespace: userNamespace, name: 'crashed' }
const secretName = `${webhookKey.name}-signing-secret`

/**
 * Writes to Kubernetes and every call to Google count; reads of Kubernetes change nothing, and Events may come in any
 * order.
 */
const kubernetesPoint = (method: string, path: string) => {
  if (method === 'GET' || /\/(events|leases)(\/|\?|$)/.test(path)) return undefined
  const [, resource] = /\/namespaces\/[^/]+\/([^?]+)/.exec(path) ?? []
  // The shard is chosen by the uid, which is another in each run.
  return resource === undefined ? undefined : `${method} ${resource.replace(/(?<=gwh-keyring-)\d+/, 'n')}`
}
const googlePoint = (method: string, path: string) =>
  `${method} google ${path.replace(/\?.*/, '').replace(/[a-z0-9]{36}/, '{id}')}`

interface Run {
  world: OperatorWorld
  journal: CrashJournal
  start: () => GwhProcess
  close: () => Promise<void>
}

/** A fresh world with an API key, and the controller's two ways out of its process under watch. */
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
  await makeReportMaps(world.client, operatorNamespace)
  const start = () => new GwhProcess(controllerArguments(kubeconfig, google.url), 'crash-matrix', program)
  const close = async () => {
    await kubernetes.close()
    await google.close()
    await world.close()
  }
  return { world, journal, start, close }
}

/**
 * Production's protocol with shorter waits; nothing is switched off but the lease, which a killed leader would hold for
 * its whole term.
 */
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

interface Scenario {
  name: string
  /** Sets it off; a controller is running. */
  cause: (world: OperatorWorld) => Promise<unknown> | undefined
  /** Before that the object is registered and at rest, unless it is what the scenario creates. */
  registers?: true
  /** What it is for, besides an object at rest. */
  isDone: (webhook: GeminiWebhook | undefined, world: OperatorWorld) => Promise<boolean>
  verify: (run: Run, where: string) => Promise<void>
  /** One of the steps that must be among those which are broken. */
  step: string
}

const applyWebhook = ({ client }: OperatorWorld) =>
  client.create<GeminiWebhook>(geminiWebhookKind, {
    apiVersion,
    kind: kindName,
    metadata: webhookKey as GeminiWebhook['metadata'],
    spec: { apiKeySecretRef: { name: 'gemini-api-key' }, events: ['batch.succeeded'], endpointCheck: 'Never' },
  })

const rotation = (name: string, revokePrevious: 'AfterGracePeriod' | 'Immediately'): Scenario => ({
  name,
  cause: ({ client }) => {
    const patch = { spec: { rotation: { request: { id: 'r-1', revokePrevious } } } }
    return client.patch(geminiWebhookKind, webhookKey, patch, { type: 'merge' })
  },
  isDone: async (webhook) => isReady(webhook) && webhook?.status?.rotation?.handledRequestIDs?.includes('r-1') === true,
  verify: assertOneWebhookThatVerifies,
  step: 'POST google /v1/webhooks/{id}:rotateSigningSecret',
})

const registration: Scenario = {
  name: 'create',
  registers: true,
  cause: applyWebhook,
  isDone: async (webhook) => isReady(webhook),
  verify: assertOneWebhookThatVerifies,
  step: 'POST google /v1/webhooks',
}

const scenarios: readonly Scenario[] = [
  registration,
  rotation('rotate', 'AfterGracePeriod'),
  rotation('immediate rotate', 'Immediately'),
  {
    name: 'delete',
    cause: ({ client }) => client.delete(geminiWebhookKind, webhookKey),
    isDone: async (webhook) => webhook === undefined,
    verify: async ({ world }, where) => {
      assert.deepEqual(world.webhookService.webhooks(), [], `${where}: webhooks at the service`)
      assert.equal(await readSecret(world, secretName), undefined, `${where}: the Secret is left`)
    },
    step: 'DELETE google /v1/webhooks/{id}',
  },
  {
    name: 'repair after a rotation by another hand',
    cause: async ({ webhookService }) => {
      for (const { id } of webhookService.webhooks()) recordSecret(webhookService.rotateWebhook(id))
    },
    isDone: async (webhook, world) => isReady(webhook) && (await holdsCurrentSecret(world)),
    verify: assertOneWebhookThatVerifies,
    step: 'POST google /v1/webhooks/{id}:rotateSigningSecret',
  },
]

/**
 * Nothing under way: what the object itself says when the controller believes to be finished. Ready comes a write
 * before the end of Reconciling.
 */
function isReady(webhook: GeminiWebhook | undefined): boolean {
  const isTrue = (wanted: string) =>
    webhook?.status?.conditions?.some(({ type, status }) => type === wanted && status === 'True') === true
  return isTrue('Ready') && !isTrue('Reconciling') && webhook?.status?.operation === undefined
}

async function holdsCurrentSecret(world: OperatorWorld): Promise<boolean> {
  const [webhook] = world.webhookService.webhooks()
  const current = webhook?.secrets.find(({ expireMs }) => expireMs === undefined)?.secret
  return current !== undefined && (await readSecret(world, secretName))?.['signing-secret'] === current
}

async function untilDone({ world }: Run, scenario: Scenario, process: GwhProcess, where: string): Promise<void> {
  const get = () => world.client.get<GeminiWebhook>(geminiWebhookKind, webhookKey)
  const isDone = async () => scenario.isDone(await get(), world)
  await eventually(`${where}: at rest`, isDone, { timeoutMs: 60_000 }).catch(async (cause: unknown) => {
    const status = JSON.stringify((await get())?.status, undefined, 1)
    throw new Error(`${where}: ${status}\n${process.describe()}`, { cause })
  })
}

/**
 * The promise, read off the service and the Secret: one webhook, and the next delivery verifies with what the Secret
 * holds.
 */
async function assertOneWebhookThatVerifies({ world }: Run, where: string): Promise<void> {
  const webhooks = world.webhookService.webhooks()
  assert.equal(webhooks.length, 1, `${where}: webhooks at the service`)
  for (const { secrets } of webhooks) for (const { secret } of secrets) recordSecret(secret)
  world.caught.length = 0
  world.webhookService.emit({ project: 'project', type: 'batch.succeeded', data: { id: 'batches/1' } })
  const delivery = await eventually('the delivery arrives', () => world.caught[0])
  const held = await readSecret(world, secretName)
  const verifier = new Webhook(held?.['signing-secret'] ?? '')
  assert.doesNotThrow(() => verifier.verify(delivery.body, delivery.headers as Record<string, string>), where)
}

/**
 * Plays a scenario, killing the controller at the point, if there is one. Returns what the controller did, up to the
 * end or to its death.
 */
async function play(scenario: Scenario, point?: CrashPoint): Promise<CrashPoint[]> {
  const run = await prepare()
  const processes: GwhProcess[] = []
  const start = () => {
    const process = run.start()
    processes.push(process)
    return process
  }
  try {
    if (scenario.registers !== true) {
      await applyWebhook(run.world)
      await untilDone(run, registration, start(), 'registered')
    }
    const first = processes[0]
    if (point === undefined) run.journal.restart()
    else run.journal.arm(point, async () => processes[0]?.kill())
    await scenario.cause(run.world)
    const running = first ?? start()
    if (point === undefined) {
      await untilDone(run, scenario, running, 'not killed')
      const points = run.journal.points()
      await scenario.verify(run, 'not killed')
      return points
    }
    const where = `killed ${point.phase} ${point.label} (${point.nth})`
    await eventually(where, () => run.journal.fired, { timeoutMs: 30_000 })
    await running.exited()
    await untilDone(run, scenario, start(), where)
    await scenario.verify(run, where)
    return run.journal.points()
  } finally {
    await Promise.all(processes.map((process) => process.kill()))
    await run.close()
  }
}

for (const scenario of scenarios) {
  test(
    `a controller killed before or after any step of ${scenario.name} leaves things as they must be`,
    { timeout: 900_000, concurrency: 3 },
    async (t) => {
      const points = await play(scenario)
      const labels = points.filter(({ phase }) => phase === 'before').map(({ label }) => label)
      assert.ok(labels.includes(scenario.step), `${scenario.step} is among the steps: ${labels.join(', ')}`)
      t.diagnostic(`${points.length} crash points: before and after each of ${labels.join('; ')}`)
      await Promise.all(
        points.map((point) =>
          t.test(`${point.phase} ${point.label} (${point.nth})`, async () => {
            await play(scenario, point)
          }),
        ),
      )
    },
  )
}
