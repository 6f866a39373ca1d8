import { optionalPath, proxyUrl, textList } from './setting-types.ts'

/**
 * How whatever leaves the cluster leaves it, sinks excepted: what a sink's address is, its own guard decides
 * (docs/networking.md).
 */
export const outboundSettings = {
  httpsProxy: proxyUrl({
    group: 'Way out',
    help: 'Proxy for https calls to Google and to public endpoints, http:// or https://; never for sinks and the API server. Not set: HTTPS_PROXY counts.',
    alsoEnv: ['HTTPS_PROXY', 'https_proxy'],
  }),
  proxyCredentials: optionalPath({
    group: 'Way out',
    help: 'File with user:password for the proxy; read again when it changes.',
  }),
  proxyBypass: textList({
    group: 'Way out',
    help: 'What is called without the proxy: domains with all below them, .domains without themselves, addresses, ranges, each with :PORT if wanted, or *. Not set: NO_PROXY counts. This machine itself never goes through it.',
    placeholder: 'HOST,...',
    pattern: /^[\x20-\x7e]{1,270}$/,
    what: 'a domain, an address, a range such as 10.0.0.0/8, or *',
    alsoEnv: ['NO_PROXY', 'no_proxy'],
  }),
  trustedCa: optionalPath({
    group: 'Way out',
    help: 'File with authorities (PEM) that are trusted besides the well-known ones, by the proxy and behind it; read again when it changes.',
  }),
} as const
