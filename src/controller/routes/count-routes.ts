import type { GeminiRoute } from '../../api/gemini-route.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { conditionOf } from '../status/kubernetes-events.ts'
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

/** The routes of a webhook whose status tells another thing of it than what is so now. */
export function toldOtherwise(
  webhook: GeminiWebhook,
  sources: Pick<ConsentSources, 'routes' | 'namespaces'>,
): GeminiRoute[] {
  const routes = sources.routes.byIndex(byWebhookRef, idOfRef(webhook.metadata))
  const moved = movedByBound(routes, webhook, sources)
  return [...new Set(moved.concat(routes.filter((route) => isReadinessOld(route, webhook))))]
}

/**
 * Those that are told another thing about its bound: one that was deleted made room, or one with a turn before it took
 * it. None while it has no more routes than that.
 */
function movedByBound(
  routes: readonly GeminiRoute[],
  webhook: GeminiWebhook,
  sources: Pick<ConsentSources, 'namespaces'>,
): GeminiRoute[] {
  if (routes.length <= maxRoutesOfWebhook) return routes.filter(isTurnedAway)
  const allowed = routes.filter((route) => permissionOf(route, webhook, sources) !== 'no')
  return inTurns(allowed).filter((route, place) => isTurnedAway(route) !== place >= maxRoutesOfWebhook)
}

function isTurnedAway({ status }: GeminiRoute): boolean {
  return status?.conditions?.some(({ reason }) => reason === 'TooManyRoutes') === true
}

/** A route that is told only the name of the webhook is told nothing of this. */
function isReadinessOld({ status: told }: GeminiRoute, { metadata, status }: GeminiWebhook): boolean {
  return told?.webhook?.uid === metadata.uid && told.webhook.ready !== conditionOf(status, 'Ready')?.status
}
