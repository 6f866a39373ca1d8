import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

import { allCrds } from '../../api/crd.ts'
import type { Clock } from '../../clock.ts'
import { hostInUrl } from '../../listen-on.ts'
import type { KubernetesClient, ResourceKind } from '../../kubernetes/client.ts'
import { createMetrics } from '../../observability/metrics.ts'
import { startIngress } from '../../../playground/ingress.ts'
import { startKubernetesApi, type KubernetesApi } from '../../../playground/kubernetes-api/server.ts'
import { createServingCertificate } from '../../../playground/kubernetes-api/serving-certificate.ts'
import { startSampleWorker, type ReceivedEvent, type SampleWorker } from '../../../playground/sample-worker.ts'
import { startController, type RunningController } from '../controller.ts'
import { openCluster } from '../open-cluster.ts'
import { startReceiver, type RunningReceiver } from '../receiver.ts'
import type { RoleDeps } from '../process-deps.ts'
import { operatorNamespace, sandboxControllerConfig, sandboxReceiverConfig } from './configs.ts'
import { ReceivedEvents } from './playground/received-events.ts'
import type { Surroundings } from './playground/surroundings.ts'
import { runPods, type RunningPods, type SandboxPod, type StartedPod } from './pods.ts'
import { routeServicesToThisMachine, serviceKind } from './route-services.ts'
import { sampleFile } from './sample-file.ts'
import { writeShellFile } from './shell-file.ts'
import { sandboxApiKey, startSimulator, type RunningSimulator } from './start-simulator.ts'

/** As many as it takes to drain one. Their names are those that the chart's receivers have. */
const receiverNames = ['gwh-receiver-0', 'gwh-receiver-1'] as const
const controllerName = 'gwh-controller-0'

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
  /** The command line that runs `gwh`, for the shell file; absent: `gwh` is on PATH. */
  program?: readonly string[]
}

export interface Sandbox {
  kubernetes: KubernetesApi & { client: KubernetesClient }
  simulator: RunningSimulator
  controller: RunningController
  /**
   * The one that gets everything until it is drained or its pod is deleted. `url` is its port itself; webhooks are
   * registered under `publicUrl`.
   */
  receiver: RunningReceiver & { url: string; publicUrl: string }
  worker: SampleWorker & { url: string }
  /** What the playground's part of the page works on. */
  surroundings: Surroundings
  kubeconfigPath: string
  /** To be read by a shell (`. FILE`): then the commands of the docs work on this sandbox. */
  shellPath: string
  /** A first object, to be applied. */
  samplePath: string
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
export async function startSandbox(options: SandboxOptions, machine: RoleDeps): Promise<Sandbox> {
  const { host, speed } = options
  await using parts = new AsyncDisposableStack()
  const dataDir = openDataDir(options, parts)
  const { certPem: cert, keyPem: key } = createServingCertificate(host)
  const authorityPath = join(dataDir, 'authority.pem')
  writeFileSync(authorityPath, cert)
  const controllers: RunningController[] = []
  const receivers: RunningReceiver[] = []
  // Without those whose pods were deleted.
  const watching = new Set<RunningController | RunningReceiver>()
  const onAdvanced = () => {
    for (const part of watching) part.lookAgain()
  }
  const watched = (part: RunningController | RunningReceiver) => {
    watching.add(part)
    return () => {
      watching.delete(part)
      return part.stop()
    }
  }
  const simulator = await startSimulator(
    { host, port: options.webhookServicePort, authority: cert, onAdvanced },
    partDeps(machine, 'webhook-service'),
  )
  parts.defer(() => simulator.close())
  const deps = { ...machine, clock: wallClockOf(simulator, machine.clock) }
  const { kubernetes, kubeconfigPath } = await startKubernetes(options, dataDir, deps, parts)
  const { client } = kubernetes
  const received = new ReceivedEvents(deps.clock)
  const onEvent = (event: ReceivedEvent) => {
    received.add(event)
    options.onWorkerEvent?.(event)
  }
  const started = await startSampleWorker({ host, port: options.workerPort, onEvent })
  const worker = { ...started, url: `http://${hostInUrl(host)}:${started.port}/events` }
  parts.defer(() => worker.close())
  await seedCluster(client, worker.port)

  let pods: RunningPods | undefined
  const backend = () => pods?.backend()
  const ingress = await startIngress({ host, port: 0, certificate: { cert, key }, backend })
  parts.defer(() => ingress.close())
  const layout = {
    host,
    speed,
    kubeconfigPath,
    webhookServiceUrl: simulator.url,
    authorityPath,
    baseUrl: `https://${publicName(host)}:${ingress.port}`,
  }
  const controllerPod: SandboxPod = {
    name: controllerName,
    component: 'controller',
    async start() {
      // The ingress leads to the first receiver that is ready, and a drain takes along what is remembered.
      const part = { ...partDeps(deps, 'controller'), hostname: controllerName, oneReceives: true }
      const running = await startController(sandboxControllerConfig(layout), part)
      controllers.push(running)
      return { ports: controllerPorts(running, host), stop: watched(running) }
    },
  }
  const receiverPod = (podName: string, port: number): SandboxPod => ({
    name: podName,
    component: 'receiver',
    async start() {
      const place = { podName, port, dataDir: join(dataDir, podName) }
      const running = await startReceiver(sandboxReceiverConfig(layout, place), {
        ...partDeps(deps, 'receiver'),
        wrapSink: (sink) => routeServicesToThisMachine(sink, host, client),
      })
      receivers.push(running)
      return { ports: receiverPorts(running, host), stop: watched(running) }
    },
  })
  // The first receiver gets everything: whoever looks finds it in one inbox, until that is drained.
  const [first, second] = receiverNames
  pods = await runPods([controllerPod, receiverPod(first, options.receiverPort), receiverPod(second, 0)], {
    client,
    namespace: operatorNamespace,
    image: `gemini-webhook-operator:${deps.version}`,
    clock: deps.clock,
    logger: deps.logger,
  })
  parts.defer(() => pods?.stop())
  const [controller] = controllers
  const [receiver, spare] = receivers
  if (controller === undefined || receiver === undefined || spare === undefined) throw new Error('a part did not start')
  const { program } = options
  const shellPath = writeShellFile(dataDir, { ...layout, program })
  const samplePath = join(dataDir, 'worker-and-events.yaml')
  writeFileSync(samplePath, sampleFile)

  const running = parts.move()
  return {
    kubernetes,
    simulator,
    controller,
    receiver: { ...receiver, url: `http://${hostInUrl(host)}:${receiver.port}`, publicUrl: layout.baseUrl },
    worker,
    surroundings: {
      client,
      simulator,
      worker,
      received,
      authorityPath,
      clock: deps.clock,
      machine: machine.clock,
      random: deps.random,
    },
    kubeconfigPath,
    shellPath,
    samplePath,
    dataDir,
    ended: Promise.race([controller.ended, receiver.ended, spare.ended]),
    stop: () => running.disposeAsync(),
  }
}

/**
 * The clock of all parts: Google's simulated time, which the playground moves, so that nothing sent is stale on the
 * way either. Durations and timers stay the machine's, as when the clock of a real machine is set.
 */
function wallClockOf({ admin }: RunningSimulator, machine: Clock): Clock {
  return {
    now: () => admin.now(),
    monotonic: () => machine.monotonic(),
    after: (delayMs, callback) => machine.after(delayMs, callback),
  }
}

/** Google would refuse an address; a name that leads to this machine is as near as a sandbox comes. */
function publicName(host: string): string {
  return ['127.0.0.1', '::1', '0.0.0.0', '::'].includes(host) ? 'localhost' : hostInUrl(host)
}

function controllerPorts({ healthPort }: RunningController, hostIP: string): StartedPod['ports'] {
  return [{ name: 'health', containerPort: 9090, hostPort: healthPort, hostIP }]
}

function receiverPorts({ port, healthPort, adminPort }: RunningReceiver, hostIP: string): StartedPod['ports'] {
  return [
    { name: 'http', containerPort: 8080, hostPort: port, hostIP },
    // Wherever the others are, this one is on loopback.
    { name: 'admin', containerPort: 8081, hostPort: adminPort, hostIP: '127.0.0.1' },
    { name: 'health', containerPort: 9090, hostPort: healthPort, hostIP },
  ]
}

function openDataDir({ dataDir, keep }: SandboxOptions, parts: AsyncDisposableStack): string {
  if (dataDir !== undefined) {
    mkdirSync(dataDir, { recursive: true })
    // The shell that reads the shell file may be in another folder.
    return resolve(dataDir)
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
    crds: allCrds(),
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
