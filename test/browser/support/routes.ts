import type { GeminiRoute } from '../../../src/api/gemini-route.ts'
import type { SeenWebhook } from '../../../src/cli/route/chain.ts'
import { pageAddresses } from '../../../src/contract/page/addresses.ts'
import { routeDetailOf } from '../../../src/ui/routes/route-detail.ts'
import { routeListOf } from '../../../src/ui/routes/route-row.ts'
import { aJudgedRoute } from '../../support/builders/a-judged-route.ts'
import type { FixtureServer } from './fixture-server.ts'

type Judged = Parameters<typeof aJudgedRoute>[0]

/** A route as `gwh ui` would have read it. */
export function aRouteOf(namespace: string, name: string, given: Judged = {}): GeminiRoute {
  const route = aJudgedRoute(given)
  return { ...route, metadata: { ...route.metadata, namespace, name, uid: `uid-${namespace}-${name}` } }
}

const keptByWorker = {
  deadLetters: 2,
  sinks: [{ name: 'worker', ready: true, address: 'http://eval.search.svc:80/', deadLetters: 2 }],
}

/** The conditions of a route that gets nothing for this reason. */
export function refusedBy(reason: 'NotAllowed' | 'WebhookNotFound' | 'WebhookNotServing', message: string) {
  const told = { status: 'False', reason, message } as const
  return { Accepted: told, Ready: told, Stalled: { ...told, status: 'True' as const } }
}

const unknown = { status: 'Unknown', reason: 'Progressing', message: 'the receivers could not be told yet' } as const

/** One that is well, and one for each way of not being so. */
export const fiveRoutes = [
  aRouteOf('search', 'nightly-eval', { status: keptByWorker }),
  aRouteOf('search', 'new', { conditions: { Accepted: unknown, Ready: unknown } }),
  aRouteOf('ads', 'refused', { conditions: refusedBy('NotAllowed', 'its owner does not allow this namespace') }),
  aRouteOf('ads', 'misspelt', { conditions: refusedBy('WebhookNotFound', 'there is no such webhook') }),
  aRouteOf('ads', 'elsewhere', { conditions: refusedBy('WebhookNotServing', 'it has a server of its own') }),
]

/** Tells pages of these routes, and answers for each; `seen` is what the user may read of the webhook. */
export function knowRoutes(
  server: FixtureServer,
  routes: readonly GeminiRoute[] = fiveRoutes,
  seen: SeenWebhook = { unread: 'you may not get it' },
): void {
  server.begin = [...server.begin, { type: 'routes', routes: routeListOf(routes) }]
  server.answers.set(pageAddresses.route, ({ namespace, name }) => {
    const route = routes.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name)
    return route === undefined
      ? { status: 404, body: { error: `GeminiRoute ${namespace}/${name}: does not exist` } }
      : { body: routeDetailOf(route, seen) }
  })
}
