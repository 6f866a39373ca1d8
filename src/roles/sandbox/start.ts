import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { geminiWebhookCrd } from '../../api/crd.ts'
import { hostInUrl } from '../../listen-on.ts'
import type { KubernetesClient, ResourceKind } from '../../kubernetes/client.ts'
import { createMetrics } from '../../observability/metrics.ts'
import { startKubernetesApi, type KubernetesApi } from '../../../playground/kubernetes-api/server.ts'
import { startSampleWorker, type ReceivedEvent, type SampleWorker } from '../../../playground/sample-worker.ts'
import { startController, type RunningController } from '../controller.ts'
import { openCluster } from '../open-cluster.ts'
import { startReceiver, type RunningReceiver } from '../receiver.ts'
import type { RoleDeps } from '../process-deps.ts'
import { operatorNamespace, sandboxControllerConfig, sandboxReceiverConfig } from './configs.ts'
import { routeServicesToThisMachine, serviceKind } from './route-services.ts'
import { sandboxApiKey, startSimulator, type RunningSimulator } from './start-simulator.ts'

/**
 * Google delivers to https only, so the sandbox's endpoint has such a name too; the simulator's connections to it go to
 * the receiver.
 */
const publicHost = 'hooks.sandbox.example'

export interface SandboxOptions {
  host: string
  kubernetesPort: number
  webhookServicePort: number
  receiverPort: number
  workerPort: number
  /** undefined: a temporary directory, removed at the end unless `keep`. */
  dataDir: string | undefined
  keep: boolean
  /** Divides the controller's waiting times. */
  speed: number
  onWorkerEvent?: (event: ReceivedEvent) => void
}

export interface Sandbox {
  kubernetes: KubernetesApi & { client: KubernetesClient }
  simulator: RunningSimulator
  controller: RunningController
  /** `url` is the receiver's port itself; webhooks are registered under `publicUrl`. */
  receiver: RunningReceiver & { url: string; publicUrl: string }
  worker: SampleWorker & { url: string }
  kubeconfigPath: string
  dataDir: string
  /** Resolves with the reason when a part cannot continue; otherwise never. */
  ended: Promise<string>
  /** Ends everything in order and removes the temporary directory. */
  stop(): Promise<void>
}

/**
 * The whole operator with a cluster and a Google around it, in this process. Everything that ships runs as it ships;
 * only the API server, Google and the network between Services and pods are simulated. Namespace `default` has the
 * Secret `gemini-api-key` and the Service `batch-worker`.
 */
export async function startSandbox(options: SandboxOptions, deps: RoleDeps): Promise<Sandbox> {
  const { host, speed } = options
  await using parts = new AsyncDisposableStack()
  const dataDir = openDataDir(options, parts)
  const simulator = await startSimulator({ host, port: options.webhookServicePort }, partDeps(deps, 'webhook-service'))
  parts.defer(() => simulator.close())
  const { kubernetes, kubeconfigPath } = await startKubernetes(options, dataDir, deps, parts)
  const worker = await startSampleWorker({
    host,
    port: options.workerPort,
    ...(options.onWorkerEvent !== undefined && { onEvent: options.onWorkerEvent }),
  })
  parts.defer(() => worker.close())
  await seedCluster(kubernetes.client, worker.port)

  const layout = {
    host,
    speed,
    kubeconfigPath,
    dataDir,
    receiverPort: options.receiverPort,
    webhookServiceUrl: simulator.url,
    baseUrl: `https://${publicHost}`,
  }
  let receiverUrl: string | undefined
  const controller = await startController(sandboxControllerConfig(layout), {
    ...partDeps(deps, 'controller'),
    probeOrigin: () => receiverUrl,
  })
  parts.defer(() => controller.stop())
  const receiver = await startReceiver(sandboxReceiverConfig(layout), {
    ...partDeps(deps, 'receiver'),
    wrapSink: (sink) => routeServicesToThisMachine(sink, host, kubernetes.client),
  })
  parts.defer(() => receiver.stop())
  receiverUrl = `http://${hostInUrl(host)}:${receiver.port}`
  simulator.admin.setConnectTo({ [publicHost]: receiverUrl })

  const running = parts.move()
  return {
    kubernetes,
    simulator,
    controller,
    receiver: { ...receiver, url: receiverUrl, publicUrl: layout.baseUrl },
    worker: { ...worker, url: `http://${hostInUrl(host)}:${worker.port}/events` },
    kubeconfigPath,
    dataDir,
    ended: Promise.race([controller.ended, receiver.ended]),
    stop: () => running.disposeAsync(),
  }
}

function openDataDir({ dataDir, keep }: SandboxOptions, parts: AsyncDisposableStack): string {
  if (dataDir !== undefined) {
    mkdirSync(dataDir, { recursive: true })
    return dataDir
  }
  const folder = mkdtempSync(join(tmpdir(), 'gwh-sandbox-'))
  if (!keep) parts.defer(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function startKubernetes(
  { host, kubernetesPort }: SandboxOptions,
  dataDir: string,
  deps: RoleDeps,
  parts: AsyncDisposableStack,
): Promise<{ kubernetes: Sandbox['kubernetes']; kubeconfigPath: string }> {
  const { clock, random, logger } = deps
  const token = randomBytes(24).toString('hex')
  const api = await startKubernetesApi({
    clock,
    random,
    logger: logger.child({ part: 'kubernetes' }),
    token,
    host,
    port: kubernetesPort,
    crds: [geminiWebhookCrd()],
  })
  parts.defer(() => api.stop())
  const kubeconfigPath = join(dataDir, 'kubeconfig')
  writeFileSync(kubeconfigPath, api.kubeconfigYaml(), { mode: 0o600 })
  const rate = { kubernetesQps: 1000, kubernetesBurst: 1000 }
  const client = await openCluster({ kubeconfig: kubeconfigPath, ...rate }, 'sandbox', partDeps(deps, 'sandbox'))
  parts.defer(() => client.close())
  return { kubernetes: { ...api, client }, kubeconfigPath }
}

const coreKind = (kind: string, plural: string, namespaced: boolean): ResourceKind => ({
  group: '',
  version: 'v1',
  kind,
  plural,
  namespaced,
})

const inDefault = (name: string) => ({ name, namespace: 'default' })

/** What the samples expect to find. */
async function seedCluster(client: KubernetesClient, workerPort: number): Promise<void> {
  await client.create(coreKind('Namespace', 'namespaces', false), { metadata: { name: operatorNamespace } })
  const apiKey = { metadata: inDefault('gemini-api-key'), stringData: { 'api-key': sandboxApiKey } }
  await client.create(coreKind('Secret', 'secrets', true), apiKey)
  const ports = [{ port: 80, targetPort: workerPort }]
  await client.create(serviceKind, Object.assign({ metadata: inDefault('batch-worker') }, { spec: { ports } }))
}

/** Each part has metrics of its own, as each process has in a cluster; their names would collide in one registry. */
function partDeps(deps: RoleDeps, part: string): RoleDeps {
  return { ...deps, logger: deps.logger.child({ part }), metrics: createMetrics() }
}
