import {
  appArmorProfile,
  container,
  initContainer,
  readinessTimes,
  requirements,
  seccompProfile,
  securityContext,
  seLinuxOptions,
  startupTimes,
} from './kubernetes-containers.ts'
import { addressPattern, cidrPattern, labelKey, labelValue, namespacePattern } from './kubernetes-names.ts'
import { bool, closed, labelSelector, line, many, named, whole, word } from './kubernetes-schemas.ts'
import { envVar, mount, volume } from './kubernetes-volumes.ts'
import { oneOf, type ValueSchema } from './value-schema.ts'

/**
 * Parts of Kubernetes objects that are given in values, as strict as the API server about fields: what is misspelt or
 * missing is refused before anything is changed. Rules between fields far apart, such as a request above its limit, are
 * left to the API server.
 */

const list = (description: string, items: ValueSchema): ValueSchema => ({ description, ...many(items) })

const id = whole(0, 2 ** 31 - 1)

export const podSecurityContext: ValueSchema = {
  description: 'Security context of all pods. On OpenShift: set runAsUser, runAsGroup and fsGroup to null.',
  ...closed({
    runAsNonRoot: bool,
    runAsUser: id,
    runAsGroup: id,
    fsGroup: id,
    fsGroupChangePolicy: word('OnRootMismatch', 'Always'),
    supplementalGroups: many(id),
    supplementalGroupsPolicy: word('Merge', 'Strict'),
    seccompProfile,
    appArmorProfile,
    seLinuxOptions,
    seLinuxChangePolicy: word('MountOption', 'Recursive'),
    sysctls: many(closed({ name: named('^[a-z0-9]+([._/-][a-z0-9]+)*$'), value: line }, 'name', 'value')),
  }),
}

export const containerSecurityContext: ValueSchema = {
  description: 'Security context of the containers of the chart. extraContainers and initContainers say their own.',
  ...securityContext,
}

export const resources: ValueSchema = {
  description: 'Requests and limits of the container.',
  ...requirements,
}

const pullSecret = closed({ name: named() }, 'name')
export const imagePullSecrets = list('Secrets for the registry, as in a pod, such as [{name: registry}].', pullSecret)
/** Parent charts hand down either form. */
export const globalImagePullSecrets = list(
  'Secrets for the registry besides imagePullSecrets, as in a pod or by their names alone.',
  { anyOf: [pullSecret, named()] },
)

const effect = word('NoSchedule', 'PreferNoSchedule', 'NoExecute')
const evicted = { effect: word('NoExecute'), tolerationSeconds: whole(0, 2 ** 31 - 1) }
export const tolerations = list('Taints of nodes that the pods put up with.', {
  anyOf: [
    closed({ key: labelKey, operator: word('Exists'), effect }, 'operator'),
    closed({ key: labelKey, operator: word('Exists'), ...evicted }, 'operator', 'effect'),
    closed({ key: labelKey, operator: word('Equal'), value: labelValue, effect }, 'key'),
    closed({ key: labelKey, operator: word('Equal'), value: labelValue, ...evicted }, 'key', 'effect'),
  ],
})

export const affinity: ValueSchema = {
  description: 'Rules for where the pods run, as in a pod.',
  ...closed({ nodeAffinity: { type: 'object' }, podAffinity: { type: 'object' }, podAntiAffinity: { type: 'object' } }),
}

export const topologySpreadConstraints = list('How the pods are spread; labelSelector is filled in.', {
  ...closed(
    {
      topologyKey: labelKey,
      maxSkew: whole(1, 1000),
      whenUnsatisfiable: word('DoNotSchedule', 'ScheduleAnyway'),
      labelSelector,
      minDomains: whole(1, 1000),
      matchLabelKeys: many(labelKey),
      nodeAffinityPolicy: word('Honor', 'Ignore'),
      nodeTaintsPolicy: word('Honor', 'Ignore'),
    },
    'topologyKey',
    'maxSkew',
    'whenUnsatisfiable',
  ),
  anyOf: [{ not: { required: ['minDomains'] } }, { properties: { whenUnsatisfiable: word('DoNotSchedule') } }],
})

const address: ValueSchema = { type: 'string', pattern: addressPattern }
export const hostAliases = list(
  'Lines of /etc/hosts, as in a pod, such as [{ip: 10.0.0.7, hostnames: [proxy.corp.example.com]}].',
  closed({ ip: address, hostnames: many(named(), 1) }, 'ip', 'hostnames'),
)
export const dnsPolicy = oneOf("Where names are looked up. Empty: Kubernetes' default, the cluster DNS first.", [
  '',
  'ClusterFirst',
  'Default',
  'None',
])
export const dnsConfig: ValueSchema = {
  description: 'Servers, search domains and options of the resolver, as in a pod. dnsPolicy None needs nameservers.',
  ...closed({
    nameservers: { ...many(address), maxItems: 3 },
    searches: { ...many(named()), maxItems: 32 },
    options: many(closed({ name: named('^[a-z0-9-]+$'), value: named('^[0-9]{1,5}$') }, 'name')),
  }),
}

export const startupProbe: ValueSchema = {
  description: 'What differs from every second, 60 times. The kubelet waits for the first answer of /healthz.',
  ...closed(startupTimes),
}
export const livenessProbe: ValueSchema = {
  description:
    'What differs from every 10 s, 5 s of patience, 3 failures. A container that does not answer is restarted.',
  ...closed(startupTimes),
}
export const readinessProbe: ValueSchema = {
  description: 'What differs from every 5 s, 3 s of patience, 3 failures. A pod that is not ready gets no requests.',
  ...closed(readinessTimes),
}

/** `reserved`: variables that the chart sets itself. */
export const extraEnv = (reserved: readonly string[]) =>
  list('More variables of the container; unknown ones that start with GWH_ keep it from starting.', envVar(reserved))
export const extraVolumes = list('More volumes of the pod.', volume)
export const extraVolumeMounts = list('Where they are mounted.', mount)

export const extraContainers = list(
  'More containers of the pod, whole, as in a pod. Give them a securityContext where Pod Security is enforced.',
  container,
)
export const initContainers = list(
  'Containers that end before ours starts; with restartPolicy Always, sidecars that start before it.',
  initContainer,
)

export const extraObjects = list(
  'Objects of your own that come and go with the release, each a map or a text; templates in them are filled in, such as {{ .Release.Namespace }}.',
  {
    anyOf: [
      { type: 'string', minLength: 1 },
      {
        type: 'object',
        properties: { apiVersion: line, kind: line, metadata: { type: 'object' } },
        required: ['apiVersion', 'kind', 'metadata'],
      },
    ],
  },
)

export const parentRefs: ValueSchema = {
  ...list(
    'Gateways, as in HTTPRoute spec.parentRefs.',
    closed(
      {
        name: named(),
        namespace: named(namespacePattern),
        sectionName: named(),
        port: whole(1, 65_535),
        group: named('^$|^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$'),
        kind: named('^[a-zA-Z]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$'),
      },
      'name',
    ),
  ),
  maxItems: 32,
}

const range: ValueSchema = { type: 'string', pattern: cidrPattern }
/** `from` and `to` of a NetworkPolicy. */
export const networkPolicyPeers = (description: string): ValueSchema =>
  list(description, {
    oneOf: [
      closed({ ipBlock: closed({ cidr: range, except: many(range) }, 'cidr') }, 'ipBlock'),
      {
        ...closed({ namespaceSelector: labelSelector, podSelector: labelSelector }),
        anyOf: [{ required: ['namespaceSelector'] }, { required: ['podSelector'] }],
      },
    ],
  })
