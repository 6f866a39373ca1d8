import { routeNameOf } from '../contract/route-owner.ts'

/** Where the page is. Kept behind the `#` of the address: Back, reload and bookmarks work without the server. */
export type Route =
  | {
      readonly page: 'overview' | 'webhooks' | 'deliveries' | 'dead-letters' | 'waiting' | 'installation' | 'playground'
    }
  | { readonly page: 'webhook' | 'route'; readonly namespace: string; readonly name: string }
  | { readonly page: 'delivery'; readonly namespace: string; readonly name: string; readonly eventId: string }

const plain = new Set(['overview', 'webhooks', 'deliveries', 'dead-letters', 'waiting', 'installation', 'playground'])

/** What an address names; the overview when it names nothing. Pure. */
export function parseRoute(hash: string): Route {
  const [page = '', ...rest] =
    hash
      .replace(/^#?\/?/, '')
      .split('?')[0]
      ?.split('/')
      .map(decode) ?? []
  const [namespace, name, eventId] = rest
  if ((page === 'webhook' || page === 'route') && namespace !== undefined && name !== undefined)
    return { page, namespace, name }
  if (page === 'delivery' && namespace !== undefined && name !== undefined && eventId !== undefined)
    return { page, namespace, name, eventId }
  return { page: plain.has(page) ? (page as 'overview') : 'overview' }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** The address of a route. Pure. */
export function hrefOf(route: Route): string {
  const key = 'name' in route ? [route.namespace, route.name] : []
  const event = route.page === 'delivery' ? [route.eventId] : []
  return `#/${[route.page, ...key, ...event].map(encodeURIComponent).join('/')}`
}

/** That of the object which deliveries belong to: a GeminiWebhook, or a GeminiRoute by its name among them. Pure. */
export function hrefOfOwner({ namespace, name }: { namespace: string; name: string }): string {
  const route = routeNameOf(name)
  return route === undefined
    ? hrefOf({ page: 'webhook', namespace, name })
    : hrefOf({ page: 'route', namespace, name: route })
}
