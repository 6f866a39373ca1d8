import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'

import { systemClock } from '../../../src/clock.ts'
import type { KubernetesClient } from '../../../src/kubernetes/client.ts'
import { openKubernetesClient } from '../../../src/kubernetes/open-client.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { startKubernetesApi } from '../../../playground/kubernetes-api/server.ts'
import { createWebhookServiceSimulator } from '../../../playground/webhook-service/simulator.ts'
import type { SimulatorAdmin } from '../../../playground/webhook-service/admin.ts'
import { recordSecret } from '../measures/run-record.ts'
import { startEndpoint, type Received } from './simulator.ts'
import { crdPaths } from '../../../tools/generate-crds.ts'

export const operatorNamespace = 'gemini-webhook-system'
export const userNamespace = 'ml'

/**
 * Everything around the operator's processes: a Kubernetes API, the simulated WebhookService, and somebody who catches
 * deliveries.
 */
export interface OperatorWorld {
  folder: string
  client: KubernetesClient
  kubernetesUrl: string
  kubernetesCa: string
  /** A kubeconfig file for this server, or for a plain http proxy in front of it. */
  kubeconfigFor(server: string): Promise<string>
  webhookServiceUrl: string
  webhookService: SimulatorAdmin
  /** What arrived at the endpoint address, whoever it was for. */
  caught: Received[]
  close(): Promise<void>
}

const token = 'the-test-token'

export async function startOperatorWorld(): Promise<OperatorWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'gwh-world-'))
  const shared = { clock: systemClock, random: Math.random, logger: silentLogger }
  const crds = crdPaths.map((path) => parse(readFileSync(path, 'utf8')) as object)
  const kubernetes = await startKubernetesApi({ ...shared, token, host: '127.0.0.1', port: 0, crds })
  const simulator = createWebhookServiceSimulator(shared)
  const { url: webhookServiceUrl } = await simulator.listen({ port: 0 })
  const closers: (() => unknown)[] = []
  const endpoint = await startEndpoint({ after: (close) => void closers.push(close as () => unknown) })
  simulator.admin.setConnectTo({ '*': endpoint.origin })

  let files = 0
  const kubeconfigFor = async (server: string) => {
    const kubeconfig = parse(kubernetes.kubeconfigYaml()) as { clusters: { name: string; cluster: object }[] }
    if (server !== kubernetes.url) {
      for (const entry of kubeconfig.clusters) entry.cluster = { server, 'insecure-skip-tls-verify': true }
    }
    const path = join(folder, `kubeconfig-${(files += 1)}.yaml`)
    await writeFile(path, stringify(kubeconfig), { mode: 0o600 })
    return path
  }
  const client = await openKubernetesClient({
    ...shared,
    kubeconfigPath: await kubeconfigFor(kubernetes.url),
    userAgent: 'test/1',
    metrics: createMetrics(),
  })
  for (const name of [operatorNamespace, userNamespace]) {
    await client.create(namespaceKind, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  }
  return {
    folder,
    client,
    kubernetesUrl: kubernetes.url,
    kubernetesCa: kubernetes.caPem,
    kubeconfigFor,
    webhookServiceUrl,
    webhookService: simulator.admin,
    caught: endpoint.received,
    async close() {
      await client.close()
      await simulator.close()
      await kubernetes.stop()
      for (const close of closers) await close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export const namespaceKind = { group: '', version: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false }
export const secretKind = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true }

/** A project at Google with a key, and the Secret that holds it. */
export async function giveApiKey(world: OperatorWorld, name = 'gemini-api-key'): Promise<void> {
  world.webhookService.createProject('project')
  const apiKey = world.webhookService.createApiKey('project')
  recordSecret(apiKey)
  await world.client.create(secretKind, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: userNamespace },
    stringData: { 'api-key': apiKey },
  } as never)
}

/** The data of a Secret, decoded; undefined when there is none. */
export async function readSecret(world: OperatorWorld, name: string): Promise<Record<string, string> | undefined> {
  const found = await world.client.get(secretKind, { namespace: userNamespace, name })
  if (found === undefined) return undefined
  const data = Object.entries((found as { data?: Record<string, string> }).data ?? {})
  return Object.fromEntries(data.map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]))
}
