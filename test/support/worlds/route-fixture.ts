import type { TestContext } from 'node:test'

import type { GeminiRoute } from '../../../src/api/gemini-route.ts'
import { apiVersion, geminiRouteKind, routeKindName } from '../../../src/api/kind.ts'
import { isDocumented } from '../../../src/api/reasons.ts'
import type { GeminiRouteSpec } from '../../../src/api/route-spec.ts'
import { namespaceKind } from '../../../src/kubernetes/core-kinds.ts'
import { eventually } from '../measures/eventually.ts'
import { readKeyringEntry, startControllerFixture, tenant } from './controller-fixture.ts'

/** The name of the webhook in the namespace `ml`, whose owner is asked for consent. */
export const platform = 'project-events'
/** The namespace of a team that has routes. */
export const team = 'team-search'

/** The controller's fixture with a second namespace, and verbs for routes in it. */
export async function startRouteFixture(
  t: Pick<TestContext, 'after'>,
  options: Parameters<typeof startControllerFixture>[1] & { teamLabels?: Record<string, string> } = {},
) {
  const fixture = await startControllerFixture(t, options)
  const { client } = fixture
  const { teamLabels: labels = {} } = options
  await client.create(namespaceKind, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: team, labels } })

  const getRoute = (name: string, namespace = team) => client.get<GeminiRoute>(geminiRouteKind, { namespace, name })

  async function untilRoute(name: string, what: string, holds: (route: GeminiRoute) => boolean, namespace = team) {
    let last: GeminiRoute | undefined
    return eventually(
      `route ${name}: ${what}`,
      async () => {
        last = await getRoute(name, namespace)
        for (const condition of last?.status?.conditions ?? []) {
          if (!isDocumented(condition)) throw new Error(`undocumented condition ${JSON.stringify(condition)}`)
        }
        return last !== undefined && holds(last) && last
      },
      { timeoutMs: 20_000, intervalMs: 20 },
    ).catch((error: unknown) => {
      throw new Error(`route ${name}: never ${what}; status ${JSON.stringify(last?.status, null, 1)}`, { cause: error })
    })
  }

  return {
    ...fixture,
    getRoute,
    untilRoute,
    /** A route of the team to the webhook of the platform, with one sink. */
    applyRoute: (name: string, spec: Partial<GeminiRouteSpec> = {}, namespace = team) =>
      client.create<GeminiRoute>(geminiRouteKind, {
        apiVersion,
        kind: routeKindName,
        metadata: { namespace, name } as GeminiRoute['metadata'],
        spec: {
          webhookRef: { name: platform, namespace: tenant },
          sinks: [{ name: 'worker', uri: 'https://worker.example.com/' }],
          ...spec,
        },
      }),
    patchRoute: (name: string, body: unknown, namespace = team) =>
      client.patch<GeminiRoute>(geminiRouteKind, { namespace, name }, body, { type: 'merge' }),
    removeRoute: (name: string, namespace = team) => client.delete(geminiRouteKind, { namespace, name }),
    /** What the receivers know of a route. */
    entryOf: ({ metadata }: GeminiRoute) => readKeyringEntry(client, metadata.uid),
    untilReason: (name: string, reason: string, namespace = team) =>
      untilRoute(name, `Accepted ${reason}`, (route) => acceptedIn(route)?.reason === reason, namespace),
    label: (namespace: string, changes: Record<string, string | null>) =>
      client.patch(
        namespaceKind,
        { namespace: '', name: namespace },
        { metadata: { labels: changes } },
        { type: 'merge' },
      ),
  }
}

export function conditionIn(route: GeminiRoute | undefined, type: string) {
  return route?.status?.conditions?.find((condition) => condition.type === type)
}

export function acceptedIn(route: GeminiRoute | undefined) {
  return conditionIn(route, 'Accepted')
}
