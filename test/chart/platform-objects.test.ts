import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { parse } from 'yaml'

import { withHelm, type Chart } from '../support/processes/helm-chart.ts'
import { testRefusals, type RefusedValues } from '../support/processes/refused-values.ts'
import { named } from '../support/builders/manifests.ts'
import { valueSets } from '../support/builders/value-sets.ts'

const platform = valueSets['sidecars, a mirror of images and a resolver of their own'] ?? {}
const scaled = valueSets['receivers in a Deployment that is replaced and scaled in a way of its own'] ?? {}

interface Rule {
  alert: string
  labels: Record<string, string>
  annotations: Record<string, string>
}
const rulesOf = ({ groups }: { groups: { rules: Rule[] }[] }) => groups.flatMap(({ rules }) => rules)

const monitor = (values: object) => ({ metrics: { serviceMonitor: { enabled: true, ...values } } })
const service = (values: object) => ({ receiver: { service: values } })
const rule = (values: object) => ({ metrics: { prometheusRule: { enabled: true, ...values } } })

const refused: RefusedValues = {
  'a port of the nodes without nodes': [
    service({ nodePort: 30080 }),
    /receiver\.service\.nodePort: is for type NodePort/,
  ],
  'a port that nodes do not have': [service({ type: 'NodePort', nodePort: 80 }), /receiver\/service\/nodePort/],
  'one port of the nodes for two things': [
    service({ type: 'LoadBalancer', externalTrafficPolicy: 'Local', nodePort: 30080, healthCheckNodePort: 30080 }),
    /receiver\.service\.healthCheckNodePort: is that of receiver\.service\.nodePort/,
  ],
  'an address of a load balancer without one': [
    service({ loadBalancerIP: '192.0.2.7' }),
    /receiver\.service\.loadBalancerIP: is for type LoadBalancer/,
  ],
  'who may reach a load balancer that there is not': [
    service({ type: 'NodePort', loadBalancerSourceRanges: ['192.0.2.0/24'] }),
    /receiver\.service\.loadBalancerSourceRanges: .*would keep nobody out/,
  ],
  'a port on which nobody would answer': [
    service({ type: 'LoadBalancer', healthCheckNodePort: 32000 }),
    /receiver\.service\.healthCheckNodePort: .*externalTrafficPolicy Local/,
  ],
  'an address that is none': [service({ type: 'LoadBalancer', loadBalancerIP: 'hooks' }), /service\/loadBalancerIP/],
  'two families of one Service on one stack': [
    service({ ipFamilies: ['IPv6', 'IPv4'] }),
    /receiver\.service\.ipFamilies: the Service has two families/,
  ],
  'a scrape that takes longer than there is time': [
    monitor({ interval: '1m', scrapeTimeout: '61s' }),
    /metrics\.serviceMonitor\.scrapeTimeout: 61s is longer than the interval, 1m/,
  ],
  'an action that Prometheus does not have': [
    monitor({ relabelings: [{ action: 'rename' }] }),
    /relabelings\/0\/action/,
  ],
  'a misspelt field of a relabeling': [monitor({ metricRelabelings: [{ source_labels: ['a'] }] }), /'source_labels'/],
  'an alert that there is not': [rule({ rules: { GwhClockSkewed: {} } }), /rules': .*'GwhClockSkewed'/],
  'a label that is the name of the alert': [rule({ additionalRuleLabels: { alertname: 'a' } }), /alertname/],
  'a label that Prometheus would not take': [rule({ additionalRuleLabels: { 'a-b': 'a' } }), /'a-b'/],
  'nothing to scale by': [
    {
      inbox: { driver: 'jetstream', jetstream: { urls: ['nats://n:4222'] } },
      receiver: { autoscaling: { enabled: true, targetCPUUtilizationPercentage: 0 } },
    },
    /receiver\.autoscaling: has nothing to scale by/,
  ],
  'a rule of scaling without policies': [
    { receiver: { autoscaling: { behavior: { scaleUp: { policies: [] } } } } },
    /behavior\/scaleUp\/policies/,
  ],
  'an extra object without a kind': [
    { extraObjects: [{ apiVersion: 'v1', metadata: { name: 'a' } }] },
    /extraObjects\/0/,
  ],
  'an extra object without a name': [
    { extraObjects: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: {} }] },
    /extraObjects\[0\]: ConfigMap has no metadata\.name/,
  ],
  'an extra text that is no object': [
    { extraObjects: ['apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\nmetadata: {name: b}\n'] },
    /extraObjects\[0\]: is no object of Kubernetes/,
  ],
  'an extra text that is no YAML': [
    { extraObjects: ['a: b: c'] },
    /extraObjects\[0\]: is no object of Kubernetes.*mapping/,
  ],
  'a template of an extra object that fails': [{ extraObjects: ['{{ .Values.a.b.c }}'] }, /nil pointer/],
}

const egressOf = (chart: Chart, values: object) =>
  (named(chart.manifests(values), 'NetworkPolicy', 'gwh-controller').spec as { egress: { to?: object[] }[] }).egress

withHelm('what platform teams set beside the pods', (charts) => {
  const [chart]: readonly (Chart | undefined)[] = charts
  assert.ok(chart)

  test('the Service has its labels, port of the nodes and families; the others keep those of all', () => {
    const manifests = chart.manifests(platform)
    const { metadata, spec } = named(manifests, 'Service', 'gwh-receiver')
    assert.equal(metadata.labels?.['team'], 'platform')
    assert.deepEqual(spec?.['ports'], [{ name: 'http', port: 80, targetPort: 'http', nodePort: 30080 }])
    assert.equal(spec['ipFamilyPolicy'], 'PreferDualStack')
    assert.equal(named(manifests, 'Service', 'gwh-receiver-pods').spec?.['ipFamilyPolicy'], undefined)
    const both = chart.manifests({
      ipFamilies: ['IPv4'],
      receiver: { service: { ipFamilies: ['IPv6', 'IPv4'], ipFamilyPolicy: 'RequireDualStack' } },
    })
    assert.deepEqual(named(both, 'Service', 'gwh-receiver').spec?.['ipFamilies'], ['IPv6', 'IPv4'])
    assert.deepEqual(named(both, 'Service', 'gwh-controller').spec?.['ipFamilies'], ['IPv4'])
    assert.equal(named(chart.manifests(scaled), 'Service', 'gwh-receiver').spec?.['loadBalancerIP'], '192.0.2.7')
  })

  test('a ServiceMonitor stands where it is wanted, finds the release all the same, and carries what is said of scrapes', () => {
    const { metadata, spec } = named(chart.manifests(platform), 'ServiceMonitor', 'gwh')
    assert.equal(metadata.namespace, 'team-a')
    assert.deepEqual(spec?.['namespaceSelector'], { matchNames: ['gemini-webhook-system'] })
    assert.deepEqual(spec['endpoints'], [
      {
        port: 'metrics',
        interval: '30s',
        scrapeTimeout: '10s',
        honorLabels: true,
        relabelings: [{ sourceLabels: ['__meta_kubernetes_pod_node_name'], targetLabel: 'node', replacement: '$1' }],
        metricRelabelings: [{ action: 'drop', sourceLabels: ['__name__'], regex: 'nodejs_(.*)' }],
      },
    ])
  })

  test('labels and annotations of one alert go before those of all, and those before the own ones', () => {
    const rules = rulesOf(named(chart.manifests(platform), 'PrometheusRule', 'gwh').spec as never)
    const source = rulesOf(parse(readFileSync('charts/gemini-webhook-operator/files/alerts.yaml', 'utf8')) as never)
    assert.equal(rules.length, source.length)
    for (const [at, { alert, labels, annotations }] of rules.entries()) {
      const isChosen = alert === 'GwhClockSkew'
      const own = source[at]
      assert.deepEqual(labels, { ...own?.labels, team: 'platform', ...(isChosen && { severity: 'critical' }) })
      assert.deepEqual(annotations, {
        ...own?.annotations,
        note: 'pod {{ $labels.pod }}',
        ...(isChosen && { summary: 'Clocks differ.' }),
      })
    }
  })

  test('receivers are scaled by memory alone where that is wanted, and as fast as is said', () => {
    const { metrics, behavior } = named(chart.manifests(scaled), 'HorizontalPodAutoscaler', 'gwh-receiver').spec ?? {}
    assert.deepEqual(metrics, [
      { type: 'Resource', resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 80 } } },
    ])
    assert.deepEqual(behavior, {
      scaleUp: { policies: [{ type: 'Pods', value: 2, periodSeconds: 60 }], selectPolicy: 'Max' },
      scaleDown: { stabilizationWindowSeconds: 600 },
    })
  })

  test('the controller may be kept to chosen peers on its ports', () => {
    assert.deepEqual(egressOf(chart, platform).at(-1)?.to, [
      { ipBlock: { cidr: '10.0.0.0/8' } },
      { namespaceSelector: {} },
    ])
    assert.equal(egressOf(chart, {}).at(-1)?.to, undefined)
  })

  test('extra objects are rendered with their templates filled in, also several in one text', () => {
    const manifests = chart.manifests(platform)
    assert.ok(named(manifests, 'ConfigMap', 'gemini-webhook-operator-notes'))
    assert.equal(
      named(manifests, 'ConfigMap', 'more-notes').metadata.labels?.['app.kubernetes.io/name'],
      'gemini-webhook-operator',
    )
    const several = chart.manifests({
      extraObjects: [
        '# Two:\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: b}',
      ],
    })
    assert.deepEqual(
      several.filter(({ kind }) => kind === 'Secret').map(({ metadata }) => metadata.name),
      ['a', 'b'],
    )
  })

  testRefusals(charts, refused)
})
