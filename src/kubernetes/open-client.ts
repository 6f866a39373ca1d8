import type { Clock } from '../clock.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'
import { unreachableError } from './api-error.ts'
import {
  isNotFound,
  type DeleteOptions,
  type KubernetesClient,
  type KubernetesObject,
  type ListOptions,
  type ListPage,
  type ObjectKey,
  type PatchOptions,
  type ReadOptions,
  type ResourceKind,
  type WatchEvent,
  type WatchOptions,
  type WriteOptions,
} from './client.ts'
import { openCredentials, type CredentialPlace } from './credentials.ts'
import { FairPace } from './fair-pace.ts'
import {
  acceptFor,
  describeTarget,
  listPath,
  mergePatch,
  resourcePath,
  watchPath,
  withQuery,
  type QueryValue,
} from './request-path.ts'
import { readList } from './read-list.ts'
import { Requester, type ApiCall } from './requester.ts'
import { parseWatchEvent, readLines } from './watch-events.ts'

export interface OpenClientOptions extends CredentialPlace {
  /** The part before the first slash becomes the field manager of writes. */
  userAgent: string
  clock: Clock
  random: () => number
  logger: Logger
  metrics: Metrics
  /** Calls per second in the long run, watches not counted. Default 50. */
  qps?: number
  /** Calls at once after a quiet time. Default 100. */
  burst?: number
  /**
   * Bounds a call from being asked to being answered, milliseconds; an option of the call may replace it. Default
   * 30,000.
   */
  timeoutMs?: number
}

const defaultQps = 50
const defaultBurst = 100
const defaultTimeoutMs = 30_000

/**
 * Opens a client; makes no call yet. Throws when there is no usable kubeconfig. A Lease elector deserves a client of
 * its own, so that a flood of other calls cannot hold up its renewals.
 */
export async function openKubernetesClient(options: OpenClientOptions): Promise<KubernetesClient> {
  const { clock, random, logger, metrics, userAgent } = options
  const pace = new FairPace({ ratePerSecond: options.qps ?? defaultQps, burst: options.burst ?? defaultBurst }, clock)
  const credentials = await openCredentials(options)
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs
  const requester = new Requester({ credentials, userAgent, pace, timeoutMs, clock, random, logger, metrics })
  const { server } = await credentials.current()
  return new RestClient(requester, server.hostname)
}

const json = 'application/json'

class RestClient implements KubernetesClient {
  readonly #requester: Requester
  readonly serverHost: string

  constructor(requester: Requester, serverHost: string) {
    this.#requester = requester
    this.serverHost = serverHost
  }

  get serverClockSkewMs(): number | undefined {
    return this.#requester.serverClockSkewMs
  }

  async get<T extends KubernetesObject>(
    kind: ResourceKind,
    key: ObjectKey,
    options: ReadOptions = {},
  ): Promise<T | undefined> {
    try {
      return (await this.#requester.request({ ...callTo('get', kind, key, options), method: 'GET' })) as T
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  async list<T extends KubernetesObject, K = T>(
    kind: ResourceKind,
    options: ListOptions & { keep?: (object: T) => K } = {},
  ): Promise<ListPage<K>> {
    const keep = options.keep ?? ((object: T) => object as unknown as K)
    const { items, rest } = (await this.#requester.request({
      ...callTo('list', kind, { namespace: options.namespace ?? '' }, options),
      method: 'GET',
      path: listPath(kind, options),
      accept: acceptFor(options.metadataOnly === true ? 'PartialObjectMetadataList' : undefined),
      read: (body) => readList(body, (item) => keep(item as T)),
    })) as { items: K[]; rest: { metadata?: { resourceVersion?: string; continue?: string } } }
    const continueToken = rest.metadata?.continue
    return {
      items,
      resourceVersion: rest.metadata?.resourceVersion ?? '',
      ...(continueToken !== undefined && continueToken !== '' && { continueToken }),
    }
  }

  /**
   * Ends quietly when the server ends the watch or `options.signal` aborts; throws when the connection breaks or the
   * server refuses.
   */
  async *watch<T extends KubernetesObject>(
    kind: ResourceKind,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>, void, undefined> {
    const call: ApiCall = {
      ...callTo('watch', kind, { namespace: options.namespace ?? '' }, options),
      method: 'GET',
      path: watchPath(kind, options),
      accept: acceptFor(options.metadataOnly === true ? 'PartialObjectMetadata' : undefined),
    }
    let stream: Awaited<ReturnType<Requester['open']>> | undefined
    try {
      stream = await this.#requester.open(call)
      options.onOpen?.()
      for await (const line of readLines(stream.body)) yield parseWatchEvent<T>(line)
    } catch (error) {
      if (options.signal?.aborted === true) return
      throw stream === undefined ? error : unreachableError(call.description, error)
    } finally {
      stream?.body.destroy()
      stream?.release()
    }
  }

  create<T extends KubernetesObject>(kind: ResourceKind, object: T, options: WriteOptions = {}): Promise<T> {
    const key = { namespace: object.metadata.namespace ?? '', name: object.metadata.name }
    return this.#write({
      ...callTo('create', kind, key, options),
      method: 'POST',
      path: withQuery(resourcePath(kind, { namespace: object.metadata.namespace }), writeQuery(options)),
      body: { contentType: json, value: object },
    })
  }

  replace<T extends KubernetesObject>(kind: ResourceKind, object: T, options: WriteOptions = {}): Promise<T> {
    return this.#put(kind, object, undefined, options)
  }

  replaceStatus<T extends KubernetesObject>(kind: ResourceKind, object: T, options: WriteOptions = {}): Promise<T> {
    return this.#put(kind, object, 'status', options)
  }

  patch<T extends KubernetesObject>(
    kind: ResourceKind,
    key: ObjectKey,
    body: unknown,
    options: PatchOptions,
  ): Promise<T> {
    return this.#write({
      ...callTo('patch', kind, key, options),
      method: 'PATCH',
      path: withQuery(resourcePath(kind, { ...key, subresource: options.subresource }), writeQuery(options)),
      body: { contentType: mergePatch, value: body },
    })
  }

  async delete(kind: ResourceKind, key: ObjectKey, options: DeleteOptions = {}): Promise<void> {
    const value = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: options.preconditions }
    await this.#requester.request({
      ...callTo('delete', kind, key, options),
      method: 'DELETE',
      body: { contentType: json, value },
    })
  }

  close(): Promise<void> {
    return this.#requester.close()
  }

  #put<T extends KubernetesObject>(
    kind: ResourceKind,
    object: T,
    subresource: 'status' | undefined,
    options: WriteOptions,
  ): Promise<T> {
    const key = { namespace: object.metadata.namespace ?? '', name: object.metadata.name }
    return this.#write({
      ...callTo('update', kind, key, options),
      method: 'PUT',
      path: withQuery(resourcePath(kind, { ...key, subresource }), writeQuery(options)),
      body: { contentType: json, value: object },
    })
  }

  async #write<T>(call: ApiCall): Promise<T> {
    return (await this.#requester.request(call)) as T
  }
}

function writeQuery({ dryRun }: WriteOptions): Record<string, QueryValue> {
  return dryRun === true ? { dryRun: 'All' } : {}
}

/** What all calls share; the path is that of the object itself. */
function callTo(
  verb: string,
  kind: ResourceKind,
  target: { namespace: string; name?: string },
  options: ReadOptions,
): Omit<ApiCall, 'method'> {
  return {
    verb,
    description: `${verb} ${describeTarget(kind, target)}`,
    path: resourcePath(kind, target),
    accept: acceptFor(undefined),
    timeoutMs: options.timeoutMs,
    signal: options.signal,
  }
}
