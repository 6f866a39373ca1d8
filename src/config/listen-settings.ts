import { cidrList, duration, integer, optionalText, port, size, text, url } from './setting-types.ts'
import { hostPattern } from './shared-settings.ts'

/** The public port. */
export const listenSettings = {
  host: text({
    group: 'Endpoint',
    help: 'Address of the public port; :: is every address of IPv4 and IPv6, or of the one family that the machine has.',
    placeholder: 'HOST',
    pattern: hostPattern,
    what: 'a host name or an address',
    default: '::',
  }),
  port: port({
    group: 'Endpoint',
    help: 'The public port, behind your ingress or load balancer; 0 takes a free one, which the log names.',
    default: '8080',
  }),
  pathPrefix: text({
    group: 'Endpoint',
    help: "Path in front of /v1/..., if the controller's base URL has one.",
    placeholder: 'PATH',
    pattern: /^$|^(\/[A-Za-z0-9._~-]+){1,8}$/,
    what: 'a path that starts with / and does not end with one, such as /hooks',
    default: '',
  }),
  tlsCert: optionalText({
    group: 'Endpoint',
    help: 'File with the certificate (PEM, intermediates behind it) to serve TLS with; read again when it changes. Not set: plain HTTP, behind a proxy that terminates TLS.',
    placeholder: 'FILE',
    pattern: /^.{1,4096}$/,
    what: 'a path',
  }),
  tlsKey: optionalText({
    group: 'Endpoint',
    help: 'File with its private key (PEM, not encrypted).',
    placeholder: 'FILE',
    pattern: /^.{1,4096}$/,
    what: 'a path',
  }),
  trustedProxies: cidrList({
    group: 'Endpoint',
    help: 'Address ranges of your proxies in front of the receiver. Their X-Forwarded-For is used for the log, and their connections are kept for 620 s.',
  }),
  jwksUrl: url({
    group: 'Endpoint',
    help: "Google's public keys, for dynamic endpoints; fetched only while a GeminiWebhook has one. Another address is for simulators and proxies.",
    default: 'https://generativelanguage.googleapis.com/.well-known/jwks.json',
  }),
  maxConnections: integer({
    group: 'Endpoint',
    help: 'Connections to the public port at the same time; above it, one that has carried no delivery is closed for a new one.',
    min: 1,
    max: 100_000,
    default: '4096',
  }),
  maxBodyBytes: size({
    group: 'Endpoint',
    help: 'Largest delivery. Google sends below 20 kB.',
    min: '4KiB',
    max: '4MiB',
    default: '256KiB',
  }),
  maxUnverifiedBytes: size({
    group: 'Endpoint',
    help: 'Memory for bodies that are still being read or verified; above it, requests are answered 503.',
    min: '1MiB',
    max: '1GiB',
    default: '64MiB',
  }),
  appendTimeoutMs: duration({
    group: 'Endpoint',
    help: 'Longest wait for the inbox to store a delivery; after that, the answer is 503 and Google repeats it.',
    min: '100ms',
    max: '60s',
    default: '3s',
  }),
  drainMs: duration({
    group: 'Endpoint',
    help: 'How long to continue serving after SIGTERM, until load balancers have noticed.',
    min: '0s',
    max: '10m',
    default: '15s',
  }),
} as const
