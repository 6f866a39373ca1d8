import type { KeyringEntry, RouteEntry } from '../../../src/contract/keyring/entry.ts'
import type { AttachedRoute } from '../../../src/routes/attached-route.ts'
import { aSink } from './deliveries.ts'

type Given = Partial<Omit<KeyringEntry, 'route'>> & { route?: Partial<RouteEntry> }

/** The entry of a route `search/nightly-eval` on the webhook `ml/batch-events` that gets all its events. */
export function aRouteEntry({ route, ...given }: Given = {}): AttachedRoute {
  return {
    uid: 'uid-of-route',
    namespace: 'search',
    name: 'nightly-eval',
    secrets: [],
    sinks: [aSink()],
    ...given,
    route: {
      webhookUid: 'uid-1',
      webhook: { namespace: 'ml', name: 'batch-events' },
      since: '2026-11-20T00:00:00Z',
      ...route,
    },
  }
}
