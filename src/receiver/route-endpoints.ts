import { routeOwnerName } from '../contract/route-owner.ts'
import { sinkNamesOf } from '../contract/keyring/sink-names.ts'
import { isRoute, type AttachedRoute } from '../routes/attached-route.ts'
import type { UsableEntry } from './decode-shard.ts'
import type { Endpoint } from './endpoint.ts'

/**
 * The endpoints that routes have of their own. They are apart from those of webhooks: a route may have the name of a
 * webhook, and no path of a request may mean both.
 */
export class RouteEndpoints {
  /** By namespace, then by name; by uid, for a route that is made anew while the entry of the former is still there. */
  readonly #byPlace = new Map<string, Map<string, Map<string, Endpoint & { sinceMs: number }>>>()

  /** Undefined: there is no such route, it has no endpoint of its own, or the owner of its webhook refuses it. */
  lookup(namespace: string, name: string): Endpoint | undefined {
    const [first, ...others] = this.#byPlace.get(namespace)?.get(name)?.values() ?? []
    // The newest is the one that exists: names are unique in a namespace.
    return others.reduce(
      (newest, each) => (newest === undefined || each.sinceMs > newest.sinceMs ? each : newest),
      first,
    )
  }

  /** Returns whether it has an endpoint. */
  put({ entry, dynamic }: UsableEntry): boolean {
    if (!isRoute(entry)) return false
    this.remove(entry)
    if (dynamic === undefined || entry.route.refused === true) return false
    const { uid, namespace, name, route } = entry
    const endpoint: Endpoint & { sinceMs: number } = {
      owner: { uid, namespace, name: routeOwnerName(name) },
      keys: [],
      dynamic,
      route,
      sinks: sinkNamesOf(entry),
      areKeysChanging: false,
      checkAttemptId: undefined,
      sinceMs: Date.parse(route.since),
    }
    const names = this.#byPlace.get(namespace) ?? new Map<string, Map<string, typeof endpoint>>()
    this.#byPlace.set(namespace, names)
    names.set(name, (names.get(name) ?? new Map<string, typeof endpoint>()).set(uid, endpoint))
    return true
  }

  /** Removing what is not there succeeds. */
  remove({ uid, namespace, name }: Pick<AttachedRoute, 'uid' | 'namespace' | 'name'>): void {
    const names = this.#byPlace.get(namespace)
    const uids = names?.get(name)
    uids?.delete(uid)
    if (uids?.size === 0) names?.delete(name)
    if (names?.size === 0) this.#byPlace.delete(namespace)
  }
}
