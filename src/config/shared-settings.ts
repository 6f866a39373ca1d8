import { outboundSettings } from './outbound-settings.ts'
import { boolean, duration, integer, oneOf, optionalText, port, text, textList, url } from './setting-types.ts'

/** Settings that several roles have, with the same name, default and meaning. */

export const namespacePattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
export const hostPattern = /^[A-Za-z0-9.:_-]{1,253}$/

export const clusterSettings = {
  namespace: text({
    group: 'Kubernetes',
    help: "The operator's own namespace: keyring Secrets, receiver reports, the Lease and the installation id are there.",
    placeholder: 'NAMESPACE',
    pattern: namespacePattern,
    what: 'a namespace name (lower case letters, digits and -)',
    default: 'gemini-webhook-system',
  }),
  kubeconfig: optionalText({
    group: 'Kubernetes',
    help: "A kubeconfig file. Not set: the pod's service account, or KUBECONFIG's and kubectl's default file outside a pod.",
    placeholder: 'FILE',
    pattern: /^.{1,4096}$/,
    what: 'a path',
  }),
  watchNamespaces: textList({
    group: 'Kubernetes',
    help: 'Serve only GeminiWebhooks in these namespaces; none: the whole cluster. Must be the same for controller and receiver.',
    placeholder: 'NAMESPACE,...',
    pattern: namespacePattern,
    what: 'a namespace name (lower case letters, digits and -)',
  }),
} as const

/** Not one of the keys that lines have anyway. */
const logKey = {
  placeholder: 'KEY',
  pattern: /^[@A-Za-z_][A-Za-z0-9_.-]{0,63}$/,
  what: 'a key of at most 64 letters, digits, "_", "-", "." and "@"',
}

/** How a role logs. */
const logSettings = {
  logLevel: oneOf({
    group: 'Operation',
    help: 'Lowest severity of the log lines to write. Lines are JSON on standard output.',
    words: ['debug', 'info', 'warn', 'error'],
    default: 'info',
  }),
  logSeverityKey: text({
    group: 'Operation',
    help: 'Key of the severity of a log line: DEBUG, INFO, WARNING or ERROR.',
    ...logKey,
    default: 'severity',
  }),
  logMessageKey: text({
    group: 'Operation',
    help: 'Key of the name of the event in a log line.',
    ...logKey,
    default: 'message',
  }),
  logTimeKey: text({
    group: 'Operation',
    help: 'Key of the time of a log line, RFC 3339.',
    ...logKey,
    default: 'time',
  }),
} as const

export const operationSettings = {
  healthHost: text({
    group: 'Operation',
    help: 'Address for /healthz, /readyz and /metrics; :: is every address of IPv4 and IPv6, or of the one family that the machine has.',
    placeholder: 'HOST',
    pattern: hostPattern,
    what: 'a host name or an address',
    default: '::',
  }),
  healthPort: port({
    group: 'Operation',
    help: 'Port for /healthz, /readyz and /metrics; 0 takes a free one, which the log names.',
    default: '9090',
  }),
  ...logSettings,
} as const

export const leaseSettings = {
  leaderElection: boolean({
    group: 'Leader election',
    help: 'Elect one active controller by a Lease. Turn it off only for a single local controller.',
    default: 'true',
  }),
  leaseDurationMs: duration({
    group: 'Leader election',
    help: 'How long other controllers wait after the last renewal before they take over.',
    min: '1s',
    max: '10m',
    default: '30s',
  }),
  leaseRenewDeadlineMs: duration({
    group: 'Leader election',
    help: 'A leader that could not renew for this long stops working.',
    min: '500ms',
    max: '10m',
    default: '15s',
  }),
  leaseRetryPeriodMs: duration({
    group: 'Leader election',
    help: 'Time between two attempts to acquire or renew the Lease.',
    min: '100ms',
    max: '1m',
    default: '2s',
  }),
} as const

export const kubernetesRateSettings = {
  kubernetesQps: integer({
    group: 'Kubernetes',
    help: 'Requests per second to the API server, on average.',
    min: 1,
    max: 1000,
    default: '50',
  }),
  kubernetesBurst: integer({
    group: 'Kubernetes',
    help: 'Requests to the API server that may be sent at once.',
    min: 1,
    max: 5000,
    default: '100',
  }),
} as const

/** Of the Gemini API itself. */
export const googlesOwnUrl = 'https://generativelanguage.googleapis.com'

/** How the programs that call Google reach it. */
export const googleSettings = {
  googleBaseUrl: url({
    group: 'Google',
    help: 'The address of the Gemini API. Another one is for simulators and proxies.',
    default: googlesOwnUrl,
  }),
  googleApiVersion: text({
    group: 'Google',
    help: 'The version of the Gemini API that is used. Any that Google serves may be named; tried are v1 and v1beta.',
    placeholder: 'VERSION',
    pattern: /^v[0-9]{1,3}((alpha|beta)[0-9]{0,3})?$/,
    what: 'a version such as v1 or v1beta',
    default: 'v1',
  }),
  googleApiRevision: optionalText({
    group: 'Google',
    help: 'The revision of the Gemini API that is requested in the header Api-Revision. If it is not set, the header is not sent, as by the official SDK.',
    placeholder: 'DATE',
    pattern: /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/,
    what: 'a date such as 2026-05-20',
  }),
  callTimeoutMs: duration({
    group: 'Google',
    help: 'The longest time for one call. Calls are never repeated blindly.',
    min: '100ms',
    max: '2m',
    default: '10s',
  }),
  ...outboundSettings,
} as const

/** Where NATS servers are, and what subjects look like, for the inbox and for sinks. */
export const natsUrls = {
  placeholder: 'URL,...',
  pattern: /^(nats|tls):\/\/[A-Za-z0-9._[\]:-]{1,261}$/,
  what: 'a URL such as nats://nats.messaging:4222 or tls://host:4222, without credentials',
}
export const natsSubject = {
  placeholder: 'SUBJECT',
  pattern: /^[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64}){0,7}$/,
  what: 'a subject such as gwh.events',
}

/** What topics of Kafka sinks begin with. */
export const kafkaTopic = {
  placeholder: 'TOPIC',
  pattern: /^[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64}){0,7}$/,
  what: 'a topic such as gwh.events',
}
