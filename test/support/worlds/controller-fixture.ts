import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

import { Webhook } from 'standardwebhooks'
import { parse } from 'yaml'

import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import { apiVersion, geminiWebhookKind, kindName } from '../../../src/api/kind.ts'
import { isDocumented } from '../../../src/api/reasons.ts'
import type { GeminiWebhookSpec } from '../../../src/api/spec.ts'
import type { Condition } from '../../../src/api/status.ts'
import { systemClock } from '../../../src/clock.ts'
import type { WorkingConfig } from '../../../src/controller/config.ts'
import { shippedConfig } from '../builders/shipped-config.ts'
import { createWebhookController, type WebhookController } from '../../../src/controller/controller.ts'
import type { EventTarget, SentEvent } from '../../../src/controller/backfill/send-event.ts'
import type { SeenBatch } from '../../../src/controller/backfill/seen-batches.ts'
import type { ProbeOutcome } from '../../../src/controller/facts/probe.ts'
import {
  configMapKind,
  namespaceKind,
  secretKind,
  type ConfigMap,
  type Secret,
} from '../../../src/kubernetes/core-kinds.ts'
import { createWebhookServiceOpener } from '../../../src/gemini/webhook-service-opener.ts'
import { keyringEntrySchema, type KeyringEntry } from '../../../src/contract/keyring/entry.ts'
import { keyringSecretNameFor } from '../../../src/contract/keyring/shard.ts'
import { type KubernetesClient, type ResourceKind } from '../../../src/kubernetes/client.ts'
import type { NewKubernetesEvent } from '../../../src/kubernetes/event-recorder.ts'
import { openKubernetesClient } from '../../../src/kubernetes/open-client.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { slotName } from '../../../src/contract/receiver-report/slots.ts'
import { startKubernetesApi } from '../../../playground/kubernetes-api/server.ts'
import type { SwitchChanges } from '../../../playground/webhook-service/switches.ts'
import { crdPath, routeCrdPath } from '../../../tools/generate-crds.ts'
import { eventually } from '../measures/eventually.ts'
import { freezeMemories } from '../builders/frozen-memory.ts'
import { recordedLogger } from '../doubles/recorded-logger.ts'
import { startSimulator, type Received } from './simulator.ts'

freezeMemories()

export const home = 'gemini-webhook-system'
export const tenant = 'ml'
export const baseUrl = 'https://hooks.example.com'
export const apiKeySecretName = 'gemini-api-key'

/** Short enough for a test on the real clock, in the proportions of the defaults. */
const shortTimes = {
  callTimeoutMs: 400,
  settleExtraMs: 400,
  confirmIntervalMs: 300,
  receiverSeenWaitMs: 30,
  resyncIntervalMs: 1000,
  // Longer than a busy machine takes: what loses pings on purpose sets less.
  pingRepeatMs: 5_000,
  credentialsRetryMs: 500,
  releaseAfterMs: 600,
  keyringBatchMs: 5,
  reportRestMs: 20,
  routesToldMs: 20,
  backfillFirstMs: 50,
  backfillRestMs: 20,
} as const

/**
 * What stands between a test and a client: sees every write before and after it is made, and every dry run. May throw,
 * which is how a crash is played.
 */
export type WriteHook = (
  moment: 'before' | 'after' | 'rehearsed',
  call: string,
  subject?: WriteSubject,
) => void | Promise<void>

/** The object that a write to Kubernetes is about. */
export interface WriteSubject {
  namespace: string
  name: string
}

const unhooked: WriteHook = () => {}

/**
 * The real controller, in process, against the embedded Kubernetes API and the simulated WebhookService, with a double
 * of the receiver.
 */
export async function startControllerFixture(
  t: Pick<TestContext, 'after'>,
  options: {
    config?: Partial<WorkingConfig>
    switches?: SwitchChanges
    receiver?: 'answers' | 'silent'
    /** Another API server than an embedded one of its own; the CRD is there already. */
    kubeconfigPath?: string
    /** As whom the controller runs there, once its ServiceAccount exists; the test itself stays the administrator. */
    controllerKubeconfig?: () => Promise<string>
    /** What becomes of the CRD before it is served, e.g. an older one. */
    editCrd?: (crd: string) => string
    /** The service of another fixture: two clusters that use one project. */
    service?: Service
  } = {},
) {
  const world = await startWorld(t, options)
  const receiver = { mode: options.receiver ?? 'answers' }
  const doubling = startReceiverDouble(world, () => receiver.mode === 'answers')
  t.after(() => doubling.stop())
  const events: NewKubernetesEvent[] = []
  const probe: ProbeDouble = { outcome: { healthy: true }, targets: [] }
  const backfill: BackfillDouble = { sent: [], answer: () => ({ state: 'stored' }) }
  const controllers: Running[] = []
  t.after(() => Promise.all(controllers.map((running) => running.stop())))

  async function startController(hook: WriteHook = unhooked, death?: AbortSignal): Promise<Running> {
    const running = await startOne(world, {
      hook,
      death,
      events,
      probe,
      backfill,
      config: options.config ?? {},
      kubeconfigPath: (await options.controllerKubeconfig?.()) ?? world.kubeconfigPath,
    })
    controllers.push(running)
    return running
  }

  /** Another installation in the same cluster: in a namespace of its own, with settings of its own. */
  async function startInstallation(config: Partial<WorkingConfig> & { namespace: string }): Promise<Running> {
    const metadata = { name: config.namespace }
    await world.client.create(namespaceKind, { apiVersion: 'v1', kind: 'Namespace', metadata })
    const { kubeconfigPath } = world
    const running = await startOne(world, {
      hook: unhooked,
      death: undefined,
      events: [],
      probe,
      backfill,
      config,
      kubeconfigPath,
    })
    controllers.push(running)
    return running
  }

  return { ...world, events, receiver, probe, backfill, startController, startInstallation, ...createVerbs(world) }
}

type Service = Pick<Awaited<ReturnType<typeof startSimulator>>, 'url' | 'admin' | 'apiKey' | 'endpoint'>

async function startWorld(
  t: Pick<TestContext, 'after'>,
  options: {
    switches?: SwitchChanges
    kubeconfigPath?: string
    editCrd?: (crd: string) => string
    service?: Service
  },
) {
  const { switches } = options
  const service =
    options.service ?? (await startSimulator(t, { ...(switches !== undefined && { switches }), random: Math.random }))
  const kubeconfigPath = options.kubeconfigPath ?? (await startEmbedded(t, options.editCrd))
  const client = await openClient(kubeconfigPath)
  t.after(() => client.close())
  for (const name of [home, tenant]) {
    await client.create(namespaceKind, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  }
  const { url, admin, apiKey, endpoint } = service
  return { url, admin, apiKey, endpoint, client, kubeconfigPath }
}

async function startEmbedded(t: Pick<TestContext, 'after'>, editCrd = (crd: string) => crd): Promise<string> {
  const token = randomBytes(16).toString('hex')
  const texts = [editCrd(readFileSync(crdPath, 'utf8')), readFileSync(routeCrdPath, 'utf8')]
  const crds = texts.map((text) => parse(text) as object)
  const api = await startKubernetesApi({
    clock: systemClock,
    random: Math.random,
    logger: recordedLogger('kubernetes-api'),
    token,
    crds,
  })
  t.after(() => api.stop())
  const folder = mkdtempSync(join(tmpdir(), 'gwh-controller-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const kubeconfigPath = join(folder, 'kubeconfig')
  writeFileSync(kubeconfigPath, api.kubeconfigYaml(), { mode: 0o600 })
  return kubeconfigPath
}

type World = Awaited<ReturnType<typeof startWorld>>

function openClient(kubeconfigPath: string): Promise<KubernetesClient> {
  return openKubernetesClient({
    kubeconfigPath,
    userAgent: 'controller-test/1',
    clock: systemClock,
    random: Math.random,
    logger: recordedLogger('controller'),
    metrics: createMetrics(),
    qps: 2000,
    burst: 2000,
  })
}

/** What requests of the controller's own to public URLs show, and which were made. */
interface ProbeDouble {
  outcome: ProbeOutcome
  targets: { url: string; secret: string }[]
}

/** What the receivers answer to events of the backfill, and which they were sent. */
interface BackfillDouble {
  answer: (batch: SeenBatch, target: EventTarget) => SentEvent
  sent: { batch: SeenBatch; target: EventTarget }[]
}

interface Running {
  controller: WebhookController
  /** What a scrape would see. */
  scrape(): Promise<string>
  stop(): Promise<void>
}

async function startOne(
  world: World,
  {
    hook,
    death,
    events,
    probe,
    backfill,
    config,
    kubeconfigPath,
  }: {
    hook: WriteHook
    /** Ends a start that is still under way, too. */
    death: AbortSignal | undefined
    events: NewKubernetesEvent[]
    probe: ProbeDouble
    backfill: BackfillDouble
    config: Partial<WorkingConfig>
    kubeconfigPath: string
  },
): Promise<Running> {
  const client = await openClient(kubeconfigPath)
  const metrics = createMetrics()
  const complete = { ...shippedConfig, ...shortTimes, namespace: home, baseUrl, ...config }
  const open = createWebhookServiceOpener({
    baseUrl: world.url,
    timeoutMs: complete.callTimeoutMs,
    budget: { callsPerSecond: 500, burst: 500 },
    clock: systemClock,
    metrics,
  })
  const controller = createWebhookController({
    client: hooked(client, hook),
    openWebhookService: (credentials) => hooked(open(credentials), hook),
    shareBudget: open.shareBudget,
    config: complete,
    clock: systemClock,
    random: Math.random,
    logger: recordedLogger('controller'),
    metrics,
    recorder: { record: (event) => void events.push(event) },
    probe: async (target) => {
      probe.targets.push(target)
      return probe.outcome
    },
    sendBackfill: async (batch, target) => {
      backfill.sent.push({ batch, target })
      return backfill.answer(batch, target)
    },
  })
  const stopping = new AbortController()
  death?.addEventListener('abort', () => stopping.abort(), { once: true })
  await controller.start(stopping.signal).catch((error: unknown) => {
    if (death?.aborted !== true) throw error
  })
  let stopped: Promise<void> | undefined
  return {
    controller,
    scrape: async () => (await metrics.expose()).text,
    stop() {
      stopping.abort()
      stopped ??= controller.stop().then(() => client.close())
      return stopped
    },
  }
}

const writes = new Set([
  'create',
  'replace',
  'replaceStatus',
  'patch',
  'delete',
  'update',
  'rotateSigningSecret',
  'ping',
])

/** The same object, with the hook called around each of its writes. */
export function hooked<T extends object>(target: T, hook: WriteHook): T {
  return new Proxy(target, {
    get(inner, name, receiver) {
      const value: unknown = Reflect.get(inner, name, receiver)
      if (typeof value !== 'function' || typeof name !== 'string') return value
      const method = value.bind(inner) as (...args: unknown[]) => unknown
      // A service for one caller, and its writes are writes too.
      if (name === 'as') return (...args: unknown[]) => hooked(method(...args) as object, hook)
      if (!writes.has(name)) return method
      return async (...args: unknown[]) => {
        const [subject] = args
        const rehearsal = args.some((arg) => (arg as { dryRun?: boolean } | undefined)?.dryRun === true)
        const call = `${name} ${isKind(subject) ? subject.kind : 'webhook at Google'}`
        const target = isKind(subject) ? subjectOf(args[1]) : undefined
        await hook(rehearsal ? 'rehearsed' : 'before', call, target)
        const answer = await method(...args)
        if (!rehearsal) await hook('after', call, target)
        return answer
      }
    },
  })
}

type Named = Omit<WriteSubject, 'namespace'> & { namespace?: string }

/** An object, or the key of one. */
function subjectOf(argument: unknown): WriteSubject {
  const { metadata, ...key } = argument as Named & { metadata?: Named }
  const { namespace = '', name } = metadata ?? key
  return { namespace, name }
}

function isKind(subject: unknown): subject is ResourceKind {
  return typeof subject === 'object' && subject !== null && 'plural' in subject
}

/**
 * Verifies what arrives against the keyring, as receivers do, and reports the open check; polls what the endpoint got.
 */
function startReceiverDouble(world: World, answers: () => boolean): { stop(): Promise<void> } {
  let seen = 0
  const stopping = new AbortController()
  const loop = (async () => {
    while (!stopping.signal.aborted) {
      const next = world.endpoint.received[seen]
      if (next === undefined) {
        await new Promise((resolve) => setTimeout(resolve, 10))
        continue
      }
      seen += 1
      if (answers()) await report(world, next).catch(() => undefined)
    }
  })()
  return {
    async stop() {
      stopping.abort()
      await loop
    },
  }
}

async function report({ client }: World, { path, headers, body }: Received): Promise<void> {
  const [namespace = '', name = ''] = path.replace('/v1/s/', '').split('/')
  const webhook = await client.get<GeminiWebhook>(geminiWebhookKind, { namespace, name })
  const attemptID = webhook?.status?.check?.attemptID
  if (webhook === undefined || attemptID === undefined) return
  const entry = await readKeyringEntry(client, webhook.metadata.uid)
  const keyID = entry?.secrets.find(({ secret }) => verifies(secret, headers, body))?.keyId
  if (keyID === undefined) return
  const value = { endpoints: { [webhook.metadata.uid]: { check: { attemptID, keyID }, pending: 0 } } }
  const patch = { data: { [`double-${name}`]: JSON.stringify(value) } }
  await client.patch<ConfigMap>(configMapKind, { namespace: home, name: slotName(15) }, patch, {
    type: 'merge',
  })
}

export function verifies(secret: string, headers: Received['headers'], body: Buffer): boolean {
  try {
    new Webhook(padded(secret)).verify(body.toString('utf8'), headers as Record<string, string>)
    return true
  } catch {
    return false
  }
}

/** The library takes only base64 that is padded; the service may leave the padding out. */
function padded(secret: string): string {
  const [prefix = '', base64 = ''] = secret.split(/(?<=^whsec_)/)
  return prefix + base64.padEnd(Math.ceil(base64.length / 4) * 4, '=')
}

export async function readKeyringEntry(client: KubernetesClient, uid: string): Promise<KeyringEntry | undefined> {
  const shard = await client.get<Secret>(secretKind, { namespace: home, name: keyringSecretNameFor(uid) })
  const base64 = shard?.data?.[uid]
  return base64 === undefined ? undefined : keyringEntrySchema.parse(JSON.parse(decode(base64)))
}

export function decode(base64: string | undefined): string {
  return Buffer.from(base64 ?? '', 'base64').toString('utf8')
}

function conditionOf(webhook: GeminiWebhook | undefined, type: string): Condition | undefined {
  return webhook?.status?.conditions?.find((condition) => condition.type === type)
}

function createVerbs(world: World) {
  const { client, admin, apiKey } = world
  const get = (name: string) => client.get<GeminiWebhook>(geminiWebhookKind, { namespace: tenant, name })

  return {
    get,
    conditionOf,
    async putApiKey(value = apiKey, name = apiKeySecretName): Promise<void> {
      const key = { namespace: tenant, name }
      const data = { 'api-key': Buffer.from(value).toString('base64') }
      const existing = await client.get<Secret>(secretKind, key)
      if (existing === undefined) {
        await client.create<Secret>(secretKind, { apiVersion: 'v1', kind: 'Secret', metadata: key, data })
      } else {
        await client.replace<Secret>(secretKind, { ...existing, data })
      }
    },
    apply(name: string, spec: Partial<GeminiWebhookSpec> = {}): Promise<GeminiWebhook> {
      return client.create<GeminiWebhook>(geminiWebhookKind, {
        apiVersion,
        kind: kindName,
        metadata: { namespace: tenant, name } as GeminiWebhook['metadata'],
        spec: { apiKeySecretRef: { name: apiKeySecretName }, events: ['batch.succeeded'], ...spec },
      })
    },
    patch(name: string, body: unknown): Promise<GeminiWebhook> {
      return client.patch<GeminiWebhook>(geminiWebhookKind, { namespace: tenant, name }, body, { type: 'merge' })
    },
    /** Says that this installation replaces the one of that token. */
    async confirmToken(token: string): Promise<void> {
      const key = { namespace: home, name: 'gwh-installation' }
      await client.patch<ConfigMap>(configMapKind, key, { data: { formerTokens: token } }, { type: 'merge' })
    },
    async remove(name: string): Promise<void> {
      await client.delete(geminiWebhookKind, { namespace: tenant, name })
    },
    targetSecret: (name: string) =>
      client.get<Secret>(secretKind, { namespace: tenant, name: `${name}-signing-secret` }),
    keyringEntry: (uid: string) => readKeyringEntry(client, uid),
    /** Waits for a condition; fails with the whole status, and on any condition that the reference does not know. */
    async untilCondition(name: string, type: string, wanted: { status?: string; reason?: string }) {
      let last: GeminiWebhook | undefined
      return eventually(
        `${name}: ${type} ${JSON.stringify(wanted)}`,
        async () => {
          last = await get(name)
          for (const condition of last?.status?.conditions ?? []) {
            if (!isDocumented(condition)) throw new Error(`undocumented condition ${JSON.stringify(condition)}`)
          }
          const condition = conditionOf(last, type)
          const holds =
            condition !== undefined &&
            (wanted.status === undefined || condition.status === wanted.status) &&
            (wanted.reason === undefined || condition.reason === wanted.reason)
          return holds && last
        },
        { timeoutMs: 40_000, intervalMs: 20 },
      ).catch((error: unknown) => {
        throw new Error(
          `${name}: ${type} never ${JSON.stringify(wanted)}; status ${JSON.stringify(last?.status, null, 1)}`,
          {
            cause: error,
          },
        )
      })
    },
    untilGone: (name: string) =>
      eventually(`${name} is gone`, async () => (await get(name)) === undefined, { timeoutMs: 40_000, intervalMs: 20 }),
    remotes: () => admin.webhooks(),
    calls: () => admin.calls(),
    /** A delivery signed by the service now must verify with what the Secret holds. */
    async secretVerifiesNextDelivery(name: string): Promise<boolean> {
      const secret = await client.get<Secret>(secretKind, { namespace: tenant, name: `${name}-signing-secret` })
      const webhook = await get(name)
      const held = decode(secret?.data?.['signing-secrets']).split(' ')
      const id = webhook?.status?.webhook?.id
      if (id === undefined) return false
      return admin.secrets(id).some((live) => live.expireMs === undefined && held.includes(live.secret))
    },
  }
}
