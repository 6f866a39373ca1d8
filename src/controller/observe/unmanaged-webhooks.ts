import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { mostUnmanagedWebhooks } from '../../api/status.ts'
import type { ObjectStore } from '../../kubernetes/store.ts'
import { byExternalId, byWebhookId } from '../facts/indices.ts'
import { markerIn } from '../facts/ownership.ts'

/** What one list of an API key showed. */
interface ShownList {
  fingerprint: string
  webhooks: readonly { id: string; name?: string | undefined }[]
}

/**
 * Webhooks of the Google projects that no GeminiWebhook manages: they carry no marker, so no installation has made
 * them, and no object that is seen here names them. No call is made for it; what is looked at are the lists that are
 * made anyway.
 */
export class UnmanagedWebhooks {
  readonly #webhooks: Pick<ObjectStore<GeminiWebhook>, 'byIndex'>
  /** By the fingerprint of the key, ids without a marker in its newest list, at most as many as are counted. */
  readonly #unmarked = new Map<string, readonly string[]>()

  constructor(webhooks: Pick<ObjectStore<GeminiWebhook>, 'byIndex'>) {
    this.#webhooks = webhooks
  }

  listed({ fingerprint, webhooks }: ShownList): void {
    const ids = webhooks
      .filter(({ id, name }) => markerIn(name) === undefined && !this.#isNamed(id))
      .map(({ id }) => id)
    if (ids.length === 0) this.#unmarked.delete(fingerprint)
    else this.#unmarked.set(fingerprint, ids.toSorted().slice(0, mostUnmanagedWebhooks))
  }

  /** In the project of this key, by its newest list; 0 before the first. */
  countOf(fingerprint: string): number {
    return this.#unmanagedOf(fingerprint).length
  }

  /** In all projects; one that several keys show counts once. */
  total(): number {
    return new Set([...this.#unmarked.keys()].flatMap((fingerprint) => this.#unmanagedOf(fingerprint))).size
  }

  /** Forgets the keys that no object uses. */
  prune(inUse: ReadonlySet<string>): void {
    for (const fingerprint of this.#unmarked.keys()) if (!inUse.has(fingerprint)) this.#unmarked.delete(fingerprint)
  }

  /** Without those that an object has taken since. */
  #unmanagedOf(fingerprint: string): string[] {
    return (this.#unmarked.get(fingerprint) ?? []).filter((id) => !this.#isNamed(id))
  }

  #isNamed(id: string): boolean {
    return [byExternalId, byWebhookId].some((index) => this.#webhooks.byIndex(index, id).length > 0)
  }
}
