import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { systemClock } from '../../src/clock.ts'
import { openKubernetesClient } from '../../src/kubernetes/open-client.ts'
import type { KubernetesClient, KubernetesObject, ResourceKind } from '../../src/kubernetes/client.ts'
import { silentLogger } from '../../src/observability/logger.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import type { SimulatorAdmin } from '../../playground/webhook-service/admin.ts'
import { createWebhookServiceSimulator } from '../../playground/webhook-service/simulator.ts'
import type { ControlPlaneBinaries } from '../../test/control-plane/find-control-plane.ts'
import { startControlPlane, type RunningControlPlane } from '../../test/control-plane/start-control-plane.ts'
import { startRole, thisCheckout } from '../role-process.ts'
import type { ServerProcess } from '../server-process.ts'
import { writesIn, type Writes } from './api-server-writes.ts'
import { totalOf } from './exposition.ts'

interface Lease extends KubernetesObject {
  spec?: { holderIdentity?: string }
}

const operatorNamespace = 'gemini-webhook-system'
const leaseName = 'gwh-controller'
export const tenantNamespace = 'bench'
export const apiKeySecretName = 'gemini-api-key'

export interface BenchWorld {
  /** As the administrator, without a limit worth mentioning. */
  client: KubernetesClient
  webhookService: SimulatorAdmin
  /** Starts a controller, which stands in line for the Lease. */
  startController(name: string, flags: readonly string[]): Promise<ServerProcess>
  /** The identity of who leads; undefined: nobody. */
  leader(): Promise<string | undefined>
  /** What the API server has counted so far. */
  counted(): Promise<{ writes: Writes; cpuMs: number }>
}

const leaseKind: ResourceKind = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
}

/**
 * A fresh kube-apiserver, the simulated WebhookService, and receiver and controllers as processes of their own, each
 * under the role that ships. The receiver is real: pings travel from the service to its port, are verified and stored,
 * and its report proves the endpoint. All of it goes with `parts`.
 */
export async function startBenchWorld(
  binaries: ControlPlaneBinaries,
  parts: AsyncDisposableStack,
): Promise<BenchWorld> {
  const controlPlane = await startControlPlane(binaries)
  parts.defer(() => controlPlane.stop())
  const simulator = createWebhookServiceSimulator({ clock: systemClock, random: Math.random, logger: silentLogger })
  parts.defer(() => simulator.close())
  const { url } = await simulator.listen({ port: 0 })
  simulator.admin.createProject('bench')
  await prepareCluster(controlPlane, simulator.admin.createApiKey('bench'))

  const as = async (account: string) => [
    `--kubeconfig=${await controlPlane.kubeconfigForServiceAccount(operatorNamespace, account)}`,
    '--health-host=127.0.0.1',
    '--health-port=0',
    '--shutdown-grace=1s',
  ]
  const folder = await mkdtemp(join(tmpdir(), 'gwh-bench-'))
  parts.defer(() => rm(folder, { recursive: true, force: true }))
  const receiver = await startRole({
    role: 'receiver',
    checkout: thisCheckout,
    logPath: join(folder, 'receiver.log'),
    flags: [
      ...(await as('gwh-receiver')),
      '--host=127.0.0.1',
      '--port=0',
      '--pod-name=gwh-receiver-0',
      '--drain=0s',
      '--admin-port=0',
      `--data-dir=${folder}`,
    ],
  })
  parts.defer(() => receiver.stop())
  simulator.admin.setConnectTo({ '*': `http://127.0.0.1:${receiver.port}` })
  const client = await openKubernetesClient({
    kubeconfigPath: controlPlane.kubeconfigPath,
    userAgent: 'bench/1',
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
    metrics: createMetrics(),
    qps: 10_000,
    burst: 10_000,
  })
  parts.defer(() => client.close())
  return {
    client,
    webhookService: simulator.admin,
    async startController(name, flags) {
      const controller = await startRole({
        role: 'controller',
        checkout: thisCheckout,
        logPath: join(folder, `${name}.log`),
        flags: [...(await as('gwh-controller')), `--google-base-url=${url}`, ...flags],
        execArgv: ['--expose-gc'],
      })
      parts.defer(() => controller.stop())
      return controller
    },
    async leader() {
      const lease = await client.get<Lease>(leaseKind, { namespace: operatorNamespace, name: leaseName })
      return lease?.spec?.holderIdentity
    },
    async counted() {
      const exposition = await kubectl(controlPlane, ['get', '--raw', '/metrics'])
      return { writes: writesIn(exposition), cpuMs: totalOf(exposition, 'process_cpu_seconds_total') * 1000 }
    },
  }
}

async function prepareCluster(controlPlane: RunningControlPlane, apiKey: string): Promise<void> {
  await kubectl(controlPlane, ['apply', '-f', 'crds', '-f', 'deploy/namespace.yaml', '-f', 'deploy/rbac'])
  await kubectl(controlPlane, ['wait', '--for=condition=Established', '--timeout=30s', '-f', 'crds'])
  await kubectl(controlPlane, ['create', 'namespace', tenantNamespace])
  const literal = `--from-literal=api-key=${apiKey}`
  await kubectl(controlPlane, ['create', 'secret', 'generic', apiKeySecretName, '-n', tenantNamespace, literal])
}

async function kubectl(controlPlane: RunningControlPlane, args: string[]): Promise<string> {
  const { code, stdout, stderr } = await controlPlane.kubectl(args)
  // Without the arguments: the API key is among them.
  if (code !== 0) throw new Error(`kubectl ${args.slice(0, 2).join(' ')}: ${stderr}`)
  return stdout
}
