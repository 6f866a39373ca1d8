import type { Clock } from '../clock.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'
import type { KubernetesClient, KubernetesObject, ResourceKind } from './client.ts'
import { ListWatch, type ListWatchFailure } from './list-watch.ts'
import { StringPool } from './string-pool.ts'
import { IndexedStore, keyOf, type IndexFunctions, type ObjectStore } from './store.ts'

export type ObjectChange<T> =
  | { type: 'added'; object: T }
  | { type: 'updated'; object: T; previous: T }
  /**
   * The last state that was seen. A delete-and-recreate during a gap in the watch is reported as deleted, then added.
   */
  | { type: 'deleted'; object: T }

export interface ReflectorOptions<T extends KubernetesObject> {
  client: KubernetesClient
  kind: ResourceKind
  /**
   * Metric label and log key where one kind is reflected several times; one of a few fixed names. Default: the kind's
   * plural.
   */
  name?: string
  /** One list-watch per namespace, each synced by itself. Absent: one for all namespaces. */
  namespaces?: readonly string[]
  fieldSelector?: string
  labelSelector?: string
  /** Objects arrive as PartialObjectMetadata: the way Secrets are watched. */
  metadataOnly?: boolean
  /**
   * What to keep of an object; its key, uid and resourceVersion have to stay. managedFields are already gone. Should
   * not throw; what it returned is given to it once more where objects were listed.
   */
  transform?: (object: T) => T
  indexes?: IndexFunctions<T>
  /**
   * Called after the store changed. Promises the latest state, not each change in between. What it throws is logged and
   * dropped.
   */
  onChange?: (change: ObjectChange<T>) => void
  clock: Clock
  random: () => number
  logger: Logger
  metrics: Metrics
  /** A watch on which nothing is heard for this long is cut and resumed, milliseconds. Default 150,000. */
  idleLimitMs?: number
}

/** A namespace (empty: all) whose first list has not succeeded, and why. */
export interface UnsyncedScope {
  namespace: string
  /** Pending before the first answer; else the API server's reason, e.g. Forbidden. */
  reason: string
}

/**
 * The API server sends a bookmark about every minute; two missed ones and some grace mean that the connection is dead.
 */
const defaultIdleLimitMs = 150_000

interface Scope<T extends KubernetesObject> {
  namespace: string
  listWatch: ListWatch<T>
  syncedOnce: boolean
  reason: string
  refused: boolean
  /** Reason of the last failure; undefined once the server was heard again. */
  lastFailure: string | undefined
  heardMs: number
}

/**
 * Keeps a local copy of a kind (or of a part of it) in step with the API server, through every error. There is no
 * periodic relist: the watch resumes from exact versions, silence is noticed by the idle limit, and controllers compare
 * with the real thing on their own schedule.
 */
export class Reflector<T extends KubernetesObject> {
  readonly #options: ReflectorOptions<T>
  readonly #name: string
  readonly #store: IndexedStore<T>
  readonly #scopes: Scope<T>[]
  readonly #instruments: ReturnType<typeof createInstruments>
  readonly #strings = new StringPool()
  readonly #stopping = new AbortController()
  readonly #waiters = new Set<() => void>()
  #running: Promise<unknown> | undefined

  constructor(options: ReflectorOptions<T>) {
    this.#options = options
    this.#name = options.name ?? options.kind.plural
    this.#store = new IndexedStore(options.indexes)
    this.#instruments = createInstruments(options.metrics)
    this.#scopes = (options.namespaces ?? ['']).map((namespace) => this.#openScope(namespace))
    this.#exposeSilence()
  }

  get store(): ObjectStore<T> {
    return this.#store
  }

  /** Returns at once; the work continues until `stop`. Once only. */
  start(): void {
    if (this.#running !== undefined) throw new Error(`reflector ${this.#name} is already started`)
    this.#running = Promise.all(this.#scopes.map(({ listWatch }) => listWatch.run(this.#stopping.signal)))
  }

  /** Resolves when no request is open and no further change will be reported, also when called during a connect. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    for (const wake of this.#waiters) wake()
    await this.#running
  }

  /**
   * Whether the first list of this namespace (absent: of every scope) has succeeded. It stays so through later
   * failures.
   */
  hasSynced(namespace?: string): boolean {
    const scopes = this.#scopes.filter((scope) => namespace === undefined || covers(scope, namespace))
    return scopes.length > 0 && scopes.every(({ syncedOnce }) => syncedOnce)
  }

  /**
   * The scopes that have not synced, and why: a namespace that may not be read must be visible, and must not hold up
   * the others.
   */
  unsynced(): UnsyncedScope[] {
    return this.#scopes.filter(({ syncedOnce }) => !syncedOnce).map(({ namespace, reason }) => ({ namespace, reason }))
  }

  /**
   * Whether every scope has synced, or has been refused (401, 403, 404) while at least one other has synced: the store
   * shows all that may be read. `unsynced` names the others.
   */
  isSettled(): boolean {
    const settled = this.#scopes.every(({ syncedOnce, refused }) => syncedOnce || refused)
    return settled && (this.#scopes.length === 0 || this.#scopes.some(({ syncedOnce }) => syncedOnce))
  }

  /**
   * Resolves once it `isSettled`. Rejects with the signal's reason when it aborts, with an Error when the reflector
   * stops first.
   */
  async whenSynced(signal?: AbortSignal): Promise<void> {
    while (!this.isSettled()) {
      signal?.throwIfAborted()
      if (this.#stopping.signal.aborted) throw new Error(`reflector ${this.#name} was stopped before it had synced`)
      await this.#nextChange(signal)
    }
  }

  /**
   * Milliseconds since the server was last heard (list, event or bookmark), of the scope where that is longest ago;
   * scopes whose list was refused do not count.
   */
  idleMs(): number {
    const nowMs = this.#options.clock.monotonic()
    const synced = this.#scopes.filter(({ refused }) => !refused)
    return Math.max(0, ...synced.map(({ heardMs }) => nowMs - heardMs))
  }

  /** Of one watch for all namespaces, or of the quietest of several: the others must not hide one that died. */
  #exposeSilence(): void {
    this.#options.metrics.collectedGauge({
      name: 'gwh_reflector_silence_seconds',
      help: 'Time since the API server last sent a list, an event or a bookmark, on the most silent watch.',
      labels: ['reflector'],
      collect: () => [{ value: this.idleMs() / 1000, labels: { reflector: this.#name } }],
    })
  }

  #nextChange(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiters.delete(wake)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      this.#waiters.add(wake)
      signal?.addEventListener('abort', wake, { once: true })
    })
  }

  #openScope(namespace: string): Scope<T> {
    const { client, kind, fieldSelector, labelSelector, metadataOnly, clock, random, idleLimitMs } = this.#options
    const listWatch = new ListWatch<T>({
      client,
      kind,
      scope: {
        ...(namespace !== '' && { namespace }),
        ...(fieldSelector !== undefined && { fieldSelector }),
        ...(labelSelector !== undefined && { labelSelector }),
        ...(metadataOnly !== undefined && { metadataOnly }),
      },
      clock,
      random,
      idleLimitMs: idleLimitMs ?? defaultIdleLimitMs,
      keep: (object) => this.#keep(object),
      sink: {
        replaceAll: (objects) => this.#replaceAll(scope, objects),
        changed: (type, object) => this.#apply(type, object),
        alive: () => this.#heard(scope),
        failed: (failure) => this.#failed(scope, failure),
      },
    })
    const heardMs = clock.monotonic()
    const scope: Scope<T> = {
      namespace,
      listWatch,
      syncedOnce: false,
      reason: 'Pending',
      refused: false,
      lastFailure: undefined,
      heardMs,
    }
    return scope
  }

  #heard(scope: Scope<T>): void {
    scope.heardMs = this.#options.clock.monotonic()
    scope.lastFailure = undefined
  }

  #replaceAll(scope: Scope<T>, listed: T[]): void {
    this.#instruments.lists.add(1, { reflector: this.#name })
    const names = new Set(listed.map((object) => idOf(object)))
    for (const object of this.#store.list(scope.namespace === '' ? undefined : scope.namespace)) {
      if (!names.has(idOf(object))) this.#remove(object)
    }
    for (const object of listed) this.#apply('MODIFIED', object)
    scope.syncedOnce = true
    scope.refused = false
    for (const wake of this.#waiters) wake()
  }

  #apply(type: 'ADDED' | 'MODIFIED' | 'DELETED', received: T): void {
    const previous = this.#store.get(keyOf(received))
    const replaced = previous !== undefined && previous.metadata.uid !== received.metadata.uid
    if (type === 'DELETED') {
      // The delete of a predecessor that a list has already replaced is old news.
      if (previous !== undefined && !replaced) this.#remove(previous)
      return
    }
    if (previous !== undefined && previous.metadata.resourceVersion === received.metadata.resourceVersion) return
    const object = this.#prepare(received)
    if (object === undefined) return
    if (replaced) this.#remove(previous)
    this.#store.put(object)
    this.#reportSize()
    if (previous === undefined || replaced) this.#notify({ type: 'added', object })
    else this.#notify({ type: 'updated', object, previous })
  }

  #remove(object: T): void {
    this.#store.remove(keyOf(object))
    this.#reportSize()
    this.#notify({ type: 'deleted', object })
  }

  /** As it comes; a failure of `transform` is reported when the object is applied. */
  #keep(received: T): T {
    try {
      return this.#transform(received)
    } catch {
      return received
    }
  }

  #transform(received: T): T {
    const { managedFields: _, ...metadata } = received.metadata
    const object: T = { ...received, metadata }
    return this.#strings.shareWithin(this.#options.transform?.(object) ?? object)
  }

  /** undefined when `transform` threw: keeping the untransformed object could keep what it was to take away. */
  #prepare(received: T): T | undefined {
    try {
      return this.#transform(received)
    } catch (error) {
      this.#contained('transform', received, error)
      return undefined
    }
  }

  #notify(change: ObjectChange<T>): void {
    try {
      this.#options.onChange?.(change)
    } catch (error) {
      this.#contained('onChange', change.object, error)
    }
  }

  #contained(where: string, object: T, error: unknown): void {
    this.#instruments.failures.add(1, { reflector: this.#name, cause: 'HandlerError' })
    const details = { reflector: this.#name, where, object: idOf(object), error }
    this.#options.logger.error(details, 'reflector.handler_failed')
  }

  #failed(scope: Scope<T>, failure: ListWatchFailure): void {
    // The server's reason is text from outside; its status code is a bounded label.
    const cause = failure.status === 0 ? failure.reason : String(failure.status)
    this.#instruments.failures.add(1, { reflector: this.#name, cause })
    if (!scope.syncedOnce) scope.reason = failure.reason
    scope.refused = failure.phase === 'list' && [401, 403, 404].includes(failure.status)
    const { message: error, status: code, ...rest } = failure
    const details = { reflector: this.#name, namespace: scope.namespace, code, ...rest, error }
    // A namespace that stays forbidden would otherwise warn twice a minute for ever.
    const isNews = failure.reason !== scope.lastFailure && failure.status !== 410
    scope.lastFailure = failure.reason
    if (isNews) this.#options.logger.warn(details, 'reflector.retried')
    else this.#options.logger.debug(details, 'reflector.retried')
    for (const wake of this.#waiters) wake()
  }

  #reportSize(): void {
    this.#instruments.objects.set(this.#store.size, { reflector: this.#name })
  }
}

function covers(scope: { namespace: string }, namespace: string): boolean {
  return scope.namespace === '' || scope.namespace === namespace
}

function idOf(object: KubernetesObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`
}

function createInstruments(metrics: Metrics) {
  const labels = ['reflector']
  return {
    objects: metrics.gauge({ name: 'gwh_reflector_objects', help: 'Objects in the local copy.', labels }),
    lists: metrics.counter({ name: 'gwh_reflector_lists_total', help: 'Complete lists.', labels }),
    failures: metrics.counter({
      name: 'gwh_reflector_failures_total',
      help: 'Lists and watches that failed, by status code or kind of silence, and handlers that threw.',
      labels: ['reflector', 'cause'],
    }),
  }
}
