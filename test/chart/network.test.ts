import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { parse } from 'yaml'

import { withHelm, type Chart, type Manifest } from '../support/processes/helm-chart.ts'
import { named } from '../support/builders/manifests.ts'
import { valueSets } from '../support/builders/value-sets.ts'

interface Peer {
  ipBlock?: { cidr: string; except?: string[] }
  podSelector?: { matchLabels?: Record<string, string> }
}
interface Rule {
  from?: Peer[]
  to?: Peer[]
  ports?: { protocol?: string; port: number | string }[]
}
interface PolicySpec {
  podSelector: { matchLabels: Record<string, string> }
  policyTypes: string[]
  ingress?: Rule[]
  egress: Rule[]
}

const specOf = (manifest: Manifest) => manifest.spec as unknown as PolicySpec
const componentOf = (labels?: Record<string, string>) => labels?.['app.kubernetes.io/component']
/** By name, because it is that of the pods. */
const toReceivers = 'TCP http'
/** Ports that may be reached anywhere, or where a rule for them leads. */
const egressPorts = (manifest: Manifest) =>
  specOf(manifest).egress.flatMap(({ ports = [] }) => ports.map(({ protocol, port }) => `${protocol ?? 'TCP'} ${port}`))
const admits = (rule: Rule, component: string) =>
  rule.from === undefined || rule.from.some(({ podSelector }) => componentOf(podSelector?.matchLabels) === component)

withHelm('network policies and address families', (charts) => {
  const [chart]: readonly (Chart | undefined)[] = charts
  assert.ok(chart)
  const receiverUrlOf = (values: object) =>
    (named(chart.manifests(values), 'ConfigMap', 'gwh-controller') as { data?: Record<string, string> }).data?.[
      'GWH_RECEIVER_URL'
    ]
  const policy = (values: object, name: string) => named(chart.manifests(values), 'NetworkPolicy', name)

  const services = (values: object) => chart.manifests(values).filter(({ kind }) => kind === 'Service')

  test('DNS is let through where pods of the cluster DNS listen, on OpenShift too', () => {
    for (const name of ['gwh-controller', 'gwh-receiver']) {
      const ports = egressPorts(policy({}, name))
      for (const port of ['UDP 53', 'TCP 53', 'UDP 5353', 'TCP 5353'])
        assert.ok(ports.includes(port), `${name} ${port}`)
      const chosen = egressPorts(policy({ networkPolicy: { dnsPorts: [1053] } }, name))
      assert.ok(chosen.includes('UDP 1053') && !chosen.includes('UDP 53'), name)
    }
  })

  test('ports of the base URL and of Google follow from their URLs, those of the API server are a value', () => {
    const narrow = (values: object) =>
      egressPorts(
        policy({ networkPolicy: { dnsPorts: [], controllerEgressPorts: [] }, ...values }, 'gwh-controller'),
      ).filter((port) => port !== toReceivers)
    assert.deepEqual(narrow({}), ['TCP 443'])
    assert.deepEqual(narrow({ baseUrl: 'https://hooks.example.com:9443/a/' }), ['TCP 9443', 'TCP 443'])
    const simulated = { controller: { config: { googleBaseUrl: 'http://[fd00::7]/gemini' } } }
    assert.deepEqual(narrow(simulated), ['TCP 443', 'TCP 80'])
    assert.deepEqual(narrow({ controller: { config: { googleBaseUrl: 'http://simulator:8080' } } }), [
      'TCP 443',
      'TCP 8080',
    ])
    const byDefault = egressPorts(policy({}, 'gwh-controller'))
    for (const port of [443, 6443, 8443, 16443]) assert.ok(byDefault.includes(`TCP ${port}`), String(port))
  })

  test('the controller reaches the receivers for the backfill, however narrow the policies are', () => {
    const narrow = valueSets['narrow network policies and a pinned image'] ?? {}
    for (const values of [{}, narrow]) {
      const { egress } = specOf(policy(values, 'gwh-controller'))
      const rule = egress.find(({ ports = [] }) => ports.some(({ port }) => port === 'http'))
      assert.deepEqual(
        rule?.to?.map(({ podSelector }) => componentOf(podSelector?.matchLabels)),
        ['receiver'],
      )
      const [http] = specOf(policy(values, 'gwh-receiver')).ingress ?? []
      assert.ok(http !== undefined && admits(http, 'controller'))
    }
  })

  test('the controller is told the Service of the receivers, but not where their certificate is for another name', () => {
    const base = receiverUrlOf({})
    assert.match(base ?? '', /^http:\/\/gwh-receiver\.[a-z-]+\.svc:80$/)
    assert.equal(receiverUrlOf({ baseUrl: 'https://hooks.example.com/gemini/' }), `${base}/gemini`)
    assert.equal(receiverUrlOf({ receiver: { service: { port: 8080 } } }), base?.replace(/80$/, '8080'))
    assert.equal(receiverUrlOf({ receiver: { tls: { secretName: 'receiver-tls' } } }), undefined)
    const own = 'http://receivers.mesh.local:15001'
    assert.equal(receiverUrlOf({ controller: { config: { receiverUrl: own } } }), own)
  })

  test('"helm test" gets through however narrow the policies are, and its pod has one of its own', () => {
    const narrow = valueSets['narrow network policies and a pinned image'] ?? {}
    for (const name of ['gwh-controller', 'gwh-receiver'])
      for (const rule of specOf(policy(narrow, name)).ingress ?? []) assert.ok(admits(rule, 'test'), name)
    const [own, ...others] = chart.testPolicies(narrow)
    assert.ok(own)
    assert.deepEqual(others, [])
    const [pod] = chart.testPods(narrow)
    assert.equal(own.metadata.annotations?.['helm.sh/hook'], 'test')
    assert.ok(Number(own.metadata.annotations['helm.sh/hook-weight']) < 0, 'it is there before the pod is')
    for (const [key, value] of Object.entries(specOf(own).podSelector.matchLabels))
      assert.equal(pod?.metadata.labels?.[key], value)
    const { to, ports } = specOf(own).egress.at(-1) ?? {}
    assert.deepEqual(
      to?.map(({ podSelector }) => componentOf(podSelector?.matchLabels)),
      ['controller', 'receiver'],
    )
    assert.deepEqual(ports, [{ port: 'http' }, { port: 'health' }])
    assert.ok(egressPorts(own).includes('UDP 5353'))
  })

  test('the example that narrows where sinks reach is about the receivers, and leaves out what is private', () => {
    const example = parse(readFileSync('deploy/policies/receiver-egress.yaml', 'utf8')) as Manifest
    const shipped = policy({}, 'gwh-receiver')
    assert.equal(example.metadata.namespace, shipped.metadata.namespace)
    const { podSelector, policyTypes, egress } = specOf(example)
    for (const [key, value] of Object.entries(podSelector.matchLabels))
      assert.equal(specOf(shipped).podSelector.matchLabels[key], value, key)
    assert.deepEqual(policyTypes, ['Egress'])
    const blocks = egress.flatMap(({ to = [] }) => to.flatMap(({ ipBlock }) => ipBlock ?? []))
    const open = blocks.filter(({ cidr }) => cidr.endsWith('/0'))
    assert.equal(open.length, 2)
    const except = new Set(open.flatMap((block) => block.except ?? []))
    for (const range of [
      '10.0.0.0/8',
      '172.16.0.0/12',
      '192.168.0.0/16',
      '100.64.0.0/10',
      '169.254.0.0/16',
      'fc00::/7',
    ])
      assert.ok(except.has(range), range)
    for (const { cidr } of blocks.filter((block) => !open.includes(block))) assert.match(cidr, /\/(32|128)$/)
    for (const { to, ports } of egress)
      assert.ok(to !== undefined || ports !== undefined, 'no rule lets everything through')
  })

  test('everybody is let in where nobody is named', () => {
    const open = { networkPolicy: { metricsFrom: [], receiverFrom: [] } }
    for (const name of ['gwh-controller', 'gwh-receiver'])
      for (const { from } of specOf(policy(open, name)).ingress ?? []) assert.equal(from, undefined)
  })

  test('no policy is made when they are switched off', () => {
    const manifests = chart.manifests({ networkPolicy: { enabled: false } })
    assert.ok(!manifests.some(({ kind }) => kind === 'NetworkPolicy'))
    assert.throws(() => chart.testPolicies({ networkPolicy: { enabled: false } }))
  })

  test('every Service has the address families of the values', () => {
    const families = { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6', 'IPv4'] }
    assert.equal(services(families).length, 3)
    for (const { spec } of services(families)) {
      const { ipFamilyPolicy, ipFamilies } = spec ?? {}
      assert.deepEqual({ ipFamilyPolicy, ipFamilies }, families)
    }
    for (const { spec } of services({}))
      assert.ok(!('ipFamilies' in (spec ?? {})) && !('ipFamilyPolicy' in (spec ?? {})))
  })
})
