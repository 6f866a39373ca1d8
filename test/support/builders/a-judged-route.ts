import type { GeminiRoute } from '../../../src/api/gemini-route.ts'
import { apiVersion, routeKindName } from '../../../src/api/kind.ts'
import type { GeminiRouteSpec } from '../../../src/api/route-spec.ts'
import type { GeminiRouteStatus } from '../../../src/api/route-status.ts'
import type { Condition } from '../../../src/api/status.ts'

interface Told {
  readonly status: Condition['status']
  readonly reason: Condition['reason']
  readonly message?: string
}

interface Given {
  readonly conditions?: Readonly<Record<string, Told>>
  readonly spec?: Partial<GeminiRouteSpec>
  readonly status?: Partial<GeminiRouteStatus>
}

const made = '2026-11-21T12:00:00Z'

/** Attached and well, but for what is given. */
const well: Readonly<Record<string, Told>> = {
  Ready: { status: 'True', reason: 'Succeeded' },
  Accepted: { status: 'True', reason: 'Attached' },
  SinksResolved: { status: 'True', reason: 'Succeeded' },
}

/** The route `search/nightly-eval` of the webhook `platform/project-events`, as its status is told to people. */
export function aJudgedRoute({ conditions = {}, spec = {}, status = {} }: Given = {}): GeminiRoute {
  const told = Object.entries({ ...well, ...conditions }).map(
    ([type, { status: held, reason, message = `about ${type}` }]) =>
      ({ type, status: held, reason, message, observedGeneration: 1, lastTransitionTime: made }) as Condition,
  )
  return {
    apiVersion,
    kind: routeKindName,
    metadata: {
      name: 'nightly-eval',
      namespace: 'search',
      uid: 'uid-nightly-eval',
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: made,
    },
    spec: {
      webhookRef: { name: 'project-events', namespace: 'platform' },
      sinks: [{ name: 'worker', service: { name: 'eval', port: 80 } }],
      ...spec,
    },
    status: {
      observedGeneration: 1,
      conditions: told,
      webhook: { namespace: 'platform', name: 'project-events', uid: 'uid-project-events', ready: 'True' },
      ...status,
    },
  }
}
