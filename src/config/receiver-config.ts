import type { ConfigOf, RoleSettings } from './setting.ts'
import { eventAliasSettings } from './event-alias-settings.ts'
import { listenSettings } from './listen-settings.ts'
import { kafkaSinkProblems, kafkaSinkSettings } from './kafka-sink-settings.ts'
import { outboundSettings } from './outbound-settings.ts'
import { quotaSettings } from './quota-settings.ts'
import { sinkSettings } from './sink-settings.ts'
import { boolean, duration, integer, oneOf, optionalText, port, size, text, textList } from './setting-types.ts'
import { tracingSettings } from './tracing-settings.ts'
import { clusterSettings, natsSubject, natsUrls, kubernetesRateSettings, operationSettings } from './shared-settings.ts'

const path = { placeholder: 'DIR', pattern: /^.{1,4096}$/, what: 'a path' }

const inboxSettings = {
  inbox: oneOf({
    group: 'Inbox',
    help: 'Where events are kept: in a file of this receiver (sqlite), or in a NATS JetStream stream that many receivers share.',
    words: ['sqlite', 'jetstream'],
    default: 'sqlite',
  }),
  dataDir: text({
    group: 'Inbox',
    help: 'With sqlite: directory of the inbox, on a separate volume that outlives the pod; not on a network file system.',
    ...path,
    default: '/var/lib/gwh',
  }),
  inboxSetAsideDamaged: boolean({
    group: 'Inbox',
    help: 'With sqlite: move a damaged inbox file aside and begin with an empty one, instead of refusing to start. What the file held is not delivered; remove the setting after that start.',
    default: 'false',
  }),
  inboxMaxBytes: size({
    group: 'Inbox',
    help: 'Maximum size of the inbox on disk; in any case, at most four fifths of the volume or of the stream are used.',
    min: '1MiB',
    max: '16TiB',
    default: '1GiB',
  }),
  inboxMaxEvents: integer({
    group: 'Inbox',
    help: 'Maximum number of events in the inbox.',
    min: 100,
    max: 100_000_000,
    default: '1000000',
  }),
  inboxOwnerSharePercent: integer({
    group: 'Inbox',
    help: 'Share of the inbox, in events, bytes and dead letters, that one GeminiWebhook or GeminiRoute may use. A webhook that has used it up is refused alone; a route gets further events as dead letters.',
    min: 1,
    max: 100,
    default: '50',
  }),
  dedupeMs: duration({
    group: 'Inbox',
    help: 'How long the id of a delivery is kept after its body is deleted, to recognise repetitions. Google repeats for 24 hours.',
    min: '25h',
    max: '365d',
    default: '25h',
  }),
  maxDeadLetters: integer({
    group: 'Inbox',
    help: 'Maximum number of dead letters; above it, the namespace with the most loses its oldest.',
    min: 1,
    max: 10_000_000,
    default: '100000',
  }),
  deadLetterKeepMs: duration({
    group: 'Inbox',
    help: 'How long dead letters are kept.',
    min: '1h',
    max: '365d',
    default: '30d',
  }),
} as const

const natsSettings = {
  natsUrl: textList({
    group: 'NATS',
    help: 'With jetstream: servers of one NATS cluster; tls:// requires encryption.',
    ...natsUrls,
  }),
  natsCredentials: optionalText({
    group: 'NATS',
    help: "A mounted credentials file (user JWT and seed, as nsc writes it), read again at every connect. Its user needs the stream's subjects and the JetStream API.",
    placeholder: 'FILE',
    pattern: /^.{1,4096}$/,
    what: 'a path',
  }),
  natsCa: optionalText({
    group: 'NATS',
    help: "Certificate authorities (PEM) of the servers' certificates, instead of the system's.",
    placeholder: 'FILE',
    pattern: /^.{1,4096}$/,
    what: 'a path',
  }),
  natsStream: text({
    group: 'NATS',
    help: 'Name of the inbox stream, which is created if missing. All receivers of one installation use the same stream, and each installation its own.',
    placeholder: 'NAME',
    pattern: /^[A-Za-z0-9_-]{1,64}$/,
    what: 'a stream name (letters, digits, _ and -)',
    default: 'GWH_INBOX',
  }),
  natsSubjectPrefix: text({
    group: 'NATS',
    help: 'First tokens of its subjects. No other client may publish below them.',
    ...natsSubject,
    default: 'gwh.inbox',
  }),
  natsReplicas: integer({
    group: 'NATS',
    help: 'Copies of the stream. With 1, the server must run with sync_interval: always, or a power cut loses acknowledged events.',
    min: 1,
    max: 5,
    default: '3',
  }),
} as const

const settings = {
  ...listenSettings,
  ...clusterSettings,
  ...kubernetesRateSettings,
  podName: optionalText({
    group: 'Kubernetes',
    help: 'Name of this receiver in the reports; not set: the host name, which in a pod is its name.',
    placeholder: 'NAME',
    pattern: /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/,
    what: 'a pod name',
  }),
  keyringDir: optionalText({
    group: 'Kubernetes',
    help: 'Directory in which the keyring Secrets are mounted, one subdirectory each: the receiver then starts without the API server.',
    ...path,
  }),
  reportIntervalMs: duration({
    group: 'Kubernetes',
    help: 'Minimum time between two reports to the controller; nothing is written while nothing changes.',
    min: '100ms',
    max: '1h',
    default: '5s',
  }),
  ...eventAliasSettings,
  ...inboxSettings,
  ...quotaSettings,
  ...natsSettings,
  ...outboundSettings,
  ...sinkSettings,
  ...kafkaSinkSettings,
  ...tracingSettings,
  ...operationSettings,
  adminPort: port({
    group: 'Operation',
    help: 'Port of the admin API, on the loopback addresses only; 0 takes a free one, which the log names.',
    default: '8081',
  }),
  shutdownGraceMs: duration({
    group: 'Operation',
    help: 'Longest time for open requests and running attempts to end after the drain; unfinished deliveries continue after the next start.',
    min: '0s',
    max: '10m',
    default: '10s',
  }),
} as const

export type ReceiverConfig = ConfigOf<typeof settings>

export const receiverSettings: RoleSettings<typeof settings> = {
  role: 'receiver',
  about:
    'Serves the public endpoint: verifies deliveries, stores them durably, answers, and passes them to the sinks. It never calls ' +
    'Google and can read no API key. It needs its own volume (or a NATS cluster) and the permissions of deploy/rbac/receiver.yaml, and keeps serving while ' +
    'the API server or the controller is away.',
  example: 'gwh receiver --data-dir=/var/lib/gwh --keyring-dir=/etc/gwh/keyring --port=8080',
  settings,
  check(config) {
    const problems: string[] = []
    if (config.maxUnverifiedBytes < config.maxBodyBytes) {
      problems.push('maxUnverified: is smaller than maxBody, so that a largest delivery could never be read; raise it')
    }
    if (config.inbox === 'jetstream' && config.natsUrl.length === 0) {
      problems.push(
        'natsUrl: is needed with inbox=jetstream; give the address of a NATS server, such as nats://nats:4222',
      )
    }
    if (config.inbox === 'sqlite' && config.natsUrl.length > 0) {
      problems.push('natsUrl: is given, but the inbox is sqlite; add inbox=jetstream or leave it out')
    }
    if ((config.tlsCert === undefined) !== (config.tlsKey === undefined)) {
      problems.push('tlsCert: and tlsKey belong together; give both or neither')
    }
    const natsSinkFiles = config.natsSinkCredentials ?? config.natsSinkCa
    if (config.natsSinkUrl.length === 0 && natsSinkFiles !== undefined) {
      problems.push(
        'natsSinkUrl: is needed with natsSinkCredentials and natsSinkCa; give the servers or leave both out',
      )
    }
    problems.push(...kafkaSinkProblems(config))
    return problems
  },
}
