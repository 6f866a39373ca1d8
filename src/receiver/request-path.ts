/** Where the receiver listens, below an optional prefix. The path fixes the way of signing; the caller never chooses it. */
export const staticPath = '/v1/s/:namespace/:name'
export const dynamicPath = '/v1/d/:namespace/:name/:token'
export const healthPath = '/healthz'

const deliveryPatterns = [/^\/v1\/s\/[^/]+\/[^/]+$/, /^\/v1\/d\/[^/]+\/[^/]+\/[^/]+$/]

/**
 * With and without the prefix: some ingresses strip it, some do not. `prefix` is the path of the base URL, with or without a trailing slash; throws
 * on one that is no plain path.
 */
export function pathPrefixes(prefix: string): string[] {
  const plain = prefix.replace(/\/+$/, '')
  if (plain === '') return ['']
  if (!/^(\/[A-Za-z0-9._~-]+)+$/.test(plain)) {
    throw new RangeError(`pathPrefix "${prefix}" is not a plain path; write it like /hooks, without query or escapes`)
  }
  return ['', plain]
}

/** The methods that a path answers to; undefined for a path that is not ours. `url` is the request target, query included. */
export function allowedMethods(url: string, prefixes: readonly string[]): string | undefined {
  const path = url.split('?', 1)[0] ?? ''
  for (const prefix of prefixes) {
    if (!path.startsWith(prefix)) continue
    const rest = path.slice(prefix.length)
    if (rest === healthPath) return 'GET, HEAD'
    if (deliveryPatterns.some((pattern) => pattern.test(rest))) return 'POST'
  }
  return undefined
}
