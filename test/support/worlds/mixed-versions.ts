import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import { apiVersion, geminiWebhookKind, kindName } from '../../../src/api/kind.ts'
import type { GeminiWebhookSpec } from '../../../src/api/spec.ts'
import { podKind } from '../../../src/cli/pods.ts'
import type { KubernetesObject } from '../../../src/kubernetes/client.ts'
import { gwhEnvironment } from '../builders/gwh-environment.ts'
import { eventually } from '../measures/eventually.ts'
import { recordSecret } from '../measures/run-record.ts'
import { GwhProcess } from '../processes/gwh-process.ts'
import type { PreviousProgram } from '../processes/previous-programs.ts'
import { giveApiKey, operatorNamespace, startOperatorWorld, userNamespace } from './operator-world.ts'
import { startEndpoint } from './simulator.ts'

const publicHost = 'hooks.example.com'
const adminContainerPort = 8081
export const webhookName = 'batch-events'
export const webhookKey = { namespace: userNamespace, name: webhookName }

export interface RunningReceiver {
  readonly process: GwhProcess
  readonly podName: string
  readonly port: number
  readonly adminPort: number
}

/**
 * One installation whose controller, receivers and commands may be of different versions, each a process of its own,
 * between the embedded Kubernetes API with the CRDs of today, the simulated WebhookService, a worker that can be told
 * to refuse, and a chat.
 */
export async function startMixedVersions(t: TestContext) {
  const world = await startOperatorWorld()
  const parts = new AsyncDisposableStack()
  parts.defer(() => world.close())
  t.after(() => {
    for (const { secrets } of world.webhookService.webhooks()) for (const { secret } of secrets) recordSecret(secret)
    return parts.disposeAsync()
  })
  await giveApiKey(world)
  const kubeconfig = await world.kubeconfigFor(world.kubernetesUrl)
  const after = (close: unknown) => parts.defer(close as () => void)
  const worker = await startEndpoint({ after })
  const chat = await startEndpoint({ after })

  const get = () => world.client.get<GeminiWebhook>(geminiWebhookKind, webhookKey)
  const shared = [`--kubeconfig=${kubeconfig}`, `--namespace=${operatorNamespace}`, '--health-port=0']

  async function putPod(podName: string, adminPort: number): Promise<void> {
    const key = { namespace: operatorNamespace, name: podName }
    if ((await world.client.get(podKind, key)) !== undefined) await world.client.delete(podKind, key)
    const labels = { 'app.kubernetes.io/name': 'gemini-webhook-operator', 'app.kubernetes.io/component': 'receiver' }
    const ports = [{ name: 'admin', containerPort: adminContainerPort, hostPort: adminPort, hostIP: '127.0.0.1' }]
    const containers = [{ name: 'receiver', image: 'gwh', ports }]
    await world.client.create<KubernetesObject>(podKind, {
      metadata: { ...key, labels },
      spec: { containers },
    } as never)
    const patch = { status: { phase: 'Running' } }
    await world.client.patch(podKind, key, patch, { type: 'merge', subresource: 'status' })
  }

  return {
    world,
    worker,
    chat,
    kubeconfig,
    /** The destination that was there from the beginning: CloudEvents by POST. */
    workerSink: { name: 'worker', uri: `${worker.origin}/events`, delivery: { backoffMax: '1s' } },

    /** `leads`: with a Lease, by which commands see that it runs; one that is killed keeps the next from leading. */
    async startController({ program, version }: PreviousProgram, { leads = false } = {}): Promise<GwhProcess> {
      const own = [
        `--base-url=https://${publicHost}`,
        `--google-base-url=${world.webhookServiceUrl}`,
        `--leader-election=${leads}`,
        '--confirm-interval=200ms',
        '--receiver-seen-wait=50ms',
        '--resync-interval=1s',
      ]
      const process = new GwhProcess(['controller', ...shared, ...own], `upgrade-controller-${version}`, program)
      parts.defer(() => process.kill())
      await process.logged('controller.started')
      return process
    },

    /** Google's deliveries go there from now on. */
    async startReceiver(
      { program, version }: PreviousProgram,
      flags: readonly string[],
      podName = 'gwh-receiver-0',
    ): Promise<RunningReceiver> {
      const process = startReceiver({ program, version }, flags, podName)
      const { port, adminPort } = await process.logged('receiver.started')
      await putPod(podName, Number(adminPort))
      const running = { process, podName, port: Number(port), adminPort: Number(adminPort) }
      sendTo(running)
      return running
    },

    sendTo,

    /** Does not wait: for one that is meant to refuse. */
    beginReceiver: startReceiver,

    gwh: ({ program }: PreviousProgram, ...args: string[]) => gwh(program, [...args, `--kubeconfig=${kubeconfig}`]),

    apply: (sinks: GeminiWebhookSpec['sinks']) =>
      world.client.create<GeminiWebhook>(geminiWebhookKind, {
        apiVersion,
        kind: kindName,
        metadata: webhookKey as GeminiWebhook['metadata'],
        spec: { apiKeySecretRef: { name: 'gemini-api-key' }, events: ['batch.succeeded'], sinks },
      }),

    async change(spec: object): Promise<void> {
      await world.client.patch(geminiWebhookKind, webhookKey, { spec }, { type: 'merge' })
    },

    /** At rest: Ready, of the spec as it is now, and nothing under way. */
    untilReady: async (what: string, ...processes: readonly GwhProcess[]): Promise<GeminiWebhook> => {
      let last: GeminiWebhook | undefined
      const isAtRest = async () => {
        last = await get()
        const has = (type: string) =>
          last?.status?.conditions?.some((one) => one.type === type && one.status === 'True')
        const isOfNow = last?.status?.observedGeneration === last?.metadata.generation
        return isOfNow && has('Ready') && !has('Reconciling') && last
      }
      return eventually(`${what}: Ready at rest`, isAtRest, { timeoutMs: 60_000 }).catch((cause: unknown) => {
        const said = processes.map((process) => process.describe()).join('\n')
        throw new Error(`${what}: ${JSON.stringify(last?.status, undefined, 1)}\n${said}`, { cause })
      })
    },

    /** A batch ends at Google. Resolves with the id of the event once a receiver has acknowledged it. */
    finishBatch: async (subject: string): Promise<string> => {
      const emission = { project: 'project', type: 'batch.succeeded', data: { id: subject } }
      const [deliveryId] = world.webhookService.emit(emission)
      const record = await eventually(`${subject} is acknowledged`, () => {
        const found = world.webhookService.deliveries().find((each) => each.deliveryId === deliveryId)
        return found?.state === 'delivered' && found
      })
      return record.eventId
    },

    /** Once the worker was sent it so often, whatever it answered. */
    untilSent: (subject: string, times = 1) =>
      eventually(`${subject} at the worker`, () => attempts(subject) >= times, { timeoutMs: 60_000 }),

    attempts,

    /** What Google was made to do, so far. */
    changesAtGoogle(): Record<string, number> {
      const { counts } = world.webhookService.calls()
      const changing = ['create', 'update', 'delete', 'rotateSigningSecret'] as const
      return Object.fromEntries(changing.map((verb) => [verb, counts[verb].committed]))
    },
  }

  function attempts(subject: string): number {
    return worker.received.filter(({ headers }) => headers['ce-subject'] === subject).length
  }

  function sendTo({ port }: Pick<RunningReceiver, 'port'>): void {
    world.webhookService.setConnectTo({ [publicHost]: `http://127.0.0.1:${port}` })
  }

  function startReceiver({ program, version }: PreviousProgram, flags: readonly string[], podName: string): GwhProcess {
    const own = ['--host=127.0.0.1', '--port=0', '--admin-port=0', `--pod-name=${podName}`, '--drain=0s']
    const process = new GwhProcess(
      ['receiver', ...shared, ...own, '--allow-loopback-sinks=true', '--report-interval=200ms', ...flags],
      `upgrade-receiver-${version}`,
      program,
    )
    parts.defer(() => process.kill())
    return process
  }
}

export type MixedVersions = Awaited<ReturnType<typeof startMixedVersions>>

/** Flags of an embedded inbox in a folder of its own. */
export const embeddedInbox = ({ world }: MixedVersions, podName = 'gwh-receiver-0') => {
  const folder = join(world.folder, podName)
  return { flags: [`--data-dir=${folder}`], file: join(folder, 'inbox.sqlite') }
}

async function gwh(program: string, args: readonly string[]): Promise<{ code: unknown; out: string; err: string }> {
  const child = spawn(process.execPath, [program, ...args], {
    env: gwhEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { out: '', err: '' }
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()))
  const [code] = (await once(child, 'close')) as [unknown]
  return { code, ...said }
}
