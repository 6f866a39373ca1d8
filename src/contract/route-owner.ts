/**
 * How a route is named where webhooks are named too: as the owner of events in the inbox, in the admin API and in
 * commands. The slash keeps it from ever meeting the name of a webhook, which has none.
 */

/** As `kubectl get groute` has it. */
const prefix = 'groute/'

/** `groute/nightly-eval` of `nightly-eval`. */
export function routeOwnerName(name: string): string {
  return `${prefix}${name}`
}

/** The plain name of the route; undefined where the owner is no route. */
export function routeNameOf(ownerName: string): string | undefined {
  return ownerName.startsWith(prefix) ? ownerName.slice(prefix.length) : undefined
}

/** The sink that hands an event on to the routes of its webhook. No sink of a spec can have this name. */
export const routesSinkName = '$routes'
