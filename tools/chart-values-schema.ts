import { controllerSettings } from '../src/config/controller-config.ts'
import { namesOf } from '../src/config/names.ts'
import { receiverSettings } from '../src/config/receiver-config.ts'
import type { Setting, SettingsTable } from '../src/config/setting.ts'
import {
  autoscalingValues,
  inboxValues,
  natsSinkValues,
  persistenceValues,
  serviceValues,
} from './chart-receiver-values.ts'
import { flag, kubernetes, labels, object, oneOf, text, texts } from './value-schema.ts'
import type { ValueSchema } from './value-schema.ts'

/** Set by the chart itself, from other values or because the manifests rely on it. */
export const settingsOfTheChart: ReadonlySet<string> = new Set([
  'baseUrl',
  'allowedHostnames',
  'addressableKinds',
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
  'inbox',
  'natsUrl',
  'natsCredentials',
  'natsCa',
  'tlsCert',
  'tlsKey',
  'natsSinkUrl',
  'natsSinkCredentials',
  'natsSinkCa',
  'natsSinkPrefix',
])

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
    addressableKinds: texts(
      'Kinds that a sink may name with ref, as GROUP/VERSION/KIND=PLURAL, such as eventing.knative.dev/v1/Broker=brokers; the controller gets the right to read their objects.',
      '^[a-z0-9]([a-z0-9.-]*[a-z0-9])?/v[a-z0-9]+/[A-Z][A-Za-z0-9]*=[a-z][a-z0-9]*$',
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
      annotations: labels('On the CRD, for tools that have a word of their own for keeping it.'),
    }),
    rbac: object('Roles.', {
      create: flag('False: the roles are made by somebody else.'),
      aggregatedRoles: flag(
        "Rights on GeminiWebhooks for the cluster's own view, edit and admin roles. Not with watchNamespaces: there are no ClusterRoles then.",
      ),
    }),
    inbox: inboxValues,
    natsSinks: natsSinkValues,
    podSecurityContext: kubernetes('object', 'Security context of all pods.'),
    controller: object('The Deployment that calls Google.', {
      replicas: { description: 'One is active, the others stand by.', type: 'integer', minimum: 1, maximum: 5 },
      ...componentValues(controllerSettings),
    }),
    receiver: object('The StatefulSet or Deployment that serves the public endpoint.', {
      replicas: {
        description:
          'With sqlite each has an inbox of its own: a delivery repeated to another receiver is delivered again.',
        type: 'integer',
        minimum: 1,
        maximum: 20,
      },
      autoscaling: autoscalingValues,
      ...componentValues(receiverSettings),
      persistence: persistenceValues,
      tls: object('TLS in the receiver itself; an ingress or a gateway in front must be told to speak TLS to it.', {
        secretName: text('Secret of type kubernetes.io/tls; renewed without a restart. Empty: plain HTTP.'),
      }),
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
      receiverTo: kubernetes(
        'array',
        'Where the receiver may connect besides DNS and NATS, as in NetworkPolicy egress.to: the API server and the sinks. Empty: anywhere but where clouds hand out credentials.',
      ),
      natsTo: kubernetes(
        'array',
        'Where the NATS servers are, as in NetworkPolicy egress.to. Empty: anywhere, on their ports.',
      ),
    }),
    metrics: metricsValues,
  })
}

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
    maxSecretAgeDays: {
      description: 'GwhSecretTooOld: how long a signing secret may go without a rotation.',
      type: 'integer',
      minimum: 2,
      maximum: 36_500,
    },
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
