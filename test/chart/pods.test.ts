import assert from 'node:assert/strict'
import { test } from 'node:test'

import { withHelm, type Chart, type Manifest } from '../support/processes/helm-chart.ts'
import { testRefusals, type RefusedValues } from '../support/processes/refused-values.ts'
import { named, podOf } from '../support/builders/manifests.ts'
import { valueSets } from '../support/builders/value-sets.ts'

const platform = valueSets['sidecars, a mirror of images and a resolver of their own'] ?? {}
const [controllerOf, receiverOf] = [
  (manifests: Manifest[]) => named(manifests, 'Deployment', 'gwh-controller'),
  (manifests: Manifest[]) => named(manifests, 'StatefulSet', 'gwh-receiver'),
]
const jetstream = { driver: 'jetstream', jetstream: { urls: ['nats://nats:4222'] } }

const refused: RefusedValues = {
  'a flag that the program does not have': [
    { controller: { extraArgs: ['--log-levle=debug'] } },
    /at '\/controller\/extraArgs\/0': '--log-levle=debug'/,
  ],
  'a flag of what the chart sets': [{ receiver: { extraArgs: ['--data-dir=/a'] } }, /at '\/receiver\/extraArgs\/0'/],
  'a flag of what the chart looks at': [{ receiver: { extraArgs: ['--drain=1m'] } }, /at '\/receiver\/extraArgs\/0'/],
  'a flag without its value': [{ controller: { extraArgs: ['--log-level', 'debug'] } }, /extraArgs\/0/],
  'a flag twice': [
    { controller: { extraArgs: ['--log-level=debug', '--log-level=info'] } },
    /controller\.extraArgs: --log-level is given twice/,
  ],
  'an alias without names': [{ receiver: { hostAliases: [{ ip: '10.0.0.7' }] } }, /hostAliases\/0': .*'hostnames'/],
  'an alias of no address': [{ receiver: { hostAliases: [{ ip: '10.0.0', hostnames: ['a'] }] } }, /hostAliases\/0\/ip/],
  'an address with two aliases': [
    {
      receiver: {
        hostAliases: [
          { ip: '10.0.0.7', hostnames: ['a'] },
          { ip: '10.0.0.7', hostnames: ['b'] },
        ],
      },
    },
    /receiver\.hostAliases: ip 10\.0\.0\.7 is given twice/,
  ],
  'a resolver without servers': [
    { controller: { dnsPolicy: 'None' } },
    /controller\.dnsPolicy: None needs controller\.dnsConfig\.nameservers/,
  ],
  'a fourth name server': [
    { controller: { dnsConfig: { nameservers: ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'] } } },
    /nameservers/,
  ],
  'a policy for pods on the network of their node': [
    { controller: { dnsPolicy: 'ClusterFirstWithHostNet' } },
    /dnsPolicy/,
  ],
  'a container without an image': [
    { receiver: { extraContainers: [{ name: 'a' }] } },
    /extraContainers\/0': .*'image'/,
  ],
  'a misspelt field of a container': [
    { receiver: { extraContainers: [{ name: 'a', image: 'a', volumemounts: [] }] } },
    /extraContainers\/0': .*'volumemounts'/,
  ],
  "a container of the chart's own name": [
    { receiver: { extraContainers: [{ name: 'receiver', image: 'a' }] } },
    /receiver\.extraContainers: name receiver is given twice, or is the chart's own/,
  ],
  'a port of the container of the chart': [
    { receiver: { extraContainers: [{ name: 'a', image: 'a', ports: [{ containerPort: 9090 }] }] } },
    /receiver\.extraContainers, a: port 9090\/TCP is that of the container receiver/,
  ],
  'a port of the chart for a sidecar that starts before': [
    {
      controller: {
        initContainers: [{ name: 'a', image: 'a', restartPolicy: 'Always', ports: [{ containerPort: 9090 }] }],
      },
    },
    /controller\.initContainers, a: port 9090\/TCP is that of the container controller/,
  ],
  'an init container of the name of another container': [
    { receiver: { extraContainers: [{ name: 'a', image: 'a' }], initContainers: [{ name: 'a', image: 'a' }] } },
    /receiver\.initContainers: name a is given twice/,
  ],
  'a probe of an init container that ends': [
    { controller: { initContainers: [{ name: 'a', image: 'a', livenessProbe: { tcpSocket: { port: 1 } } }] } },
    /initContainers\/0/,
  ],
  'a probe that asks in two ways': [
    {
      controller: {
        extraContainers: [{ name: 'a', image: 'a', livenessProbe: { tcpSocket: { port: 1 }, grpc: { port: 1 } } }],
      },
    },
    /livenessProbe/,
  ],
  'a container that mounts a volume that there is not': [
    { controller: { extraContainers: [{ name: 'a', image: 'a', volumeMounts: [{ name: 'b', mountPath: '/b' }] }] } },
    /controller\.extraContainers, a: volumeMounts: names the volume b, which there is not/,
  ],
  'a path of a probe': [
    { controller: { livenessProbe: { httpGet: { path: '/a', port: 1 } } } },
    /livenessProbe.*'httpGet'/,
  ],
  'a liveness that takes two successes': [{ receiver: { livenessProbe: { successThreshold: 2 } } }, /successThreshold/],
  'an update that could not begin': [
    { controller: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: '0%' } } } },
    /at '\/controller\/strategy/,
  ],
  'limits of an update that replaces all at once': [
    { controller: { strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } } },
    /at '\/controller\/strategy/,
  ],
  'the strategy of a Deployment for a StatefulSet': [
    { receiver: { strategy: { type: 'Recreate' } } },
    /receiver\.strategy: is of a Deployment.*receiver\.updateStrategy/,
  ],
  'the strategy of a StatefulSet for a Deployment': [
    { inbox: jetstream, receiver: { updateStrategy: { type: 'OnDelete' } } },
    /receiver\.updateStrategy: is of a StatefulSet.*receiver\.strategy/,
  ],
  'a budget with both limits': [
    { receiver: { podDisruptionBudget: { minAvailable: 1, maxUnavailable: 2 } } },
    /receiver\.podDisruptionBudget: minAvailable and maxUnavailable are both given/,
  ],
  'a profile that is no relative path': [
    { containerSecurityContext: { seccompProfile: { type: 'Localhost', localhostProfile: '/a' } } },
    /at '\/containerSecurityContext\/seccompProfile/,
  ],
  'a capability with the prefix of the kernel': [
    { containerSecurityContext: { capabilities: { add: ['CAP_NET_RAW'] } } },
    /capabilities\/add\/0/,
  ],
  'a registry that is none': [{ global: { imageRegistry: 'https://mirror.example.com' } }, /global\/imageRegistry/],
}

const imageOf = (chart: Chart, repository: string, digest = '') =>
  podOf(
    controllerOf(
      chart.manifests({ global: { imageRegistry: 'mirror.example.com' }, image: { repository, tag: '1', digest } }),
    ),
  ).containers[0].image
const strategyOf = (chart: Chart, receiver: object) =>
  named(chart.manifests({ inbox: jetstream, receiver }), 'Deployment', 'gwh-receiver').spec?.['strategy']
const budgetOf = (chart: Chart, podDisruptionBudget: object) => {
  const { minAvailable, maxUnavailable } =
    named(chart.manifests({ receiver: { podDisruptionBudget } }), 'PodDisruptionBudget', 'gwh-receiver').spec ?? {}
  return { minAvailable, maxUnavailable }
}

withHelm('what pods may be given', (charts) => {
  const [chart]: readonly (Chart | undefined)[] = charts
  assert.ok(chart)

  test('both pods are given what is said of them', () => {
    const manifests = chart.manifests(platform)
    for (const [component, workload] of Object.entries({
      controller: controllerOf(manifests),
      receiver: receiverOf(manifests),
    })) {
      const { containers, initContainers, volumes, ...pod } = podOf(workload)
      const [own, shipper] = containers
      assert.equal(workload.metadata.annotations?.['reloader.stakater.com/auto'], 'true')
      assert.equal(workload.spec?.['revisionHistoryLimit'], 3)
      assert.equal(pod.schedulerName, 'binpacking')
      assert.deepEqual(pod.hostAliases, [{ ip: '10.0.0.7', hostnames: ['proxy.corp.example.com', 'proxy'] }])
      assert.equal(pod.dnsPolicy, 'None')
      assert.deepEqual(pod.dnsConfig?.nameservers, ['10.0.0.10'])
      assert.equal(pod.automountServiceAccountToken, true, 'the account does not give it away, the pod asks')
      assert.deepEqual(own.args, [component, '--log-level=debug'])
      assert.equal(own.image, 'mirror.example.com/ghcr/gemini-webhook-operator/gemini-webhook-operator:0.1.0')
      assert.deepEqual(pod.imagePullSecrets, [{ name: 'registry' }, { name: 'mirror' }])
      assert.deepEqual(own.livenessProbe, {
        httpGet: { path: '/healthz', port: 'health' },
        periodSeconds: 30,
        initialDelaySeconds: 5,
        timeoutSeconds: 5,
      })
      assert.deepEqual(own.readinessProbe, {
        httpGet: { path: '/readyz', port: 'health' },
        periodSeconds: 5,
        timeoutSeconds: 1,
        successThreshold: 2,
      })
      assert.equal((own.startupProbe as { failureThreshold: number }).failureThreshold, 120)
      assert.deepEqual(shipper?.args, [component, '--follow', '--follow'])
      assert.deepEqual(shipper.resources, { requests: { cpu: '0.01', memory: '16Mi' } })
      assert.deepEqual(
        initContainers?.map(({ name }) => name),
        ['wait', 'proxy'],
      )
      assert.ok(volumes?.some(({ name }) => name === 'shared'))
      const account = named(manifests, 'ServiceAccount', `gwh-${component}`)
      assert.equal(account.metadata.labels?.['team'], 'platform')
      assert.equal(Reflect.get(account, 'automountServiceAccountToken'), false)
    }
    assert.deepEqual(controllerOf(manifests).spec?.['strategy'], { type: 'Recreate' })
    assert.deepEqual(receiverOf(manifests).spec?.['updateStrategy'], {
      type: 'RollingUpdate',
      rollingUpdate: { partition: 1 },
    })
  })

  test('a runtime class and another security context are those of the pods and of the pod of "helm test"', () => {
    const securityContext = { allowPrivilegeEscalation: false, runAsUser: 1234, capabilities: { drop: ['ALL'] } }
    const values = {
      containerSecurityContext: { ...securityContext, readOnlyRootFilesystem: null },
      controller: { runtimeClassName: 'gvisor' },
      receiver: { runtimeClassName: 'gvisor' },
      global: { imagePullSecrets: ['mirror'] },
    }
    const manifests = chart.manifests(values)
    for (const workload of [controllerOf(manifests), receiverOf(manifests)]) {
      assert.equal(podOf(workload).runtimeClassName, 'gvisor')
      assert.deepEqual(podOf(workload).containers[0].securityContext, securityContext)
    }
    const [tester] = chart.testPods(values)
    assert.deepEqual(tester?.spec?.['imagePullSecrets'], [{ name: 'mirror' }])
    assert.match(JSON.stringify(tester), /"runAsUser":1234/)
  })

  test('a registry takes the place of that of the image, whatever the image is named', () => {
    assert.equal(imageOf(chart, 'ghcr.io/a/b'), 'mirror.example.com/a/b:1')
    assert.equal(imageOf(chart, 'localhost:5000/b'), 'mirror.example.com/b:1')
    assert.equal(imageOf(chart, 'localhost/b'), 'mirror.example.com/b:1')
    assert.equal(imageOf(chart, 'team/b'), 'mirror.example.com/team/b:1')
    const digest = `sha256:${'0'.repeat(64)}`
    assert.equal(imageOf(chart, 'ghcr.io/a/b', digest), `mirror.example.com/a/b@${digest}`)
  })

  test('values of other charts below global are left alone', () => {
    assert.deepEqual(
      chart.manifests({ global: { storageClass: 'fast', postgresql: { auth: {} } } }),
      chart.manifests({}),
    )
  })

  test('a Deployment of receivers is replaced without a moment of absence, unless told otherwise', () => {
    assert.deepEqual(strategyOf(chart, {}), {
      type: 'RollingUpdate',
      rollingUpdate: { maxUnavailable: 0, maxSurge: 1 },
    })
    assert.deepEqual(strategyOf(chart, { strategy: { type: 'Recreate' } }), { type: 'Recreate' })
  })

  test('a minimum takes the place of a maximum in a disruption budget, zero too', () => {
    assert.deepEqual(budgetOf(chart, {}), { minAvailable: undefined, maxUnavailable: 1 })
    assert.deepEqual(budgetOf(chart, { minAvailable: '50%' }), { minAvailable: '50%', maxUnavailable: undefined })
    assert.deepEqual(budgetOf(chart, { minAvailable: 0 }), { minAvailable: 0, maxUnavailable: undefined })
  })

  testRefusals(charts, refused)
})
