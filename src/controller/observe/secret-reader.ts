import { SharedRoom } from '../../fairness/shared-room.ts'
import type { KubernetesClient, KubernetesObject, ObjectKey } from '../../kubernetes/client.ts'
import { failureOf } from '../facts/failure-class.ts'
import { secretKind, type Secret } from '../../kubernetes/core-kinds.ts'
import { found, missing, type Lookup } from '../facts/lookup.ts'

/**
 * Of all Secrets that are kept, in characters: some 40,000 ordinary ones, and an eighth of the memory that the chart
 * gives. A tenant may fill each with 1 MiB; what has no room in the share of its namespace is read again each time.
 */
const maxKeptCharacters = 64 * 1024 * 1024
/** What one costs besides its values. */
const overhead = 1_000

/**
 * Secrets are watched as metadata only and read one by one when needed; a read is kept as long as the watch shows the
 * same version.
 */
export class SecretReader {
  readonly #client: KubernetesClient
  readonly #metadata: { get(key: ObjectKey): KubernetesObject | undefined }
  readonly #kept = new Map<string, { secret: Secret; characters: number }>()
  readonly #room: SharedRoom
  /** Versions that this process wrote and that the watch has not shown yet. */
  readonly #written = new Map<string, string>()

  constructor(
    client: KubernetesClient,
    metadata: { get(key: ObjectKey): KubernetesObject | undefined },
    maxCharacters = maxKeptCharacters,
  ) {
    this.#client = client
    this.#metadata = metadata
    this.#room = new SharedRoom({ total: maxCharacters })
  }

  async read(key: ObjectKey): Promise<Lookup<Secret>> {
    const kept = this.#kept.get(idOf(key))?.secret
    const seen = this.#metadata.get(key)?.metadata.resourceVersion
    if (kept !== undefined && kept.metadata.resourceVersion === seen) return found(kept)
    try {
      const secret = await this.#client.get<Secret>(secretKind, key)
      if (secret === undefined) {
        this.#drop(key)
        return missing
      }
      this.#keep(key, secret)
      return found(secret)
    } catch (error) {
      return { state: 'failed', failure: failureOf(error) }
    }
  }

  /**
   * Takes over what a write of our own answered: it need not be read again, and when the watch shows it, it is no news.
   */
  learn(secret: Secret): void {
    const { namespace = '', name, resourceVersion } = secret.metadata
    const id = idOf({ namespace, name })
    const isSeen = this.#metadata.get({ namespace, name })?.metadata.resourceVersion === resourceVersion
    this.#keep({ namespace, name }, secret)
    if (resourceVersion !== undefined && !isSeen) this.#written.set(id, resourceVersion)
  }

  /** Whether what the watch shows now is our own last write. */
  sawOwnWrite({ metadata }: KubernetesObject): boolean {
    const id = idOf({ namespace: metadata.namespace ?? '', name: metadata.name })
    if (this.#written.get(id) !== metadata.resourceVersion) return false
    return this.#written.delete(id)
  }

  /** The object is gone, or is not needed any more. */
  forget(key: ObjectKey): void {
    this.#drop(key)
    this.#written.delete(idOf(key))
  }

  #keep(key: ObjectKey, read: Secret): void {
    this.#drop(key)
    const secret = withLastManagerOnly(read)
    const characters = charactersOf(secret)
    if (characters > this.#room.freeFor([key.namespace])) return
    this.#room.take([key.namespace], characters)
    this.#kept.set(idOf(key), { secret, characters })
  }

  #drop(key: ObjectKey): void {
    const kept = this.#kept.get(idOf(key))
    if (kept === undefined) return
    this.#room.give([key.namespace], kept.characters)
    this.#kept.delete(idOf(key))
  }
}

/** Field ownership is several times larger than the Secret itself; only the last writer is ever named. */
function withLastManagerOnly(secret: Secret): Secret {
  const newest = (secret.metadata.managedFields ?? []).toSorted((a, b) => (b.time ?? '').localeCompare(a.time ?? ''))[0]
  const { manager, time } = newest ?? {}
  const managedFields =
    newest === undefined ? [] : [{ ...(manager !== undefined && { manager }), ...(time !== undefined && { time }) }]
  return { ...secret, metadata: { ...secret.metadata, managedFields } }
}

function charactersOf({ data, metadata }: Secret): number {
  const entries = [data, metadata.labels, metadata.annotations].flatMap((map) => Object.entries(map ?? {}))
  return entries.reduce((sum, [key, value]) => sum + key.length + value.length, overhead)
}

function idOf({ namespace, name }: ObjectKey): string {
  return `${namespace}/${name}`
}
