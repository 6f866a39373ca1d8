import type { GeminiWebhookStatus, SinkStatus } from '../../api/status.ts'
import { routesSinkName } from '../../contract/route-owner.ts'

type RoutesStatus = GeminiWebhookStatus['routes']

/** The step that hands events on to routes, before anything is known of it. To receivers it is a sink as any other. */
export const routingStep: SinkStatus = { name: routesSinkName, ready: true }

/** The sinks that a status tells of, and the routing step where the object has routes. */
export function sinksWithStep({
  sinks = [],
  routes,
}: {
  sinks?: readonly SinkStatus[] | undefined
  routes?: RoutesStatus
}) {
  if (routes === undefined) return sinks
  const { attached: _attached, refused: _refused, ...health } = routes
  return [...sinks, { ...routingStep, ...health }]
}

/** How many routes there are, and how handing on to them goes. Nothing is told where there are none. */
export function routesTold(counts: RoutesStatus, step: SinkStatus | undefined): RoutesStatus {
  const { failingSince, lastFailure, pending } = step ?? {}
  const { attached = 0, refused = 0 } = counts ?? {}
  if (attached + refused === 0 && failingSince === undefined && pending === undefined) return undefined
  return {
    ...(counts !== undefined && { attached, refused }),
    ...(failingSince !== undefined && { failingSince }),
    ...(lastFailure !== undefined && { lastFailure }),
    ...(pending !== undefined && { pending }),
  }
}

/** For people. */
export function labelOf(sink: string): string {
  return sink === routesSinkName ? 'handing on to routes' : sink
}
