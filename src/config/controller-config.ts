import { eventAliasSettings } from './event-alias-settings.ts'
import { placeholderProblems } from './placeholders.ts'
import type { ConfigOf, RoleSettings } from './setting.ts'
import { boolean, duration, integer, optionalText, optionalUrl, requiredUrl, textList } from './setting-types.ts'
import {
  clusterSettings,
  googleSettings,
  googlesOwnUrl,
  kafkaTopic,
  natsSubject,
  kubernetesRateSettings,
  leaseSettings,
  operationSettings,
} from './shared-settings.ts'

const metadataKeys = {
  placeholder: 'KEY,...',
  pattern: /^(\*|[A-Za-z0-9][A-Za-z0-9._-]{0,252}(\/([A-Za-z0-9][A-Za-z0-9._-]{0,62})?)?\*?)$/,
  what: 'a key such as team, the beginning of keys such as reloader.stakater.com/ or cost-*, or * for all',
}

const settings = {
  baseUrl: requiredUrl({
    group: 'Endpoint',
    help: "Public URL of the receiver, as Google reaches it; webhooks are registered below it. May carry a path prefix, the receiver's path-prefix.",
  }),
  insecureBaseUrl: boolean({
    group: 'Endpoint',
    help: 'Accept a base URL with http://, for tests and the sandbox. Google itself only delivers to https.',
    default: 'false',
  }),
  receiverUrl: optionalUrl({
    group: 'Endpoint',
    help: 'URL of the receivers inside the cluster, with their path prefix: events that Google did not deliver are sent there. Not set: they are sent where Google delivers to.',
  }),
  allowedHostnames: textList({
    group: 'Endpoint',
    help: 'Host names that a GeminiWebhook may choose with endpoint.hostname, besides that of the base URL.',
    placeholder: 'HOST,...',
    pattern: /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/,
    what: 'a host name in lower case',
  }),
  ...clusterSettings,
  ...kubernetesRateSettings,
  clusterDomain: optionalText({
    group: 'Kubernetes',
    help: 'DNS domain of the cluster, such as cluster.local, for the addresses of Services; not set: they end in .svc.',
    placeholder: 'DOMAIN',
    pattern: /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/,
    what: 'a DNS domain such as cluster.local',
  }),
  installationId: optionalText({
    group: 'Kubernetes',
    help: 'Identifies this installation in the ownership markers at Google. Set it with GitOps: a rebuilt cluster then finds its webhooks again. Never use the same id in two clusters. Not set: generated once and kept in the ConfigMap gwh-installation.',
    placeholder: 'ID',
    pattern: /^[A-Za-z0-9][A-Za-z0-9._-]{7,62}$/,
    what: '8 to 63 letters, digits, dots, dashes or underscores',
  }),
  allowedSecretLabels: textList({
    group: 'Secrets',
    help: 'Keys of labels that a GeminiWebhook may put on its Secret with signingSecret.labels: each entry allows that key or, if it ends in / or *, every key that begins with it. Other controllers select Secrets by labels: a user who may create GeminiWebhooks then chooses which of them act on the Secrets.',
    ...metadataKeys,
  }),
  allowedSecretAnnotations: textList({
    group: 'Secrets',
    help: 'Likewise for signingSecret.annotations. The default allows annotations that only restart workloads; annotations of a tool that copies Secrets would carry them out of their namespace. none allows nothing.',
    default: 'reloader.stakater.com/,secret.reloader.stakater.com/',
    ...metadataKeys,
  }),
  addressableKinds: textList({
    group: 'Sinks',
    help: 'Kinds that a sink may name with ref, as GROUP/VERSION/KIND=PLURAL: anything that publishes status.address.url. The controller needs permission to get them.',
    placeholder: 'KIND,...',
    pattern: /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/v[a-z0-9]{1,62}\/[A-Z][A-Za-z0-9]{0,62}=[a-z][a-z0-9]{0,62}$/,
    what: 'a kind and its plural such as eventing.knative.dev/v1/Broker=brokers',
  }),
  addressableNamespaces: textList({
    group: 'Sinks',
    help: 'Namespaces, besides its own, whose Services may be the address of an object that a sink names with ref: for example that of the Brokers, knative-eventing.',
    placeholder: 'NAMESPACE,...',
    pattern: /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    what: 'a namespace such as knative-eventing',
  }),
  allowForeignEndpoints: boolean({
    group: 'Sinks',
    help: 'Let sinks use Services that are headless, have no selector or externalIPs, or lead to something other than pods of their namespace. A user who may write Services, Endpoints or EndpointSlices then decides which private address receives events.',
    default: 'false',
  }),
  natsSinkPrefix: optionalText({
    group: 'Sinks',
    help: 'First tokens of the subjects of NATS sinks; the namespace and the subject of the object follow. Not set: NATS sinks are refused. The receivers need nats-sink-url.',
    ...natsSubject,
  }),
  kafkaSinkPrefix: optionalText({
    group: 'Sinks',
    help: 'First tokens of the topics of Kafka sinks; the namespace and the topic of the object follow. Not set: Kafka sinks are refused. The receivers need kafka-sink-broker.',
    ...kafkaTopic,
  }),
  ...leaseSettings,
  workers: integer({
    group: 'Reconciling',
    help: 'GeminiWebhooks that are reconciled at the same time. Those that wait for Google do not count, and a namespace with none in progress may have one more.',
    min: 1,
    max: 64,
    default: '8',
  }),
  resyncIntervalMs: duration({
    group: 'Reconciling',
    help: 'How often all objects are compared with Google, by one paged list per API key; drift is noticed within this time.',
    min: '1s',
    max: '24h',
    default: '10m',
  }),
  settleExtraMs: duration({
    group: 'Reconciling',
    help: 'How long to wait, beyond the longest time of a call to Google, before reading the result of a call that a crash left unfinished.',
    min: '0s',
    max: '10m',
    default: '30s',
  }),
  confirmIntervalMs: duration({
    group: 'Reconciling',
    help: 'Minimum time between two answers that must agree before a webhook counts as missing, or a changed secret as real.',
    min: '0s',
    max: '10m',
    default: '60s',
  }),
  receiverSeenWaitMs: duration({
    group: 'Reconciling',
    help: 'How long receivers have to notice an announced rotation before the controller makes it.',
    min: '0s',
    max: '5m',
    default: '2s',
  }),
  pingRepeatMs: duration({
    group: 'Reconciling',
    help: 'How long to wait for a test delivery before requesting it again; it is requested three times.',
    min: '100ms',
    max: '1h',
    default: '30s',
  }),
  checkPeriodMs: duration({
    group: 'Reconciling',
    help: 'How often endpointCheck: Periodic checks the endpoint again.',
    min: '1s',
    max: '365d',
    default: '24h',
  }),
  credentialsRetryMs: duration({
    group: 'Reconciling',
    help: 'How often an API key that Google refused is tried again; it is tried at once when its Secret changes.',
    min: '1s',
    max: '24h',
    default: '15m',
  }),
  releaseAfterMs: duration({
    group: 'Reconciling',
    help: 'How long a terminating namespace waits for a missing API key before its webhooks are given up.',
    min: '1s',
    max: '24h',
    default: '10m',
  }),
  warnSharedProject: boolean({
    group: 'Reconciling',
    help: 'Warn about GeminiWebhooks whose Google project also has webhooks of other namespaces, because these see the jobs of each other: by a condition with their number, and a metric. Costs no call to Google.',
    default: 'true',
  }),
  ...googleSettings,
  callsPerMinute: integer({
    group: 'Google',
    help: 'Budget of calls for each API key; keys that are seen to be of one Google project share one. Google publishes no limit; the default leaves room for other tools.',
    min: 1,
    max: 60_000,
    default: '300',
  }),
  ...eventAliasSettings,
  ...operationSettings,
  objectMetrics: boolean({
    group: 'Operation',
    help: 'Also expose metrics by name of each GeminiWebhook: its conditions, the age of its signing secret, and its failing sinks. This adds about ten series for each object and three for each sink.',
    default: 'false',
  }),
  shutdownGraceMs: duration({
    group: 'Operation',
    help: 'Longest time to finish what is running after SIGTERM; a call to Google and the Secret write after it always end first.',
    min: '0s',
    max: '10m',
    default: '25s',
  }),
} as const

export type ControllerConfig = ConfigOf<typeof settings>

export const controllerSettings: RoleSettings<typeof settings> = {
  role: 'controller',
  about:
    'Registers GeminiWebhooks at Google, keeps their signing secrets in Kubernetes Secrets and passes the keys to the receivers. ' +
    'It is the only part that calls Google. It needs the CRD installed and the rights of deploy/rbac/controller.yaml; ' +
    'API keys are read from the Secrets that the GeminiWebhooks name.',
  example: 'gwh controller --base-url=https://HOST --installation-id=prod-eu-1',
  settings,
  check: (config) => [
    ...checkBaseUrl(config),
    ...placeholderProblems(config, googlesOwnUrl),
    ...checkLease(config),
    ...checkTimes(config),
  ],
}

function checkBaseUrl({ baseUrl, insecureBaseUrl }: ControllerConfig): string[] {
  if (baseUrl.startsWith('https://') || insecureBaseUrl) return []
  return [
    'baseUrl: starts with http://, and Google delivers to https only; write https://, or add --insecure-base-url with a simulator',
  ]
}

/**
 * A new leader may act one lease after the last renewal, the old one stops `renewDeadline` after it: a call that began
 * just before the old leader stopped has to end in between, or two controllers could create the same webhook.
 */
function checkLease(config: ControllerConfig): string[] {
  const { leaderElection, leaseDurationMs, leaseRenewDeadlineMs, leaseRetryPeriodMs, callTimeoutMs } = config
  const errors = []
  if (!leaderElection) return []
  if (leaseRenewDeadlineMs >= leaseDurationMs) {
    errors.push('leaseRenewDeadline: must be shorter than leaseDuration; half of it is usual')
  } else if (callTimeoutMs >= leaseDurationMs - leaseRenewDeadlineMs) {
    errors.push(
      'callTimeout: must be shorter than leaseDuration minus leaseRenewDeadline, so that a call of an old leader ends before a new one acts; shorten it or lengthen leaseDuration',
    )
  }
  if (leaseRetryPeriodMs * 1.2 >= leaseRenewDeadlineMs) {
    errors.push(
      'leaseRetryPeriod: must be well below leaseRenewDeadline (factor 1.2 at least), or one failed try loses the lead',
    )
  }
  return errors
}

/** Ratios that the protocol of calls, of looks and of rotations needs. */
function checkTimes(config: ControllerConfig): string[] {
  const { callTimeoutMs, settleExtraMs, resyncIntervalMs, confirmIntervalMs, receiverSeenWaitMs } = config
  const settleMs = callTimeoutMs + settleExtraMs
  const errors = []
  if (settleExtraMs < callTimeoutMs) {
    errors.push(
      `settleExtra (${settleExtraMs} ms) is shorter than callTimeout (${callTimeoutMs} ms): a late call could end after its intent was settled; raise settleExtra`,
    )
  }
  if (resyncIntervalMs <= confirmIntervalMs) {
    errors.push(
      `resyncInterval (${resyncIntervalMs} ms) must be longer than confirmInterval (${confirmIntervalMs} ms): raise resyncInterval`,
    )
  }
  if (receiverSeenWaitMs >= settleMs) {
    errors.push(
      `receiverSeenWait (${receiverSeenWaitMs} ms) must be shorter than the settle time (${settleMs} ms): lower receiverSeenWait`,
    )
  }
  return errors
}
