import type { WebhookService } from '../gemini/webhook-service.ts'

/** Opens the service for one API key; the opener gives each fingerprint its own call budget. */
export type OpenWebhookService = (credentials: { apiKey: string; fingerprint: string }) => WebhookService

/** One WebhookService per API key, kept while an object uses it: also the only place that still knows a key whose Secret is gone. */
export class WebhookServicePool {
  readonly #open: OpenWebhookService
  readonly #byFingerprint = new Map<string, WebhookService>()

  constructor(open: OpenWebhookService) {
    this.#open = open
  }

  serviceFor(credentials: { apiKey: string; fingerprint: string }): WebhookService {
    const known = this.#byFingerprint.get(credentials.fingerprint)
    if (known !== undefined) return known
    const service = this.#open(credentials)
    this.#byFingerprint.set(credentials.fingerprint, service)
    return service
  }

  /** The service of a key that was used before, even if its Secret is gone by now. */
  known(fingerprint: string | undefined): WebhookService | undefined {
    return fingerprint === undefined ? undefined : this.#byFingerprint.get(fingerprint)
  }

  /** Drops the keys that no object uses any more. */
  prune(inUse: ReadonlySet<string>): void {
    for (const fingerprint of this.#byFingerprint.keys()) {
      if (!inUse.has(fingerprint)) this.#byFingerprint.delete(fingerprint)
    }
  }
}
