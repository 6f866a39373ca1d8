import type { Clock } from '../../clock.ts'
import { SharedMemory } from '../../fairness/shared-memory.ts'
import type { Caller, SharedWebhookService, WebhookService } from '../../gemini/webhook-service.ts'
import { FairPace } from '../../kubernetes/fair-pace.ts'

interface Credentials {
  apiKey: string
  fingerprint: string
}

/** Opens the service for one API key; the opener gives each fingerprint its own call budget. */
export type OpenWebhookService = (credentials: Credentials) => SharedWebhookService

interface PoolOptions {
  open: OpenWebhookService
  clock: Clock
  /** Is to `prune`: a Secret that gets another key again and again would fill the memory before the next sweep. */
  onCrowd?: () => void
}

interface Opened {
  fingerprint: string
  service: SharedWebhookService
  /** Namespaces whose own Secret has shown the key. */
  shownIn: Set<string>
}

interface Shown {
  namespace: string
  opened: Opened
}

/** How many there are before unused ones are removed for the first time. */
const firstSweepAt = 64
/**
 * Of one namespace with each of its keys, some 3 KiB each. Of the namespace that has most, the longest unused is
 * closed, and opened again when it is used.
 */
const maxShown = 10_000
/**
 * Keys that were not in use, of all namespaces together. Each has a call budget of its own that nothing was taken of,
 * so ever new keys would be limited by no budget at all. As many a second as one key may make calls by default, and
 * enough at once for a start.
 */
const newKeys = { ratePerSecond: 5, burst: 100 }

const neverAborted = new AbortController().signal

/**
 * One WebhookService per API key, kept while an object uses it: also the only place that still knows a key whose Secret
 * is gone.
 */
export class WebhookServicePool {
  readonly #options: PoolOptions
  readonly #byFingerprint = new Map<string, Opened>()
  readonly #shown = new SharedMemory<Shown>(maxShown)
  readonly #pace: FairPace
  /** One for all objects of a namespace that wait with the same key. */
  readonly #turns = new Map<string, Promise<void>>()
  #sweepAt = firstSweepAt

  constructor(options: PoolOptions) {
    this.#options = options
    this.#pace = new FairPace(newKeys, options.clock)
  }

  /**
   * `caller.party` is the namespace whose Secret holds the key. One that is not in use waits without a worker for its
   * turn among those of all namespaces; rejects with the reason of `caller.signal` when that aborts first.
   */
  async serviceFor(credentials: Credentials, caller: Caller): Promise<WebhookService> {
    const { fingerprint } = credentials
    if (!this.#byFingerprint.has(fingerprint)) {
      await caller.withoutWorker(() => this.#turnOf(fingerprint, caller))
      this.#sweepWhereCrowded()
    }
    // Opened by another meanwhile, it is one that is in use.
    const opened = this.#byFingerprint.get(fingerprint) ?? this.#open(credentials)
    this.#show(opened, caller.party)
    return opened.service.as(caller)
  }

  /**
   * The service of a key that was used before, even if its Secret is gone by now. Only for a namespace that has shown
   * the key itself: the fingerprint comes from a status, and one of another namespace must not be a way to call with
   * its key.
   */
  known(fingerprint: string | undefined, caller: Caller): WebhookService | undefined {
    const opened = fingerprint === undefined ? undefined : this.#byFingerprint.get(fingerprint)
    return opened?.shownIn.has(caller.party) === true ? opened.service.as(caller) : undefined
  }

  /** Drops the keys that no object uses any more. */
  prune(inUse: ReadonlySet<string>): void {
    for (const opened of this.#byFingerprint.values()) {
      if (inUse.has(opened.fingerprint)) continue
      for (const namespace of opened.shownIn) this.#shown.delete(namespace, opened.fingerprint)
      this.#byFingerprint.delete(opened.fingerprint)
    }
  }

  #turnOf(fingerprint: string, { party, signal = neverAborted }: Caller): Promise<void> {
    const id = `${party}/${fingerprint}`
    const turn = this.#turns.get(id) ?? this.#pace.take(party, signal).finally(() => this.#turns.delete(id))
    this.#turns.set(id, turn)
    return turn
  }

  #open(credentials: Credentials): Opened {
    const { fingerprint } = credentials
    const opened = { fingerprint, service: this.#options.open(credentials), shownIn: new Set<string>() }
    this.#byFingerprint.set(fingerprint, opened)
    return opened
  }

  #show(opened: Opened, namespace: string): void {
    opened.shownIn.add(namespace)
    const forgotten = this.#shown.set(namespace, opened.fingerprint, { namespace, opened })
    if (forgotten === undefined) return
    forgotten.opened.shownIn.delete(forgotten.namespace)
    if (forgotten.opened.shownIn.size === 0) this.#byFingerprint.delete(forgotten.opened.fingerprint)
  }

  #sweepWhereCrowded(): void {
    if (this.#byFingerprint.size < this.#sweepAt) return
    this.#options.onCrowd?.()
    this.#sweepAt = Math.max(firstSweepAt, this.#byFingerprint.size * 2)
  }
}
