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
 * An id that so many lists in a row do not show is gone. Lists may lag, and pages may shift: a count by each of them
 * alone would go up and down, and status would be written each time.
 */
const goneAfterLists = 20

/**
 * Webhooks of the Google projects that no GeminiWebhook manages: they carry no marker, so no installation has made
 * them, and no object that is seen here names them. No call is made for it; what is looked at are the lists that are
 * made anyway.
 */
export class UnmanagedWebhooks {
  readonly #webhooks: Pick<ObjectStore<GeminiWebhook>, 'byIndex'>
  /**
   * By the fingerprint of the key, ids that its lists showed without a marker, at most as many as are counted, with how
   * many lists in a row have not shown them since.
   */
  readonly #unmarked = new Map<string, ReadonlyMap<string, number>>()

  constructor(webhooks: Pick<ObjectStore<GeminiWebhook>, 'byIndex'>) {
    this.#webhooks = webhooks
  }

  listed({ fingerprint, webhooks }: ShownList): void {
    const [marked, unmarked] = [new Set<string>(), new Map<string, number>()]
    for (const { id, name } of webhooks) {
      if (markerIn(name) !== undefined) marked.add(id)
      else if (!this.#isNamed(id)) unmarked.set(id, 0)
    }
    for (const [id, missing] of this.#unmarked.get(fingerprint) ?? []) {
      const isMissing = !unmarked.has(id) && !marked.has(id)
      if (isMissing && missing + 1 < goneAfterLists) unmarked.set(id, missing + 1)
    }
    // The first by their names, so that several keys of one project count the same ones.
    const counted = [...unmarked].toSorted(([a], [b]) => (a < b ? -1 : 1)).slice(0, mostUnmanagedWebhooks)
    if (counted.length === 0) this.#unmarked.delete(fingerprint)
    else this.#unmarked.set(fingerprint, new Map(counted))
  }

  /** In the project of this key, by its last lists; 0 before the first. */
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
    return [...(this.#unmarked.get(fingerprint)?.keys() ?? [])].filter((id) => !this.#isNamed(id))
  }

  #isNamed(id: string): boolean {
    return [byExternalId, byWebhookId].some((index) => this.#webhooks.byIndex(index, id).length > 0)
  }
}
