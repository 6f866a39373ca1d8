import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import { managedByLabel, managedByValue } from '../api/names.ts'
import { sleep, type Clock } from '../clock.ts'
import { isConflict, type KubernetesClient, type KubernetesObject, type ObjectKey } from '../kubernetes/client.ts'
import { createControllerLoop } from '../kubernetes/controller-loop.ts'
import type { EventRecorder } from '../kubernetes/event-recorder.ts'
import type { ObjectChange } from '../kubernetes/reflector.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'
import { reportsConfigMapName } from '../reports/report.ts'
import { configProblems, type ControllerConfig } from './config.ts'
import type { WebhookContext } from './context.ts'
import { startHousekeeping } from './housekeeping.ts'
import { loadInstallation } from './installation.ts'
import { ConditionCensus } from './condition-census.ts'
import { createConditionGauge, createInstruments, createSecretAgeGauge } from './instruments.ts'
import { KeyringWriter } from './keyring-writer.ts'
import { configMapKind, type ConfigMap, type Secret } from './kinds.ts'
import type { InstallationView } from './observed.ts'
import type { ProbeEndpoint } from './probe.ts'
import { randomHex } from './random-id.ts'
import { foldReports, noteworthyChanges, staleReports } from './receiver-reports.ts'
import { Recollections } from './recollection.ts'
import { reconcileWebhook } from './reconcile.ts'
import { byExternalId, bySecret, byUid, createReflectors } from './reflectors.ts'
import { RemoteObserver } from './remote-observer.ts'
import { Rollouts } from './rollouts.ts'
import { SecretReader } from './secret-reader.ts'
import { WebhookServicePool, type OpenWebhookService } from './webhook-service-pool.ts'

export interface WebhookControllerOptions {
  client: KubernetesClient
  /** Gives each API key its own call budget; called once per key. */
  openWebhookService: OpenWebhookService
  config: ControllerConfig
  clock: Clock
  random: () => number
  logger: Logger
  metrics: Metrics
  recorder: Pick<EventRecorder, 'record'>
  /** Tells whether an endpoint is well before a webhook that Google disabled is enabled again, and why a check failed. */
  probe: ProbeEndpoint
}

export interface WebhookController {
  /** Resolves when the caches have synced and the workers run. When `signal` aborts, no further object is taken up. Once only. */
  start(signal: AbortSignal): Promise<void>
  /** Resolves when what was in work has ended: a call to Google under way and the Secret write after it are finished first. */
  stop(): Promise<void>
  /** Whether every watch has had its first list. */
  hasSynced(): boolean
  /** Since the API server was last heard on the quietest watch, milliseconds. */
  idleMs(): number
}

const installationIdDigits = 16
const installationRetryMs = 2_000
/** A list is used for a little less than a resync, so that every resync of an object meets a fresh one. */
const listAgeShare = 0.8

/** Builds the controller; nothing runs and nothing is called before `start`. Throws on a configuration that contradicts itself. */
export function createWebhookController(options: WebhookControllerOptions): WebhookController {
  const problems = configProblems(options.config)
  if (problems.length > 0) throw new RangeError(`controller configuration: ${problems.join('; ')}`)
  return new RunningController(options)
}

class RunningController implements WebhookController {
  readonly #options: WebhookControllerOptions
  readonly #ctx: WebhookContext
  readonly #reflectors: ReturnType<typeof createReflectors>
  readonly #loop: ReturnType<typeof createControllerLoop>
  #installation: InstallationView = { state: 'unconfirmed', message: 'the installation was not looked up yet' }
  #reports: ReturnType<typeof foldReports> = new Map()
  readonly #census: ConditionCensus
  #housekeeping: { stop(): Promise<void> } | undefined

  constructor(options: WebhookControllerOptions) {
    const { client, clock, random, logger, metrics, config, openWebhookService, recorder } = options
    this.#options = options
    this.#census = new ConditionCensus(createConditionGauge(metrics))
    createSecretAgeGauge(metrics, () => oldestSecretAgeMs(this.#all(), clock.now()))
    const machinery = { client, clock, random, logger, metrics }
    this.#reflectors = createReflectors(machinery, config, {
      onWebhook: (change) => this.#onWebhook(change),
      onSecret: (change) => this.#onSecret(change),
      onKeyring: (change) => this.#onKeyring(change),
      onReports: (change) => this.#onReports(change),
    })
    const { resyncIntervalMs, credentialsRetryMs } = config
    this.#ctx = {
      client,
      clock,
      random,
      config,
      logger,
      recorder,
      instruments: createInstruments(metrics),
      webhooks: this.#reflectors.webhooks.store,
      secrets: new SecretReader(client, this.#reflectors.secrets.store),
      keyring: new KeyringWriter({ client, namespace: config.namespace, clock, batchMs: config.keyringBatchMs }),
      observer: new RemoteObserver({ clock, maxAgeMs: resyncIntervalMs * listAgeShare, credentialsRetryMs }),
      pool: new WebhookServicePool(openWebhookService),
      recollections: new Recollections(clock),
      installation: () => this.#installation,
      probe: options.probe,
      rollouts: new Rollouts({ clock, config, webhooks: this.#reflectors.webhooks.store }),
      reportOf: (uid) => this.#reports.get(uid),
    }
    this.#loop = createControllerLoop({
      name: 'webhooks',
      workers: config.workers,
      clock,
      random,
      logger,
      metrics,
      reconcile: (key) => reconcileWebhook(key, this.#ctx),
    })
  }

  async start(signal: AbortSignal): Promise<void> {
    const reflectors = Object.values(this.#reflectors)
    await ensureReportsConfigMap(this.#options)
    for (const reflector of reflectors) reflector.start()
    await Promise.all(reflectors.map((reflector) => reflector.whenSynced(signal)))
    await this.#awaitInstallation(signal)
    this.#loop.start(signal)
    this.#housekeeping = startHousekeeping({
      clock: this.#options.clock,
      config: this.#options.config,
      checkInstallation: () => this.#checkInstallation(),
      sweep: () => this.#sweep(),
      onError: (error) => this.#warn(error, 'housekeeping.failed'),
    })
  }

  async stop(): Promise<void> {
    await this.#loop.stop()
    await this.#housekeeping?.stop()
    await Promise.all(Object.values(this.#reflectors).map((reflector) => reflector.stop()))
  }

  hasSynced(): boolean {
    return Object.values(this.#reflectors).every((reflector) => reflector.unsynced().length === 0)
  }

  idleMs(): number {
    return Math.max(...Object.values(this.#reflectors).map((reflector) => reflector.idleMs()))
  }

  #onWebhook({ type, object }: ObjectChange<GeminiWebhook>): void {
    if (type === 'deleted') {
      this.#census.forget(object.metadata.uid)
      this.#ctx.recollections.forget(object.metadata.uid)
      this.#wakeClaimants(object)
      return
    }
    this.#census.observe(object)
    // Our own status write says nothing new: the pass that made it has decided when to look again.
    const { written } = this.#ctx.recollections.of(object.metadata.uid)
    if (written?.metadata.resourceVersion !== object.metadata.resourceVersion) this.#loop.enqueue(keyOf(object))
  }

  /** The next in line for a webhook need not wait for its resync. */
  #wakeClaimants({ spec: { externalID } }: GeminiWebhook): void {
    if (externalID === undefined) return
    for (const webhook of this.#reflectors.webhooks.store.byIndex(byExternalId, externalID))
      this.#loop.enqueue(keyOf(webhook))
  }

  #onSecret({ type, object }: ObjectChange<KubernetesObject>): void {
    const { namespace = '', name } = object.metadata
    if (type === 'deleted') this.#ctx.secrets.forget({ namespace, name })
    const concerned = this.#reflectors.webhooks.store.byIndex(bySecret, `${namespace}/${name}`)
    for (const webhook of concerned) this.#loop.enqueue(keyOf(webhook))
  }

  #onKeyring({ type, object }: ObjectChange<Secret>): void {
    const changed = this.#ctx.keyring.observe(object.metadata.name, type === 'deleted' ? undefined : object)
    this.#wake(changed)
  }

  #onReports({ type, object }: ObjectChange<ConfigMap>): void {
    const before = this.#reports
    this.#reports = foldReports(type === 'deleted' ? undefined : object)
    this.#wake(noteworthyChanges(before, this.#reports))
  }

  #wake(uids: readonly string[]): void {
    for (const uid of uids) {
      for (const webhook of this.#reflectors.webhooks.store.byIndex(byUid, uid)) this.#loop.enqueue(keyOf(webhook))
    }
  }

  /** An API server that does not answer is no reason to take this cluster for a clone. */
  async #awaitInstallation(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#checkInstallation()
        return
      } catch (error) {
        this.#warn(error, 'installation.unreadable')
        await sleep(this.#options.clock, installationRetryMs, signal)
      }
    }
  }

  #warn(error: unknown, message: string): void {
    this.#options.logger.warn({ error: error instanceof Error ? error.message : '' }, message)
  }

  async #checkInstallation(): Promise<boolean> {
    const { client, config, random, logger } = this.#options
    const before = this.#installation
    this.#installation = await loadInstallation({
      client,
      namespace: config.namespace,
      configuredId: config.installationId,
      mintId: () => randomHex(installationIdDigits, random),
      idsInUse: () => this.#idsInUse(),
    })
    if (this.#installation.state === 'unconfirmed') {
      logger.warn({ why: this.#installation.message }, 'installation.unconfirmed')
      return false
    }
    if (before.state === 'unconfirmed') for (const webhook of this.#all()) this.#loop.enqueue(keyOf(webhook))
    return true
  }

  #idsInUse(): Set<string> {
    return new Set(this.#all().flatMap(({ status }) => status?.installationID ?? []))
  }

  #all(): GeminiWebhook[] {
    return this.#reflectors.webhooks.store.list()
  }

  /** Receivers that are gone cannot remove their reports themselves, and pods are none of our business: their silence tells. */
  async #pruneReports(): Promise<void> {
    const { client, config, clock, logger } = this.#options
    const key = { namespace: config.namespace, name: reportsConfigMapName }
    const stale = staleReports(this.#reflectors.reports.store.get(key), clock.now())
    if (stale.length === 0) return
    const data = Object.fromEntries(stale.map((pod) => [pod, null]))
    await client.patch<ConfigMap>(configMapKind, key, { data }, { type: 'merge' })
    logger.info({ receivers: stale }, 'reports.pruned')
  }

  /** Only with a full view of the objects: a partial one would take keys from the living. */
  async #sweep(): Promise<void> {
    await this.#pruneReports()
    const { keyring, recollections, pool, observer } = this.#ctx
    // A key that only status still names is needed too: to delete in the project that an object has left.
    const remembered = this.#all().flatMap(({ status }) => status?.webhook?.keyFingerprint ?? [])
    const inUse = new Set([...recollections.fingerprintsInUse(), ...remembered])
    pool.prune(inUse)
    observer.prune(inUse)
    const { webhooks } = this.#reflectors
    if (!webhooks.hasSynced() || this.#options.config.watchNamespaces !== undefined) return
    await keyring.prune((uid) => webhooks.store.byIndex(byUid, uid).length > 0)
  }
}

function oldestSecretAgeMs(webhooks: GeminiWebhook[], nowMs: number): number {
  const times = webhooks
    .flatMap(({ status }) => status?.rotation?.lastRotationTime ?? [])
    .map((time) => Date.parse(time))
  return times.reduce((oldestMs, timeMs) => Math.max(oldestMs, nowMs - timeMs), 0)
}

/** Receivers only patch it: the right to create could not be bound to a name. */
async function ensureReportsConfigMap({ client, config }: WebhookControllerOptions): Promise<void> {
  const key = { namespace: config.namespace, name: reportsConfigMapName }
  if ((await client.get<ConfigMap>(configMapKind, key)) !== undefined) return
  const metadata = { ...key, labels: { [managedByLabel]: managedByValue } }
  try {
    await client.create<ConfigMap>(configMapKind, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: {} })
  } catch (error) {
    if (!isConflict(error)) throw error
  }
}

function keyOf({ metadata }: GeminiWebhook): ObjectKey {
  return { namespace: metadata.namespace, name: metadata.name }
}
