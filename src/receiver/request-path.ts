import { isDeliveryPath } from '../contract/endpoint-path.ts'

/** Below an optional prefix, too. */
export const healthPath = '/healthz'

/**
 * With and without the prefix: some ingresses strip it, some do not. `prefix` is the path of the base URL, with or
 * without a trailing slash; throws on one that is no plain path.
 */
export function pathPrefixes(prefix: string): string[] {
  const plain = prefix.replace(/\/+$/, '')
  if (plain === '') return ['']
  if (!/^(\/[A-Za-z0-9._~-]+)+$/.test(plain)) {
    throw new RangeError(`pathPrefix "${prefix}" is not a plain path; write it like /hooks, without query or escapes`)
  }
  return ['', plain]
}

/**
 * The methods that a path answers to; undefined for a path that is not ours. `url` is the request target, query
 * included.
 */
export function allowedMethods(url: string, prefixes: readonly string[]): string | undefined {
  const path = url.split('?', 1)[0] ?? ''
  for (const prefix of prefixes) {
    if (!path.startsWith(prefix)) continue
    const rest = path.slice(prefix.length)
    if (rest === healthPath) return 'GET, HEAD'
    if (isDeliveryPath(rest)) return 'POST'
  }
  return undefined
}

/** Longer than any path that is looked up. */
const maxNamedBytes = 1_024
/** Of the path alone: in the rest of the request, a sender could name another namespace and use up its turns. */
const named = /^POST [^\s?#]*?\/v1\/(?<kind>[sdr])\/(?<namespace>[^/\s?#]+)\/(?<name>[^/\s?#]+)/

/**
 * The endpoint that a request says it is for, from its first bytes and without reading it; undefined where they do not
 * show it. It proves nothing.
 */
export function endpointNamedIn(
  bytes: Uint8Array,
): { kind: 'webhook' | 'route'; namespace: string; name: string } | undefined {
  const first = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, maxNamedBytes)).toString(
    'latin1',
  )
  const { kind, namespace, name } = named.exec(first)?.groups ?? {}
  if (namespace === undefined || name === undefined) return undefined
  return { kind: kind === 'r' ? 'route' : 'webhook', namespace, name }
}
