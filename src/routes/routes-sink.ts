import { routesSinkName } from '../contract/route-owner.ts'
import type { SinkInUse } from '../sinks/port.ts'

/**
 * How the routing step is tried. It goes on until it has succeeded: what keeps it is for the platform to repair, and
 * the routes have their own bounds.
 */
export const routesSink: SinkInUse = {
  name: routesSinkName,
  destination: { type: 'routes' },
  format: 'Original',
  headers: {},
  delivery: {
    timeoutMs: 10_000,
    retry: Infinity,
    retryForMs: Infinity,
    backoffPolicy: 'Exponential',
    backoffDelayMs: 1_000,
    backoffMaxMs: 30_000,
    retryAfterMaxMs: 0,
    maxInFlight: 64,
  },
}
