import * as fc from 'fast-check'

import { chartValuesSchema } from '../../../tools/chart-values-schema.ts'
import type { ValueSchema } from '../../../tools/value-schema.ts'
import { valuesOf, type Instead } from './draw-values.ts'

type Values = Record<string, unknown>

const schema = chartValuesSchema()
const section = (name: string): ValueSchema => schema.properties?.[name] ?? {}

// A limit below its request is refused.
const resources = fc.constantFrom<unknown>(
  {},
  { requests: {} },
  { requests: { cpu: '0.1', memory: 1e8 }, limits: { memory: '1Gi' } },
  { limits: { cpu: 1, memory: '512Mi', 'ephemeral-storage': '1G', 'example.com/device': 1 } },
)

/**
 * Rules between two fields, which the API server knows and no schema says; and what only a cluster that has it can be
 * asked for.
 */
const apiServerRules: Instead = {
  // Most of the time goes into reading the CRD, which depends on little.
  'crds.enabled': fc.integer({ min: 1, max: 10 }).map((of10) => of10 === 10),
  'controller.resources': resources,
  'receiver.resources': resources,
  'extraContainers[].resources': resources,
  'initContainers[].resources': resources,
  // No number twice for one protocol.
  ports: fc.constantFrom(
    [],
    [{ containerPort: 8081 }],
    [
      { name: 'y', containerPort: 1, protocol: 'UDP' },
      { containerPort: 1, protocol: 'TCP' },
    ],
  ),
  // At most the interval.
  'serviceMonitor.scrapeTimeout': fc.constantFrom('', '1ms'),
  extraObjects: fc.constantFrom<unknown[]>(
    [],
    [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: '{{ .Release.Name }}-extra' }, data: { no: '0123' } }],
    [
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: two}',
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'three', labels: { a: 'b' } }, stringData: { y: 'a: b' } },
    ],
  ),
  // The others are the receiver's.
  adminPort: fc.constantFrom('0', '8081', '65535'),
  // The other one is behind a feature gate.
  seLinuxChangePolicy: fc.constant('Recursive'),
  // No bits behind the prefix, and what is excepted lies within.
  cidr: fc.constantFrom('10.0.0.0/8', '192.0.2.7/32', '0.0.0.0/0', 'fd00::/8', '2001:db8::7/128', '::/0'),
  loadBalancerSourceRanges: fc.subarray(['10.0.0.0/8', '192.0.2.7/32', 'fd00::/8']),
  except: fc.constant([]),
  // No path twice, whatever it comes from.
  'projected.sources': fc.constantFrom(
    [],
    [
      { secret: { name: '0123', items: [{ key: 'no', path: '1.0' }] } },
      { serviceAccountToken: { path: '1e3', audience: 'a: b' } },
    ],
    [{ downwardAPI: { items: [{ path: 'null', fieldRef: { fieldPath: 'metadata.labels' } }] } }],
  ),
  // None that the selector names too.
  matchLabelKeys: fc.constantFrom([], ['pod-template-hash']),
  // The control plane of the tests has one family.
  ipFamilies: fc.constantFrom([], ['IPv4']),
  ipFamilyPolicy: fc.constantFrom('', 'SingleStack', 'PreferDualStack'),
}

/**
 * Values that the schema takes, with the rules of the chart's own (templates/validate.yaml) kept, so that every draw
 * can be rendered.
 */
export function chartValues(namespaces: readonly string[]): fc.Arbitrary<object> {
  const instead: Instead = {
    ...apiServerRules,
    watchNamespaces: fc.subarray([...namespaces]),
    'serviceMonitor.namespace': fc.constantFrom('', ...namespaces),
  }
  const drawn = valuesOf(schema, instead) as fc.Arbitrary<Values>
  const servers = valuesOf(section('natsSinks').properties?.['urls'] ?? {}, {}).filter(
    (urls) => Array.isArray(urls) && urls.length > 0,
  )
  return fc
    .tuple(drawn, fc.integer({ min: 1, max: 65_535 }), servers)
    .map(([values, port, urls]) => withRulesKept(values, `https://hooks.example.com:${port}`, urls))
}

function withRulesKept(values: Values, baseUrl: string, urls: unknown): Values {
  const part = (name: string) => ({ ...(values[name] as Values | undefined) })
  const driver = part('inbox')['driver'] ?? 'sqlite'
  const isShared = driver === 'jetstream'
  const [controller, { strategy, updateStrategy, ...receiver }] = [part('controller'), part('receiver')]
  const isElected = (controller['config'] as Values | undefined)?.['leaderElection'] !== false
  const route = part('httpRoute')
  const hasGateway = Array.isArray(route['parentRefs']) && route['parentRefs'].length > 0
  const sinks = part('natsSinks')
  const autoscaling = { ...(receiver['autoscaling'] as Values | undefined) }
  return {
    ...values,
    baseUrl:
      typeof values['baseUrl'] === 'string' && values['baseUrl'].startsWith('https') ? values['baseUrl'] : baseUrl,
    inbox: isShared ? { driver, jetstream: { ...oneAuthority(part('inbox')['jetstream']), urls } } : { driver },
    natsSinks: Array.isArray(sinks['urls']) && sinks['urls'].length > 0 ? oneAuthority(sinks) : {},
    kafkaSinks: withWholeLogin(part('kafkaSinks')),
    proxy: withUsedCredentials(part('proxy')),
    trustedCA: withOneName(part('trustedCA')),
    httpRoute: { ...route, enabled: route['enabled'] === true && hasGateway },
    controller: { ...withPodRulesKept(controller), ...(!isElected && { replicas: 1 }) },
    receiver: {
      ...withPodRulesKept(receiver),
      ...(isShared ? { strategy: strategy ?? {} } : { updateStrategy: updateStrategy ?? {} }),
      serviceAccount: { ...(receiver['serviceAccount'] as Values | undefined), name: 'receiver-of-its-own' },
      autoscaling: {
        ...autoscaling,
        enabled: isShared && autoscaling['enabled'] === true,
        minReplicas: 1,
        targetCPUUtilizationPercentage: 50,
      },
      service: withServiceRulesKept({ ...(receiver['service'] as Values | undefined) }),
    },
  }
}

/** Whatever is drawn of a login is completed, and encrypted. */
function withWholeLogin(kafka: Values): Values {
  if (!Array.isArray(kafka['brokers']) || kafka['brokers'].length === 0) return {}
  const sasl = { mechanism: 'SCRAM-SHA-512', user: 'gwh', password: { secretName: 'gwh-kafka' } }
  return { ...oneAuthority(kafka), tls: true, ...(kafka['sasl'] !== undefined && { sasl }) }
}

function oneAuthority(access: unknown): Values {
  const given = { ...(access as Values | undefined) }
  return { ...given, ca: withOneName({ ...(given['ca'] as Values | undefined) }) }
}

function withOneName(file: Values): Values {
  const { configMapName: _, ...ofSecret } = file
  return isGiven(file['secretName']) ? ofSecret : file
}

function withUsedCredentials(proxy: Values): Values {
  const { credentials: _, ...alone } = proxy
  return isGiven(proxy['httpsProxy']) ? proxy : alone
}

const isGiven = (text: unknown) => typeof text === 'string' && text !== ''

/** What is of one type of Service is not given with another, and no port of the nodes is given twice. */
function withServiceRulesKept({ nodePort, ...drawn }: Values): Values {
  const { loadBalancerIP, loadBalancerSourceRanges, healthCheckNodePort, ...service } = drawn
  const type = service['type'] ?? 'ClusterIP'
  const isAsked = service['externalTrafficPolicy'] === 'Local' && healthCheckNodePort !== nodePort
  return {
    ...service,
    ...(type !== 'ClusterIP' && { nodePort: nodePort ?? 0 }),
    ...(type === 'LoadBalancer' && {
      loadBalancerIP: loadBalancerIP ?? '',
      loadBalancerSourceRanges: loadBalancerSourceRanges ?? [],
      healthCheckNodePort: isAsked ? (healthCheckNodePort ?? 0) : 0,
    }),
  }
}

/** Mounts are of volumes that there are, nothing has the name of something else, and one of two rivals is given. */
function withPodRulesKept(component: Values): Values {
  const volumes = (component['extraVolumes'] ?? []) as { name: string }[]
  const containersOf = (key: string) =>
    ((component[key] ?? []) as (Values & { name: string })[]).map((container) =>
      Object.assign(container, { volumeMounts: mountsOf(volumes, container['volumeMounts']) }),
    )
  const extraContainers = containersOf('extraContainers')
  const taken = new Set(extraContainers.map(({ name }) => name))
  const initContainers = containersOf('initContainers').filter(({ name }) => !taken.has(name))
  // Two of them with the same ports would be refused.
  for (const container of [...extraContainers, ...initContainers].slice(1)) delete container['ports']
  const args = (component['extraArgs'] ?? []) as string[]
  const dns = { ...(component['dnsConfig'] as Values | undefined) }
  const { maxUnavailable, ...budget } = { ...(component['podDisruptionBudget'] as Values | undefined) }
  const isMinimum = (budget['minAvailable'] ?? '') !== ''
  return {
    ...component,
    extraVolumeMounts: mountsOf(volumes, component['extraVolumeMounts']),
    extraContainers,
    initContainers,
    extraArgs: [...new Map(args.map((arg) => [arg.replace(/^--(no-)?|=.*$/gs, ''), arg])).values()],
    dnsConfig: component['dnsPolicy'] === 'None' ? { ...dns, nameservers: ['192.0.2.7', 'fd00::7'] } : dns,
    podDisruptionBudget: isMinimum ? budget : { ...budget, maxUnavailable: maxUnavailable ?? 1 },
  }
}

const mountsOf = (volumes: readonly { name: string }[], mounts: unknown) =>
  ((mounts ?? []) as object[])
    .slice(0, volumes.length)
    .map((mount, at) => Object.assign(mount, { name: volumes[at]?.name }))
