import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

import { allCrds } from '../../../src/api/crd.ts'
import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import { apiVersion, geminiWebhookKind, kindName } from '../../../src/api/kind.ts'
import type { GeminiWebhookSpec } from '../../../src/api/spec.ts'
import type { Condition } from '../../../src/api/status.ts'
import { controllerSettings } from '../../../src/config/controller-config.ts'
import { parseSettings } from '../../../src/config/parse-settings.ts'
import { receiverSettings } from '../../../src/config/receiver-config.ts'
import type { ConfigOf, RoleSettings, SettingsTable } from '../../../src/config/setting.ts'
import { configMapKind, namespaceKind, secretKind, type Secret } from '../../../src/kubernetes/core-kinds.ts'
import type { KubernetesClient, KubernetesObject } from '../../../src/kubernetes/client.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { startController } from '../../../src/roles/controller.ts'
import { openCluster } from '../../../src/roles/open-cluster.ts'
import { startReceiver } from '../../../src/roles/receiver.ts'
import type { RoleDeps } from '../../../src/roles/process-deps.ts'
import { startKubernetesApi } from '../../../playground/kubernetes-api/server.ts'
import type { ApiChanges } from '../../../playground/webhook-service/api-changes.ts'
import { createWebhookServiceSimulator } from '../../../playground/webhook-service/simulator.ts'
import type { SwitchChanges } from '../../../playground/webhook-service/switches.ts'
import type { Sink } from '../../../src/sinks/port.ts'
import { FakeClock } from '../doubles/fake-clock.ts'
import { freezeMemories } from '../builders/frozen-memory.ts'
import { HttpTraffic } from '../measures/http-traffic.ts'
import { recordedLogger } from '../doubles/recorded-logger.ts'
import { recordSecret } from '../measures/run-record.ts'
import { mulberry32 } from '../builders/seeded-random.ts'

freezeMemories()

export const operatorNamespace = 'gemini-webhook-system'
export const tenant = 'ml'
export const publicHost = 'hooks.example.com'
/** What the roles' requests call themselves. */
export const controllerAgent = 'gwh-controller/'

/**
 * The roles as they ship, with the settings they ship with, between the embedded Kubernetes API and the simulated
 * WebhookService, over real sockets and on a clock that the test moves: a day takes seconds, and nothing is shortened.
 */
export async function startSimulatedOperator(
  t: TestContext,
  options: { switches?: SwitchChanges; apiChanges?: () => ApiChanges } = {},
) {
  const seed = Number(process.env['GWH_SEED'] ?? randomBytes(4).readUInt32BE())
  t.diagnostic(`GWH_SEED=${seed}`)
  const random = mulberry32(seed)
  const traffic = new HttpTraffic(t)
  const clock = new FakeClock('2026-11-21T12:00:00Z', () => traffic.settled())
  const deps = (part: string): RoleDeps => {
    const logger = recordedLogger(part)
    return { clock, random, logger, metrics: createMetrics(), version: '0.0.0', hostname: part }
  }
  const folder = mkdtempSync(join(tmpdir(), 'gwh-simulated-'))
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }))

  const token = randomBytes(16).toString('hex')
  const crds = allCrds()
  const kubernetes = await startKubernetesApi({ ...deps('kubernetes-api'), token, crds })
  t.after(() => kubernetes.stop())
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, kubernetes.kubeconfigYaml(), { mode: 0o600 })
  const unlimited = { kubernetesQps: 1e6, kubernetesBurst: 1e6 }
  const client = await openCluster({ kubeconfig, ...unlimited }, 'test', deps('test'))
  t.after(() => client.close())
  for (const name of [operatorNamespace, tenant]) await client.create(namespaceKind, { metadata: { name } })

  const simulator = createWebhookServiceSimulator({ ...deps('webhook-service'), switches: {}, ...options })
  const { admin } = simulator
  t.after(() => {
    for (const { secrets } of admin.webhooks()) for (const { secret } of secrets) recordSecret(secret)
    return simulator.close()
  })
  const { url: googleUrl } = await simulator.listen({ port: 0 })

  const world = { clock, traffic, client, admin, kubernetes, random, folder, kubeconfig, googleUrl, deps }
  return {
    ...world,
    ...createStarters(t, world),
    ...createVerbs(world, tenant),
    /** Somebody else, in a namespace of their own. */
    async addTenant(namespace: string) {
      await client.create(namespaceKind, { metadata: { name: namespace } })
      return createVerbs(world, namespace)
    },
  }
}

export type SimulatedOperator = Awaited<ReturnType<typeof startSimulatedOperator>>
/** What one tenant does and sees. */
export type TenantVerbs = ReturnType<typeof createVerbs>

interface World {
  clock: FakeClock
  client: KubernetesClient
  admin: ReturnType<typeof createWebhookServiceSimulator>['admin']
  folder: string
  kubeconfig: string
  googleUrl: string
  deps: (part: string) => RoleDeps
}

/** Takes everything and forgets it. */
const everythingArrives: Sink = {
  send: async () => ({ type: 'delivered', status: 204 }),
  close: async () => {},
}

/** The test's sink in the place of all that send; handing events on to routes is the receiver's own. */
function besideRoutes(real: Sink, sink: Sink): Sink {
  return {
    send: (delivery, signal) => (delivery.sink.destination.type === 'routes' ? real : sink).send(delivery, signal),
    close: async () => {
      await Promise.all([real.close(), sink.close()])
    },
  }
}

function createStarters(t: TestContext, { kubeconfig, folder, googleUrl, admin, clock, deps }: World) {
  const shared = [`--kubeconfig=${kubeconfig}`, '--health-host=127.0.0.1', '--health-port=0']

  return {
    /** `gwh controller`, alone unless the flags say otherwise. */
    async startController(flags: readonly string[] = ['--no-leader-election'], hostname = 'controller') {
      const own = [`--base-url=https://${publicHost}`, `--google-base-url=${googleUrl}`]
      const part = deps(hostname)
      const running = await startController(configOf(controllerSettings, [...shared, ...own, ...flags]), part)
      const stop = onceStopped(clock, () => running.stop())
      t.after(stop)
      return { stop, scrape: async () => (await part.metrics.expose()).text }
    },
    /** `gwh receiver`, to which the public host leads from now on. */
    async startReceiver(flags: readonly string[] = [], hostname = 'receiver-0', sink: Sink = everythingArrives) {
      const own = ['--host=127.0.0.1', '--port=0', '--admin-port=0', `--data-dir=${folder}`, '--drain=0s']
      const config = configOf(receiverSettings, [...shared, ...own, ...flags])
      const part = deps(hostname)
      const wrapSink = (real: Sink) => besideRoutes(real, sink)
      const running = await startReceiver(config, { ...part, wrapSink, gatherMs: 0 })
      const stop = onceStopped(clock, () => running.stop())
      t.after(stop)
      const url = `http://127.0.0.1:${running.port}`
      admin.setConnectTo({ [publicHost]: url })
      return { stop, url, inbox: running.inbox, scrape: async () => (await part.metrics.expose()).text }
    },
  }
}

/** Stopping waits for a while here and there, so time must go on. */
function onceStopped(clock: FakeClock, stop: () => Promise<void>): () => Promise<void> {
  let stopped: Promise<void> | undefined
  return () => (stopped ??= whileTimePasses(clock, stop()))
}

async function whileTimePasses(clock: FakeClock, work: Promise<void>): Promise<void> {
  const over = work.then(() => true)
  const passed = () => clock.advance({ ms: 100 }).then(() => false)
  while (!(await Promise.race([over, passed()])));
}

function configOf<Table extends SettingsTable>(role: RoleSettings<Table>, flags: readonly string[]): ConfigOf<Table> {
  const parsed = parseSettings(role, { flags, env: {} })
  if (parsed.type === 'config') return parsed.config
  throw new Error(`${role.role}: ${parsed.type === 'errors' ? parsed.errors.join('; ') : 'asked for help'}`)
}

/** Far more than anything here takes; simulated time. */
const patienceSeconds = 3_600

function createVerbs({ client, admin, clock }: World, namespace: string) {
  const get = (name: string) => client.get<GeminiWebhook>(geminiWebhookKind, { namespace, name })

  /** Lets time pass, a second at a time, until the probe holds. */
  async function until(what: string, probe: () => Promise<boolean> | boolean, withinSeconds = patienceSeconds) {
    for (let seconds = 0; seconds <= withinSeconds; seconds++) {
      if (await probe()) return
      await clock.advance({ seconds: 1 })
    }
    throw new Error(`not within ${withinSeconds} simulated seconds: ${what}`)
  }

  return {
    get,
    until,
    condition: async (name: string, type: string): Promise<Condition | undefined> =>
      (await get(name))?.status?.conditions?.find((condition) => condition.type === type),
    /** Until each object has the condition with this status. */
    async untilAll(names: readonly string[], type: string, status: string, withinSeconds = patienceSeconds) {
      const waiting = new Set(names)
      await until(
        `${type}=${status} of every object`,
        async () => {
          const { items } = await client.list<GeminiWebhook>(geminiWebhookKind, { namespace })
          for (const { metadata, status: { conditions = [] } = {} } of items) {
            if (conditions.some((one) => one.type === type && one.status === status)) waiting.delete(metadata.name)
          }
          return waiting.size === 0
        },
        withinSeconds,
      ).catch(async (error: unknown) => {
        const [first = ''] = waiting
        const { status: last } = (await get(first)) ?? {}
        throw new Error(`${[...waiting].join(', ')}; ${first}: ${JSON.stringify(last, null, 1)}`, { cause: error })
      })
    },
    apply: (name: string, spec: Partial<GeminiWebhookSpec> = {}, metadata: Partial<GeminiWebhook['metadata']> = {}) =>
      client.create<Pick<GeminiWebhook, 'spec'> & KubernetesObject>(geminiWebhookKind, {
        apiVersion,
        kind: kindName,
        metadata: { namespace, name, ...metadata },
        spec: { apiKeySecretRef: { name: 'gemini-api-key' }, events: ['batch.succeeded'], ...spec },
      }),
    patch: (name: string, body: unknown) =>
      client.patch<GeminiWebhook>(geminiWebhookKind, { namespace, name }, body, { type: 'merge' }),
    /** A Secret in the namespace. */
    putSecret: (
      name: string,
      data: Record<string, string>,
      { type, labels = {} }: { type?: string; labels?: Record<string, string> } = {},
    ) =>
      client.create<Secret>(secretKind, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { namespace, name, labels },
        data: mapValues(data, (value) => Buffer.from(value).toString('base64')),
        ...(type !== undefined && { type }),
      }),
    secret: (name: string) => client.get<Secret>(secretKind, { namespace, name }),
    /** A project of its own at Google, and its key in the Secret of this name. */
    async giveApiKey(project: string, secretName = 'gemini-api-key'): Promise<string> {
      admin.createProject(project)
      const apiKey = admin.createApiKey(project)
      recordSecret(apiKey)
      await this.putSecret(secretName, { 'api-key': apiKey })
      return apiKey
    },
    /**
     * By `kind/namespace/name`: the version of everything that the operator may write, with its status where it has
     * one.
     */
    versions: async (): Promise<Map<string, { resourceVersion: string | undefined; status: unknown }>> => {
      const kinds = [geminiWebhookKind, secretKind, configMapKind]
      const lists = await Promise.all(
        kinds.map((kind) => client.list<KubernetesObject & { status?: object }>(kind, {})),
      )
      return new Map(
        lists.flatMap(({ items }, index) =>
          items.map(({ metadata: { namespace: of = '', name, resourceVersion }, status }) => [
            `${kinds[index]?.kind ?? ''}/${of}/${name}`,
            { resourceVersion, status },
          ]),
        ),
      )
    },
  }
}

function mapValues(record: Record<string, string>, map: (value: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))
}
