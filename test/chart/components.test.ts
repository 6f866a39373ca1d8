import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { parse } from 'yaml'

import { dashboardPath } from '../../tools/generate-dashboard.ts'
import { idOf, withHelm, type Chart, type Manifest } from '../support/processes/helm-chart.ts'
import { named, podOf, templateOf } from '../support/builders/manifests.ts'
import { valueSets } from '../support/builders/value-sets.ts'

const workloadKinds = new Set(['Deployment', 'StatefulSet'])
const workloads = (manifests: readonly Manifest[]) => manifests.filter(({ kind }) => workloadKinds.has(kind))
const setOf = (name: string) => {
  const values = valueSets[name]
  assert.ok(values, `no value set "${name}"`)
  return values
}

const rule = (verbs: string[]) => [
  { apiGroups: ['webhooks.gemini-operator.io'], resources: ['geminiwebhooks', 'geminiroutes'], verbs },
]
const checksumsOf = (chart: Chart, values: object) =>
  workloads(chart.manifests(values)).map(
    (workload) => templateOf(workload).metadata.annotations['webhooks.gemini-operator.io/settings-checksum'],
  )
const kindsOf = (chart: Chart, values: object) => new Set(chart.manifests(values).map(({ kind }) => kind))

withHelm('what the chart makes of each part', (charts) => {
  const [chart]: readonly (Chart | undefined)[] = charts
  assert.ok(chart)

  test('both pods are probed where they answer, and the kubelet waits a minute for the first answer', () => {
    for (const workload of workloads(chart.manifests({}))) {
      const [{ ports, ...container }] = podOf(workload).containers
      assert.ok(
        ports?.some(({ name, containerPort }) => name === 'health' && containerPort === 9090),
        idOf(workload),
      )
      assert.deepEqual(container.startupProbe, {
        httpGet: { path: '/healthz', port: 'health' },
        periodSeconds: 1,
        failureThreshold: 60,
      })
      assert.deepEqual(container.livenessProbe, {
        httpGet: { path: '/healthz', port: 'health' },
        periodSeconds: 10,
        timeoutSeconds: 5,
      })
      assert.deepEqual(container.readinessProbe, {
        httpGet: { path: '/readyz', port: 'health' },
        periodSeconds: 5,
        timeoutSeconds: 3,
      })
    }
  })

  test('both pods are spread over zones and nodes by their own labels, and may be told not to be', () => {
    for (const workload of workloads(chart.manifests({}))) {
      const constraints = podOf(workload).topologySpreadConstraints ?? []
      assert.deepEqual(
        constraints.map(({ topologyKey }) => topologyKey),
        ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'],
      )
      const { labels } = templateOf(workload).metadata
      for (const { labelSelector } of constraints)
        for (const [label, value] of Object.entries(labelSelector.matchLabels)) assert.equal(labels[label], value)
    }
    for (const workload of workloads(chart.manifests(setOf('everything optional off'))))
      assert.equal(podOf(workload).topologySpreadConstraints, undefined)
  })

  test('priority and placement arrive in the pod', () => {
    const pod = podOf(
      named(chart.manifests(setOf('a standby controller on chosen nodes')), 'Deployment', 'gwh-controller'),
    )
    assert.equal(pod.priorityClassName, 'system-cluster-critical')
    assert.deepEqual(pod.nodeSelector, { 'kubernetes.io/arch': 'arm64' })
    assert.equal(pod.tolerations?.length, 1)
    assert.ok(pod.affinity)
  })

  test('disruption budgets select the pods they protect, and never protect one that is not ready', () => {
    for (const values of [{}, setOf('receivers that share a JetStream stream')]) {
      const manifests: Manifest[] = chart.manifests(values)
      for (const workload of workloads(manifests)) {
        const budget = named(manifests, 'PodDisruptionBudget', workload.metadata.name).spec as {
          selector: { matchLabels: Record<string, string> }
          maxUnavailable: number
          unhealthyPodEvictionPolicy: string
        }
        const { labels } = templateOf(workload).metadata
        for (const [label, value] of Object.entries(budget.selector.matchLabels)) assert.equal(labels[label], value)
        assert.equal(budget.maxUnavailable, 1)
        assert.equal(budget.unhealthyPodEvictionPolicy, 'AlwaysAllow')
      }
    }
  })

  test('the HTTPRoute belongs to the gateway and leads only served paths of all hosts to the receiver', () => {
    const manifests = chart.manifests({
      ...setOf('a gateway'),
      baseUrl: 'https://hooks.example.com/gemini',
      allowedHostnames: ['other.example.com'],
    })
    const route = named(manifests, 'HTTPRoute', 'gwh-receiver').spec as {
      parentRefs: object[]
      hostnames: string[]
      rules: { matches: { path: { type: string; value: string } }[]; backendRefs: object[] }[]
    }
    assert.deepEqual(route.parentRefs, [{ name: 'public', namespace: 'gateways', sectionName: 'https' }])
    assert.deepEqual(route.hostnames, ['hooks.example.com', 'other.example.com'])
    assert.deepEqual(route.rules, [
      {
        matches: [
          { path: { type: 'PathPrefix', value: '/gemini/v1/s' } },
          { path: { type: 'PathPrefix', value: '/gemini/v1/d' } },
          { path: { type: 'PathPrefix', value: '/gemini/v1/r' } },
        ],
        backendRefs: [{ name: 'gwh-receiver', port: 80 }],
      },
    ])
  })

  test('a load balancer gets its class, its sources and the ports on which it asks for health', () => {
    const { metadata, spec } = named(
      chart.manifests(setOf('three receivers behind a load balancer')),
      'Service',
      'gwh-receiver',
    )
    const { selector: _, ...rest } = spec ?? {}
    assert.deepEqual(rest, {
      type: 'LoadBalancer',
      loadBalancerClass: 'service.k8s.aws/nlb',
      loadBalancerSourceRanges: ['203.0.113.0/24'],
      healthCheckNodePort: 32000,
      externalTrafficPolicy: 'Local',
      ports: [{ name: 'http', port: 8080, targetPort: 'http' }],
    })
    assert.deepEqual(metadata.annotations, { 'service.beta.kubernetes.io/aws-load-balancer-scheme': 'internet-facing' })
  })

  test("rights on GeminiWebhooks are added to the cluster's own view, edit and admin roles, and none on anything else", () => {
    const roles = chart
      .manifests({})
      .filter(({ metadata }) =>
        Object.keys(metadata.labels ?? {}).some((label) => label.includes('rbac.authorization.k8s.io/aggregate-to-')),
      )
    const granted = roles.map(({ metadata, rules }) => ({
      to: Object.keys(metadata.labels ?? {})
        .filter((label) => label.includes('aggregate-to-'))
        .map((label) => label.replace(/.*aggregate-to-/, ''))
        .toSorted(),
      rules,
    }))
    assert.deepEqual(granted, [
      { to: ['view'], rules: rule(['get', 'list', 'watch']) },
      { to: ['admin', 'edit'], rules: rule(['create', 'update', 'patch', 'delete', 'deletecollection']) },
    ])
    for (const values of [{ rbac: { aggregatedRoles: false } }, setOf('namespace-scoped')])
      assert.doesNotMatch(chart.render(values), /aggregate-to-/)
  })

  test('a ServiceMonitor finds the port metrics of both parts', () => {
    const manifests = chart.manifests(setOf('all observability'))
    const monitor = named(manifests, 'ServiceMonitor', 'gwh')
    assert.equal(monitor.metadata.labels?.['release'], 'prometheus')
    const { endpoints, selector } = monitor.spec as {
      endpoints: { port: string; interval: string }[]
      selector: { matchLabels: Record<string, string> }
    }
    assert.deepEqual(endpoints, [{ port: 'metrics', interval: '15s' }])
    const scraped = manifests.filter(
      ({ kind, spec }) =>
        kind === 'Service' && (spec as { ports: { name: string }[] }).ports.some(({ name }) => name === 'metrics'),
    )
    assert.deepEqual(scraped.map(({ metadata }) => metadata.name).toSorted(), ['gwh-controller', 'gwh-receiver-pods'])
    for (const { metadata } of scraped)
      for (const [label, value] of Object.entries(selector.matchLabels)) assert.equal(metadata.labels?.[label], value)
  })

  test('the PrometheusRule carries every alert, each with a link to its runbook page', () => {
    const rule = named(chart.manifests(setOf('all observability')), 'PrometheusRule', 'gwh')
      .spec as unknown as AlertGroups
    const source = parse(readFileSync('charts/gemini-webhook-operator/files/alerts.yaml', 'utf8')) as AlertGroups
    const alerts = ({ groups }: AlertGroups) => groups.flatMap(({ rules }) => rules)
    assert.deepEqual(
      alerts(rule).map(({ alert, expr }) => [alert, expr]),
      alerts(source).map(({ alert, expr }) => [alert, expr]),
    )
    for (const { alert, annotations } of alerts(rule))
      assert.equal(annotations['runbook_url'], `https://example.com/runbooks/${alert}.md`)
    const stricter = chart.manifests({ metrics: { prometheusRule: { enabled: true, maxSecretAgeDays: 90 } } })
    const tooOld = alerts(named(stricter, 'PrometheusRule', 'gwh').spec as unknown as AlertGroups).find(
      ({ alert }) => alert === 'GwhSecretTooOld',
    )
    assert.match(tooOld?.expr ?? '', /> 7776000$/)
    const withoutLinks = chart.manifests({ metrics: { prometheusRule: { enabled: true } } })
    assert.doesNotMatch(JSON.stringify(named(withoutLinks, 'PrometheusRule', 'gwh')), /runbook_url/)
  })

  test('the dashboard arrives whole, where the sidecar looks for it', () => {
    const { metadata, data } = named(chart.manifests(setOf('all observability')), 'ConfigMap', 'gwh-dashboard')
    assert.equal(metadata.labels?.['grafana_dashboard'], '1')
    assert.deepEqual(
      JSON.parse(data?.['gemini-webhook-operator.json'] ?? ''),
      JSON.parse(readFileSync(dashboardPath, 'utf8')),
    )
  })

  test('common labels and annotations are on every object and pod, extras in the pods they are meant for', () => {
    const manifests = chart.manifests(setOf('labels, annotations and extras everywhere'))
    for (const manifest of manifests) {
      assert.equal(manifest.metadata.labels?.['cost-center'], '1234', idOf(manifest))
      assert.equal(manifest.metadata.annotations?.['example.com/owner'], 'platform team', idOf(manifest))
    }
    for (const workload of workloads(manifests)) {
      const { metadata, spec } = templateOf(workload)
      assert.equal(metadata.labels['sidecar'], 'none')
      assert.equal(metadata.labels['cost-center'], '1234')
      assert.equal(metadata.annotations['example.com/owner'], 'platform team')
      assert.ok(spec.volumes?.some(({ name, configMap }) => name === 'ca' && configMap?.name === 'company-ca'))
      const [{ env, volumeMounts }] = spec.containers
      assert.ok(volumeMounts?.some(({ mountPath }) => mountPath === '/etc/ssl/company'))
      assert.ok(env?.some(({ name }) => name === 'NODE_EXTRA_CA_CERTS' || name === 'NODE_OPTIONS'))
    }
    const account = named(manifests, 'ServiceAccount', 'gwh-controller')
    assert.equal(account.metadata.annotations?.['example.com/identity'], 'controller')
  })

  test('a change of a setting restarts the pods that read it, and no other', () => {
    const [controller, receiver] = checksumsOf(chart, {})
    assert.deepEqual(checksumsOf(chart, {}), [controller, receiver])
    const [sameController, otherReceiver] = checksumsOf(chart, { receiver: { config: { drain: '20s' } } })
    assert.equal(sameController, controller)
    assert.notEqual(otherReceiver, receiver)
  })

  test('without the CRD there is none, for who may not make one', () => {
    assert.equal(kindsOf(chart, {}).has('CustomResourceDefinition'), true)
    assert.equal(kindsOf(chart, { crds: { enabled: false } }).has('CustomResourceDefinition'), false)
  })

  test('volumes outlive uninstalling and scaling down, and pods that are not ready yet have names', () => {
    const annotations = { 'backup.example.com/keep': 'yes' }
    const manifests = chart.manifests({ receiver: { persistence: { annotations } } })
    assert.partialDeepStrictEqual(named(manifests, 'StatefulSet', 'gwh-receiver').spec, {
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      volumeClaimTemplates: [{ metadata: { name: 'inbox', annotations } }],
    })
    assert.equal(named(manifests, 'Service', 'gwh-receiver-pods').spec?.['publishNotReadyAddresses'], true)
  })
})

interface AlertGroups {
  groups: { rules: { alert: string; expr: string; annotations: Record<string, string> }[] }[]
}
