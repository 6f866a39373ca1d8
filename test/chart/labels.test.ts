import assert from 'node:assert/strict'
import { test } from 'node:test'

import { withHelm, type Chart, type Manifest } from '../support/processes/helm-chart.ts'
import { testRefusals, type RefusedValues } from '../support/processes/refused-values.ts'
import { named, podOf, templateOf } from '../support/builders/manifests.ts'

const labelsOf = (manifest: Manifest) => templateOf(manifest).metadata.labels
const annotationsOf = (manifest: Manifest) => templateOf(manifest).metadata.annotations

const refused: RefusedValues = {
  'a common label that selectors stand on': [
    { commonLabels: { 'app.kubernetes.io/component': 'x' } },
    /at '\/commonLabels\/app\.kubernetes\.io~1component'/,
  ],
  'a pod label that selectors stand on': [
    { receiver: { podLabels: { 'app.kubernetes.io/name': 'x' } } },
    /at '\/receiver\/podLabels\/app\.kubernetes\.io~1name'/,
  ],
  'a label of a ServiceMonitor that the chart sets': [
    { metrics: { serviceMonitor: { labels: { 'app.kubernetes.io/instance': 'x' } } } },
    /at '\/metrics\/serviceMonitor\/labels\/app\.kubernetes\.io~1instance'/,
  ],
  'a key of a label that is none': [{ commonLabels: { 'a b': 'x' } }, /at '\/commonLabels': .*'a b'/],
  'a key of an annotation that is none': [
    { receiver: { podAnnotations: { 'a b': 'x' } } },
    /at '\/receiver\/podAnnotations': .*'a b'/,
  ],
  'a resource that there is not': [
    { controller: { resources: { limits: { Memory: '1Gi' } } } },
    /at '\/controller\/resources\/limits': .*'Memory'/,
  ],
  'a key of a label that is too long': [{ commonLabels: { ['a'.repeat(64)]: 'x' } }, /aaaa/],
  'a value of a label that is none': [{ commonLabels: { team: 'platform team' } }, /team/],
  'a value of a label that is too long': [{ controller: { podLabels: { team: 'a'.repeat(64) } } }, /team/],
  'a label that is a number': [{ commonLabels: { 'cost-center': 1234 } }, /cost-center/],
  'an annotation that makes every object a hook': [
    { commonAnnotations: { 'helm.sh/hook': 'pre-install' } },
    /at '\/commonAnnotations\/helm\.sh~1hook'/,
  ],
  'a selector of nodes that is none': [{ receiver: { nodeSelector: { arch: 'arm 64' } } }, /arch/],
  'a misspelt field of a toleration': [
    { controller: { tolerations: [{ key: 'a', efect: 'NoSchedule' }] } },
    /tolerations/,
  ],
  'a toleration of nothing': [{ controller: { tolerations: [{}] } }, /tolerations/],
  'a volume without a source': [{ receiver: { extraVolumes: [{ name: 'a' }] } }, /extraVolumes/],
  'a volume with two sources': [
    { receiver: { extraVolumes: [{ name: 'a', emptyDir: {}, secret: { secretName: 'b' } }] } },
    /extraVolumes/,
  ],
  "a volume of the chart's own name": [
    { receiver: { extraVolumes: [{ name: 'inbox', emptyDir: {} }] } },
    /receiver\.extraVolumes: inbox is a volume of the chart/,
  ],
  'a volume twice': [
    {
      controller: {
        extraVolumes: [
          { name: 'a', emptyDir: {} },
          { name: 'a', emptyDir: { medium: 'Memory' } },
        ],
      },
    },
    /controller\.extraVolumes: name a is given twice/,
  ],
  'a mount of a volume that there is not': [
    { controller: { extraVolumeMounts: [{ name: 'a', mountPath: '/a' }] } },
    /controller\.extraVolumeMounts: names the volume a, which there is not/,
  ],
  'a mount over one of the chart': [
    {
      receiver: {
        extraVolumes: [{ name: 'a', emptyDir: {} }],
        extraVolumeMounts: [{ name: 'a', mountPath: '/var/lib/gwh' }],
      },
    },
    /receiver\.extraVolumeMounts: mountPath \/var\/lib\/gwh is given twice/,
  ],
  'a variable that the chart sets': [{ receiver: { extraEnv: [{ name: 'GWH_DATA_DIR', value: '/a' }] } }, /extraEnv/],
  'a variable twice': [
    {
      controller: {
        extraEnv: [
          { name: 'A', value: '1' },
          { name: 'A', value: '2' },
        ],
      },
    },
    /controller\.extraEnv: name A is given twice/,
  ],
  'one account for both, made twice': [
    { receiver: { serviceAccount: { name: 'gwh-controller' } } },
    /receiver\.serviceAccount\.name: is gwh-controller/,
  ],
  'a port of the receiver twice': [
    { receiver: { config: { adminPort: '9090' } } },
    /receiver\.config\.adminPort: 9090/,
  ],
  'a number as text': [{ receiver: { replicas: '3' } }, /replicas/],
  'a part that is taken away': [{ receiver: { tls: null } }, /tls/],
  'a path prefix that is none': [{ receiver: { config: { pathPrefix: "/a'" } } }, /pathPrefix/],
  'a duration without a unit': [{ receiver: { config: { drain: '10' } } }, /drain/],
  'a budget that is neither a number nor a percentage': [
    { receiver: { podDisruptionBudget: { maxUnavailable: '1' } } },
    /maxUnavailable/,
  ],
  'a port that there is not in the base URL': [{ baseUrl: 'https://hooks.example.com:70000' }, /baseUrl/],
  'an address instead of a host name': [{ baseUrl: 'https://10.0.0.1' }, /baseUrl/],
  'a path that proxies resolve': [{ baseUrl: 'https://hooks.example.com/a/../b' }, /baseUrl/],
  'a node port that there is not': [
    { receiver: { service: { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 80 } } },
    /healthCheckNodePort/,
  ],
  'more host names than a route takes': [
    {
      allowedHostnames: Array.from({ length: 16 }, (_, n) => `h${n}.example.com`),
      httpRoute: { enabled: true, parentRefs: [{ name: 'public' }] },
    },
    /allowedHostnames: an HTTPRoute takes 16/,
  ],
  'two address families on one stack': [{ ipFamilies: ['IPv6', 'IPv4'] }, /ipFamilies: names two families/],
}

withHelm('labels, annotations and names', (charts) => {
  const [chart]: readonly (Chart | undefined)[] = charts
  assert.ok(chart)
  const workloads = (values: object) => {
    const manifests = chart.manifests(values)
    return [named(manifests, 'Deployment', 'gwh-controller'), named(manifests, 'StatefulSet', 'gwh-receiver')]
  }

  test('a label of the pods wins over a common one, also when it is empty, and stands there once', () => {
    // The parser of manifests refuses a key that stands twice, as kustomize and Flux do.
    const pods = { podLabels: { team: 'ml', note: '' } }
    const values = { commonLabels: { team: 'platform', note: 'x', cost: '1234' }, controller: pods, receiver: pods }
    for (const workload of workloads(values)) {
      const { team, note, cost } = labelsOf(workload)
      assert.deepEqual({ team, note, cost }, { team: 'ml', note: '', cost: '1234' })
      assert.equal(workload.metadata.labels?.['team'], 'platform')
    }
  })

  test('annotations of a pod: its own, then common ones, then what the chart would say', () => {
    const key = 'kubectl.kubernetes.io/default-container'
    const pods = { podAnnotations: { [key]: 'mine', a: '' } }
    const values = { commonAnnotations: { [key]: 'common', a: 'x' }, controller: pods, receiver: pods }
    for (const workload of workloads(values)) {
      const { [key]: container, a } = annotationsOf(workload)
      assert.deepEqual([container, a], ['mine', ''])
    }
    for (const workload of workloads({})) assert.match(annotationsOf(workload)[key] ?? '', /^(controller|receiver)$/)
  })

  test('labels of one object win over common ones', () => {
    const values = {
      commonLabels: { release: 'common' },
      metrics: { serviceMonitor: { enabled: true, labels: { release: 'prometheus' } }, dashboard: { enabled: true } },
    }
    assert.equal(named(chart.manifests(values), 'ServiceMonitor', 'gwh').metadata.labels?.['release'], 'prometheus')
  })

  test('names that YAML reads as something else stay names', () => {
    const manifests = chart.manifests({
      watchNamespaces: ['0123', 'null'],
      addressableKinds: ['1e3/v1/Broker=true'],
      proxy: { httpsProxy: 'http://proxy:3128', credentials: { secretName: '0123', key: '-' } },
      trustedCA: { configMapName: '08', key: 'yes' },
      controller: { serviceAccount: { name: '1' }, priorityClassName: 'true' },
      receiver: {
        serviceAccount: { name: '1e3' },
        persistence: { storageClassName: '007' },
        tls: { secretName: '1.0' },
      },
    })
    const rules = manifests.filter(({ kind }) => ['Role', 'RoleBinding'].includes(kind))
    const namespaces = new Set(rules.map(({ metadata }) => metadata.namespace))
    assert.deepEqual(namespaces, new Set(['0123', 'null', 'gemini-webhook-system']))
    assert.match(JSON.stringify(rules), /"apiGroups":\["1e3"\],"resources":\["true"\]/)
    assert.match(JSON.stringify(manifests), /"serviceAccountName":"1e3"/)
    assert.match(JSON.stringify(manifests), /"storageClassName":"007"/)
    assert.match(JSON.stringify(manifests), /"secret":\{"secretName":"1.0"/)
    assert.match(JSON.stringify(manifests), /"priorityClassName":"true"/)
    assert.match(JSON.stringify(manifests), /"secretName":"0123","items":\[\{"key":"-","path":"-"\}\]/)
    assert.match(JSON.stringify(manifests), /"configMap":\{"name":"08","items":\[\{"key":"yes","path":"yes"\}\]/)
  })

  test('quantities that are given as numbers are rendered as the texts that Kubernetes wants', () => {
    const disk = 'ephemeral-storage'
    const resources = {
      requests: { cpu: 0.5, memory: 128_000_000, [disk]: 64_000_000 },
      limits: { cpu: 2, memory: '1Gi' },
    }
    for (const workload of workloads({ controller: { resources }, receiver: { resources } })) {
      assert.deepEqual(podOf(workload).containers[0].resources, {
        requests: { cpu: '0.5', memory: '128000000', [disk]: '64000000' },
        limits: { cpu: '2', memory: '1Gi' },
      })
    }
  })

  test('parts of Kubernetes objects and lists may be taken away', () => {
    const nothing = {
      resources: null,
      podLabels: null,
      topologySpreadConstraints: null,
      extraEnv: null,
      affinity: null,
    }
    const values = {
      allowedHostnames: null,
      commonLabels: null,
      commonAnnotations: null,
      podSecurityContext: null,
      crds: { annotations: null },
      inbox: { jetstream: { urls: null } },
      networkPolicy: { dnsPorts: null, controllerEgressPorts: null, metricsFrom: null },
      controller: nothing,
      receiver: nothing,
    }
    for (const each of charts) assert.doesNotMatch(JSON.stringify(each.manifests(values)), /:null/)
  })

  test('a path prefix of the receiver wins over that of the base URL, also when it is empty', () => {
    const values = { baseUrl: 'https://hooks.example.com/a', receiver: { config: { pathPrefix: '' } } }
    assert.equal(named(chart.manifests(values), 'ConfigMap', 'gwh-receiver').data?.['GWH_PATH_PREFIX'], '')
    assert.match(JSON.stringify(chart.testPods(values)), /http:\/\/gwh-receiver:80\/v1\/s/)
  })

  testRefusals(charts, refused)
})
