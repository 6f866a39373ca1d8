/** Of one object, on the public port. */
export interface EndpointPath {
  readonly namespace: string
  readonly name: string
}

export interface DynamicEndpointPath extends EndpointPath {
  readonly token: string
}

/**
 * Where the receiver listens, below an optional prefix. The path fixes the way of signing; the caller never chooses it.
 */
export const staticRoute = '/v1/s/:namespace/:name'
export const dynamicRoute = '/v1/d/:namespace/:name/:token'
/** Of a GeminiRoute, which may have the name of a webhook. */
export const routeDynamicRoute = '/v1/r/:namespace/:name/:token'

const staticEnd = new RegExp(`${patternOf(staticRoute)}$`)
const deliveryPaths = [staticRoute, dynamicRoute, routeDynamicRoute].map((route) => new RegExp(`^${patternOf(route)}$`))

/**
 * What Google is given. `baseUrl`: public address of the receivers, with or without a prefix and a slash at its end.
 */
export function staticUrl(baseUrl: URL, path: EndpointPath): string {
  return `${baseUrl.origin}${baseUrl.pathname.replace(/\/+$/, '')}${staticPathOf(path)}`
}

/** What jobs are given, next to the static endpoint of the same object. */
export function dynamicUrl(staticEndpoint: string, token: string): string {
  const found = staticEnd.exec(staticEndpoint)
  if (found === null) return `${staticEndpoint}/${token}`
  const [end, namespace = '', name = ''] = found
  return `${staticEndpoint.slice(0, -end.length)}${filled(dynamicRoute, { namespace, name, token })}`
}

/** What the jobs of a route's team are given: where its webhook is served, under the route's own path. */
export function routeDynamicUrl(staticEndpoint: string, path: DynamicEndpointPath): string {
  const end = staticEnd.exec(staticEndpoint)?.[0] ?? ''
  return `${staticEndpoint.slice(0, staticEndpoint.length - end.length)}${filled(routeDynamicRoute, { ...path })}`
}

/**
 * Whether a URL leads to the static endpoint of this object, whatever the receivers are called and wherever their paths
 * begin.
 */
export function isStaticUrlOf(url: URL, path: EndpointPath): boolean {
  return url.pathname.endsWith(staticPathOf(path))
}

/** Whether deliveries are sent to a path. `path`: without prefix and query. */
export function isDeliveryPath(path: string): boolean {
  return deliveryPaths.some((pattern) => pattern.test(path))
}

function staticPathOf({ namespace, name }: EndpointPath): string {
  return filled(staticRoute, { namespace, name })
}

function filled(route: string, values: Readonly<Record<string, string>>): string {
  return route.replaceAll(/:(\w+)/g, (_, key: string) => values[key] ?? '')
}

function patternOf(route: string): string {
  return route.replaceAll(/:\w+/g, '([^/]+)')
}
