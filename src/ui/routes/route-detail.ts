import type { GeminiRoute } from '../../api/gemini-route.ts'
import { brokenLink } from '../../cli/link.ts'
import { routeChainOf, type SeenWebhook } from '../../cli/route/chain.ts'
import type { Leader } from '../../cli/status-links.ts'
import type { RouteDetail } from '../../contract/page/routes.ts'
import { conditionViews, linkView, sinkView } from '../webhook/detail.ts'
import { routeRowOf } from './route-row.ts'

/** All that the page shows of one GeminiRoute. Pure. */
export function routeDetailOf(route: GeminiRoute, seen: SeenWebhook, leader?: Leader): RouteDetail {
  const chain = routeChainOf(route, seen, leader)
  const broken = brokenLink(chain)
  return {
    row: routeRowOf(route, chain),
    chain: chain.map(linkView),
    ...(broken !== undefined && { firstBroken: chain.indexOf(broken) }),
    conditions: conditionViews(route),
    sinks: route.spec.sinks.map((sink) => sinkView(sink, route)),
  }
}
