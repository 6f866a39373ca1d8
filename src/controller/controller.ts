import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import type { Clock } from '../clock.ts'
import type { KubernetesClient, KubernetesObject, ObjectKey } from '../kubernetes/client.ts'
import { createControllerLoop } from '../kubernetes/controller-loop.ts'
import type { EventRecorder } from '../kubernetes/event-recorder.ts'
import type { ObjectChange } from '../kubernetes/reflector.ts'
import { boundLines } from '../observability/bounded-lines.ts'
import type { AddOptions } from '../kubernetes/workqueue.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'
import type { WorkingConfig } from './config.ts'
import { ownerOfObject } from './installation/object-owner.ts'
import type { WebhookContext } from './observe/context.ts'
import { viewEndpoint } from './facts/endpoint-view.ts'
import { FailedCall, stopping } from './facts/failure-class.ts'
import { gateReads } from './observe/gate-reads.ts'
import { startHousekeeping } from './housekeeping.ts'
import { InstallationKeeper } from './installation/installation-keeper.ts'
import { ConditionCensus } from './metrics/condition-census.ts'
import {
  createConditionGauges,
  createInstruments,
  exposeKeyringUse,
  exposeLeftObjects,
  exposeStranded,
} from './metrics/instruments.ts'
import { KeyringWriter } from './keyring/keyring-writer.ts'
import type { ConfigMap, Secret } from '../kubernetes/core-kinds.ts'
import { isAwaited, isDeleting } from './facts/life-stage.ts'
import { exposeObjectMetrics, exposeSecretAge, exposeSinkMetrics } from './metrics/object-metrics.ts'
import { probeInTurn } from './observe/probe-in-turn.ts'
import type { ProbeEndpoint } from './facts/probe.ts'
import { Recollections } from './memory/recollection.ts'
import { reconcileWebhook } from './reconcile.ts'
import { createReflectors, createServiceReflectors } from './reflectors.ts'
import { byExternalId, bySecret, byService, byUid } from './facts/indices.ts'
import { RemoteObserver } from './observe/remote-observer.ts'
import { ReportDesk } from './reports/report-desk.ts'
import { ReportKeeper } from './reports/report-keeper.ts'
import { ReportReader } from './reports/report-reader.ts'
import { ReportShelf } from './reports/report-shelf.ts'
import { Rollouts } from './observe/rollouts.ts'
import { SecretReader } from './observe/secret-reader.ts'
import { isUrgent } from './facts/urgency.ts'
import { WebhookServicePool, type OpenWebhookService } from './observe/webhook-service-pool.ts'

export interface WebhookControllerOptions {
  client: KubernetesClient
  /** Gives each API key its own call budget; called whenever a key comes into use. */
  openWebhookService: OpenWebhookService
  config: WorkingConfig
  clock: Clock
  random: () => number
  logger: Logger
  metrics: Metrics
  recorder: Pick<EventRecorder, 'record'>
  /** Tests whether an endpoint works before a webhook that Google disabled is enabled again, and why a check failed. */
  probe: ProbeEndpoint
}

export interface WebhookController {
  /**
   * Resolves when the caches have synced and the workers run. When `signal` aborts, no further object is taken up. Once
   * only.
   */
  start(signal: AbortSignal): Promise<void>
  /**
   * Resolves when the passes under way have ended: a call to Google under way and the Secret write after it are
   * finished first.
   */
  stop(): Promise<void>
  /** Whether every watch has had its first list, those of Services excepted. */
  hasSynced(): boolean
}

/** Builds the controller; nothing runs and nothing is called before `start`. */
export function createWebhookController(options: WebhookControllerOptions): WebhookController {
  return new RunningController(options)
}

class RunningController implements WebhookController {
  readonly #options: WebhookControllerOptions
  readonly #ctx: WebhookContext
  readonly #reflectors: ReturnType<typeof createReflectors>
  /** Apart: nothing waits for these, whose rights may be missing. */
  readonly #serviceReflectors: ReturnType<typeof createServiceReflectors>
  readonly #loop: ReturnType<typeof createControllerLoop>
  readonly #installation: InstallationKeeper
  readonly #desk: ReportDesk
  readonly #reader: ReportReader
  readonly #reports: ReportKeeper
  readonly #census: ConditionCensus
  #isWorking = false
  #housekeeping: { stop(): Promise<void> } | undefined

  constructor(options: WebhookControllerOptions) {
    const { client, clock, random, metrics, config, openWebhookService, recorder } = options
    const logger = boundLines(options.logger, clock)
    this.#options = options
    this.#census = new ConditionCensus(createConditionGauges(metrics))
    exposeSecretAge(
      metrics,
      () => this.#all(),
      () => clock.now(),
    )
    if (config.objectMetrics) {
      exposeObjectMetrics(
        metrics,
        () => this.#all(),
        () => clock.now(),
      )
      exposeSinkMetrics(metrics, () => this.#all())
    }
    const machinery = { client, clock, random, logger, metrics }
    const handlers = {
      onWebhook: (change: ObjectChange<GeminiWebhook>) => this.#onWebhook(change),
      onSecret: (change: ObjectChange<KubernetesObject>) => this.#onSecret(change),
      onKeyring: (change: ObjectChange<Secret>) => this.#onKeyring(change),
      onReports: (change: ObjectChange<KubernetesObject>) => this.#reader.noticed(change),
      onService: (key: ObjectKey) => this.#onService(key),
    }
    this.#reflectors = createReflectors(machinery, config, handlers)
    this.#serviceReflectors = createServiceReflectors(machinery, config, handlers)
    this.#reader = new ReportReader({
      client,
      namespace: config.namespace,
      clock,
      logger,
      restMs: config.reportRestMs,
      onRead: (change) => this.#onReports(change),
    })
    this.#reports = new ReportKeeper({
      client,
      config,
      clock,
      logger,
      reader: this.#reader,
      shelf: new ReportShelf({ clock, metrics }),
    })
    this.#desk = new ReportDesk({
      clock,
      countsIntervalMs: config.countsIntervalMs,
      read: () => this.#reports.reports(),
      webhooks: () => this.#all(),
      wake: (uids, how) => this.#wake(uids, how),
    })
    exposeStranded(() => this.#reports.reports(), { clock, metrics })
    const keyring = new KeyringWriter({ client, namespace: config.namespace, clock, batchMs: config.keyringBatchMs })
    exposeKeyringUse(metrics, keyring)
    exposeLeftObjects(metrics, () => this.#all().filter((webhook) => this.#isLeft(webhook)).length)
    this.#installation = new InstallationKeeper({
      ...machinery,
      namespace: config.namespace,
      configuredId: config.installationId,
      webhooks: () => this.#all(),
      onConfirmed: () => this.#wakeAll(),
    })
    const { resyncIntervalMs, credentialsRetryMs } = config
    const reads = gateReads(client)
    this.#ctx = {
      client: reads,
      clock,
      random,
      config,
      logger,
      recorder,
      instruments: createInstruments(metrics),
      webhooks: this.#reflectors.webhooks.store,
      secrets: new SecretReader(reads, this.#reflectors.secrets.store),
      keyring,
      areServicesWatched: () => this.#serviceReflectors.every((reflector) => reflector.hasSynced()),
      observer: new RemoteObserver({ clock, maxAgeMs: resyncIntervalMs, credentialsRetryMs }),
      pool: new WebhookServicePool({ open: openWebhookService, clock, onCrowd: () => this.#forgetKeys() }),
      recollections: new Recollections(clock),
      installation: () => this.#installation.view,
      probe: probeInTurn(options.probe),
      rollouts: new Rollouts({
        clock,
        config,
        webhooks: this.#reflectors.webhooks.store,
        isServed: (webhook) => !this.#isLeft(webhook),
      }),
      reportOf: (uid) => this.#desk.endpoint(uid),
      reports: this.#desk,
    }
    this.#loop = createControllerLoop({
      name: 'webhooks',
      workers: config.workers,
      clock,
      random,
      logger,
      metrics,
      groupOf: (key) => this.#reflectors.webhooks.store.get(key)?.spec.apiKeySecretRef.name ?? '',
      isUrgent: (key) => {
        const webhook = this.#reflectors.webhooks.store.get(key)
        return webhook !== undefined && isUrgent(webhook)
      },
      reconcile: (key, turn) => reconcileWebhook(key, { ...this.#ctx, ...turn }),
    })
  }

  async start(signal: AbortSignal): Promise<void> {
    const reflectors = Object.values(this.#reflectors)
    for (const reflector of [...reflectors, ...this.#serviceReflectors]) reflector.start()
    await Promise.all(reflectors.map((reflector) => reflector.whenSynced(signal)))
    await this.#reader.whenRead()
    await this.#reports.look()
    await this.#installation.awaitFirst(signal)
    // Whatever waits when it aborts fails with what is to be said then.
    const stopped = new AbortController()
    signal.addEventListener('abort', () => stopped.abort(new FailedCall(stopping)), { once: true })
    if (signal.aborted) stopped.abort(new FailedCall(stopping))
    this.#isWorking = true
    this.#loop.start(stopped.signal)
    this.#desk.start()
    this.#housekeeping = startHousekeeping({
      clock: this.#options.clock,
      config: this.#options.config,
      checkInstallation: () => this.#installation.check(),
      sweep: () => this.#sweep(),
      onError: (error) =>
        this.#options.logger.warn({ error: error instanceof Error ? error.message : '' }, 'housekeeping.failed'),
    })
  }

  async stop(): Promise<void> {
    this.#desk.stop()
    await this.#loop.stop()
    await this.#housekeeping?.stop()
    await Promise.all([this.#reports.stop(), this.#reader.stop()])
    const reflectors = [...Object.values(this.#reflectors), ...this.#serviceReflectors]
    await Promise.all(reflectors.map((reflector) => reflector.stop()))
  }

  hasSynced(): boolean {
    return Object.values(this.#reflectors).every((reflector) => reflector.unsynced().length === 0)
  }

  #onWebhook(change: ObjectChange<GeminiWebhook>): void {
    const { type, object } = change
    this.#census.observe(change)
    if (type === 'deleted') {
      this.#ctx.recollections.forget(object.metadata.uid)
      this.#wakeClaimants(object)
      return
    }
    // It may not act on what it claims any more.
    if (object.spec.suspend === true || isDeleting(object)) this.#wakeClaimants(object)
    // Our own status write says nothing new: the pass that made it has decided when to look again.
    if (this.#ctx.recollections.sawOwnWrite(object)) return
    this.#loop.enqueue(keyOf(object), { behind: type === 'added' && !isAwaited(object) })
  }

  /** The next in line for a webhook need not wait for its resync. */
  #wakeClaimants({ metadata, spec, status }: GeminiWebhook): void {
    const { store } = this.#reflectors.webhooks
    const named = `${metadata.namespace}/${metadata.name}`
    const ids = new Set([spec.externalID, status?.webhook?.id])
    for (const id of ids) {
      for (const webhook of id === undefined ? [] : store.byIndex(byExternalId, id)) {
        const yields = this.#ctx.recollections.yieldsTo(webhook.metadata.uid) === named
        if (yields) this.#loop.enqueue(keyOf(webhook))
      }
    }
  }

  #onSecret({ type, object }: ObjectChange<KubernetesObject>): void {
    const { namespace = '', name } = object.metadata
    if (type === 'deleted') this.#ctx.secrets.forget({ namespace, name })
    const concerned = this.#reflectors.webhooks.store.byIndex(bySecret, `${namespace}/${name}`)
    // The pass that wrote it has decided when to look again; others that name it have not.
    if (type !== 'deleted' && this.#ctx.secrets.sawOwnWrite(object) && concerned.length <= 1) return
    // Deleted: restoring a Secret with which jobs verify comes before everything else.
    for (const webhook of concerned) this.#loop.enqueue(keyOf(webhook), { urgent: type === 'deleted' })
  }

  #onKeyring({ type, object }: ObjectChange<Secret>): void {
    const changed = this.#ctx.keyring.observe(object.metadata.name, type === 'deleted' ? undefined : object)
    // Without its entry a receiver refuses genuine deliveries.
    this.#wake(changed, { urgent: true })
  }

  /** What was seen before the first pass is read by that pass. */
  #onService({ namespace, name }: ObjectKey): void {
    if (!this.#isWorking) return
    const concerned = this.#reflectors.webhooks.store.byIndex(byService, `${namespace}/${name}`)
    for (const webhook of concerned) this.#loop.enqueue(keyOf(webhook))
  }

  #onReports(change: ObjectChange<ConfigMap>): void {
    this.#reports.noticed(change)
    this.#desk.noticed()
  }

  #wake(uids: readonly string[], options?: AddOptions): void {
    for (const uid of uids) {
      for (const webhook of this.#reflectors.webhooks.store.byIndex(byUid, uid))
        this.#loop.enqueue(keyOf(webhook), options)
    }
  }

  #wakeAll(): void {
    for (const webhook of this.#all()) this.#loop.enqueue(keyOf(webhook))
  }

  /** Another installation serves it under an address of its own: the entry that our receivers have is obsolete. */
  #isMovedAway(webhook: GeminiWebhook): boolean {
    const endpoint = viewEndpoint(webhook, this.#ctx.config)
    return this.#isLeft(webhook) && endpoint.state === 'ours' && endpoint.url !== webhook.status?.webhook?.uri
  }

  #isLeft(webhook: GeminiWebhook): boolean {
    return ownerOfObject(webhook, this.#ctx).type === 'another'
  }

  #all(): GeminiWebhook[] {
    return this.#reflectors.webhooks.store.list()
  }

  /** Only with a full view of the objects: a partial one would remove entries of objects that exist. */
  async #sweep(): Promise<void> {
    await this.#reports.look()
    await this.#reports.prune()
    this.#forgetKeys()
    const { keyring } = this.#ctx
    const { webhooks } = this.#reflectors
    if (!webhooks.hasSynced() || this.#options.config.watchNamespaces.length > 0) return
    await keyring.prune((uid) => webhooks.store.byIndex(byUid, uid).some((webhook) => !this.#isMovedAway(webhook)))
  }

  #forgetKeys(): void {
    const { recollections, pool, observer } = this.#ctx
    // A key that only status still names is needed too: to delete in the project that an object has left.
    const remembered = this.#all().flatMap(({ status }) => status?.webhook?.keyFingerprint ?? [])
    const inUse = new Set([...recollections.fingerprintsInUse(), ...remembered])
    pool.prune(inUse)
    observer.prune(inUse)
  }
}

function keyOf({ metadata }: GeminiWebhook): ObjectKey {
  return { namespace: metadata.namespace, name: metadata.name }
}
