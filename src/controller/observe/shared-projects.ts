import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { ObjectChange } from '../../kubernetes/reflector.ts'
import { isDeleting } from '../facts/life-stage.ts'
import type { ProjectNeighbours } from '../facts/observed.ts'

/** What one list of an API key showed. */
export interface ShownList {
  fingerprint: string
  /** On the monotonic clock. */
  startedAtMs: number
  webhooks: readonly { id: string; uri: string; name?: string | undefined }[]
}

/**
 * Other namespaces of one project are counted up to one more than this: nobody needs the number of hundreds, and each
 * pass of each object counts.
 */
export const mostCounted = 100

/**
 * Which namespaces have their webhooks in the same Google project. Google tells no project of a key, so it is seen: a
 * list that was made with one key shows the webhook that an object with another key has registered. No call is made for
 * it; what is looked at are the lists that are made anyway.
 */
export class SharedProjects {
  readonly #ofWebhookId: (id: string) => readonly GeminiWebhook[]
  readonly #onShared: (fingerprint: string, other: string) => void
  /**
   * Keys that are of one project share one set. A key never moves to another project, so what was seen once holds:
   * neither a list that lags nor one that fails takes anything back.
   */
  readonly #keys = new Map<string, Set<string>>()
  /** When the newest list of a key was started. */
  readonly #listedAtMs = new Map<string, number>()
  /** By key and namespace, how many objects have a webhook that was seen with that key. */
  readonly #objects = new Map<string, Map<string, number>>()

  /**
   * `onShared` is told of two keys that are of one project, with each list that shows it: what it remembers of them may
   * be gone, as that of a key that was not used for a while.
   */
  constructor(
    ofWebhookId: (id: string) => readonly GeminiWebhook[],
    onShared: (fingerprint: string, other: string) => void = () => {},
  ) {
    this.#ofWebhookId = ofWebhookId
    this.#onShared = onShared
  }

  /** Takes a change as a watch tells it; `previous` is what was counted before. Keeps nothing of the objects. */
  observe(change: ObjectChange<GeminiWebhook>): void {
    if (change.type === 'deleted') return this.#count(change.object, -1)
    if (change.type === 'updated') this.#count(change.previous, -1)
    this.#count(change.object, 1)
  }

  listed({ fingerprint, startedAtMs, webhooks }: ShownList): void {
    this.#listedAtMs.set(fingerprint, startedAtMs)
    const others = new Set<string>()
    for (const { id, uri } of webhooks) {
      for (const { status } of this.#ofWebhookId(id).filter((object) => !isDeleting(object))) {
        // With the address it is this very webhook, even if ids of two projects can be the same.
        const other = status?.webhook?.uri === uri ? status.webhook.keyFingerprint : undefined
        if (other !== undefined && other !== fingerprint) others.add(other)
      }
    }
    for (const other of others) {
      this.#unite(fingerprint, other)
      this.#onShared(fingerprint, other)
    }
  }

  /** How many namespaces besides this one have webhooks in the project of the key, as far as lists have shown. */
  neighboursOf(fingerprint: string, namespace: string): ProjectNeighbours {
    const others = new Set<string>()
    for (const name of this.#namespacesWith(this.#keys.get(fingerprint) ?? [fingerprint])) {
      if (name !== namespace) others.add(name)
      if (others.size > mostCounted) break
    }
    return { namespaces: others.size, listedAtMs: this.#listedAtMs.get(fingerprint) ?? -Infinity }
  }

  /** Namespaces whose webhooks share a project with those of another namespace. */
  sharing(): number {
    const projects = new Set([...this.#objects.keys()].map((key) => this.#keys.get(key) ?? new Set([key])))
    const sharing = new Set<string>()
    for (const keys of projects) {
      const namespaces = new Set(this.#namespacesWith(keys))
      if (namespaces.size > 1) for (const namespace of namespaces) sharing.add(namespace)
    }
    return sharing.size
  }

  /** Forgets the keys that no object uses; of the others it stays known that they are of one project. */
  prune(inUse: ReadonlySet<string>): void {
    for (const [fingerprint, keys] of this.#keys) {
      if (inUse.has(fingerprint)) continue
      keys.delete(fingerprint)
      this.#keys.delete(fingerprint)
    }
    for (const fingerprint of this.#listedAtMs.keys()) {
      if (!inUse.has(fingerprint)) this.#listedAtMs.delete(fingerprint)
    }
  }

  #unite(one: string, other: string): void {
    const keys = this.#keys.get(one) ?? new Set([one])
    if (keys.has(other)) return
    for (const key of [one, ...(this.#keys.get(other) ?? [other])]) {
      keys.add(key)
      this.#keys.set(key, keys)
    }
  }

  *#namespacesWith(keys: Iterable<string>): Iterable<string> {
    for (const key of keys) yield* this.#objects.get(key)?.keys() ?? []
  }

  #count({ metadata: { namespace }, status }: GeminiWebhook, by: 1 | -1): void {
    const { id, keyFingerprint } = status?.webhook ?? {}
    if (id === undefined || keyFingerprint === undefined) return
    const namespaces = this.#objects.get(keyFingerprint) ?? new Map<string, number>()
    const objects = (namespaces.get(namespace) ?? 0) + by
    if (objects > 0) namespaces.set(namespace, objects)
    else namespaces.delete(namespace)
    if (namespaces.size > 0) this.#objects.set(keyFingerprint, namespaces)
    else this.#objects.delete(keyFingerprint)
  }
}
