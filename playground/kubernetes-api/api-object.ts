import type { JsonObject } from './json.ts'

export interface ApiMeta extends JsonObject {
  name: string
  namespace?: string
  generateName?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  creationTimestamp?: string
  deletionTimestamp?: string
  deletionGracePeriodSeconds?: number
  finalizers?: string[]
  labels?: Record<string, string>
  annotations?: Record<string, string>
}

/** An object of the API as it is stored. Treated as immutable: every change makes a new one. */
export interface ApiObject extends JsonObject {
  apiVersion: string
  kind: string
  metadata: ApiMeta
}

/** RFC 3339 in UTC with whole seconds, the way the API writes `metav1.Time`. */
export function formatTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`
}
