import { cidrPattern, labelKey, labelValue, namespacePattern, quantityPattern } from './kubernetes-names.ts'
import { bool, closed, labelSelector, line, many, named, whole, word } from './kubernetes-schemas.ts'
import { envVar, mount, volume } from './kubernetes-volumes.ts'
import type { ValueSchema } from './value-schema.ts'

/**
 * Parts of Kubernetes objects that are given in values, as strict as the API server about fields: what is misspelt or
 * missing is refused before anything is changed. Rules between fields far apart, such as a request above its limit, are
 * left to the API server.
 */

const list = (description: string, items: ValueSchema): ValueSchema => ({ description, ...many(items) })

const id = whole(0, 2 ** 31 - 1)
/** seccomp and AppArmor alike. */
const profile: ValueSchema = {
  oneOf: [
    closed({ type: word('RuntimeDefault', 'Unconfined') }, 'type'),
    closed({ type: word('Localhost'), localhostProfile: line }, 'type', 'localhostProfile'),
  ],
}

export const podSecurityContext: ValueSchema = {
  description: 'Security context of all pods.',
  ...closed({
    runAsNonRoot: bool,
    runAsUser: id,
    runAsGroup: id,
    fsGroup: id,
    fsGroupChangePolicy: word('OnRootMismatch', 'Always'),
    supplementalGroups: many(id),
    supplementalGroupsPolicy: word('Merge', 'Strict'),
    seccompProfile: profile,
    appArmorProfile: profile,
    seLinuxOptions: closed({ level: line, role: line, type: line, user: line }),
    seLinuxChangePolicy: word('MountOption', 'Recursive'),
    sysctls: many(closed({ name: named('^[a-z0-9]+([._/-][a-z0-9]+)*$'), value: line }, 'name', 'value')),
  }),
}

const quantities: ValueSchema = {
  type: 'object',
  propertyNames: {
    pattern:
      '^(cpu|memory|ephemeral-storage|hugepages-[1-9][0-9]*[KMG]i|[a-z0-9]+([.-][a-z0-9]+)*/[A-Za-z0-9]+([._-][A-Za-z0-9]+)*)$',
  },
  additionalProperties: {
    anyOf: [
      { type: 'string', pattern: `${quantityPattern}|^[0-9]{1,9}(\\.[0-9]{1,3})?$` },
      { type: 'number', minimum: 0 },
    ],
  },
}
export const resources: ValueSchema = {
  description: 'Requests and limits of the container.',
  ...closed({ requests: quantities, limits: quantities }),
}

export const imagePullSecrets = list('Secrets for the registry, as in a pod.', closed({ name: named() }, 'name'))

const effect = word('NoSchedule', 'PreferNoSchedule', 'NoExecute')
const evicted = { effect: word('NoExecute'), tolerationSeconds: whole(0, 2 ** 31 - 1) }
export const tolerations = list('Of the pods.', {
  anyOf: [
    closed({ key: labelKey, operator: word('Exists'), effect }, 'operator'),
    closed({ key: labelKey, operator: word('Exists'), ...evicted }, 'operator', 'effect'),
    closed({ key: labelKey, operator: word('Equal'), value: labelValue, effect }, 'key'),
    closed({ key: labelKey, operator: word('Equal'), value: labelValue, ...evicted }, 'key', 'effect'),
  ],
})

export const affinity: ValueSchema = {
  description: 'Of the pods.',
  ...closed({ nodeAffinity: { type: 'object' }, podAffinity: { type: 'object' }, podAntiAffinity: { type: 'object' } }),
}

export const topologySpreadConstraints = list('Of the pods; labelSelector is filled in.', {
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

/** `reserved`: variables that the chart sets itself. */
export const extraEnv = (reserved: readonly string[]) =>
  list('More variables of the container; unknown ones that start with GWH_ keep it from starting.', envVar(reserved))
export const extraVolumes = list('More volumes of the pod.', volume)
export const extraVolumeMounts = list('Where they are mounted.', mount)

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
