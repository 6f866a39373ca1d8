import type { GeminiRoute } from '../../api/gemini-route.ts'
import { brokenLink, unjudgedLinks, type Link } from '../../cli/link.ts'
import { remedyOf } from '../../cli/remedy.ts'
import { routeChainOf, webhookOf } from '../../cli/route/chain.ts'
import { slashed } from '../../cli/webhook/webhook-named.ts'
import type { RouteList, RouteRow } from '../../contract/page/routes.ts'
import { routeOwnerName } from '../../contract/route-owner.ts'
import { defined } from '../defined.ts'

/** More than anybody reads in a list; the rest is told by number. */
const maxRows = 500

const urgency = { Broken: 0, Open: 1, Good: 2 } as const

/** One GeminiRoute as the list shows it. Pure. */
export function routeRowOf(route: GeminiRoute, chain: readonly Link[] = routeChainOf(route)): RouteRow {
  const { namespace, name } = route.metadata
  const { pending = 0, deadLetters = 0, lastDeliveredTime } = route.status ?? {}
  const broken = brokenLink(chain)
  const state = unjudgedLinks(chain).length === 0 ? 'Good' : 'Open'
  return {
    id: `${namespace}/${routeOwnerName(name)}`,
    namespace,
    name,
    webhook: slashed(webhookOf(route)),
    state: broken === undefined ? state : 'Broken',
    ...(broken !== undefined && { broken: broken.name, says: broken.says }),
    ...defined({ remedy: broken && remedyOf(broken), lastDelivery: lastDeliveredTime }),
    pending,
    deadLetters,
  }
}

/** What needs attention first, then by name. Pure. */
export function routeListOf(routes: readonly GeminiRoute[]): RouteList {
  const rows = routes.map((route) => routeRowOf(route))
  const sorted = rows.toSorted((a, b) => urgency[a.state] - urgency[b.state] || (a.id < b.id ? -1 : 1))
  return { isKnown: true, rows: sorted.slice(0, maxRows), total: rows.length }
}
