import type { IncomingHttpHeaders } from 'node:http'

/** Named one by one: any other may carry a signature, a token or a credential of a proxy. */
const shown = [
  'webhook-id',
  'webhook-timestamp',
  'content-type',
  'content-length',
  'transfer-encoding',
  'user-agent',
  'traceparent',
] as const
const maxCharacters = 256

/** The headers of a request that people may see, cut to a bounded length. */
export function shownHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of shown) {
    const value = headers[name]
    if (typeof value === 'string') found[name] = value.length <= maxCharacters ? value : value.slice(0, maxCharacters)
  }
  return found
}
