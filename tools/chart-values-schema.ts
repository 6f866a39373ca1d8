import { controllerSettings } from '../src/config/controller-config.ts'
import { namesOf } from '../src/config/names.ts'
import { receiverSettings } from '../src/config/receiver-config.ts'
import type { Setting, SettingsTable } from '../src/config/setting.ts'

/** JSON Schema (draft 7, what Helm reads), as far as it is used here. */
export interface ValueSchema {
  description?: string
  type?: string | string[]
  properties?: Record<string, ValueSchema>
  additionalProperties?: boolean | ValueSchema
  items?: ValueSchema
  uniqueItems?: boolean
  enum?: (string | number)[]
  pattern?: string
  minimum?: number
  maximum?: number
  minLength?: number
}

/** Set by the chart itself, from other values or because the manifests rely on it. */
export const settingsOfTheChart: ReadonlySet<string> = new Set([
  'baseUrl',
  'allowedHostnames',
  'installationId',
  'watchNamespaces',
  'namespace',
  'kubeconfig',
  'host',
  'port',
  'healthHost',
  'healthPort',
  'podName',
  'dataDir',
  'keyringDir',
])

const object = (description: string, properties: Record<string, ValueSchema>): ValueSchema => ({
  description,
  type: 'object',
  properties,
  additionalProperties: false,
})
const text = (description: string, pattern?: string): ValueSchema => ({
  description,
  type: 'string',
  ...(pattern !== undefined && { pattern }),
})
const flag = (description: string): ValueSchema => ({ description, type: 'boolean' })
const oneOf = (description: string, words: string[]): ValueSchema => ({ description, type: 'string', enum: words })
const texts = (description: string, pattern?: string): ValueSchema => ({
  description,
  type: 'array',
  uniqueItems: true,
  items: { type: 'string', ...(pattern !== undefined && { pattern }) },
})
/** Labels and annotations. */
const labels = (description: string): ValueSchema => ({
  description,
  type: 'object',
  additionalProperties: { type: 'string' },
})
/** A part of a Kubernetes object: the API server knows its schema. */
const kubernetes = (type: 'object' | 'array', description: string): ValueSchema =>
  type === 'array' ? { description, type, items: { type: 'object' } } : { description, type }

const namespacePattern = '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'
const hostPattern = '^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$'

/** The schema of the chart's values. Settings of the programs come from the tables that parse them, so that a typo is refused before anything is installed. */
export function chartValuesSchema(): ValueSchema {
  return object('Values of the chart.', {
    global: { description: 'Left to parent charts.', type: 'object' },
    baseUrl: text(
      'Public URL of the receiver as Google reaches it, https, may carry a path prefix. Required.',
      '^$|^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+){0,8}/?$',
    ),
    allowedHostnames: texts(
      'Host names that a GeminiWebhook may choose with endpoint.hostname, besides that of the base URL.',
      hostPattern,
    ),
    installationId: text(
      'Names this installation at Google. Set it with GitOps, so that a rebuilt cluster finds its webhooks again. Empty: made once and kept in a ConfigMap.',
      '^$|^[A-Za-z0-9][A-Za-z0-9._-]{7,62}$',
    ),
    watchNamespaces: texts(
      'Only these namespaces, with Roles in them instead of ClusterRoles. They must exist. Empty: the whole cluster.',
      namespacePattern,
    ),
    image: object('The image of all pods.', {
      repository: { ...text('Registry and name.'), minLength: 1 },
      tag: text("Empty: the chart's appVersion."),
      digest: text('Wins over the tag.', '^$|^sha256:[0-9a-f]{64}$'),
      pullPolicy: oneOf('When the kubelet pulls.', ['Always', 'IfNotPresent', 'Never']),
    }),
    imagePullSecrets: kubernetes('array', 'Secrets for the registry, as in a pod.'),
    commonLabels: labels('On every object that the chart makes.'),
    commonAnnotations: labels('On every object that the chart makes.'),
    crds: object('The CustomResourceDefinition.', {
      enabled: flag('The CRD as part of the release, so that it is upgraded with it.'),
      keep: flag('Uninstalling leaves the CRD and with it all GeminiWebhooks.'),
    }),
    rbac: object('Roles.', {
      create: flag('False: the roles are made by somebody else.'),
      aggregatedRoles: flag(
        "Rights on GeminiWebhooks for the cluster's own view, edit and admin roles. Not with watchNamespaces: there are no ClusterRoles then.",
      ),
    }),
    podSecurityContext: kubernetes('object', 'Security context of all pods.'),
    controller: object('The Deployment that calls Google.', {
      replicas: { description: 'One is active, the others stand by.', type: 'integer', minimum: 1, maximum: 5 },
      ...componentValues(controllerSettings),
    }),
    receiver: object('The StatefulSet that serves the public endpoint.', {
      replicas: {
        description: 'Each has an inbox of its own: a delivery repeated to another receiver is delivered again.',
        type: 'integer',
        minimum: 1,
        maximum: 20,
      },
      ...componentValues(receiverSettings),
      persistence: persistenceValues,
      service: serviceValues,
    }),
    ingress: object(
      'An Ingress for the hosts of the base URL and allowedHostnames, only for the paths that are served.',
      {
        enabled: flag('Make it.'),
        className: text("Empty: the cluster's default class."),
        annotations: labels('On the Ingress.'),
        tlsSecretName: text('Secret of type kubernetes.io/tls for all hosts. Empty: no TLS section.'),
      },
    ),
    httpRoute: object('An HTTPRoute of the Gateway API, for the same hosts and paths.', {
      enabled: flag('Make it.'),
      annotations: labels('On the HTTPRoute.'),
      parentRefs: kubernetes('array', 'Gateways, as in HTTPRoute spec.parentRefs.'),
    }),
    networkPolicy: object('NetworkPolicies of controller and receiver.', {
      enabled: flag('Make them.'),
      controllerEgressPorts: {
        description: 'Ports that the controller may call besides DNS: Google and the API server.',
        type: 'array',
        items: { type: 'integer', minimum: 1, maximum: 65_535 },
      },
      metricsFrom: kubernetes('array', 'Who may scrape 9090, as in NetworkPolicy ingress.from. Empty: everybody.'),
      receiverFrom: kubernetes(
        'array',
        'Who may reach the public port, as in NetworkPolicy ingress.from. Empty: everybody.',
      ),
    }),
    metrics: metricsValues,
  })
}

const persistenceValues = object('The inbox. At most four fifths of the volume are used.', {
  size: text('Of each volume; receiver.config.inboxMax is a limit of its own.', '^[0-9]+(Mi|Gi|Ti)$'),
  storageClassName: text("Empty: the cluster's default. Block storage: SQLite needs a real file system."),
  accessMode: oneOf('ReadWriteOncePod where the storage driver can.', ['ReadWriteOnce', 'ReadWriteOncePod']),
  annotations: labels('On the claims.'),
})

const serviceValues = object('The Service for ingress, gateway or load balancer.', {
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
})

const metricsValues = object('Needs the Prometheus operator, except for the dashboard.', {
  serviceMonitor: object('Scraping.', {
    enabled: flag('Make it.'),
    interval: text('Between two scrapes.', '^([0-9]+(ms|s|m))+$'),
    labels: labels('By which Prometheus finds it.'),
  }),
  prometheusRule: object('Alerts; each has a runbook page.', {
    enabled: flag('Make it.'),
    labels: labels('By which Prometheus finds it.'),
    runbookBaseUrl: text(
      "Where the runbook pages are; the alert's name and .md are added. Empty: no links.",
      '^$|^https?://',
    ),
  }),
  dashboard: object("A ConfigMap for Grafana's dashboard sidecar.", {
    enabled: flag('Make it.'),
    labels: labels('By which the sidecar finds it.'),
  }),
})

function componentValues({ role, settings }: { role: string; settings: SettingsTable }): Record<string, ValueSchema> {
  return {
    config: configValues(role, settings),
    serviceAccount: object('Its identity.', {
      create: flag('False: it exists already.'),
      name: { ...text('Its name.'), minLength: 1 },
      annotations: labels('On the ServiceAccount.'),
    }),
    resources: kubernetes('object', 'Requests and limits of the container.'),
    podLabels: labels('On the pods.'),
    podAnnotations: labels('On the pods.'),
    priorityClassName: text('Of the pods.'),
    nodeSelector: labels('Of the pods.'),
    tolerations: kubernetes('array', 'Of the pods.'),
    affinity: kubernetes('object', 'Of the pods.'),
    topologySpreadConstraints: kubernetes('array', 'Of the pods; labelSelector is filled in.'),
    podDisruptionBudget: object('How many may be away on purpose.', {
      enabled: flag('Make it.'),
      maxUnavailable: { description: 'A number or a percentage.', type: ['integer', 'string'] },
    }),
    extraEnv: kubernetes(
      'array',
      'More variables of the container; unknown ones that start with GWH_ keep it from starting.',
    ),
    extraVolumes: kubernetes('array', 'More volumes of the pod.'),
    extraVolumeMounts: kubernetes('array', 'Where they are mounted.'),
  }
}

function configValues(role: string, settings: SettingsTable): ValueSchema {
  const entries = Object.entries(settings)
    .map(([property, setting]) => [namesOf(property).key, setting] as const)
    .filter(([key]) => !settingsOfTheChart.has(key))
    .map(([key, setting]) => [key, settingSchema(setting)] as const)
  return object(`Any other setting of "gwh ${role}", by its key.`, Object.fromEntries(entries))
}

function settingSchema({ shape, help, placeholder }: Setting<unknown>): ValueSchema {
  if (shape === 'boolean') return flag(help)
  if (shape === 'list') return texts(help)
  if (placeholder === 'NUMBER') return { description: help, type: 'integer' }
  return text(help)
}
