import { managedByLabel, managedByValue } from '../../api/names.ts'
import type { Clock } from '../../clock.ts'
import { keyringEntrySchema, type KeyringEntry } from '../../contract/keyring/entry.ts'
import { toStoredEntry } from '../../contract/keyring/newer-sinks.ts'
import { allKeyringSecretNames, keyringSecretNameFor } from '../../contract/keyring/shard.ts'
import { isConflict, isNotFound, type KubernetesClient } from '../../kubernetes/client.ts'
import { FailedCall } from '../facts/failure-class.ts'
import { KeyringRehearsals } from './keyring-rehearsals.ts'
import { keyringIsFull, KeyringRoom, type Changes } from './keyring-room.ts'
import { secretKind, type Secret } from '../../kubernetes/core-kinds.ts'
import { withoutSecrets } from '../secrets/without-secrets.ts'

interface KeyringOptions {
  client: KubernetesClient
  namespace: string
  clock: Clock
  /**
   * The first entry waits this long for others to join it; after that, entries gather during the patch under way and
   * the rest after it.
   */
  batchMs: number
}

/**
 * A patch of one entry costs the API server, its store and every watcher the whole Secret: somewhat less than 0.1 ms of
 * the API server's CPU for each entry in it. So a Secret rests after a patch in proportion to what it holds, and what
 * comes meanwhile goes in the next: up to some 150 entries each, where `longestRestMs` is reached, sixteen Secrets take
 * at most a twentieth of a core, and an object in a large rollout costs no more than one in a small. Full Secrets take
 * up to four tenths of a core. An entry for a Secret that is quiet does not wait.
 */
const restMsPerEntry = 32
/** As long as the interval of receivers' reports, for which the proof of an endpoint waits anyway. */
const longestRestMs = 5_000

interface Waiting {
  value: string | null
  settle: (error?: unknown) => void
}

interface Shard {
  secret: Secret | undefined
  room: KeyringRoom
  waiting: Map<string, Waiting[]>
  /** A patch is planned or under way, or it rests after one. */
  busy: boolean
}

/** Marks the keyring Secrets, so that one watch finds them all. */
export const keyringLabel = { key: 'app.kubernetes.io/component', value: 'gemini-webhook-keyring' } as const

/**
 * The writing side of the keyring: the only author of its Secrets. Writes are merge patches of exactly the changed
 * keys; whatever waits for the same Secret goes in one.
 */
export class KeyringWriter {
  readonly #options: KeyringOptions
  readonly #shards: ReadonlyMap<string, Shard>
  readonly #rehearsals: KeyringRehearsals

  constructor(options: KeyringOptions) {
    this.#options = options
    this.#rehearsals = new KeyringRehearsals({
      clock: options.clock,
      batchMs: options.batchMs,
      tryOut: (name, changes) => this.#tryOut(name, changes),
      restMsOf: (name) => restMsOf(this.#shards.get(name)),
    })
    this.#shards = new Map(
      allKeyringSecretNames().map((name) => [
        name,
        { secret: undefined, room: new KeyringRoom(), waiting: new Map(), busy: false },
      ]),
    )
  }

  /**
   * Takes over what a watch saw; an older version than the one known is ignored. Returns the uids whose entries differ
   * from before.
   */
  observe(name: string, secret: Secret | undefined): string[] {
    const shard = this.#shards.get(name)
    if (shard === undefined || (secret !== undefined && isOlder(secret, shard.secret))) return []
    const before = shard.secret?.data ?? {}
    const after = secret?.data ?? {}
    // The copy that the watch keeps anyway: a second one of every entry adds up.
    shard.secret = secret
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((uid) => before[uid] !== after[uid])
  }

  /** The entry as last seen; undefined when there is none or it cannot be read. */
  entryOf(uid: string): KeyringEntry | undefined {
    const base64 = this.#shardOf(uid).secret?.data?.[uid]
    if (base64 === undefined) return undefined
    try {
      return keyringEntrySchema.parse(JSON.parse(Buffer.from(base64, 'base64').toString('utf8')))
    } catch {
      return undefined
    }
  }

  /** Whether an object may be registered: its entry is there, or its Secret takes new ones of its namespace. */
  hasRoomFor({ uid, namespace }: Pick<KeyringEntry, 'uid' | 'namespace'>): boolean {
    const { secret, room } = this.#shardOf(uid)
    return secret?.data?.[uid] !== undefined || room.takesNewEntries(secret?.data, namespace)
  }

  /** How full the fullest Secret is, 0 to 1. */
  usedShare(): number {
    return Math.max(...[...this.#shards.values()].map(({ secret, room }) => room.usedShare(secret?.data)))
  }

  /**
   * Resolves when the entry is stored and was read back, which may take some seconds where many are written: hold
   * nothing meanwhile. Throws FailedCall (KeyringFull) when the Secret cannot hold it.
   */
  write(entry: KeyringEntry): Promise<void> {
    return this.#change(entry.uid, encode(entry))
  }

  /**
   * Resolves when the API server would store the entry now, and stores nothing. Throws what `write` would. May take as
   * long.
   */
  async rehearse(entry: KeyringEntry): Promise<void> {
    const { uid } = entry
    const value = encode(entry)
    const { secret, room } = this.#shardOf(uid)
    const { refused } = room.sort(secret?.data, { [uid]: value })
    if (refused.length > 0) throw keyringIsFull(uid)
    await this.#rehearsals.rehearse(keyringSecretNameFor(uid), uid, value)
  }

  /** Removing what is not there succeeds without a call. */
  async remove(uid: string): Promise<void> {
    if (this.#shardOf(uid).secret?.data?.[uid] !== undefined) await this.#change(uid, null)
  }

  /**
   * Drops entries of objects that do not exist. Only after a full sync of the objects: a partial view would remove
   * entries of objects that exist.
   */
  async prune(isKnown: (uid: string) => boolean): Promise<void> {
    const uids = [...this.#shards.values()].flatMap(({ secret }) => Object.keys(secret?.data ?? {}))
    await Promise.all(uids.filter((uid) => !isKnown(uid)).map((uid) => this.remove(uid)))
  }

  #shardOf(uid: string): Shard {
    const shard = this.#shards.get(keyringSecretNameFor(uid))
    if (shard === undefined) throw new Error('every uid has a shard: a defect of keyringSecretNameFor')
    return shard
  }

  #change(uid: string, value: string | null): Promise<void> {
    const shard = this.#shardOf(uid)
    const stored = new Promise<void>((resolve, reject) => {
      const settle = (error?: unknown) => (error === undefined ? resolve() : reject(error))
      // The newest value is the one that is written; it serves all writes that wait for this key.
      shard.waiting.set(uid, [...(shard.waiting.get(uid) ?? []), { value, settle }])
    })
    this.#scheduleFlush(keyringSecretNameFor(uid), shard)
    return stored
  }

  #scheduleFlush(name: string, shard: Shard): void {
    if (shard.busy) return
    shard.busy = true
    this.#options.clock.after(this.#options.batchMs, () => void this.#flush(name, shard))
  }

  async #flush(name: string, shard: Shard): Promise<void> {
    const batch = shard.waiting
    shard.waiting = new Map()
    const changes = Object.fromEntries([...batch].map(([uid, waiting]) => [uid, waiting.at(-1)?.value ?? null]))
    const { fitting, refused } = shard.room.sort(shard.secret?.data, changes)
    const settle = (uid: string, outcome?: unknown) => batch.get(uid)?.forEach((waiting) => waiting.settle(outcome))
    for (const uid of refused) settle(uid, keyringIsFull(uid))
    const outcome = await this.#patch(name, shard, fitting).then(
      () => undefined,
      (error: unknown) => error ?? new Error('keyring patch failed'),
    )
    for (const uid of Object.keys(fitting)) settle(uid, outcome)
    this.#options.clock.after(restMsOf(shard), () => {
      shard.busy = shard.waiting.size > 0
      if (shard.busy) void this.#flush(name, shard)
    })
  }

  async #patch(name: string, shard: Shard, changes: Changes): Promise<void> {
    if (Object.keys(changes).length === 0) return
    const stored = await this.#patchOrCreate(name, changes, shard.secret === undefined)
    if (isOther(stored, shard.secret) && !isOlder(stored, shard.secret)) shard.secret = stored
    this.#assertEchoed(name, changes, stored)
  }

  /**
   * Entries that do not fit together are refused one by one when they are written; a try of some of them tells about
   * all.
   */
  async #tryOut(name: string, changes: Changes): Promise<void> {
    const shard = this.#shards.get(name)
    if (shard === undefined) throw new Error('a try is of one of the shards: a defect of KeyringRehearsals')
    const { secret, room } = shard
    const { fitting } = room.sort(secret?.data, changes)
    const answer = await this.#patchOrCreate(name, fitting, secret === undefined, { dryRun: true })
    this.#assertEchoed(name, fitting, answer)
  }

  #assertEchoed(name: string, changes: Changes, { data }: Secret): void {
    const wrong = Object.entries(changes).find(([uid, value]) => (data?.[uid] ?? null) !== value)
    if (wrong === undefined) return
    throw new FailedCall({
      class: 'refused',
      reason: 'RefusedByAPIServer',
      message: `Secret ${this.#options.namespace}/${name}: key ${wrong[0]} reads back otherwise than it was written: look for an admission webhook or policy that changes it`,
      mayHaveCommitted: true,
    })
  }

  /** A Secret that was never seen is created; if it exists by then, it is patched. */
  async #patchOrCreate(
    name: string,
    changes: Changes,
    unseen: boolean,
    options: { dryRun?: true } = {},
  ): Promise<Secret> {
    const { client, namespace } = this.#options
    const key = { namespace, name }
    // Without its label the watch would not show it, nor its entries.
    const labels = { [managedByLabel]: managedByValue, [keyringLabel.key]: keyringLabel.value }
    const patch = () =>
      client.patch<Secret>(
        secretKind,
        key,
        { ...(unseen && { metadata: { labels } }), data: changes },
        { ...options, type: 'merge' },
      )
    const create = () => client.create<Secret>(secretKind, newShard({ ...key, labels }, changes), options)
    try {
      return await (unseen ? create() : patch())
    } catch (error) {
      if (unseen ? isConflict(error) : isNotFound(error)) return unseen ? patch() : create()
      throw withoutSecrets(
        error,
        Object.values(changes).filter((value) => value !== null),
      )
    }
  }
}

function encode(entry: KeyringEntry): string {
  return Buffer.from(JSON.stringify(toStoredEntry(entry)), 'utf8').toString('base64')
}

function restMsOf(shard: Shard | undefined): number {
  return Math.min(Object.keys(shard?.secret?.data ?? {}).length * restMsPerEntry, longestRestMs)
}

function newShard(metadata: Secret['metadata'], changes: Changes): Secret {
  const entries = Object.entries(changes).filter((change): change is [string, string] => change[1] !== null)
  return { apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata, data: Object.fromEntries(entries) }
}

function isOther({ metadata }: Secret, than: Secret | undefined): boolean {
  return metadata.uid !== than?.metadata.uid || metadata.resourceVersion !== than?.metadata.resourceVersion
}

function isOlder(secret: Secret, than: Secret | undefined): boolean {
  if (than === undefined || secret.metadata.uid !== than.metadata.uid) return false
  return BigInt(secret.metadata.resourceVersion ?? 0) < BigInt(than.metadata.resourceVersion ?? 0)
}
