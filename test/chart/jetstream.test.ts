import assert from 'node:assert/strict'
import { test } from 'node:test'

import { withHelm, type Chart, type Manifest } from '../support/processes/helm-chart.ts'
import { testRefusals, type RefusedValues } from '../support/processes/refused-values.ts'
import { named, podOf } from '../support/builders/manifests.ts'
import { valueSets } from '../support/builders/value-sets.ts'

const shared = valueSets['receivers that share a JetStream stream'] ?? {}
const autoscaled = valueSets['autoscaled receivers on JetStream behind narrow network policies'] ?? {}
const urls = ['nats://nats:4222']
const kindsNamed = (manifests: readonly Manifest[], name: string) =>
  manifests.filter(({ metadata }) => metadata.name === name).map(({ kind }) => kind)

interface Rule {
  ports?: { protocol: string; port: number }[]
  to?: object[]
}
const egressOf = (manifests: readonly Manifest[]) =>
  (named(manifests, 'NetworkPolicy', 'gwh-receiver').spec as { egress: Rule[] }).egress

const tcp = (port: number) => ({ protocol: 'TCP', port })

withHelm('the chart with an inbox in JetStream', (charts) => {
  const [chart]: readonly (Chart | undefined)[] = charts
  assert.ok(chart)

  test('receivers are a Deployment without volumes of their own, replaced one by one and never fewer', () => {
    const manifests = chart.manifests(shared)
    assert.ok(!kindsNamed(manifests, 'gwh-receiver').includes('StatefulSet'))
    const deployment = named(manifests, 'Deployment', 'gwh-receiver')
    const { replicas, strategy } = deployment.spec as { replicas: number; strategy: object }
    assert.equal(replicas, 3)
    assert.deepEqual(strategy, { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } })
    const { volumes = [], containers } = podOf(deployment)
    assert.ok(!volumes.some(({ name }) => name === 'inbox'))
    assert.ok(!containers[0].env?.some(({ name }) => name === 'GWH_DATA_DIR'))
  })

  test('the programs find the servers, the credentials and the authorities where they are mounted', () => {
    const manifests = chart.manifests(shared)
    const data = named(manifests, 'ConfigMap', 'gwh-receiver').data ?? {}
    assert.equal(data['GWH_INBOX'], 'jetstream')
    assert.equal(
      data['GWH_NATS_URL'],
      'tls://nats-0.nats.messaging:4222,tls://nats-1.nats.messaging,tls://[fd00::7]:4333',
    )
    const { volumes = [], containers } = podOf(named(manifests, 'Deployment', 'gwh-receiver'))
    const files = volumes.flatMap(
      ({ name, secret }) =>
        (secret?.items as { key: string; path: string }[] | undefined)?.map(({ key, path }) => {
          const mount = containers[0].volumeMounts?.find((each) => each.name === name)
          assert.equal(mount?.readOnly, true)
          return [`${secret?.secretName} ${key}`, `${mount?.mountPath}/${path}`]
        }) ?? [],
    )
    assert.deepEqual(Object.fromEntries(files), {
      'gwh-nats gwh.creds': data['GWH_NATS_CREDENTIALS'],
      'gwh-nats-ca tls-ca.crt': data['GWH_NATS_CA'],
    })
  })

  test('authorities may come from a ConfigMap, and neither file is needed', () => {
    const manifests = chart.manifests(autoscaled)
    const volume = podOf(named(manifests, 'Deployment', 'gwh-receiver')).volumes?.find(({ name }) => name === 'nats-ca')
    assert.deepEqual(volume?.configMap, { name: 'nats-ca', items: [{ key: 'ca.crt', path: 'ca.crt' }] })
    const plain = chart.manifests({ inbox: { driver: 'jetstream', jetstream: { urls } } })
    const data = named(plain, 'ConfigMap', 'gwh-receiver').data ?? {}
    assert.deepEqual(Object.keys(data).toSorted(), ['GWH_INBOX', 'GWH_NATS_URL'])
    const names = podOf(named(plain, 'Deployment', 'gwh-receiver')).volumes?.map(({ name }) => name) ?? []
    assert.ok(names.every((name) => name.startsWith('keyring-')))
  })

  test('an autoscaler owns the number of replicas', () => {
    const manifests = chart.manifests(autoscaled)
    const { replicas } = named(manifests, 'Deployment', 'gwh-receiver').spec as { replicas?: number }
    assert.equal(replicas, undefined)
    const { scaleTargetRef, minReplicas, maxReplicas, metrics } = named(
      manifests,
      'HorizontalPodAutoscaler',
      'gwh-receiver',
    ).spec as Record<string, unknown>
    assert.deepEqual(scaleTargetRef, { apiVersion: 'apps/v1', kind: 'Deployment', name: 'gwh-receiver' })
    assert.deepEqual([minReplicas, maxReplicas], [3, 12])
    assert.match(JSON.stringify(metrics), /"averageUtilization":60/)
    assert.ok(!kindsNamed(chart.manifests(shared), 'gwh-receiver').includes('HorizontalPodAutoscaler'))
  })

  test('the network policy lets receivers to every port of the NATS servers, and only where these are', () => {
    const anywhere = egressOf(chart.manifests(shared)).find(({ ports }) => ports?.some(({ port }) => port === 4222))
    assert.deepEqual(anywhere, { ports: [tcp(4222), tcp(4333)] })
    const narrow = egressOf(chart.manifests(autoscaled)).slice(1)
    assert.deepEqual(narrow, [
      {
        ports: [tcp(4222)],
        to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'messaging' } } }],
      },
      { to: [{ ipBlock: { cidr: '10.0.0.0/8' } }, { namespaceSelector: {} }] },
    ])
    assert.doesNotMatch(JSON.stringify(egressOf(chart.manifests({}))), /4222/)
  })

  const refused: RefusedValues = {
    'no servers': [{ inbox: { driver: 'jetstream' } }, /inbox.jetstream.urls: is empty/],
    'servers without the driver': [{ inbox: { jetstream: { urls } } }, /inbox.driver is sqlite/],
    'credentials in a URL': [
      { inbox: { driver: 'jetstream', jetstream: { urls: ['nats://user:pass@nats:4222'] } } },
      /urls/,
    ],
    'two sources of authorities': [
      { inbox: { driver: 'jetstream', jetstream: { urls, ca: { secretName: 'a', configMapName: 'b' } } } },
      /inbox.jetstream.ca: secretName and configMapName/,
    ],
    'an autoscaler of receivers with volumes': [
      { receiver: { autoscaling: { enabled: true } } },
      /receiver.autoscaling: needs inbox.driver jetstream/,
    ],
    'an autoscaler upside down': [
      {
        inbox: { driver: 'jetstream', jetstream: { urls } },
        receiver: { autoscaling: { enabled: true, minReplicas: 5, maxReplicas: 2 } },
      },
      /minReplicas: is greater than maxReplicas/,
    ],
    'the driver as a setting': [{ receiver: { config: { inbox: 'jetstream' } } }, /inbox/],
  }
  testRefusals(charts, refused)
})
