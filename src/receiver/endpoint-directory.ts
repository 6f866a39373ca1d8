import { keyringShardCount, type KeyringEntry } from '../contract/keyring/entry.ts'
import { keyringSecretNameFor } from '../contract/keyring/shard.ts'
import { sinkNamesOf } from '../contract/keyring/sink-names.ts'
import { isRoute, type AttachedRoute } from '../routes/attached-route.ts'
import { RouteBook } from '../routes/route-book.ts'
import type { RouteIndex } from '../routes/route-index.ts'
import { routesSinkName } from '../contract/route-owner.ts'
import type { ShardContent, UsableEntry } from './decode-shard.ts'
import type { Endpoint, EndpointFacts } from './endpoint.ts'
import { RouteEndpoints } from './route-endpoints.ts'

/**
 * The endpoints of this installation, in memory: looked up on every request and fed by files and watches, so that a
 * lookup makes no call. The keyring decides what is served; the objects add which operation or check is under way. It
 * drops an entry only on proof: a shard that exists without the entry. Entries of routes are found by their webhook,
 * and by the path of the endpoint of their own that some have.
 */
export class EndpointDirectory {
  readonly #shards = new Map<string, ReadonlyMap<string, UsableEntry>>()
  readonly #knownShards = new Set<string>()
  /** Shards that the API server itself has shown: only these prove that something does not exist. */
  readonly #provenShards = new Set<string>()
  #hasMounted = false
  /** By shard: uids that it has in a form that cannot be used. */
  readonly #malformedUids = new Map<string, ReadonlySet<string>>()
  readonly #entries = new Map<string, UsableEntry>()
  /** Uids by path; the newest last. More than one while an object is replaced by one of the same name. */
  readonly #uidsByPath = new Map<string, Set<string>>()
  readonly #factsByPath = new Map<string, EndpointFacts>()
  readonly #endpoints = new Map<string, Endpoint>()
  readonly #routes = new RouteBook()
  readonly #routeEndpoints = new RouteEndpoints()
  readonly #onDynamic: () => void

  /** `onDynamic` is called whenever an endpoint with a dynamic part is seen: only then are public keys needed. */
  constructor(onDynamic: () => void = () => {}) {
    this.#onDynamic = onDynamic
  }

  lookup(namespace: string, name: string): Endpoint | undefined {
    return this.#endpoints.get(pathOf({ namespace, name }))
  }

  /** The endpoint of its own that a route has. */
  lookupRoute(namespace: string, name: string): Endpoint | undefined {
    return this.#routeEndpoints.lookup(namespace, name)
  }

  /** The whole entry, for the dispatcher. */
  entryOf(uid: string): KeyringEntry | undefined {
    return this.#entries.get(uid)?.entry
  }

  /** The routes of a webhook, as far as they are known: all of them once the directory is synced. */
  routesOf(webhookUid: string): RouteIndex {
    return this.#routes.indexOf(webhookUid)
  }

  /** True while the object's endpoint shows this endpoint check as open. */
  isCheckOpen(uid: string, attemptId: string): boolean {
    const entry = this.#entries.get(uid)?.entry
    const endpoint = entry && this.#endpoints.get(pathOf(entry))
    return endpoint?.owner.uid === uid && endpoint.checkAttemptId === attemptId
  }

  /**
   * Known for certain not to exist: its shard was read and does not have it. A missing shard or a malformed entry
   * proves nothing.
   */
  isGone(uid: string): boolean {
    const shard = keyringSecretNameFor(uid)
    return this.#provenShards.has(shard) && this.#malformedUids.get(shard)?.has(uid) !== true && !this.#entries.has(uid)
  }

  has(uid: string): boolean {
    return this.#entries.has(uid)
  }

  get size(): number {
    return this.#endpoints.size
  }

  /** Whether the shard of an object was read, or is known not to exist; a mounted one may be older than the object. */
  isRead(uid: string): boolean {
    return this.#knownShards.has(keyringSecretNameFor(uid))
  }

  /** Something is known: what is found can be served. */
  get isLoaded(): boolean {
    return this.#hasMounted || this.#knownShards.size > 0
  }

  /** Every shard has been read or is known not to exist: what is not found does not exist. */
  get isSynced(): boolean {
    return this.#knownShards.size === keyringShardCount
  }

  /**
   * Takes a shard as it stands now. Entries that it no longer has are dropped; one that it has but that cannot be read
   * keeps its last good form.
   */
  applyShard(shard: string, content: ShardContent): void {
    this.#provenShards.add(shard)
    this.#noteKnown(shard)
    this.#replaceShard(shard, content)
  }

  /**
   * Takes a shard as it is mounted: good for serving what it has, no proof of what it does not have. A mount lags
   * behind by a minute or more, and an optional Secret that does not exist is an empty folder.
   */
  applyMountedShard(shard: string, content: ShardContent): void {
    this.#hasMounted ||= content.entries.size > 0
    this.#replaceShard(shard, content)
  }

  #replaceShard(shard: string, content: ShardContent): void {
    const before = this.#shards.get(shard)
    const after = new Map(content.entries)
    for (const uid of content.malformedUids) {
      const lastGood = before?.get(uid)
      if (lastGood !== undefined) after.set(uid, lastGood)
    }
    this.#shards.set(shard, after)
    this.#malformedUids.set(shard, new Set(content.malformedUids))
    for (const [uid, usable] of before ?? []) if (!after.has(uid)) this.#removeEntry(uid, usable)
    for (const [uid, usable] of after) if (before?.get(uid) !== usable) this.#putEntry(uid, usable)
  }

  /** The shard does not exist (any more): keep what came from it. */
  noteMissingShard(shard: string): void {
    this.#noteKnown(shard)
  }

  #noteKnown(shard: string): void {
    const wasPartlyRead = this.#isPartlyRead
    this.#knownShards.add(shard)
    if (this.#isPartlyRead !== wasPartlyRead) for (const path of this.#endpoints.keys()) this.#rebuild(path)
  }

  /** What was read may be served already, and its routes may be in what was not. */
  get #isPartlyRead(): boolean {
    return this.#knownShards.size > 0 && !this.isSynced
  }

  applyFacts(facts: EndpointFacts): void {
    this.#factsByPath.set(pathOf(facts), facts)
    this.#rebuild(pathOf(facts))
  }

  removeFacts({ uid, namespace, name }: Pick<EndpointFacts, 'uid' | 'namespace' | 'name'>): void {
    const path = pathOf({ namespace, name })
    if (this.#factsByPath.get(path)?.uid !== uid) return // already replaced by an object of the same name
    this.#factsByPath.delete(path)
    this.#rebuild(path)
  }

  #putEntry(uid: string, usable: UsableEntry): void {
    const previous = this.#entries.get(uid)
    const { entry } = usable
    const path = pathOf(entry)
    if (previous !== undefined && (isRoute(entry) || pathOf(previous.entry) !== path)) this.#removeEntry(uid, previous)
    this.#entries.set(uid, usable)
    if (isRoute(entry)) {
      this.#routes.put(entry)
      if (this.#routeEndpoints.put(usable)) this.#onDynamic()
      this.#rebuildWebhookOf(entry)
      return
    }
    const uids = this.#uidsByPath.get(path)
    if (uids === undefined) this.#uidsByPath.set(path, new Set([uid]))
    else uids.add(uid)
    this.#rebuild(path)
  }

  #removeEntry(uid: string, usable: UsableEntry): void {
    const { entry } = usable
    const path = pathOf(entry)
    this.#entries.delete(uid)
    if (isRoute(entry)) {
      this.#routes.remove(entry)
      this.#routeEndpoints.remove(entry)
      this.#rebuildWebhookOf(entry)
      return
    }
    const uids = this.#uidsByPath.get(path)
    uids?.delete(uid)
    if (uids?.size === 0) this.#uidsByPath.delete(path)
    this.#rebuild(path)
  }

  /** Its events go to routes from the first on that is attached, and no longer than there is one. */
  #rebuildWebhookOf({ route }: AttachedRoute): void {
    const webhook = this.#entries.get(route.webhookUid)?.entry
    if (webhook !== undefined && !isRoute(webhook)) this.#rebuild(pathOf(webhook))
  }

  #rebuild(path: string): void {
    this.#rebuildEndpoint(path)
    if (this.#endpoints.get(path)?.dynamic !== undefined) this.#onDynamic()
  }

  #rebuildEndpoint(path: string): void {
    const facts = this.#factsByPath.get(path)
    // An existing object decides which secrets count: those of a predecessor of the same name never verify for it.
    const uid = facts?.uid ?? [...(this.#uidsByPath.get(path) ?? [])].at(-1)
    const usable = uid === undefined ? undefined : this.#entries.get(uid)
    const owner = facts ?? usable?.entry
    if (owner === undefined) {
      this.#endpoints.delete(path)
      return
    }
    const { foldJobsForSeconds } = usable?.entry ?? {}
    this.#endpoints.set(path, {
      owner: { uid: owner.uid, namespace: owner.namespace, name: owner.name },
      keys: usable?.keys ?? [],
      dynamic: usable?.dynamic,
      sinks: usable === undefined ? [] : this.#sinkNamesOf(usable.entry),
      ...(foldJobsForSeconds !== undefined && { foldJobsForMs: foldJobsForSeconds * 1_000 }),
      areKeysChanging: facts?.areKeysChanging ?? false,
      checkAttemptId: facts?.checkAttemptId,
    })
  }

  #sinkNamesOf(entry: KeyringEntry): string[] {
    const names = sinkNamesOf(entry)
    // One that turns out to have none costs a step without a copy.
    const mayHaveRoutes = this.#isPartlyRead || this.#routes.hasRoutes(entry.uid)
    return mayHaveRoutes ? [...names, routesSinkName] : names
  }
}

/** Neither part can contain a slash, so no path of a request can mean two objects. */
function pathOf({ namespace, name }: { namespace: string; name: string }): string {
  return `${namespace}/${name}`
}
