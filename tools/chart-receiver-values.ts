import { flag, labels, object, oneOf, text, texts } from './value-schema.ts'

const fileValues = {
  secretName: text('Of the Secret that holds it. Empty: none.', '^$|^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$'),
  key: text('Of the file in it.', '^[-._a-zA-Z0-9]{1,253}$'),
}

const natsAccessValues = {
  urls: texts(
    'Servers of one NATS cluster; tls:// insists on encryption.',
    '^(nats|tls)://[A-Za-z0-9._\\[\\]:-]{1,261}$',
  ),
  credentials: object('A credentials file as nsc writes it.', fileValues),
  ca: object("Authorities of the servers' certificates. Neither name: the system's.", {
    ...fileValues,
    configMapName: text('Instead of a Secret.', '^$|^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$'),
  }),
}

export const inboxValues = object('Where events wait for their delivery.', {
  driver: oneOf('A file on a volume of each receiver, or a stream in NATS that all share.', ['sqlite', 'jetstream']),
  jetstream: object('With driver jetstream.', natsAccessValues),
})

export const natsSinkValues = object('Where sinks with nats publish; without urls such sinks are refused.', {
  ...natsAccessValues,
  subjectPrefix: text(
    'First tokens of every subject; the namespace of the object follows.',
    '^[A-Za-z0-9_-]{1,64}(\\.[A-Za-z0-9_-]{1,64}){0,7}$',
  ),
})

export const autoscalingValues = object(
  'A HorizontalPodAutoscaler instead of replicas, with inbox.driver jetstream only.',
  {
    enabled: flag('Make it.'),
    minReplicas: { description: 'At least.', type: 'integer', minimum: 1, maximum: 100 },
    maxReplicas: { description: 'At most.', type: 'integer', minimum: 1, maximum: 100 },
    targetCPUUtilizationPercentage: { description: 'Of the request.', type: 'integer', minimum: 1, maximum: 100 },
  },
)

export const persistenceValues = object('The inbox, with driver sqlite. At most four fifths of the volume are used.', {
  size: text('Of each volume; receiver.config.inboxMax is a limit of its own.', '^[0-9]+(Mi|Gi|Ti)$'),
  storageClassName: text("Empty: the cluster's default. Block storage: SQLite needs a real file system."),
  accessMode: oneOf('ReadWriteOncePod where the storage driver can.', ['ReadWriteOnce', 'ReadWriteOncePod']),
  annotations: labels('On the claims.'),
})

export const serviceValues = object('The Service for ingress, gateway or load balancer.', {
  type: oneOf('How it is reached.', ['ClusterIP', 'NodePort', 'LoadBalancer']),
  port: { description: 'Its port; plain HTTP.', type: 'integer', minimum: 1, maximum: 65_535 },
  annotations: labels('On the Service.'),
  loadBalancerClass: text('For type LoadBalancer.'),
  loadBalancerSourceRanges: texts('For type LoadBalancer.'),
  externalTrafficPolicy: oneOf("Local keeps the caller's address; empty: Kubernetes' default.", [
    '',
    'Local',
    'Cluster',
  ]),
  healthCheckNodePort: {
    description: 'With Local: where the load balancer asks the nodes. 0: chosen by Kubernetes.',
    type: 'integer',
    minimum: 0,
    maximum: 65_535,
  },
})
