import type { GeminiRouteSpec } from './route-spec.ts'
import type { SinkSpec } from './sink.ts'

/**
 * The expression that decides for one sink of a route: that of the route in front of the sink's own, so that both run
 * where the sink's would, in its own lane. Undefined without any. Each of the two has to be judged by itself as well:
 * two that are none can make one together. A line of its own ends a comment that one of them ends with.
 */
export function routeExpressionOf(
  route: Pick<GeminiRouteSpec, 'filter'>,
  sink: Pick<SinkSpec, 'filter'>,
): string | undefined {
  const given = [route.filter?.cel, sink.filter?.cel].filter((cel) => cel !== undefined)
  return given.length < 2 ? given[0] : given.map((cel) => `(${cel}\n)`).join(' && ')
}
