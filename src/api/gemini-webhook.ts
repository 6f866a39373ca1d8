import type { GeminiWebhookSpec } from './spec.ts'
import type { GeminiWebhookStatus } from './status.ts'

/** What the API server has filled in on every stored object. */
interface StoredMeta {
  name: string
  namespace: string
  uid: string
  resourceVersion: string
  /** Counts changes of the spec. */
  generation: number
  creationTimestamp: string
  deletionTimestamp?: string
  finalizers?: string[]
  labels?: Record<string, string>
  annotations?: Record<string, string>
  managedFields?: { manager?: string; operation?: string; time?: string; subresource?: string }[]
}

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
