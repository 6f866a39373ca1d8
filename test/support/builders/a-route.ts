import type { GeminiRoute } from '../../../src/api/gemini-route.ts'
import { apiVersion, routeKindName } from '../../../src/api/kind.ts'
import type { GeminiRouteSpec } from '../../../src/api/route-spec.ts'
import type { GeminiRouteStatus } from '../../../src/api/route-status.ts'

interface RouteChanges {
  metadata?: Partial<GeminiRoute['metadata']>
  spec?: Partial<GeminiRouteSpec>
  status?: GeminiRouteStatus
}

/** A GeminiRoute as the API server would give it: of another namespace than the webhook that it names. */
export function aRoute({ metadata, spec, status }: RouteChanges = {}): GeminiRoute {
  return {
    apiVersion,
    kind: routeKindName,
    metadata: {
      namespace: 'team-search',
      name: 'nightly',
      uid: 'uid-of-route',
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: '2026-11-21T11:00:00Z',
      ...metadata,
    },
    spec: {
      webhookRef: { name: 'batch-events', namespace: 'ml' },
      sinks: [{ name: 'worker', uri: 'https://worker.example.com/' }],
      ...spec,
    },
    ...(status !== undefined && { status }),
  }
}
