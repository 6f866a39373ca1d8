import {
  annotations,
  cidrPattern,
  hostInUrlPattern,
  keyPattern,
  namespacePattern,
  objectName,
  portPattern,
  qualifiedName,
} from './kubernetes-names.ts'
import { flag, number, object, oneOf, text, texts } from './value-schema.ts'

const fileValues = {
  secretName: objectName('Of the Secret that holds it. Empty: none.', 'optional'),
  key: { ...text('Of the file in it.', keyPattern), maxLength: 253 },
}

const natsAccessValues = {
  urls: texts(
    'Servers of one NATS cluster; tls:// insists on encryption.',
    `^(nats|tls)://([A-Za-z0-9._-]{1,253}|\\[[0-9A-Fa-f:.]{2,45}\\])(:${portPattern})?$`,
  ),
  credentials: object('A credentials file as nsc writes it.', fileValues),
  ca: object("Authorities of the servers' certificates. Neither name: the system's.", {
    ...fileValues,
    configMapName: objectName('Instead of a Secret.', 'optional'),
  }),
}

export const proxyValues = object('For calls to Google and to public endpoints; never for sinks and the API server.', {
  httpsProxy: text(
    'A URL without user and password. Empty: no proxy.',
    `^$|^https?://${hostInUrlPattern}(:${portPattern})?/?$`,
  ),
  noProxy: texts(
    'What is called directly all the same: domains, .domains, addresses, ranges, each with :PORT if wanted, or *.',
    '^[A-Za-z0-9.:_*/\\[\\]-]{1,270}$',
  ),
  credentials: object('user:password, where the proxy wants them; read again when they change.', fileValues),
})

export const trustedAuthorityValues = object('Authorities that are trusted besides the well-known ones, as PEM.', {
  ...fileValues,
  configMapName: objectName('Instead of a Secret.', 'optional'),
})

export const inboxValues = object('Where events wait for their delivery.', {
  driver: oneOf('A file on a volume of each receiver, or a stream in NATS that all share.', ['sqlite', 'jetstream']),
  jetstream: object('With driver jetstream.', natsAccessValues),
})

const quotaProperties = {
  weight: number('How much a namespace counts beside others: 4 gets four times the share of 1.', 1, 100),
  maxShare: text('The most of any total that it may ever have, such as 50%.', '^([1-9][0-9]?|100)%$'),
}

export const quotaValues = object('What namespaces may have of all that they share: docs/inbox.md.', {
  default: object('Of each namespace that is not named below.', quotaProperties),
  namespaces: {
    description: 'By the name of a namespace: weight, maxShare or both; what is not given is as in default.',
    type: 'object',
    propertyNames: { type: 'string', pattern: namespacePattern },
    additionalProperties: { type: 'object', properties: quotaProperties, additionalProperties: false },
  },
})

export const natsSinkValues = object('Where sinks with nats publish; without urls such sinks are refused.', {
  ...natsAccessValues,
  subjectPrefix: text(
    'First tokens of every subject; the namespace of the object follows.',
    '^[A-Za-z0-9_-]{1,64}(\\.[A-Za-z0-9_-]{1,64}){0,7}$',
  ),
})

export const kafkaSinkValues = object('Where sinks with kafka publish; without brokers such sinks are refused.', {
  brokers: texts(
    'Brokers of one Kafka cluster, as HOST:PORT; the others are learned from them.',
    `^([A-Za-z0-9._-]{1,253}|\\[[0-9A-Fa-f:.]{2,45}\\]):${portPattern}$`,
  ),
  topicPrefix: text(
    'First tokens of every topic; the namespace of the object follows.',
    '^[A-Za-z0-9_-]{1,64}(\\.[A-Za-z0-9_-]{1,64}){0,7}$',
  ),
  tls: flag('Encrypt connections, and check the certificates of the brokers.'),
  ca: object("Authorities of the brokers' certificates. Neither name: the system's.", {
    ...fileValues,
    configMapName: objectName('Instead of a Secret.', 'optional'),
  }),
  clientCertificate: object('What the receiver shows of itself, from a Secret of type kubernetes.io/tls.', {
    secretName: objectName('Of the Secret with tls.crt and tls.key. Empty: none.', 'optional'),
  }),
  sasl: object('How the receiver logs in.', {
    mechanism: oneOf('PLAIN needs tls.', ['none', 'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']),
    user: text('The user that it logs in as.', '^[^\\x00-\\x1f\\x7f]{0,256}$'),
    password: object('The password of that user.', fileValues),
  }),
})

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
    enabled: flag('Make it.'),
    minReplicas: number('At least.', 1, 100),
    maxReplicas: number('At most.', 1, 100),
    targetCPUUtilizationPercentage: number('Of the request.', 1, 100),
  },
)

export const persistenceValues = object('The inbox, with driver sqlite. At most four fifths of the volume are used.', {
  size: text('Of each volume; receiver.config.inboxMax is a limit of its own.', '^[1-9][0-9]{0,8}(Mi|Gi|Ti)$'),
  storageClassName: objectName(
    "Empty: the cluster's default. Block storage: SQLite needs a real file system.",
    'optional',
  ),
  accessMode: oneOf('ReadWriteOncePod where the storage driver can.', ['ReadWriteOnce', 'ReadWriteOncePod']),
  annotations: annotations('On the claims.'),
})

export const serviceValues = object('The Service for ingress, gateway or load balancer.', {
  type: oneOf('How it is reached.', ['ClusterIP', 'NodePort', 'LoadBalancer']),
  port: number('Its port; plain HTTP.', 1, 65_535),
  annotations: annotations('On the Service.'),
  loadBalancerClass: text('For type LoadBalancer.', `^$|^${qualifiedName}$`),
  loadBalancerSourceRanges: texts('For type LoadBalancer.', cidrPattern),
  externalTrafficPolicy: oneOf("Local keeps the caller's address; empty: Kubernetes' default.", [
    '',
    'Local',
    'Cluster',
  ]),
  healthCheckNodePort: {
    description: 'With Local: where the load balancer asks the nodes. 0: chosen by Kubernetes.',
    type: 'integer',
    anyOf: [{ enum: [0] }, { minimum: 30_000, maximum: 32_767 }],
  },
})
