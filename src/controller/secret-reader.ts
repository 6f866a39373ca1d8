import type { KubernetesClient, KubernetesObject, ObjectKey } from '../kubernetes/client.ts'
import { failureOf } from './failure-class.ts'
import { secretKind, type Secret } from './kinds.ts'
import { found, missing, type Lookup } from './lookup.ts'

/** Secrets are watched as metadata only and read one by one when needed; a read is kept as long as the watch shows the same version. */
export class SecretReader {
  readonly #client: KubernetesClient
  readonly #metadata: { get(key: ObjectKey): KubernetesObject | undefined }
  readonly #kept = new Map<string, Secret>()
  /** Versions that this process wrote and that the watch has not shown yet. */
  readonly #written = new Map<string, string>()

  constructor(client: KubernetesClient, metadata: { get(key: ObjectKey): KubernetesObject | undefined }) {
    this.#client = client
    this.#metadata = metadata
  }

  async read(key: ObjectKey): Promise<Lookup<Secret>> {
    const id = idOf(key)
    const kept = this.#kept.get(id)
    const seen = this.#metadata.get(key)?.metadata.resourceVersion
    if (kept !== undefined && kept.metadata.resourceVersion === seen) return found(kept)
    try {
      const secret = await this.#client.get<Secret>(secretKind, key)
      if (secret === undefined) {
        this.#kept.delete(id)
        return missing
      }
      this.#kept.set(id, withLastManagerOnly(secret))
      return found(secret)
    } catch (error) {
      return { state: 'failed', failure: failureOf(error) }
    }
  }

  /** Takes over what a write of our own answered: it need not be read again, and when the watch shows it, it is no news. */
  learn(secret: Secret): void {
    const { namespace = '', name, resourceVersion } = secret.metadata
    const id = idOf({ namespace, name })
    const isSeen = this.#metadata.get({ namespace, name })?.metadata.resourceVersion === resourceVersion
    this.#kept.set(id, withLastManagerOnly(secret))
    if (resourceVersion !== undefined && !isSeen) this.#written.set(id, resourceVersion)
  }

  /** Whether what the watch shows now is our own last write. */
  sawOwnWrite({ metadata }: KubernetesObject): boolean {
    const id = idOf({ namespace: metadata.namespace ?? '', name: metadata.name })
    if (this.#written.get(id) !== metadata.resourceVersion) return false
    return this.#written.delete(id)
  }

  /** The object is gone, or nobody asks for it any more. */
  forget(key: ObjectKey): void {
    this.#kept.delete(idOf(key))
    this.#written.delete(idOf(key))
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

function idOf({ namespace, name }: ObjectKey): string {
  return `${namespace}/${name}`
}
