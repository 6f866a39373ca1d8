import type { GeminiRoute } from '../../api/gemini-route.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { createControllerLoop, type ControllerLoop } from '../../kubernetes/controller-loop.ts'
import type { KubernetesClient, KubernetesObject, ObjectKey } from '../../kubernetes/client.ts'
import type { ObjectChange, Reflector } from '../../kubernetes/reflector.ts'
import type { Metrics } from '../../observability/metrics.ts'
import { byUid } from '../facts/indices.ts'
import { ConditionCounts } from '../metrics/condition-counts.ts'
import { createConditionGauges, createRouteStatusWrites } from '../metrics/instruments.ts'
import type { WebhookContext } from '../observe/context.ts'
import type { ReportedObject } from '../reports/report-desk.ts'
import { countRoutes, toldOtherwise, type RouteCounts } from './count-routes.ts'
import { countsOf, reconcileRoute, type RouteContext } from './reconcile-route.ts'
import { RouteMemories } from './route-memories.ts'
import { createRouteReflectors } from './route-reflectors.ts'
import { RouteWaker } from './route-waker.ts'

interface RoutesOptions {
  /** Not gated: what is watched is read as it comes. */
  client: KubernetesClient
  metrics: Metrics
  /** The webhook is to be looked at, for the count of its routes alone. */
  wakeWebhook: (key: ObjectKey) => void
  areWebhooksRead: (namespace: string) => boolean
}

/** Namespaces are waited for so long before routes are looked at: without the right to read them they never come. */
const namespacesWaitMs = 10_000

/**
 * The reconciles of routes beside those of webhooks: watches, queue and workers of its own, so that neither waits for
 * the other. Nothing runs before `start`.
 */
export class RoutesController {
  readonly #options: RoutesOptions
  readonly #ctx: RouteContext
  readonly #routes: Reflector<GeminiRoute>
  readonly #namespaces: Reflector<KubernetesObject> | undefined
  readonly #loop: ControllerLoop
  /** What wakes routes by what happens to other objects. */
  readonly waker: RouteWaker
  readonly #noted = new Set<string>()
  #cancelTold: (() => void) | undefined
  #starting: Promise<void> | undefined

  constructor(options: RoutesOptions, ctx: WebhookContext) {
    this.#options = options
    const { client, metrics } = options
    const conditionCounts = new ConditionCounts(createConditionGauges(metrics, 'routes'))
    const { clock, random, logger, config } = ctx
    const machinery = { client, clock, random, logger, metrics }
    const { routes, namespaces } = createRouteReflectors(machinery, config, {
      onRoute: (change: ObjectChange<GeminiRoute>) => {
        conditionCounts.observe(change)
        this.waker.onRoute(change)
      },
      onNamespace: (change: ObjectChange<KubernetesObject>) => this.waker.onNamespace(change),
    })
    this.#routes = routes
    this.#namespaces = namespaces
    const memories = new RouteMemories(clock)
    this.#loop = createControllerLoop({
      ...machinery,
      name: 'routes',
      workers: config.workers,
      reconcile: (key, turn) => reconcileRoute(key, { ...this.#ctx, ...turn }),
    })
    this.waker = new RouteWaker({
      routes: routes.store,
      memories,
      enqueue: (key, how) => this.#loop.enqueue(key, how),
      onTold: (webhook) => this.#noteTold(webhook),
    })
    this.#ctx = {
      ...ctx,
      areWebhooksRead: options.areWebhooksRead,
      routes: routes.store,
      namespaces: namespaces?.store,
      memories,
      gone: this.waker,
      statusWrites: createRouteStatusWrites(metrics),
    }
  }

  /** Returns at once. Routes are looked at once all of them are seen; where the kind is missing, never. */
  start(signal: AbortSignal): void {
    this.#routes.start()
    this.#namespaces?.start()
    this.#starting = this.#begin(signal).catch(() => undefined)
  }

  async #begin(signal: AbortSignal): Promise<void> {
    await this.#routes.whenSynced(signal)
    await this.#awaitNamespaces(signal)
    signal.throwIfAborted()
    this.#loop.start(signal)
  }

  async #awaitNamespaces(signal: AbortSignal): Promise<void> {
    if (this.#namespaces === undefined) return
    const enough = Promise.withResolvers<void>()
    const cancel = this.#ctx.clock.after(namespacesWaitMs, enough.resolve)
    await Promise.race([this.#namespaces.whenSynced(signal).catch(() => undefined), enough.promise])
    cancel()
  }

  async stop(): Promise<void> {
    this.#cancelTold?.()
    await Promise.all([this.#loop.stop(), this.#routes.stop(), this.#namespaces?.stop()])
    await this.#starting
  }

  /**
   * Of the routes that may be read: a namespace without the right to must not hold up the counts of the others. The log
   * names it. Undefined while more of them are to come.
   */
  countsOf(webhook: GeminiWebhook): RouteCounts | undefined {
    return this.#routes.isSettled() ? countRoutes(webhook, this.#ctx) : undefined
  }

  all(): GeminiRoute[] {
    return this.#routes.store.list()
  }

  /** For the desk of reports, which compares what they say with what status tells. */
  reported(): ReportedObject[] {
    return this.all().map(({ metadata, status }) => ({ metadata, status: countsOf(status) }))
  }

  /** Whether a route of this uid is there, or may be there unseen. */
  mayExist({ uid, namespace }: { uid: string; namespace: string }): boolean {
    return !this.#routes.hasSynced(namespace) || this.#routes.store.byIndex(byUid, uid).length > 0
  }

  /**
   * Many routes are often made at once, and a webhook tells of them in one write. A webhook that is not Ready for a
   * moment is told to none of its routes.
   */
  #noteTold({ namespace, name }: ObjectKey): void {
    this.#noted.add(`${namespace}/${name}`)
    const { clock, config } = this.#ctx
    this.#cancelTold ??= clock.after(config.routesToldMs, () => {
      this.#cancelTold = undefined
      const noted = [...this.#noted]
      this.#noted.clear()
      for (const id of noted) this.#tell(id)
    })
  }

  #tell(id: string): void {
    const [namespace = '', name = ''] = id.split('/')
    const webhook = this.#ctx.webhooks.get({ namespace, name })
    if (webhook === undefined) return
    this.#options.wakeWebhook({ namespace, name })
    for (const { metadata } of toldOtherwise(webhook, this.#ctx)) this.#loop.enqueue(metadata, { behind: true })
  }
}
