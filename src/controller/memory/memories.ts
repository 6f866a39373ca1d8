import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { Clock } from '../../clock.ts'
import { Memory } from './memory.ts'

/** What this process remembers of each object, by its uid. */
export class Memories {
  readonly #clock: Clock
  readonly #byUid = new Map<string, Memory>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The memory of an object; begins with the first look at it. */
  of(webhook: GeminiWebhook): Memory {
    const { uid } = webhook.metadata
    const known = this.#byUid.get(uid)
    if (known !== undefined) return known
    const fresh = new Memory(webhook, this.#clock)
    this.#byUid.set(uid, fresh)
    return fresh
  }

  /** The webhook at Google that an object acts on, as far as this process saw. */
  claimOf(uid: string): string | undefined {
    return this.#byUid.get(uid)?.view.claim
  }

  yieldsTo(uid: string): string | undefined {
    return this.#byUid.get(uid)?.view.yieldsTo
  }

  forget(uid: string): void {
    this.#byUid.delete(uid)
  }

  /** Fingerprints of the API keys that objects still use. */
  fingerprintsInUse(): Set<string> {
    return new Set([...this.#byUid.values()].flatMap(({ view }) => view.fingerprint ?? []))
  }
}
