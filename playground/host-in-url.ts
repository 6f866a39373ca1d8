import { isIPv6 } from 'node:net'

/** A host as URLs write it: IPv6 addresses in brackets. */
export const hostInUrl = (host: string): string => (isIPv6(host) ? `[${host}]` : host)
