import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import type { Clock } from '../clock.ts'
import { canonicalTypes } from '../gemini/event-aliases.ts'
import type { KubernetesClient, KubernetesObject, ObjectKey } from '../kubernetes/client.ts'
import { createControllerLoop } from '../kubernetes/controller-loop.ts'
import type { EventRecorder } from '../kubernetes/event-recorder.ts'
import type { ObjectChange } from '../kubernetes/reflector.ts'
import { boundLines } from '../observability/bounded-lines.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'
import type { WorkingConfig } from './config.ts'
import { ownerOfObject } from './installation/object-owner.ts'
import type { WebhookContext } from './observe/context.ts'
import { FailedCall, stopping } from './facts/failure-class.ts'
import { gateReads } from './observe/gate-reads.ts'
import { startHousekeeping } from './housekeeping.ts'
import { PauseSwitch } from './installation/pause-switch.ts'
import { InstallationKeeper } from './installation/installation-keeper.ts'
import { BackfillDesk } from './backfill/backfill-desk.ts'
import { mayBackfill } from './backfill/may-backfill.ts'
import type { SendBackfillEvent } from './backfill/send-event.ts'
import { ConditionCounts } from './metrics/condition-counts.ts'
import {
  createBackfillInstruments,
  createConditionGauges,
  createInstruments,
  exposeKeyringUse,
  exposePause,
  exposeLeftObjects,
  exposeSharedProjects,
  exposeStranded,
  exposeUnmanaged,
} from './metrics/instruments.ts'
import { KeyringWriter } from './keyring/keyring-writer.ts'
import type { ConfigMap, Secret } from '../kubernetes/core-kinds.ts'
import { exposeDisabledAge, exposeObjectMetrics, exposeSecretAge, exposeSinkMetrics } from './metrics/object-metrics.ts'
import { probeInTurn } from './observe/probe-in-turn.ts'
import type { ProbeEndpoint } from './facts/probe.ts'
import { Memories } from './memory/memories.ts'
import { ObjectWaker } from './object-waker.ts'
import { reconcileWebhook } from './reconcile.ts'
import { createReflectors, createServiceReflectors } from './reflectors.ts'
import { RemoteObserver } from './observe/remote-observer.ts'
import { ReportDesk } from './reports/report-desk.ts'
import { ReportKeeper } from './reports/report-keeper.ts'
import { ReportReader } from './reports/report-reader.ts'
import { ReportShelf } from './reports/report-shelf.ts'
import { Rollouts } from './observe/rollouts.ts'
import { RoutesController } from './routes/routes-controller.ts'
import { SecretReader } from './observe/secret-reader.ts'
import { SharedProjects } from './observe/shared-projects.ts'
import { UnmanagedWebhooks } from './observe/unmanaged-webhooks.ts'
import { byWebhookId } from './facts/indices.ts'
import { forgetKeys, sweep } from './sweep.ts'
import { isUrgent } from './facts/urgency.ts'
import { WebhookServicePool, type OpenWebhookService } from './observe/webhook-service-pool.ts'

export interface WebhookControllerOptions {
  client: KubernetesClient
  /** Gives each API key its own call budget; called whenever a key comes into use. */
  openWebhookService: OpenWebhookService
  /** Is told of two API keys, by their fingerprints, that are of one project: their calls share one budget. */
  shareBudget: (fingerprint: string, other: string) => void
  config: WorkingConfig
  /** All deliveries go to one receiver, however many run: their inboxes cannot know different events. */
  oneReceives?: boolean
  clock: Clock
  random: () => number
  logger: Logger
  metrics: Metrics
  recorder: Pick<EventRecorder, 'record'>
  /** Tests whether an endpoint works before a webhook that Google disabled is enabled again, and why a check failed. */
  probe: ProbeEndpoint
  /** Sends events that Google did not deliver to the receivers. */
  sendBackfill: SendBackfillEvent
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
  /** Has every object looked at, whatever it waits for: what is due by the wall clock may have changed. */
  lookAgain(): void
}

/** Builds the controller; nothing runs and nothing is called before `start`. */
export function createWebhookController(options: WebhookControllerOptions): WebhookController {
  return new RunningController(options)
}

/** Nothing else waits for these calls. */
const backfillCaller = { isUrgent: false, withoutWorker: <T>(wait: () => Promise<T>) => wait() }

class RunningController implements WebhookController {
  readonly #options: WebhookControllerOptions
  readonly #ctx: WebhookContext
  readonly #memories: Memories
  readonly #reflectors: ReturnType<typeof createReflectors>
  /** Apart: nothing waits for these, whose rights may be missing. */
  readonly #serviceReflectors: ReturnType<typeof createServiceReflectors>
  readonly #loop: ReturnType<typeof createControllerLoop>
  readonly #installation: InstallationKeeper
  readonly #pause: PauseSwitch
  readonly #desk: ReportDesk
  readonly #reader: ReportReader
  readonly #reports: ReportKeeper
  readonly #conditionCounts: ConditionCounts
  readonly #projects: SharedProjects
  readonly #unmanaged = new UnmanagedWebhooks({
    byIndex: (index, value) => this.#reflectors.webhooks.store.byIndex(index, value),
  })
  readonly #waker: ObjectWaker
  readonly #backfill: BackfillDesk
  /** Apart: nothing of webhooks waits for routes. */
  readonly #routes: RoutesController
  #isWorking = false
  #housekeeping: { stop(): Promise<void> } | undefined

  constructor(options: WebhookControllerOptions) {
    const { client, clock, random, metrics, config, openWebhookService, recorder } = options
    const logger = boundLines(options.logger, clock)
    this.#options = options
    this.#projects = new SharedProjects(
      (id) => this.#reflectors.webhooks.store.byIndex(byWebhookId, id),
      // Google counts the calls of a project, whichever of its keys makes them.
      options.shareBudget,
    )
    this.#conditionCounts = new ConditionCounts(createConditionGauges(metrics, 'webhooks'))
    const all = () => this.#all()
    const now = () => clock.now()
    exposeSecretAge(metrics, all, now)
    exposeUnmanaged(metrics, () => this.#unmanaged.total())
    exposeDisabledAge(metrics, all, now)
    if (config.warnSharedProject) exposeSharedProjects(metrics, () => this.#projects.sharing())
    if (config.objectMetrics) {
      exposeObjectMetrics(metrics, all, now)
      exposeSinkMetrics(metrics, all)
    }
    this.#pause = new PauseSwitch({
      namespace: config.namespace,
      logger,
      onChange: () => {
        this.#waker.wakeAll()
        this.#backfill.lookAgain()
      },
    })
    exposePause(metrics, this.#pause)
    const machinery = { client, clock, random, logger, metrics }
    const handlers = {
      onWebhook: (change: ObjectChange<GeminiWebhook>) => {
        this.#conditionCounts.observe(change)
        this.#projects.observe(change)
        this.#waker.onWebhook(change)
        this.#routes.waker.onWebhook(change)
        this.#backfill.observe(change)
      },
      onSecret: (change: ObjectChange<KubernetesObject>) => {
        this.#waker.onSecret(change)
        const { namespace = '', name } = change.object.metadata
        this.#routes.waker.onSecret({ namespace, name })
      },
      onKeyring: (change: ObjectChange<Secret>) =>
        this.#routes.waker.wake(this.#waker.onKeyring(change), { urgent: true }),
      onReports: (change: ObjectChange<KubernetesObject>) => this.#reader.noticed(change),
      onPause: (change: ObjectChange<ConfigMap>) => this.#pause.observe(change),
      onService: (key: ObjectKey) => {
        // What was seen before the first pass is read by that pass.
        if (!this.#isWorking) return
        this.#waker.onService(key)
        this.#routes.waker.onService(key)
      },
    }
    this.#reflectors = createReflectors(machinery, config, handlers)
    this.#serviceReflectors = createServiceReflectors(machinery, config, handlers)
    this.#reader = new ReportReader({
      client,
      namespace: config.namespace,
      clock,
      logger,
      restMs: config.reportRestMs,
      onRead: (change) => {
        this.#reports.noticed(change)
        this.#desk.noticed()
      },
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
      oneReceives: options.oneReceives === true,
      read: () => this.#reports.reports(),
      objects: () => [...this.#all(), ...this.#routes.reported()],
      wake: (uids, how) => {
        this.#waker.wake(uids, how)
        this.#routes.waker.wake(uids, how)
      },
      onFoldProblem: () => {
        const concerned = this.#all().filter(({ spec }) => spec.backfill !== undefined)
        this.#waker.wake(
          concerned.map(({ metadata }) => metadata.uid),
          { behind: true },
        )
        this.#backfill.lookAgain()
      },
    })
    exposeStranded(() => this.#reports.reports(), { clock, metrics })
    const keyring = new KeyringWriter({ client, namespace: config.namespace, clock, batchMs: config.keyringBatchMs })
    exposeKeyringUse(metrics, keyring)
    exposeLeftObjects(metrics, () => this.#all().filter((webhook) => this.#isLeft(webhook)).length)
    this.#installation = new InstallationKeeper({
      ...machinery,
      namespace: config.namespace,
      configuredId: config.installationId,
      webhooks: all,
      onConfirmed: () => this.lookAgain(),
    })
    const { resyncIntervalMs, credentialsRetryMs } = config
    const reads = gateReads(client)
    this.#memories = new Memories(clock)
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
      observer: new RemoteObserver({
        clock,
        maxAgeMs: resyncIntervalMs,
        credentialsRetryMs,
        onListed: (list) => {
          this.#projects.listed(list)
          this.#unmanaged.listed(list)
        },
      }),
      projects: this.#projects,
      unmanaged: this.#unmanaged,
      pool: new WebhookServicePool({ open: openWebhookService, clock, onCrowd: () => forgetKeys(this.#swept()) }),
      claimOf: (uid) => this.#memories.claimOf(uid),
      installation: () => this.#installation.view,
      pause: () => this.#pause.pause,
      probe: probeInTurn(options.probe),
      rollouts: new Rollouts({
        clock,
        config,
        webhooks: this.#reflectors.webhooks.store,
        isServed: (webhook) => !this.#isLeft(webhook),
      }),
      reportOf: (uid) => this.#desk.endpoint(uid),
      presence: () => this.#desk.presence,
      reports: this.#desk,
      routesOf: (webhook) => this.#routes.countsOf(webhook),
      backfill: { viewOf: (uid) => this.#backfill.viewOf(uid), told: (uid, runs) => this.#backfill.told(uid, runs) },
    }
    this.#loop = createControllerLoop({
      name: 'webhooks',
      workers: config.workers,
      clock,
      random,
      logger,
      metrics,
      groupOf: (key) => this.#reflectors.webhooks.store.get(key)?.spec.apiKeySecretRef?.name ?? '',
      isUrgent: (key) => {
        const webhook = this.#reflectors.webhooks.store.get(key)
        return webhook !== undefined && isUrgent(webhook)
      },
      reconcile: (key, turn) => reconcileWebhook(key, { ...this.#ctx, memories: this.#memories, ...turn }),
    })
    const { webhooks, secrets } = this.#ctx
    this.#waker = new ObjectWaker({
      webhooks,
      memories: this.#memories,
      secrets,
      keyring,
      enqueue: (key, how) => this.#loop.enqueue(key, how),
    })
    this.#backfill = new BackfillDesk({
      clock,
      random,
      logger,
      pauses: { firstMs: config.backfillFirstMs, restMs: config.backfillRestMs },
      webhooks,
      mayRun: (webhook) => this.#mayBackfill(webhook),
      eventsOf: ({ spec }) => canonicalTypes(spec.events ?? [], config.eventAliases),
      batchesOf: (fingerprint, party) => this.#ctx.pool.known(fingerprint, { ...backfillCaller, party })?.batches,
      entryOf: (uid) => keyring.entryOf(uid),
      send: options.sendBackfill,
      wake: (uids) => this.#waker.wake(uids, { behind: true }),
      instruments: createBackfillInstruments(metrics),
    })
    const wakeWebhook = (key: ObjectKey) => this.#loop.enqueue(key, { behind: true })
    const areWebhooksRead = (namespace: string) => this.#reflectors.webhooks.hasSynced(namespace)
    this.#routes = new RoutesController({ client, metrics, wakeWebhook, areWebhooksRead }, this.#ctx)
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
    this.#routes.start(stopped.signal)
    this.#desk.start()
    this.#backfill.start()
    this.#housekeeping = startHousekeeping({
      clock: this.#options.clock,
      config: this.#options.config,
      checkInstallation: () => this.#installation.check(),
      sweep: () => sweep(this.#swept()),
      onError: (error) =>
        this.#options.logger.warn({ error: error instanceof Error ? error.message : '' }, 'housekeeping.failed'),
    })
  }

  async stop(): Promise<void> {
    this.#desk.stop()
    await Promise.all([this.#loop.stop(), this.#routes.stop(), this.#backfill.stop()])
    await this.#housekeeping?.stop()
    await Promise.all([this.#reports.stop(), this.#reader.stop()])
    const reflectors = [...Object.values(this.#reflectors), ...this.#serviceReflectors]
    await Promise.all(reflectors.map((reflector) => reflector.stop()))
  }

  hasSynced(): boolean {
    return Object.values(this.#reflectors).every((reflector) => reflector.unsynced().length === 0)
  }

  lookAgain(): void {
    this.#waker.wakeAll()
    this.#routes.waker.wakeAll()
    this.#backfill.lookAgain()
  }

  #mayBackfill(webhook: GeminiWebhook): boolean {
    if (this.#pause.pause !== undefined || this.#desk.presence.foldProblem !== undefined) return false
    return mayBackfill(webhook) && this.#isServed(webhook)
  }

  #isLeft(webhook: GeminiWebhook): boolean {
    return ownerOfObject(webhook, this.#ctx).type === 'another'
  }

  /** By this installation, as far as that is certain. */
  #isServed(webhook: GeminiWebhook): boolean {
    return this.#installation.view.state === 'confirmed' && ownerOfObject(webhook, this.#ctx).type === 'ours'
  }

  #all(): GeminiWebhook[] {
    return this.#reflectors.webhooks.store.list()
  }

  /** What the sweep goes over, put together when it is asked for. */
  #swept() {
    const { config, keyring, pool, observer } = this.#ctx
    const projects = this.#projects
    const { webhooks } = this.#reflectors
    const isLeft = (webhook: GeminiWebhook) => this.#isLeft(webhook)
    const mayBeRoute = (entry: { uid: string; namespace: string }) => this.#routes.mayExist(entry)
    const shared = {
      config,
      webhooks,
      memories: this.#memories,
      pool,
      observer,
      projects,
      unmanaged: this.#unmanaged,
      keyring,
      reports: this.#reports,
    }
    return { ...shared, isLeft, mayBeRoute }
  }
}
