import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'

import { parse } from 'yaml'

import type { KubernetesClient, KubernetesObject } from '../../../src/kubernetes/client.ts'
import { crdKind } from '../../support/builders/crd-kind.ts'
import { addressBroker, brokerKind, brokerRef, createBroker, listedBroker } from '../../support/processes/brokers.ts'
import { startControllerFixture, tenant } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'

const name = 'batch-events'

async function installBrokers(client: KubernetesClient): Promise<void> {
  const definition: unknown = parse(readFileSync('test/fixtures/crds/knative-brokers.yaml', 'utf8'))
  await client.create(crdKind, definition as KubernetesObject)
}

async function aScene(t: TestContext, config: { addressableKinds?: string[] } = {}) {
  const fixture = await startControllerFixture(t, {
    config: { addressableKinds: [listedBroker], sinkRecheckMs: 100, ...config },
  })
  await installBrokers(fixture.client)
  await fixture.putApiKey()
  await fixture.startController()
  await fixture.apply(name, { sinks: [{ name: 'broker', ref: brokerRef }] })
  const entry = async () => {
    const webhook = await fixture.get(name)
    return webhook && fixture.keyringEntry(webhook.metadata.uid)
  }
  const untilAddress = (url: string) =>
    eventually(`receivers know ${url}`, async () => {
      const destination = (await entry())?.sinks[0]?.destination
      return destination?.type === 'http' && destination.url === url
    })
  return { ...fixture, entry, untilAddress }
}

test('a Broker that comes, gets its address, moves and goes: receivers follow, and hold deliveries while there is none', async (t) => {
  const scene = await aScene(t)
  const waiting = await scene.untilCondition(name, 'SinksResolved', { status: 'False', reason: 'SinkNotReady' })
  assert.deepEqual(waiting.status?.sinks, [{ name: 'broker', ready: false, reason: 'SinkNotReady' }])
  // Registered all the same: its events are kept.
  await scene.untilCondition(name, 'Registered', { status: 'True' })
  await eventually('receivers hold', async () => (await scene.entry())?.heldSinks?.includes('broker'))

  await createBroker(scene.client)
  const [first, second] = ['http://first.knative.example/ml/default', 'http://second.knative.example/ml/default']
  await addressBroker(scene.client, first)
  const ready = await scene.untilCondition(name, 'Ready', { status: 'True' })
  assert.deepEqual(ready.status?.sinks, [{ name: 'broker', ready: true, address: first }])
  await scene.untilAddress(first)
  assert.equal((await scene.entry())?.heldSinks, undefined)

  await addressBroker(scene.client, second)
  await scene.untilAddress(second)

  await scene.client.delete(brokerKind, { namespace: tenant, name: brokerRef.name })
  await scene.untilCondition(name, 'SinksResolved', { status: 'False', reason: 'SinkNotReady' })
  await eventually('receivers hold again', async () => (await scene.entry())?.heldSinks?.includes('broker'))
  assert.equal(scene.calls().counts.create.received, 1)
})

test('a kind that the installation does not list is refused, and told how to list it', async (t) => {
  const scene = await aScene(t, { addressableKinds: [] })
  const refused = await scene.untilCondition(name, 'SinksResolved', { status: 'False', reason: 'SinkUnsupported' })
  assert.match(
    scene.conditionOf(refused, 'SinksResolved')?.message ?? '',
    /spec\.sinks\[broker\]\.ref: .*add eventing\.knative\.dev\/v1\/Broker=PLURAL to its addressableKinds/,
  )
})
