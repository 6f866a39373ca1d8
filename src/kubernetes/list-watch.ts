import { sleep, type Clock } from '../clock.ts'
import { backoffMs, type Backoff } from '../backoff.ts'
import {
  KubernetesApiError,
  type KubernetesClient,
  type KubernetesObject,
  type ListOptions,
  type ResourceKind,
  type WatchEvent,
} from './client.ts'

/** What a list-watch reports to its reflector. None of these may throw. */
interface ListWatchSink<T> {
  /** Everything that exists now within this scope. */
  replaceAll(objects: T[]): void
  changed(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T): void
  /** Something was received from the server: a list, an event, a bookmark. */
  alive(): void
  /** The server has taken a watch; where nothing changes, the first bookmark comes about a minute later. */
  opened?(): void
  /** A list or watch failed and will be tried again. */
  failed(cause: ListWatchFailure): void
}

export interface ListWatchFailure {
  phase: 'list' | 'watch'
  status: number
  reason: string
  message: string
  retryInMs: number
}

interface ListWatchOptions<T> {
  client: KubernetesClient
  kind: ResourceKind
  scope: Pick<ListOptions, 'namespace' | 'fieldSelector' | 'labelSelector' | 'metadataOnly'>
  sink: ListWatchSink<T>
  /**
   * What is to stay of a listed object: called as each comes, so that the pages of large ones are never in memory. Must
   * not throw.
   */
  keep: (object: T) => T
  clock: Clock
  random: () => number
  /** A watch on which nothing is heard for this long is cut and resumed, milliseconds. */
  idleLimitMs: number
}

const pageSize = 500
const backoff: Backoff = { baseMs: 500, maxMs: 30_000 }

/** A copy that is longer out of date than this is worse than one more request to a busy server. */
const maxRetryAfterMs = 60_000

/** The server ends a watch after 5 to 10 minutes, spread so that many clients do not return at once. */
const minWatchSeconds = 300

/**
 * A watch that ends sooner than this without a single event is a server or proxy in trouble: reconnecting at once would
 * overload it.
 */
const shortestHealthyWatchMs = 1_000

/** After so many failures in a row the version that we resume from is itself suspect; a list starts afresh. */
const failuresUntilRelist = 5

/**
 * One scope (one namespace, or all) of one kind: lists, then watches from there, for as long as `run` is not aborted.
 * Survives every error.
 */
export class ListWatch<T extends KubernetesObject> {
  readonly #options: ListWatchOptions<T>
  #resourceVersion: string | undefined
  #failuresInARow = 0

  constructor(options: ListWatchOptions<T>) {
    this.#options = options
  }

  /** Resolves soon after the signal aborts, whatever it was doing; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let phase: ListWatchFailure['phase'] = 'list'
      try {
        this.#resourceVersion ??= await this.#list(signal)
        phase = 'watch'
        await this.#watch(this.#resourceVersion, signal)
      } catch (error) {
        if (!signal.aborted) await this.#recover(phase, error, signal)
      }
    }
  }

  async #recover(phase: ListWatchFailure['phase'], error: unknown, signal: AbortSignal): Promise<void> {
    const expired = isExpired(error)
    // The first 410 is ordinary: the version got old, a list makes it new. A 410 right after a list is not, and must
    // not become a hot loop.
    const backoffDelayMs =
      expired && this.#failuresInARow === 0 ? 0 : backoffMs(this.#failuresInARow, backoff, this.#options.random)
    const askedForMs = error instanceof KubernetesApiError ? (error.retryAfterMs ?? 0) : 0
    const delayMs = Math.max(backoffDelayMs, Math.min(askedForMs, maxRetryAfterMs))
    this.#failuresInARow += 1
    if (expired || this.#failuresInARow % failuresUntilRelist === 0) this.#resourceVersion = undefined
    this.#options.sink.failed({ phase, ...describe(error), retryInMs: delayMs })
    if (delayMs > 0) await sleep(this.#options.clock, delayMs, signal)
  }

  /** Reads all pages, hands them over as one, and returns the version to watch from. */
  async #list(signal: AbortSignal): Promise<string> {
    const { sink } = this.#options
    const listed = await this.#readPages(signal, pageSize).catch((error: unknown) => {
      // The snapshot that a continue token points to was compacted away while paging: one unpaged list cannot suffer
      // that.
      if (isExpired(error) && !signal.aborted) return this.#readPages(signal, undefined)
      throw error
    })
    signal.throwIfAborted()
    sink.alive()
    sink.replaceAll(listed.items)
    return listed.resourceVersion
  }

  async #readPages(signal: AbortSignal, limit: number | undefined): Promise<{ items: T[]; resourceVersion: string }> {
    const { client, kind, scope, keep } = this.#options
    const items: T[] = []
    let continueToken: string | undefined
    for (;;) {
      const page = await client.list<T>(kind, {
        ...scope,
        signal,
        keep,
        ...(limit !== undefined && { limit }),
        ...(continueToken !== undefined && { continueToken }),
      })
      items.push(...page.items)
      if (page.continueToken === undefined) return { items, resourceVersion: page.resourceVersion }
      continueToken = page.continueToken
    }
  }

  /** Returns when the server ends the watch in good order; throws on everything else. */
  async #watch(resourceVersion: string, signal: AbortSignal): Promise<void> {
    const { client, kind, scope, sink, clock, random, idleLimitMs } = this.#options
    const watchdog = startWatchdog(clock, idleLimitMs, signal)
    const openedMs = clock.monotonic()
    let events = 0
    try {
      const stream = client.watch<T>(kind, {
        ...scope,
        resourceVersion,
        allowBookmarks: true,
        serverTimeoutSeconds: Math.round(minWatchSeconds * (1 + random())),
        signal: watchdog.signal,
        onOpen: () => sink.opened?.(),
      })
      for await (const event of stream) {
        if (signal.aborted) return
        watchdog.heard()
        this.#handle(event)
        events += 1
      }
    } finally {
      watchdog.stop()
    }
    if (signal.aborted) return
    if (watchdog.signal.aborted) throw watchFailure('SilentWatch', `nothing heard for ${idleLimitMs} ms`)
    if (events === 0 && clock.monotonic() - openedMs < shortestHealthyWatchMs) {
      throw watchFailure('ShortWatch', 'the server ended the watch at once')
    }
    this.#failuresInARow = 0
  }

  #handle(event: WatchEvent<T>): void {
    const { sink } = this.#options
    if (event.type === 'ERROR') throw new KubernetesApiError(event)
    if (event.type === 'BOOKMARK') this.#resourceVersion = event.resourceVersion
    else {
      sink.changed(event.type, event.object)
      this.#resourceVersion = event.object.metadata.resourceVersion ?? this.#resourceVersion
    }
    this.#failuresInARow = 0
    sink.alive()
  }
}

/** A signal that aborts with `parent`, or when `heard` was not called for `limitMs`. One timer, not one per event. */
function startWatchdog(clock: Clock, limitMs: number, parent: AbortSignal) {
  const controller = new AbortController()
  let heardMs = clock.monotonic()
  let cancel: (() => void) | undefined
  const arm = (delayMs: number) => {
    cancel = clock.after(delayMs, () => {
      const quietMs = clock.monotonic() - heardMs
      if (quietMs >= limitMs) controller.abort()
      else arm(limitMs - quietMs)
    })
  }
  const forward = () => controller.abort()
  if (parent.aborted) forward()
  parent.addEventListener('abort', forward, { once: true })
  arm(limitMs)
  return {
    signal: controller.signal,
    heard: () => {
      heardMs = clock.monotonic()
    },
    stop: () => {
      cancel?.()
      parent.removeEventListener('abort', forward)
    },
  }
}

function isExpired(error: unknown): boolean {
  return error instanceof KubernetesApiError && (error.status === 410 || error.reason === 'Expired')
}

function watchFailure(reason: string, message: string): KubernetesApiError {
  return new KubernetesApiError({ status: 0, reason, message })
}

function describe(error: unknown): { status: number; reason: string; message: string } {
  if (error instanceof KubernetesApiError) {
    return { status: error.status, reason: error.reason, message: error.message }
  }
  return { status: 0, reason: 'Unexpected', message: error instanceof Error ? error.message : String(error) }
}
