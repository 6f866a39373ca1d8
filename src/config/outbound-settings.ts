import { optionalPath, proxyUrl, textList } from './setting-types.ts'

/**
 * How connections leave the cluster, except those to sinks, whose addresses have a guard of their own
 * (docs/networking.md).
 */
export const outboundSettings = {
  httpsProxy: proxyUrl({
    group: 'Outgoing calls',
    help: 'The proxy for https calls to Google and to public endpoints, http:// or https://. It is never used for sinks and the API server. If it is not set, HTTPS_PROXY is used.',
    alsoEnv: ['HTTPS_PROXY', 'https_proxy'],
  }),
  proxyCredentials: optionalPath({
    group: 'Outgoing calls',
    help: 'A file with user:password for the proxy. It is read again when it changes.',
  }),
  proxyBypass: textList({
    group: 'Outgoing calls',
    help: 'Hosts that are called without the proxy: domains with all their subdomains, .domains for the subdomains only, addresses, ranges, each optionally with :PORT, or *. If none is set, NO_PROXY is used. The local machine is never called through the proxy.',
    placeholder: 'HOST,...',
    pattern: /^[\x20-\x7e]{1,270}$/,
    what: 'a domain, an address, a range such as 10.0.0.0/8, or *',
    alsoEnv: ['NO_PROXY', 'no_proxy'],
  }),
  trustedCa: optionalPath({
    group: 'Outgoing calls',
    help: 'A file with authorities (PEM) that are trusted besides the well-known ones, for the proxy and behind it. It is read again when it changes.',
  }),
} as const
