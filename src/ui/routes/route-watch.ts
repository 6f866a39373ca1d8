import { visibleRoutes, type VisibleRoutes } from '../../cli/visible-routes.ts'
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

/** Listed anew so often while somebody looks: by far fewer people look than receivers and webhooks are watched by. */
const everyMs = 15_000

/** The GeminiRoutes that the user may see, read while a page is open. Survives every error. */
export class RouteWatch {
  readonly #deps: RouteWatchDeps
  readonly #seen: Polled<VisibleRoutes | { readonly why: string }>

  constructor(deps: RouteWatchDeps) {
    this.#deps = deps
    this.#seen = new Polled(() => this.#list(), { everyMs, clock: deps.clock })
  }

  /** For the pages; undefined before the first list. */
  list(): RouteList | undefined {
    const seen = this.#seen.look()
    if (seen === undefined) return undefined
    if ('items' in seen) return routeListOf(seen.items)
    if ('why' in seen) return { isKnown: false, why: seen.why }
    const isForbidden = seen.unseen === 'Forbidden'
    const why = isForbidden ? 'GeminiRoutes may not be listed' : 'the API server does not know GeminiRoutes'
    return { isKnown: false, why }
  }

  /** For who would list them otherwise; undefined before the first list, and where that failed. */
  visible(): VisibleRoutes | undefined {
    const seen = this.#seen.look()
    return seen === undefined || 'why' in seen ? undefined : seen
  }

  async #list(): Promise<VisibleRoutes | { why: string }> {
    const { client, onlyNamespace, ownNamespace } = this.#deps
    try {
      return await visibleRoutes(client, onlyNamespace(), () => ownNamespace)
    } catch (error) {
      return { why: messageOf(error) }
    }
  }
}
