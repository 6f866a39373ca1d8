import type { GeminiRouteSpec } from './route-spec.ts'
import type { GeminiRouteStatus } from './route-status.ts'
import type { StoredMeta } from './stored-meta.ts'

/** A GeminiRoute as the API server gives it. */
export interface GeminiRoute {
  apiVersion: string
  kind: string
  metadata: StoredMeta
  spec: GeminiRouteSpec
  status?: GeminiRouteStatus
}

/** A GeminiRoute as people write it. */
export interface GeminiRouteManifest {
  apiVersion: string
  kind: string
  metadata: Partial<StoredMeta> & { name: string }
  spec: GeminiRouteSpec
  status?: GeminiRouteStatus
}
