import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import { serviceKind, type Service } from '../../../src/kubernetes/core-kinds.ts'
import { endpointSliceKind, type EndpointSlice } from '../../../src/kubernetes/endpoint-slice.ts'
import { startControllerFixture, tenant } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'

const name = 'batch-events'
const key = { namespace: tenant, name: 'worker' }
const selected: NonNullable<Service['spec']> = {
  clusterIP: '10.96.0.7',
  selector: { app: 'worker' },
  ports: [{ port: 80 }],
}

/** Nothing but what is told by the API server makes a pass here: the next look by itself is an hour away. */
async function aScene(t: TestContext, spec = selected) {
  const fixture = await startControllerFixture(t, { config: { sinkRecheckMs: 3_600_000, resyncIntervalMs: 3_600_000 } })
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.client.create<Service>(serviceKind, { apiVersion: 'v1', kind: 'Service', metadata: key, spec })
  await fixture.apply(name, { sinks: [{ name: 'worker', service: { name: 'worker' } }] })
  const entry = async () => {
    const webhook = await fixture.get(name)
    return webhook && fixture.keyringEntry(webhook.metadata.uid)
  }
  const change = async (edit: (service: Service) => Service) => {
    const service = await fixture.client.get<Service>(serviceKind, key)
    assert.ok(service)
    await fixture.client.replace<Service>(serviceKind, edit(service))
  }
  const untilHeld = () => eventually('deliveries wait', async () => (await entry())?.heldSinks?.includes('worker'))
  const untilUsed = () => eventually('receivers know it', async () => (await entry())?.sinks.length === 1)
  return { ...fixture, entry, change, untilHeld, untilUsed }
}

test('receivers are told the cluster IP of a Service, with its name to ask for', async (t) => {
  const scene = await aScene(t)
  await scene.untilCondition(name, 'Ready', { status: 'True' })
  const url = 'http://worker.ml.svc:80/'
  const destination = (await scene.entry())?.sinks[0]?.destination
  assert.deepEqual(destination, { type: 'http', url, reach: 'cluster', address: '10.96.0.7' })
})

test('a Service that turns into an ExternalName, goes, or comes back is followed at once, without a resync', async (t) => {
  const scene = await aScene(t)
  await scene.untilCondition(name, 'Ready', { status: 'True' })
  await scene.change((service) => ({
    ...service,
    spec: { type: 'ExternalName', externalName: 'admin.other-tenant.svc.cluster.local' },
  }))
  await scene.untilHeld()
  assert.deepEqual((await scene.entry())?.sinks, [])
  const refused = await scene.untilCondition(name, 'SinksResolved', { status: 'False', reason: 'SinkInvalid' })
  assert.match(scene.conditionOf(refused, 'SinksResolved')?.message ?? '', /Service ml\/worker is of type ExternalName/)
  await scene.client.delete(serviceKind, key)
  const metadata = key
  const spec = { ...selected, clusterIP: '10.96.0.8' }
  await scene.client.create<Service>(serviceKind, { apiVersion: 'v1', kind: 'Service', metadata, spec })
  await scene.untilUsed()
  const destination = (await scene.entry())?.sinks[0]?.destination
  assert.equal(destination?.type === 'http' && destination.address, '10.96.0.8')
})

test('endpoints that somebody adds to a Service take the sink away at once, and their end gives it back', async (t) => {
  const scene = await aScene(t)
  await scene.untilCondition(name, 'Ready', { status: 'True' })
  const slice = { namespace: tenant, name: 'worker-mine' }
  await scene.client.create<EndpointSlice & { addressType: string }>(endpointSliceKind, {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...slice, labels: { 'kubernetes.io/service-name': 'worker' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.1'] }],
    ports: [{ port: 6443 }],
  })
  await scene.untilHeld()
  const refused = await scene.untilCondition(name, 'SinksResolved', { status: 'False', reason: 'SinkInvalid' })
  assert.match(scene.conditionOf(refused, 'SinksResolved')?.message ?? '', /EndpointSlice worker-mine/)
  await scene.client.delete(endpointSliceKind, slice)
  await scene.untilUsed()
})

test('a Service that leads to no pods of its own is not used, and nothing is registered for it', async (t) => {
  const scene = await aScene(t, { ...selected, selector: {} })
  const refused = await scene.untilCondition(name, 'SinksResolved', { status: 'False', reason: 'SinkInvalid' })
  assert.match(scene.conditionOf(refused, 'SinksResolved')?.message ?? '', /has no selector/)
  assert.equal(scene.remotes().length, 0)
})
