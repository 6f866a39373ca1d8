import { globSync, readFileSync } from 'node:fs'

import { parse } from 'yaml'

import { platformPod } from './platform-pod.ts'

const shipped = globSync('deploy/values/*.yaml')
  .toSorted()
  .map((path): [string, object] => [path, parse(readFileSync(path, 'utf8')) as object])

/**
 * What people set, from least to most: every template and every branch of the chart is in one of them. The ones that
 * ship are in deploy/values.
 */
export const valueSets: Readonly<Record<string, object>> = {
  minimal: {},
  'a path prefix and more hosts': {
    baseUrl: 'https://hooks.example.com:8443/gemini/events/',
    allowedHostnames: ['other.example.com', 'third.example.org'],
    installationId: 'prod-eu-1',
    ingress: { enabled: true },
  },
  'namespace-scoped': { watchNamespaces: ['team-a', 'team-b'], crds: { enabled: false } },
  'a guard of the uninstallation': {
    uninstallGuard: { enabled: true },
    watchNamespaces: ['team-a', 'team-b'],
    commonAnnotations: { 'example.com/team': 'platform' },
    imagePullSecrets: [{ name: 'registry' }],
    controller: { nodeSelector: { 'kubernetes.io/arch': 'amd64' } },
  },
  'sinks that are Brokers and Channels': {
    addressableKinds: [
      'eventing.knative.dev/v1/Broker=brokers',
      'messaging.knative.dev/v1/InMemoryChannel=inmemorychannels',
    ],
    addressableNamespaces: ['knative-eventing'],
    allowForeignEndpoints: true,
  },
  'sinks in NATS beside an inbox on disk': {
    natsSinks: {
      urls: ['tls://nats.events:4333'],
      subjectPrefix: 'prod.gemini',
      credentials: { secretName: 'gwh-nats-sinks', key: 'sinks.creds' },
      ca: { configMapName: 'nats-ca', key: 'bundle.pem' },
    },
  },
  'sinks in Kafka': {
    kafkaSinks: {
      brokers: ['kafka-0.kafka.messaging:9094', '[fd00::9]:9095', 'kafka-1.kafka.messaging:9094'],
      topicPrefix: 'prod.gemini',
      tls: true,
      ca: { secretName: 'kafka-ca', key: 'bundle.pem' },
      clientCertificate: { secretName: 'gwh-kafka-client' },
      sasl: { mechanism: 'SCRAM-SHA-512', user: 'gwh', password: { secretName: 'gwh-kafka', key: 'secret' } },
    },
    networkPolicy: {
      kafkaTo: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'messaging' } } }],
    },
  },
  'traces to a collector that wants a key': {
    tracing: {
      endpoint: 'https://otlp.example.com:4318/team',
      sampleRatio: 0.25,
      headers: { secretName: 'gwh-otlp', key: 'headers.txt' },
    },
    networkPolicy: { receiverTo: [{ namespaceSelector: {} }] },
  },
  'a corporate proxy and a private authority': {
    proxy: {
      httpsProxy: 'http://proxy.corp.example.com:3128',
      noProxy: ['.corp.example.com', '10.0.0.0/8'],
      credentials: { secretName: 'corporate-proxy', key: 'credentials' },
    },
    trustedCA: { configMapName: 'corporate-ca', key: 'bundle.pem' },
  },
  'namespaces that are not alike': {
    quotas: {
      default: { weight: 2, maxShare: '50%' },
      namespaces: { ml: { weight: 4 }, playground: { maxShare: '10%' }, '0': {} },
    },
  },
  'its own namespace only': { watchNamespaces: ['gemini-webhook-system'] },
  'three receivers behind a load balancer': {
    receiver: {
      replicas: 3,
      service: {
        type: 'LoadBalancer',
        port: 8080,
        annotations: { 'service.beta.kubernetes.io/aws-load-balancer-scheme': 'internet-facing' },
        loadBalancerClass: 'service.k8s.aws/nlb',
        loadBalancerSourceRanges: ['203.0.113.0/24'],
        externalTrafficPolicy: 'Local',
        healthCheckNodePort: 32000,
      },
    },
  },
  'TLS in the receiver, behind a load balancer that passes it through': {
    receiver: {
      tls: { secretName: 'hooks-tls' },
      service: { type: 'LoadBalancer', port: 443 },
      config: { trustedProxies: ['10.0.0.0/8', 'fd00::/8'] },
    },
  },
  'an ingress with TLS': {
    ingress: {
      enabled: true,
      className: 'nginx',
      tlsSecretName: 'hooks-tls',
      annotations: { 'cert-manager.io/cluster-issuer': 'letsencrypt' },
    },
  },
  'a gateway': {
    httpRoute: { enabled: true, parentRefs: [{ name: 'public', namespace: 'gateways', sectionName: 'https' }] },
  },
  'all observability': {
    metrics: {
      serviceMonitor: { enabled: true, interval: '15s', labels: { release: 'prometheus' } },
      prometheusRule: { enabled: true, runbookBaseUrl: 'https://example.com/runbooks/' },
      dashboard: { enabled: true },
    },
  },
  'a standby controller on chosen nodes': {
    imagePullSecrets: [{ name: 'registry' }],
    controller: {
      replicas: 2,
      priorityClassName: 'system-cluster-critical',
      nodeSelector: { 'kubernetes.io/arch': 'arm64' },
      tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'platform', effect: 'NoSchedule' }],
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            {
              topologyKey: 'kubernetes.io/hostname',
              labelSelector: { matchLabels: { 'app.kubernetes.io/component': 'controller' } },
            },
          ],
        },
      },
      topologySpreadConstraints: [],
      podDisruptionBudget: { maxUnavailable: '50%' },
    },
  },
  'labels, annotations and extras everywhere': {
    commonLabels: { 'cost-center': '1234' },
    commonAnnotations: { 'example.com/owner': 'platform team' },
    controller: {
      podLabels: { sidecar: 'none' },
      podAnnotations: { 'example.com/scrape': 'true' },
      serviceAccount: { annotations: { 'example.com/identity': 'controller' } },
      extraEnv: [{ name: 'NODE_OPTIONS', value: '--max-old-space-size=384' }],
      extraVolumes: [{ name: 'ca', configMap: { name: 'company-ca', optional: true } }],
      extraVolumeMounts: [{ name: 'ca', mountPath: '/etc/ssl/company', readOnly: true }],
    },
    receiver: {
      podLabels: { sidecar: 'none' },
      extraEnv: [{ name: 'NODE_EXTRA_CA_CERTS', value: '/etc/ssl/company/ca.crt' }],
      extraVolumes: [{ name: 'ca', configMap: { name: 'company-ca', optional: true } }],
      extraVolumeMounts: [{ name: 'ca', mountPath: '/etc/ssl/company', readOnly: true }],
      persistence: {
        size: '20Gi',
        storageClassName: 'fast',
        accessMode: 'ReadWriteOncePod',
        annotations: { 'example.com/backup': 'daily' },
      },
    },
  },
  'receivers that share a JetStream stream': {
    inbox: {
      driver: 'jetstream',
      jetstream: {
        urls: ['tls://nats-0.nats.messaging:4222', 'tls://nats-1.nats.messaging', 'tls://[fd00::7]:4333'],
        credentials: { secretName: 'gwh-nats', key: 'gwh.creds' },
        ca: { secretName: 'gwh-nats-ca', key: 'tls-ca.crt' },
      },
    },
    receiver: { replicas: 3, config: { natsStream: 'PROD', natsSubjectPrefix: 'prod.inbox', natsReplicas: 3 } },
  },
  'autoscaled receivers on JetStream behind narrow network policies': {
    inbox: {
      driver: 'jetstream',
      jetstream: { urls: ['nats://nats.messaging:4222'], ca: { configMapName: 'nats-ca' } },
    },
    receiver: {
      autoscaling: { enabled: true, minReplicas: 3, maxReplicas: 12, targetCPUUtilizationPercentage: 60 },
      podDisruptionBudget: { maxUnavailable: '34%' },
    },
    networkPolicy: {
      natsTo: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'messaging' } } }],
      receiverTo: [{ ipBlock: { cidr: '10.0.0.0/8' } }, { namespaceSelector: {} }],
    },
  },
  'settings of every type': {
    eventAliases: { 'batch.completed': 'batch.succeeded', 'Webhook-Test': 'ping' },
    controller: {
      config: { kubernetesQps: 200, leaderElection: true, callTimeout: '12s', googleApiVersion: 'v1beta' },
    },
    receiver: {
      config: {
        inboxMax: '15GiB',
        inboxMaxEvents: 5000000,
        allowedSinkCidrs: ['10.0.0.0/8', 'fd00::/8'],
        drain: '1m30s',
        shutdownGrace: '500ms',
      },
    },
  },
  'everything optional off': {
    crds: { enabled: false },
    rbac: { create: false },
    networkPolicy: { enabled: false },
    controller: {
      serviceAccount: { create: false, name: 'existing-controller' },
      podDisruptionBudget: { enabled: false },
      topologySpreadConstraints: [],
    },
    receiver: {
      serviceAccount: { create: false, name: 'existing-receiver' },
      podDisruptionBudget: { enabled: false },
      topologySpreadConstraints: [],
    },
  },
  'narrow network policies and a pinned image': {
    image: {
      repository: 'registry.example.com/gwh',
      digest: `sha256:${'0123456789abcdef'.repeat(4)}`,
      pullPolicy: 'Always',
    },
    networkPolicy: {
      controllerEgressPorts: [443],
      metricsFrom: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
      receiverFrom: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress-nginx' } } }],
    },
  },
  'sidecars, a mirror of images and a resolver of their own': {
    global: { imageRegistry: 'mirror.example.com/ghcr', imagePullSecrets: ['mirror', { name: 'registry' }] },
    imagePullSecrets: [{ name: 'registry' }],
    controller: {
      ...platformPod('controller'),
      strategy: { type: 'Recreate' },
      podDisruptionBudget: { minAvailable: '50%' },
    },
    receiver: {
      ...platformPod('receiver'),
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } },
      service: { type: 'NodePort', nodePort: 30080, labels: { team: 'platform' }, ipFamilyPolicy: 'PreferDualStack' },
    },
    networkPolicy: { controllerTo: [{ ipBlock: { cidr: '10.0.0.0/8' } }, { namespaceSelector: {} }] },
    metrics: {
      serviceMonitor: {
        enabled: true,
        namespace: 'team-a',
        scrapeTimeout: '10s',
        honorLabels: true,
        relabelings: [{ sourceLabels: ['__meta_kubernetes_pod_node_name'], targetLabel: 'node', replacement: '$1' }],
        metricRelabelings: [{ action: 'drop', sourceLabels: ['__name__'], regex: 'nodejs_(.*)' }],
      },
      prometheusRule: {
        enabled: true,
        additionalRuleLabels: { team: 'platform' },
        additionalRuleAnnotations: { note: 'pod {{ $labels.pod }}' },
        rules: { GwhClockSkew: { labels: { severity: 'critical' }, annotations: { summary: 'Clocks differ.' } } },
      },
    },
    extraObjects: [
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: '{{ .Release.Name }}-notes', labels: { 'app.kubernetes.io/name': '{{ .Chart.Name }}' } },
      },
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: more-notes\n  labels: {app.kubernetes.io/name: {{ .Chart.Name }}}\n',
    ],
  },
  'receivers in a Deployment that is replaced and scaled in a way of its own': {
    inbox: { driver: 'jetstream', jetstream: { urls: ['nats://nats.messaging:4222'] } },
    receiver: {
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '100%', maxUnavailable: 0 } },
      autoscaling: {
        enabled: true,
        targetCPUUtilizationPercentage: 0,
        targetMemoryUtilizationPercentage: 80,
        behavior: {
          scaleUp: { policies: [{ type: 'Pods', value: 2, periodSeconds: 60 }], selectPolicy: 'Max' },
          scaleDown: { stabilizationWindowSeconds: 600 },
        },
      },
      service: { type: 'LoadBalancer', loadBalancerIP: '192.0.2.7' },
    },
  },
  'OpenShift, where the platform chooses the user': {
    podSecurityContext: { runAsUser: null, runAsGroup: null, fsGroup: null },
  },
  'a simulator without TLS': {
    baseUrl: 'http://gwh-receiver.gemini-webhook-system.svc',
    controller: { config: { insecureBaseUrl: true, googleBaseUrl: 'http://simulator:8080' } },
    rbac: { aggregatedRoles: false },
    crds: { keep: false },
  },
  ...Object.fromEntries(shipped),
}
