import type { AttachedRoute } from './attached-route.ts'
import { RouteIndex } from './route-index.ts'

interface WebhookRoutes {
  /** By uid of the route. */
  readonly routes: Map<string, AttachedRoute>
  /** Made by the next event after a change: many routes may change before it comes. */
  index: RouteIndex | undefined
}

const noRoutes = new RouteIndex([])

/** The routes of each webhook. Those that are refused are none of them. */
export class RouteBook {
  readonly #byWebhook = new Map<string, WebhookRoutes>()

  /** Takes a route as it stands now. What was put in before under its uid has to be removed first. */
  put(attached: AttachedRoute): void {
    const { webhookUid, refused } = attached.route
    if (refused === true) return
    const known = this.#byWebhook.get(webhookUid) ?? { routes: new Map<string, AttachedRoute>(), index: undefined }
    known.routes.set(attached.uid, attached)
    known.index = undefined
    this.#byWebhook.set(webhookUid, known)
  }

  /** Removing what is not there succeeds. */
  remove({ uid, route: { webhookUid } }: AttachedRoute): void {
    const known = this.#byWebhook.get(webhookUid)
    if (known === undefined) return
    known.routes.delete(uid)
    known.index = undefined
    if (known.routes.size === 0) this.#byWebhook.delete(webhookUid)
  }

  hasRoutes(webhookUid: string): boolean {
    return this.#byWebhook.has(webhookUid)
  }

  indexOf(webhookUid: string): RouteIndex {
    const known = this.#byWebhook.get(webhookUid)
    if (known === undefined) return noRoutes
    known.index ??= new RouteIndex(known.routes.values())
    return known.index
  }
}
