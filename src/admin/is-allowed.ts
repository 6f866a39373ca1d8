import type { IncomingHttpHeaders } from 'node:http'

const loopbackHost = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i

/**
 * Whether a request comes from a program on purpose. A web page open on the same machine can make a browser send
 * requests here, but neither with a header of its own (that takes a permission which we never give) nor, after
 * rebinding a name of its own to a loopback address, with our Host.
 */
export function isAllowed(headers: IncomingHttpHeaders): boolean {
  const marker = headers['x-gwh-admin']
  return typeof marker === 'string' && marker !== '' && loopbackHost.test(headers.host ?? '')
}
