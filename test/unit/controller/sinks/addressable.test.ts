import assert from 'node:assert/strict'
import { test } from 'node:test'

import { listedKindOf, readAddressable } from '../../../../src/controller/sinks/addressable.ts'
import { KubernetesApiError, type ResourceKind } from '../../../../src/kubernetes/client.ts'

const listed = ['messaging.knative.dev/v1/Channel=channels', 'eventing.knative.dev/v1/Broker=brokers']
const ref = { apiVersion: 'eventing.knative.dev/v1', kind: 'Broker', name: 'default' }

test('a listed kind has the path of its plural', () => {
  assert.deepEqual(listedKindOf(ref, listed), {
    group: 'eventing.knative.dev',
    version: 'v1',
    kind: 'Broker',
    plural: 'brokers',
    namespaced: true,
  })
})

for (const other of [
  { ...ref, kind: 'Brok' },
  { ...ref, kind: 'BrokerX' },
  { ...ref, apiVersion: 'eventing.knative.dev/v2' },
  { ...ref, apiVersion: 'dev/v1' },
  { ...ref, apiVersion: 'v1', kind: 'Secret' },
]) {
  test(`${other.apiVersion} ${other.kind} is not listed, and nothing is read`, async () => {
    assert.equal(listedKindOf(other, listed), undefined)
    const client = { get: () => assert.fail('a read') }
    assert.deepEqual(await readAddressable(other, 'ml', { client, listed }), { state: 'unlisted' })
  })
}

function clientThat(get: (kind: ResourceKind, key: { namespace: string; name: string }) => Promise<unknown>) {
  return { get: get as never }
}

test('the object is read in the namespace of the webhook', async () => {
  const object = { metadata: { name: 'default' }, status: { address: { url: 'http://b.example/' } } }
  const asked: unknown[] = []
  const client = clientThat((kind, key) => {
    asked.push([kind.plural, key])
    return Promise.resolve(object)
  })
  assert.deepEqual(await readAddressable(ref, 'ml', { client, listed }), { state: 'found', value: object })
  assert.deepEqual(asked, [['brokers', { namespace: 'ml', name: 'default' }]])
})

const refusal = (status: number) =>
  clientThat(() => Promise.reject(new KubernetesApiError({ status, reason: 'Because', message: 'no' })))

test('what is not there, what may not be read and what could not be read are three different things', async () => {
  const absent = clientThat(() => Promise.resolve(undefined))
  assert.equal((await readAddressable(ref, 'ml', { client: absent, listed })).state, 'missing')
  assert.equal((await readAddressable(ref, 'ml', { client: refusal(403), listed })).state, 'forbidden')
  assert.equal((await readAddressable(ref, 'ml', { client: refusal(503), listed })).state, 'failed')
})
