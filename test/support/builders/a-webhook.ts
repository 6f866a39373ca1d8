import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import { apiVersion, kindName } from '../../../src/api/kind.ts'
import { finalizer } from '../../../src/api/names.ts'
import type { GeminiWebhookSpec } from '../../../src/api/spec.ts'
import type { GeminiWebhookStatus, Operation } from '../../../src/api/status.ts'

export const remoteId = 'abcdefghijklmnopqrstuvwxyz0123456789'
export const endpointUrl = 'https://hooks.example.com/v1/s/ml/batch-events'
export const fingerprint = 'f'.repeat(32)
export const installationId = 'installation-1'
export const installation = { id: installationId, token: '0a1b2c3d', formerTokens: [] }

/**
 * A GeminiWebhook as the API server would give it; starts fresh and valid, so that a test shows only what matters to
 * it.
 */
export class WebhookBuilder {
  readonly #webhook: GeminiWebhook

  constructor(webhook: GeminiWebhook) {
    this.#webhook = webhook
  }

  #with(changes: Partial<GeminiWebhook>): WebhookBuilder {
    return new WebhookBuilder({ ...this.#webhook, ...changes })
  }

  spec(changes: Partial<GeminiWebhookSpec>): WebhookBuilder {
    return this.#with({ spec: { ...this.#webhook.spec, ...changes } })
  }

  status(changes: Partial<GeminiWebhookStatus>): WebhookBuilder {
    return this.#with({ status: { ...this.#webhook.status, ...changes } })
  }

  metadata(changes: Partial<GeminiWebhook['metadata']>): WebhookBuilder {
    return this.#with({ metadata: { ...this.#webhook.metadata, ...changes } })
  }

  finalized(): WebhookBuilder {
    return this.metadata({ finalizers: [finalizer] })
  }

  deleting(): WebhookBuilder {
    return this.finalized().metadata({ deletionTimestamp: '2026-11-21T11:59:00Z' })
  }

  /** Registered some days ago, secret stored, endpoint proven. */
  registered(changes: Partial<NonNullable<GeminiWebhookStatus['webhook']>> = {}): WebhookBuilder {
    return this.finalized().status({
      observedGeneration: this.#webhook.metadata.generation,
      webhook: {
        id: remoteId,
        name: 'gwh:marker',
        uri: endpointUrl,
        events: ['batch.succeeded'],
        state: 'enabled',
        keyFingerprint: fingerprint,
        ...changes,
      },
      signingSecret: { name: `${this.#webhook.metadata.name}-signing-secret`, hint: 'whsec_...aaaa' },
      rotation: { lastRotationTime: '2026-11-19T12:00:00Z' },
    })
  }

  /** The condition Ready, and no other. */
  readiness(status: 'True' | 'False'): WebhookBuilder {
    const ready = { type: 'Ready', status, reason: 'Succeeded', message: '', observedGeneration: 1 } as const
    return this.status({ conditions: [{ ...ready, lastTransitionTime: '2026-11-21T12:00:00Z' }] })
  }

  intending(type: Operation['type'], changes: Partial<Operation> = {}): WebhookBuilder {
    return this.finalized().status({
      operation: { type, attemptID: 'attempt-1', startTime: '2026-11-21T11:59:00Z', ...changes },
    })
  }

  build(): GeminiWebhook {
    return this.#webhook
  }
}

export function aWebhook(): WebhookBuilder {
  return new WebhookBuilder({
    apiVersion,
    kind: kindName,
    metadata: {
      namespace: 'ml',
      name: 'batch-events',
      uid: 'uid-1',
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: '2026-11-01T00:00:00Z',
    },
    spec: { apiKeySecretRef: { name: 'gemini-api-key' }, events: ['batch.succeeded'] },
  })
}
