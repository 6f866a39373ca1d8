import { namesOf } from '../src/config/names.ts'
import type { Setting, SettingsTable } from '../src/config/setting.ts'
import { annotations, labels, objectName, portPattern, selectorLabels } from './kubernetes-names.ts'
import { amountOfPods } from './kubernetes-scaling.ts'
import {
  affinity,
  dnsConfig,
  dnsPolicy,
  extraContainers,
  extraEnv,
  extraVolumeMounts,
  extraVolumes,
  hostAliases,
  initContainers,
  livenessProbe,
  readinessProbe,
  resources,
  startupProbe,
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
  'eventAliases',
  'httpsProxy',
  'proxyBypass',
  'proxyCredentials',
  'trustedCa',
])

/** Given in values, and looked at by the chart as well: only there it sees them. */
const settingsThatTheChartReads: ReadonlySet<string> = new Set([
  'adminPort',
  'drain',
  'googleBaseUrl',
  'insecureBaseUrl',
  'leaderElection',
  'pathPrefix',
  'shutdownGrace',
])

/** Variables that the chart sets in the pods. */
const ownVariables = ['GWH_NAMESPACE', 'GWH_POD_NAME', 'GWH_DATA_DIR', 'GWH_KEYRING_DIR']

/** What controller and receiver have alike. */
export function componentValues(role: { role: string; settings: SettingsTable }): Record<string, ValueSchema> {
  return {
    config: configValues(role),
    extraArgs: extraArgs(role),
    serviceAccount: object('Its identity.', {
      create: flag('Make the ServiceAccount. False: it exists already.'),
      name: objectName('Its name.'),
      labels: labels('On the ServiceAccount.'),
      annotations: annotations('On the ServiceAccount, such as those that tie it to an identity in a cloud.'),
      automountServiceAccountToken: flag(
        'Mount its token also into pods that do not ask for it; those of the chart ask themselves.',
      ),
    }),
    resources,
    startupProbe,
    livenessProbe,
    readinessProbe,
    deploymentAnnotations: annotations(
      'On the Deployment or StatefulSet itself, such as those of a tool that restarts it.',
    ),
    revisionHistoryLimit: number('How many earlier versions of the workload are kept for a rollback.', 0, 100),
    podLabels: labels('On the pods.'),
    podAnnotations: annotations('On the pods.'),
    priorityClassName: objectName('Priority class of the pods. Empty: none.', 'optional'),
    runtimeClassName: objectName(
      "Runtime class of the pods, such as gvisor. Empty: the cluster's default.",
      'optional',
    ),
    schedulerName: objectName("Scheduler of the pods. Empty: the cluster's default.", 'optional'),
    hostAliases,
    dnsPolicy,
    dnsConfig,
    nodeSelector: selectorLabels('Labels of the nodes that the pods may run on.'),
    tolerations,
    affinity,
    topologySpreadConstraints,
    podDisruptionBudget: object('How many may be away on purpose.', {
      enabled: flag('Make a PodDisruptionBudget.'),
      maxUnavailable: { description: 'How many may be away: a number or a percentage.', ...amountOfPods },
      minAvailable: {
        description:
          'How many must be there, a number or a percentage, instead of maxUnavailable; as many as there are keep a node from being drained. Empty: maxUnavailable counts.',
        ...amountOfPods,
        pattern: `^$|${amountOfPods.pattern}`,
      },
    }),
    extraEnv: extraEnv(ownVariables),
    extraVolumes,
    extraVolumeMounts,
    extraContainers,
    initContainers,
  }
}

function configValues({ role, settings }: { role: string; settings: SettingsTable }): ValueSchema {
  const entries = Object.entries(settings)
    .map(([property, setting]) => [namesOf(property).key, setting] as const)
    .filter(([key]) => !settingsOfTheChart.has(key))
    .map(([key, setting]) => [key, settingSchema(setting)] as const)
  // Not object(): what is not given has the default of the program.
  return {
    description: `Any other setting of "gwh ${role}", by its key: docs/reference/configuration.md.`,
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

/** A misspelt flag would else be found by pods that do not start. */
function extraArgs({ role, settings }: { role: string; settings: SettingsTable }): ValueSchema {
  const given = Object.entries(settings).filter(([property]) => {
    const { key } = namesOf(property)
    return !settingsOfTheChart.has(key) && !settingsThatTheChartReads.has(key)
  })
  const flags = (isSwitch: boolean) =>
    given
      .filter(([, { shape }]) => (shape === 'boolean') === isSwitch)
      .map(([property]) => namesOf(property).flag.slice(2))
      .join('|')
  return texts(
    `More flags of "gwh ${role}", such as [--log-level=debug]; a flag wins over config. Not those that the chart itself looks at, which config takes.`,
    `^--(${flags(false)})=.+$|^--(${flags(true)})(=(true|false))?$|^--no-(${flags(true)})$`,
  )
}
