import type { GeminiRouteSpec } from './route-spec.ts'
import type { FilterSpec, SinkSpec } from './sink.ts'
import { bothHold, suffixExpressionOf } from './suffix-expression.ts'

/**
 * The expression that decides for one sink of a route: that of the route in front of the sink's own, so that both run
 * where the sink's would, in its own lane. Undefined without any. Each of the two has to be judged by itself as well:
 * two that are none can make one together.
 */
export function routeExpressionOf(
  route: Pick<GeminiRouteSpec, 'filter'>,
  sink: Pick<SinkSpec, 'filter'>,
): string | undefined {
  return bothHold([filterExpressionOf(route.filter), filterExpressionOf(sink.filter)].filter(isGiven))
}

/** The expression that decides for one filter, its suffixes included; undefined without any. */
export function filterExpressionOf(filter: FilterSpec | undefined): string | undefined {
  return bothHold([suffixExpressionOf(filter), filter?.cel].filter(isGiven))
}

function isGiven(expression: string | undefined): expression is string {
  return expression !== undefined
}
