import { routesOnlyIn, visibleRoutes, type VisibleRoutes } from '../../cli/visible-routes.ts'
import type { RouteList } from '../../contract/page/routes.ts'
import type { Clock } from '../../clock.ts'
import type { KubernetesClient } from '../../kubernetes/client.ts'
import { messageOf } from '../message-of.ts'
import { Polled } from '../polled.ts'
import { routeListOf } from './route-row.ts'

interface RouteWatchDeps {
  readonly client: KubernetesClient
  readonly clock: Clock
  /** The only namespace whose objects are shown; undefined: all. */
  readonly onlyNamespace: () => string | undefined
  /** Listed alone where the user may not list those of the whole cluster. */
  readonly ownNamespace: string
}

/** The list is made once from what was read, and not for every look: pages are told every second. */
interface Seen {
  readonly list: RouteList
  /** Undefined where reading failed. */
  readonly visible?: VisibleRoutes
}

/** Listed anew so often while somebody looks: by far fewer people look than receivers and webhooks are watched by. */
const everyMs = 15_000

/** The GeminiRoutes that the user may see, read while a page is open. Survives every error. */
export class RouteWatch {
  readonly #deps: RouteWatchDeps
  readonly #seen: Polled<Seen>

  constructor(deps: RouteWatchDeps) {
    this.#deps = deps
    this.#seen = new Polled(() => this.#list(), { everyMs, clock: deps.clock })
  }

  /** For the pages; undefined before the first list. */
  list(): RouteList | undefined {
    return this.#seen.look()?.list
  }

  /** For who would list them otherwise; undefined before the first list, and where that failed. */
  visible(): VisibleRoutes | undefined {
    return this.#seen.look()?.visible
  }

  async #list(): Promise<Seen> {
    const { client, onlyNamespace, ownNamespace } = this.#deps
    const only = onlyNamespace()
    try {
      const visible = await (only === undefined
        ? visibleRoutes(client, undefined, () => ownNamespace)
        : routesOnlyIn(client, only))
      return { visible, list: listOf(visible) }
    } catch (error) {
      return { list: { isKnown: false, why: messageOf(error) } }
    }
  }
}

const whyUnseen = {
  Forbidden:
    'GeminiRoutes may not be listed: ask for the right to list them, or start "gwh ui -n NAMESPACE" for a namespace that you may see',
  NoCRD: 'the API server does not know GeminiRoutes: install the CRD',
} as const

function listOf(visible: VisibleRoutes): RouteList {
  if ('items' in visible) return routeListOf(visible.items)
  return { isKnown: false, why: whyUnseen[visible.unseen] }
}
