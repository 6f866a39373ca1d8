import type { GeminiRoute } from '../../api/gemini-route.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { inTurns, maxRoutesOfWebhook } from './consent.ts'
import { byWebhookRef, idOfRef } from './route-indices.ts'
import { permissionOf, type ConsentSources } from './view-consent.ts'

export interface RouteCounts {
  attached: number
  refused: number
}

/** How many routes a webhook allows, and how many name it in vain. */
export function countRoutes(
  webhook: GeminiWebhook,
  sources: Pick<ConsentSources, 'routes' | 'namespaces'>,
): RouteCounts {
  const routes = sources.routes.byIndex(byWebhookRef, idOfRef(webhook.metadata))
  const allowed = routes.filter((route) => permissionOf(route, webhook, sources) !== 'no').length
  const attached = Math.min(allowed, maxRoutesOfWebhook)
  return { attached, refused: routes.length - attached }
}

/**
 * The routes of a webhook that are told another thing about its bound than what is so now: one that was deleted made
 * room, or one with a turn before it took it. None while it has no more routes than that.
 */
export function movedByBound(
  webhook: GeminiWebhook,
  sources: Pick<ConsentSources, 'routes' | 'namespaces'>,
): GeminiRoute[] {
  const routes = sources.routes.byIndex(byWebhookRef, idOfRef(webhook.metadata))
  if (routes.length <= maxRoutesOfWebhook) return routes.filter(isTurnedAway)
  const allowed = routes.filter((route) => permissionOf(route, webhook, sources) !== 'no')
  return inTurns(allowed).filter((route, place) => isTurnedAway(route) !== place >= maxRoutesOfWebhook)
}

function isTurnedAway({ status }: GeminiRoute): boolean {
  return status?.conditions?.some(({ reason }) => reason === 'TooManyRoutes') === true
}
