import type { GeminiWebhookSpec } from './spec.ts'
import type { GeminiWebhookStatus } from './status.ts'
import type { StoredMeta } from './stored-meta.ts'

/** A GeminiWebhook as the API server gives it. */
export interface GeminiWebhook {
  apiVersion: string
  kind: string
  metadata: StoredMeta
  spec: GeminiWebhookSpec
  status?: GeminiWebhookStatus
}

/** A GeminiWebhook as people write it. */
export interface GeminiWebhookManifest {
  apiVersion: string
  kind: string
  metadata: Partial<StoredMeta> & { name: string }
  spec: GeminiWebhookSpec
  status?: GeminiWebhookStatus
}
