import assert from 'node:assert/strict'
import { test } from 'node:test'

import { addressBroker, brokerRef, createBroker, listedBroker } from '../support/processes/brokers.ts'
import { home, startControllerFixture } from '../support/worlds/controller-fixture.ts'
import { applyCrds, withRealApiServer } from '../support/processes/real-api-server.ts'

const name = 'batch-events'
/** Where Knative's Brokers receive, whatever namespace they are in. */
const brokerNamespace = 'knative-eventing'

/** What the chart adds to the controller's role for `addressableKinds`; test/chart compares the two. */
const right = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'read-brokers' },
  rules: [{ apiGroups: ['eventing.knative.dev'], resources: ['brokers'], verbs: ['get'] }],
}
const binding = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: 'read-brokers' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'read-brokers' },
  subjects: [{ kind: 'ServiceAccount', name: 'gwh-controller', namespace: home }],
}

await withRealApiServer('a sink that is a Broker, on a real API server, under the roles that ship', (server) => {
  test('is told to need the kind, then the right, then the object, then its address; then receivers know it', async (t) => {
    const running = server()
    await applyCrds(running)
    const fixture = await startControllerFixture(t, {
      kubeconfigPath: running.kubeconfigPath,
      controllerKubeconfig: () => running.kubeconfigForServiceAccount(home, 'gwh-controller'),
      config: { addressableKinds: [listedBroker], addressableNamespaces: [brokerNamespace], sinkRecheckMs: 200 },
    })
    const applied = await running.kubectl(['apply', '-f', 'deploy/rbac/controller.yaml'])
    assert.equal(applied.code, 0, applied.stderr)
    await fixture.putApiKey()
    await fixture.startController()
    await fixture.apply(name, { sinks: [{ name: 'broker', ref: brokerRef }] })
    const messageOf = (webhook: Awaited<ReturnType<typeof fixture.get>>) =>
      fixture.conditionOf(webhook, 'SinksResolved')?.message ?? ''

    // Not even the kind is there; RBAC is asked first.
    const forbidden = await fixture.untilCondition(name, 'SinksResolved', { reason: 'SinkUnsupported' })
    assert.match(messageOf(forbidden), /may not read Broker ml\/default .*grant its account the verb get/)

    const definition = await running.kubectl(['apply', '-f', 'test/fixtures/crds/knative-brokers.yaml'])
    assert.equal(definition.code, 0, definition.stderr)
    const established = ['wait', '--for=condition=Established', '--timeout=30s', 'crd/brokers.eventing.knative.dev']
    assert.equal((await running.kubectl(established)).code, 0)
    for (const [path, body] of [
      ['clusterroles', right],
      ['clusterrolebindings', binding],
    ] as const) {
      const { status } = await running.call('POST', `/apis/rbac.authorization.k8s.io/v1/${path}`, body)
      assert.equal(status, 201)
    }
    const missing = await fixture.untilCondition(name, 'SinksResolved', { reason: 'SinkNotReady' })
    assert.match(messageOf(missing), /Broker ml\/default .* does not exist: create it/)

    for (const args of [
      ['create', 'namespace', brokerNamespace],
      ['-n', brokerNamespace, 'create', 'service', 'clusterip', 'broker-ingress', '--tcp=80'],
    ]) {
      const made = await running.kubectl(args)
      assert.equal(made.code, 0, made.stderr)
    }
    await createBroker(fixture.client)
    await addressBroker(fixture.client, 'http://broker-ingress.knative-eventing.svc.cluster.local/ml/default')
    const ready = await fixture.untilCondition(name, 'Ready', { status: 'True' })
    assert.deepEqual(ready.status?.sinks, [
      { name: 'broker', ready: true, address: 'http://broker-ingress.knative-eventing.svc.cluster.local/ml/default' },
    ])
    const entry = await fixture.keyringEntry(ready.metadata.uid)
    assert.equal(entry?.heldSinks, undefined)
    const destination = entry?.sinks[0]?.destination
    assert.ok(destination?.type === 'http' && destination.reach === 'cluster')
    assert.match(destination.address ?? '', /^[\d.]+$/, 'the address that the Service has')
  })
})
