import { controllerSettings } from '../src/config/controller-config.ts'
import { namesOf } from '../src/config/names.ts'
import { receiverSettings } from '../src/config/receiver-config.ts'
import type { Setting, SettingsTable } from '../src/config/setting.ts'
import {
  autoscalingValues,
  inboxValues,
  kafkaSinkValues,
  natsSinkValues,
  persistenceValues,
  proxyValues,
  quotaValues,
  serviceValues,
  tracingValues,
  trustedAuthorityValues,
} from './chart-receiver-values.ts'
import {
  annotations,
  hostPattern,
  labels,
  namespacePattern,
  objectName,
  portPattern,
  selectorLabels,
} from './kubernetes-names.ts'
import { httpRouteValues, ingressValues, ipFamilyValues, networkPolicyValues } from './chart-network-values.ts'
import {
  affinity,
  extraEnv,
  extraVolumeMounts,
  extraVolumes,
  imagePullSecrets,
  podSecurityContext,
  resources,
  tolerations,
  topologySpreadConstraints,
} from './kubernetes-values.ts'
import { flag, number, object, oneOf, text, texts, type ValueSchema } from './value-schema.ts'

/** Set by the chart itself, from other values or because the manifests rely on it. */
export const settingsOfTheChart: ReadonlySet<string> = new Set([
  'baseUrl',
  'allowedHostnames',
  'addressableKinds',
  'addressableNamespaces',
  'allowForeignEndpoints',
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
  'kafkaSinkBroker',
  'kafkaSinkTls',
  'kafkaSinkCa',
  'kafkaSinkClientCert',
  'kafkaSinkClientKey',
  'kafkaSinkSasl',
  'kafkaSinkUser',
  'kafkaSinkPassword',
  'kafkaSinkPrefix',
  'traceEndpoint',
  'traceSampleRatio',
  'quotas',
  'httpsProxy',
  'proxyBypass',
  'proxyCredentials',
  'trustedCa',
])

/** Variables that the chart sets in the pods. */
const ownVariables = ['GWH_NAMESPACE', 'GWH_POD_NAME', 'GWH_DATA_DIR', 'GWH_KEYRING_DIR']
/** No segment is . or .., which proxies resolve. */
const pathPattern = '(/\\.?[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,62}){0,8}/?'
const hostIgnoringCase = hostPattern.replaceAll('a-z', 'A-Za-z')

/**
 * The schema of the chart's values. Settings of the programs come from the tables that parse them, so that a typo is
 * refused before anything is installed.
 */
export function chartValuesSchema(): ValueSchema {
  return object('Values of the chart.', {
    global: { description: 'Left to parent charts.', type: 'object' },
    baseUrl: text(
      'Public URL of the receiver as Google reaches it, https, may carry a path prefix. Required.',
      `^$|^https?://${hostIgnoringCase}(:${portPattern})?${pathPattern}$`,
    ),
    allowedHostnames: texts(
      'Host names that a GeminiWebhook may choose with endpoint.hostname, besides that of the base URL.',
      `^${hostPattern}$`,
    ),
    installationId: text(
      'Names this installation at Google. Set it with GitOps, so that a rebuilt cluster finds its webhooks again; another one in each cluster. Empty: made once and kept in a ConfigMap.',
      '^$|^[A-Za-z0-9][A-Za-z0-9._-]{7,62}$',
    ),
    addressableKinds: texts(
      'Kinds that a sink may name with ref, as GROUP/VERSION/KIND=PLURAL, such as eventing.knative.dev/v1/Broker=brokers; the controller gets the right to read their objects.',
      '^[a-z0-9]([a-z0-9.-]*[a-z0-9])?/v[a-z0-9]+/[A-Z][A-Za-z0-9]*=[a-z][a-z0-9]*$',
    ),
    addressableNamespaces: texts(
      'Namespaces whose Services may be the address of such an object, besides its own: where Brokers receive, such as knative-eventing.',
      namespacePattern,
    ),
    allowForeignEndpoints: flag(
      'Sinks may use Services that are headless, have no selector or externalIPs, or lead to something else than pods of their namespace: whoever may write Services, Endpoints or EndpointSlices then decides which private address receives events.',
    ),
    watchNamespaces: texts(
      'Only these namespaces, with Roles in them instead of ClusterRoles. They must exist. Empty: the whole cluster.',
      namespacePattern,
    ),
    ...ipFamilyValues,
    image: object('The image of all pods.', {
      repository: text('Registry and name.', '^[A-Za-z0-9]([A-Za-z0-9._:/-]{0,250}[A-Za-z0-9])?$'),
      tag: text("Empty: the chart's appVersion.", '^$|^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$'),
      digest: text('Wins over the tag.', '^$|^sha256:[0-9a-f]{64}$'),
      pullPolicy: oneOf('When the kubelet pulls.', ['Always', 'IfNotPresent', 'Never']),
    }),
    imagePullSecrets,
    commonLabels: labels('On every object that the chart makes.'),
    commonAnnotations: annotations('On every object that the chart makes.'),
    crds: object('The CustomResourceDefinition.', {
      enabled: flag('The CRDs as part of the release, so that they are upgraded with it.'),
      keep: flag('Uninstalling leaves the CRDs and with them all GeminiWebhooks and GeminiRoutes.'),
      annotations: annotations('On the CRDs, for tools that have a word of their own for keeping them.'),
    }),
    rbac: object('Roles.', {
      create: flag('False: the roles are made by somebody else.'),
      aggregatedRoles: flag(
        "Rights on GeminiWebhooks and GeminiRoutes for the cluster's own view, edit and admin roles. Not with watchNamespaces: there are no ClusterRoles then.",
      ),
    }),
    inbox: inboxValues,
    quotas: quotaValues,
    natsSinks: natsSinkValues,
    kafkaSinks: kafkaSinkValues,
    tracing: tracingValues,
    proxy: proxyValues,
    trustedCA: trustedAuthorityValues,
    podSecurityContext,
    controller: object('The Deployment that calls Google.', {
      replicas: number('One is active, the others stand by.', 1, 5),
      ...componentValues(controllerSettings),
    }),
    receiver: object('The StatefulSet or Deployment that serves the public endpoint.', {
      replicas: number(
        'With sqlite each has an inbox of its own: a delivery repeated to another receiver is delivered again.',
        1,
        20,
      ),
      autoscaling: autoscalingValues,
      ...componentValues(receiverSettings),
      persistence: persistenceValues,
      tls: object('TLS in the receiver itself; an ingress or a gateway in front must be told to speak TLS to it.', {
        secretName: objectName(
          'Secret of type kubernetes.io/tls; renewed without a restart. Empty: plain HTTP.',
          'optional',
        ),
      }),
      service: serviceValues,
    }),
    ingress: ingressValues,
    httpRoute: httpRouteValues,
    networkPolicy: networkPolicyValues,
    metrics: metricsValues,
    uninstallGuard: object('A Job that refuses "helm uninstall" while it would strand something.', {
      enabled: flag('Runs it. The way past it is "helm uninstall --no-hooks".'),
    }),
  })
}

const metricsValues = object('Needs the Prometheus operator, except for the dashboard.', {
  serviceMonitor: object('Scraping.', {
    enabled: flag('Make it.'),
    interval: text('Between two scrapes.', '^[1-9][0-9]{0,5}(ms|s|m)$|^[1-9][0-9]{0,3}m[1-9][0-9]{0,3}s$'),
    labels: labels('By which Prometheus finds it.'),
  }),
  prometheusRule: object('Alerts; each has a runbook page.', {
    enabled: flag('Make it.'),
    labels: labels('By which Prometheus finds it.'),
    runbookBaseUrl: text(
      "Where the runbook pages are; the alert's name and .md are added. Empty: no links.",
      '^$|^https?://',
    ),
    maxSecretAgeDays: number('GwhSecretTooOld: how long a signing secret may go without a rotation.', 2, 36_500),
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
      name: objectName('Its name.'),
      annotations: annotations('On the ServiceAccount.'),
    }),
    resources,
    podLabels: labels('On the pods.'),
    podAnnotations: annotations('On the pods.'),
    priorityClassName: objectName('Of the pods.', 'optional'),
    nodeSelector: selectorLabels('Of the pods.'),
    tolerations,
    affinity,
    topologySpreadConstraints,
    podDisruptionBudget: object('How many may be away on purpose.', {
      enabled: flag('Make it.'),
      maxUnavailable: {
        description: 'A number or a percentage.',
        type: ['integer', 'string'],
        minimum: 0,
        maximum: 1000,
        pattern: '^([0-9]{1,2}|100)%$',
      },
    }),
    extraEnv: extraEnv(ownVariables),
    extraVolumes,
    extraVolumeMounts,
  }
}

function configValues(role: string, settings: SettingsTable): ValueSchema {
  const entries = Object.entries(settings)
    .map(([property, setting]) => [namesOf(property).key, setting] as const)
    .filter(([key]) => !settingsOfTheChart.has(key))
    .map(([key, setting]) => [key, settingSchema(setting)] as const)
  // Not object(): what is not given has the default of the program.
  return {
    description: `Any other setting of "gwh ${role}", by its key.`,
    type: 'object',
    properties: Object.fromEntries(entries),
    additionalProperties: false,
  }
}

/** Mistakes in these would else be found by pods that do not start. */
const patternOf: Readonly<Record<string, string>> = {
  DURATION: '^([0-9]{1,9}(ms|s|m|h|d)){1,4}$',
  SIZE: '^[0-9]{1,9}(B|KiB|MiB|GiB|TiB)$',
  PATH: '^$|^(/[A-Za-z0-9._~-]+){1,8}$',
  PORT: `^(0|${portPattern})$`,
  SAMPLER: '^(parentbased_)?(always_on|always_off|traceidratio)$',
  URL: `^https?://([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\])(:${portPattern})?(/[A-Za-z0-9._~/-]*)?$`,
}

function settingSchema({ shape, help, placeholder }: Setting<unknown>): ValueSchema {
  if (shape === 'boolean') return flag(help)
  if (shape === 'list') return texts(help)
  if (placeholder === 'NUMBER') return { description: help, type: 'integer' }
  if (placeholder === 'DECIMAL') return { description: help, type: 'number' }
  if (placeholder.includes('|')) return oneOf(help, placeholder.split('|'))
  return text(help, patternOf[placeholder])
}
