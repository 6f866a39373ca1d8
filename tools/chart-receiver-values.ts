import {
  addressPattern,
  annotations,
  cidrPattern,
  hostInUrlPattern,
  keyPattern,
  labels,
  namespacePattern,
  objectName,
  portPattern,
  qualifiedName,
} from './kubernetes-names.ts'
import { ipFamilyValues } from './chart-network-values.ts'
import { scalingBehavior } from './kubernetes-scaling.ts'
import { flag, number, object, oneOf, text, texts, type ValueSchema } from './value-schema.ts'

const fileValues = {
  secretName: objectName('Name of the Secret that holds it. Empty: none.', 'optional'),
  key: { ...text('Name of the file in it.', keyPattern), maxLength: 253 },
}

const natsAccessValues = {
  urls: texts(
    'Servers of one NATS cluster: nats://host:4222, or tls://host:4222 to insist on encryption.',
    `^(nats|tls)://([A-Za-z0-9._-]{1,253}|\\[[0-9A-Fa-f:.]{2,45}\\])(:${portPattern})?$`,
  ),
  credentials: object('A credentials file as nsc writes it; read again at every connect.', fileValues),
  ca: object("Authorities of the servers' certificates, from a Secret or a ConfigMap. Neither: the system's.", {
    ...fileValues,
    configMapName: objectName('Instead of a Secret.', 'optional'),
  }),
}

export const proxyValues = object(
  'How the pods reach Google and public endpoints outside the cluster. Never used for sinks or the API server. docs/networking.md.',
  {
    httpsProxy: text(
      'http://proxy.example.com:3128 or https://...; without user and password. Empty: no proxy.',
      `^$|^https?://${hostInUrlPattern}(:${portPattern})?/?$`,
    ),
    noProxy: texts(
      'Hosts that are called without the proxy: domains, .domains, addresses, ranges, each with :PORT if wanted, or *.',
      '^[A-Za-z0-9.:_*/\\[\\]-]{1,270}$',
    ),
    credentials: object(
      'A Secret with user:password, where the proxy wants them; read again when it changes.',
      fileValues,
    ),
  },
)

export const trustedAuthorityValues = object(
  'Authorities that are trusted besides the well-known ones, by the proxy and behind it, as PEM. For sinks: spec.sinks[].auth.tlsSecretRef.',
  {
    ...fileValues,
    configMapName: objectName('Instead of a Secret.', 'optional'),
  },
)

export const inboxValues = object('Where events wait between the answer to Google and their delivery: docs/inbox.md.', {
  driver: oneOf(
    'sqlite: a file on a volume of each receiver, which is a StatefulSet. jetstream: a stream in NATS that any number of receivers share, a Deployment.',
    ['sqlite', 'jetstream'],
  ),
  jetstream: object(
    'With driver jetstream. The stream, its subjects and its copies: receiver.config.natsStream, natsSubjectPrefix and natsReplicas.',
    natsAccessValues,
  ),
})

const quotaProperties = {
  weight: number('How much a namespace counts beside others: 4 gets four times the share of 1.', 1, 100),
  maxShare: text(
    'The most of any total that it may ever use, even if no other namespace needs anything: 50%.',
    '^([1-9][0-9]?|100)%$',
  ),
}

export const quotaValues = object(
  'The share of each namespace in what all use together: attempts in flight, space in the inbox, dead letters. Nothing is reserved: docs/inbox.md.',
  {
    default: object('For each namespace that is not named below.', quotaProperties),
    namespaces: {
      description:
        'By the name of a namespace, such as {ml: {weight: 4}, playground: {maxShare: 10%}}; missing fields are as in default.',
      type: 'object',
      propertyNames: { type: 'string', pattern: namespacePattern },
      additionalProperties: { type: 'object', properties: quotaProperties, additionalProperties: false },
    },
  },
)

export const eventAliasValues = {
  description:
    'Names that Google gives to events that are known under another one, such as {batch.completed: batch.succeeded}: docs/monitoring.md.',
  type: 'object',
  propertyNames: { type: 'string', pattern: '^[A-Za-z0-9_.-]{1,128}$' },
  additionalProperties: { type: 'string', pattern: '^[a-z0-9_]+(\\.[a-z0-9_]+)*$' },
} as const

export const natsSinkValues = object(
  'Where sinks with nats publish, on a connection of their own; without urls such sinks are refused: docs/reference/sinks.md.',
  {
    ...natsAccessValues,
    subjectPrefix: text(
      'First tokens of every subject; the namespace of the object follows.',
      '^[A-Za-z0-9_-]{1,64}(\\.[A-Za-z0-9_-]{1,64}){0,7}$',
    ),
  },
)

export const kafkaSinkValues = object(
  'Where sinks with kafka publish; without brokers such sinks are refused: docs/reference/sinks.md.',
  {
    brokers: texts(
      'Brokers of one Kafka cluster, as HOST:PORT; the others are learned from them.',
      `^([A-Za-z0-9._-]{1,253}|\\[[0-9A-Fa-f:.]{2,45}\\]):${portPattern}$`,
    ),
    topicPrefix: text(
      'First tokens of every topic; the namespace of the object follows.',
      '^[A-Za-z0-9_-]{1,64}(\\.[A-Za-z0-9_-]{1,64}){0,7}$',
    ),
    tls: flag('Encrypt connections, and check the certificates of the brokers.'),
    ca: object("Authorities of the brokers' certificates, from a Secret or a ConfigMap. Neither: the system's.", {
      ...fileValues,
      configMapName: objectName('Instead of a Secret.', 'optional'),
    }),
    clientCertificate: object('What the receiver shows of itself, for brokers that want a client certificate.', {
      secretName: objectName('Secret of type kubernetes.io/tls. Empty: none.', 'optional'),
    }),
    sasl: object('How the receiver logs in. The user needs to write to topics below the prefix.', {
      mechanism: oneOf('PLAIN needs tls.', ['none', 'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']),
      user: text('The user that it logs in as.', '^[^\\x00-\\x1f\\x7f]{0,256}$'),
      password: object('The password of that user.', fileValues),
    }),
  },
)

export const tracingValues = object('Traces by OpenTelemetry, which the receiver sends by OTLP over HTTP.', {
  endpoint: text(
    'Such as http://collector.monitoring:4318; /v1/traces is added. Empty: no traces are kept.',
    `^$|^https?://([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\])(:${portPattern})?(/[A-Za-z0-9._~/-]*)?$`,
  ),
  sampleRatio: { description: 'Share of the traces that are kept, 0 to 1.', type: 'number', minimum: 0, maximum: 1 },
  headers: object('What the collector wants besides, in a Secret, as KEY=VALUE,KEY=VALUE.', fileValues),
})

export const autoscalingValues = object(
  'A HorizontalPodAutoscaler instead of replicas, with inbox.driver jetstream only.',
  {
    enabled: flag('Make a HorizontalPodAutoscaler. It needs the metrics server.'),
    minReplicas: number('How many there are at least.', 1, 100),
    maxReplicas: number('How many there are at most.', 1, 100),
    targetCPUUtilizationPercentage: number(
      'Of the CPU that resources.requests names; extraContainers must name theirs too. 0: CPU does not count.',
      0,
      100,
    ),
    targetMemoryUtilizationPercentage: number(
      'Of the memory that resources.requests names; extraContainers must name theirs too. 0: memory does not count.',
      0,
      100,
    ),
    behavior: scalingBehavior,
  },
)

export const persistenceValues = object(
  'The inbox, with inbox.driver sqlite. At most four fifths of a volume are used. Volumes outlive uninstalling and scaling down.',
  {
    size: text(
      'Of each volume. receiver.config.inboxMax is a limit of its own.',
      '^[1-9][0-9]{0,8}(Mi|Gi)$|^[1-9][0-9]{0,5}Ti$',
    ),
    storageClassName: objectName(
      "Empty: the cluster's default. Block storage: SQLite needs a real file system, NFS will be refused.",
      'optional',
    ),
    accessMode: oneOf('Use ReadWriteOncePod if the storage driver supports it.', ['ReadWriteOnce', 'ReadWriteOncePod']),
    annotations: annotations('On the claims.'),
  },
)

/** A port of the nodes, from the range that is usual. */
const nodePort = (description: string): ValueSchema => ({
  description,
  type: 'integer',
  anyOf: [{ enum: [0] }, { minimum: 30_000, maximum: 32_767 }],
})

export const serviceValues = object('The Service for ingress, gateway or load balancer.', {
  type: oneOf('How it is reached.', ['ClusterIP', 'NodePort', 'LoadBalancer']),
  port: number('Its port.', 1, 65_535),
  nodePort: nodePort('For type NodePort and LoadBalancer: the port of the nodes. 0: chosen by Kubernetes.'),
  labels: labels('On the Service.'),
  annotations: annotations('On the Service.'),
  ipFamilyPolicy: {
    ...ipFamilyValues['ipFamilyPolicy'],
    description: 'Instead of that of all Services. Empty: as they.',
  },
  ipFamilies: { ...ipFamilyValues['ipFamilies'], description: 'Instead of those of all Services. Empty: as they.' },
  loadBalancerClass: text('For type LoadBalancer: who makes it.', `^$|^${qualifiedName}$`),
  loadBalancerIP: text(
    'For type LoadBalancer: its address, where the cloud still takes it from here; annotations are the newer way.',
    `^$|${addressPattern}`,
  ),
  loadBalancerSourceRanges: texts('For type LoadBalancer: who may reach it.', cidrPattern),
  externalTrafficPolicy: oneOf("Local keeps the caller's address and one hop fewer. Empty: Kubernetes' default.", [
    '',
    'Local',
    'Cluster',
  ]),
  healthCheckNodePort: nodePort(
    'With Local: the port of the nodes on which the load balancer asks whether a receiver runs there. 0: chosen by Kubernetes.',
  ),
})
