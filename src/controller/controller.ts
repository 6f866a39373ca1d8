import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import type { Clock } from '../clock.ts'
import type { KubernetesClient, KubernetesObject, ObjectKey } from '../kubernetes/client.ts'
import { createControllerLoop } from '../kubernetes/controller-loop.ts'
import type { EventRecorder } from '../kubernetes/event-recorder.ts'
import type { ObjectChange } from '../kubernetes/reflector.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'
import { configProblems, type ControllerConfig } from './config.ts'
import type { WebhookContext } from './context.ts'
import { startHousekeeping } from './housekeeping.ts'
import { InstallationKeeper } from './installation-keeper.ts'
import { ConditionCensus } from './condition-census.ts'
import { createConditionGauges, createInstruments, exposeKeyringUse } from './instruments.ts'
import { KeyringWriter } from './keyring-writer.ts'
import type { ConfigMap, Secret } from './kinds.ts'
import { isAwaited } from './life-stage.ts'
import { exposeObjectMetrics, exposeSecretAge } from './object-metrics.ts'
import type { ProbeEndpoint } from './probe.ts'
import { foldReports, noteworthyChanges } from './receiver-reports.ts'
import { Recollections } from './recollection.ts'
import { reconcileWebhook } from './reconcile.ts'
import { byExternalId, bySecret, byUid, createReflectors } from './reflectors.ts'
import { RemoteObserver } from './remote-observer.ts'
import { ensureReportsConfigMap, exposeStranded, pruneReports } from './reports-config-map.ts'
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
  readonly #installation: InstallationKeeper
  #reports: ReturnType<typeof foldReports> = new Map()
  readonly #census: ConditionCensus
  #housekeeping: { stop(): Promise<void> } | undefined

  constructor(options: WebhookControllerOptions) {
    const { client, clock, random, logger, metrics, config, openWebhookService, recorder } = options
    this.#options = options
    this.#census = new ConditionCensus(createConditionGauges(metrics))
    exposeSecretAge(
      metrics,
      () => this.#all(),
      () => clock.now(),
    )
    if (config.objectMetrics)
      exposeObjectMetrics(
        metrics,
        () => this.#all(),
        () => clock.now(),
      )
    const machinery = { client, clock, random, logger, metrics }
    this.#reflectors = createReflectors(machinery, config, {
      onWebhook: (change) => this.#onWebhook(change),
      onSecret: (change) => this.#onSecret(change),
      onKeyring: (change) => this.#onKeyring(change),
      onReports: (change) => this.#onReports(change),
    })
    exposeStranded(this.#reflectors.reports.store, { config, clock, metrics })
    const keyring = new KeyringWriter({ client, namespace: config.namespace, clock, batchMs: config.keyringBatchMs })
    exposeKeyringUse(metrics, keyring)
    this.#installation = new InstallationKeeper({
      ...machinery,
      namespace: config.namespace,
      configuredId: config.installationId,
      webhooks: () => this.#all(),
      onConfirmed: () => this.#wakeAll(),
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
      keyring,
      observer: new RemoteObserver({ clock, maxAgeMs: resyncIntervalMs, credentialsRetryMs }),
      pool: new WebhookServicePool(openWebhookService),
      recollections: new Recollections(clock),
      installation: () => this.#installation.view,
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
      reconcile: (key, turn) => reconcileWebhook(key, { ...this.#ctx, ...turn }),
    })
  }

  async start(signal: AbortSignal): Promise<void> {
    const reflectors = Object.values(this.#reflectors)
    await ensureReportsConfigMap(this.#options)
    for (const reflector of reflectors) reflector.start()
    await Promise.all(reflectors.map((reflector) => reflector.whenSynced(signal)))
    await this.#installation.awaitFirst(signal)
    this.#loop.start(signal)
    this.#housekeeping = startHousekeeping({
      clock: this.#options.clock,
      config: this.#options.config,
      checkInstallation: () => this.#installation.check(),
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

  #onWebhook(change: ObjectChange<GeminiWebhook>): void {
    const { type, object } = change
    this.#census.observe(change)
    if (type === 'deleted') {
      this.#ctx.recollections.forget(object.metadata.uid)
      this.#wakeClaimants(object)
      return
    }
    // Our own status write says nothing new: the pass that made it has decided when to look again.
    if (this.#ctx.recollections.sawOwnWrite(object)) return
    this.#loop.enqueue(keyOf(object), { behind: type === 'added' && !isAwaited(object) })
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
    // The pass that wrote it has decided when to look again; others that name it have not.
    if (type !== 'deleted' && this.#ctx.secrets.sawOwnWrite(object) && concerned.length <= 1) return
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

  #warn(error: unknown, message: string): void {
    this.#options.logger.warn({ error: error instanceof Error ? error.message : '' }, message)
  }

  #wakeAll(): void {
    for (const webhook of this.#all()) this.#loop.enqueue(keyOf(webhook))
  }

  #all(): GeminiWebhook[] {
    return this.#reflectors.webhooks.store.list()
  }

  /** Only with a full view of the objects: a partial one would take keys from the living. */
  async #sweep(): Promise<void> {
    await pruneReports(this.#reflectors.reports.store, this.#options)
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

function keyOf({ metadata }: GeminiWebhook): ObjectKey {
  return { namespace: metadata.namespace, name: metadata.name }
}
