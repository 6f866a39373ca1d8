import assert from 'node:assert/strict'
import { test } from 'node:test'

import { loadInstallation } from '../../../../src/controller/installation/installation.ts'
import { tokenOf } from '../../../../src/controller/facts/ownership.ts'
import type { KubernetesClient, KubernetesObject, ResourceKind } from '../../../../src/kubernetes/client.ts'
import { scripted } from '../../../support/worlds/a-pass.ts'

interface Cluster {
  namespaceUid?: string
  stored?: Record<string, string>
}

/** A cluster with nothing but the operator's namespace and the ConfigMap. */
function load(cluster: Cluster, options: { configuredId?: string; idsInUse?: string[] } = {}) {
  const created: (KubernetesObject & { data?: Record<string, string> })[] = []
  const get = async ({ kind }: ResourceKind) => {
    if (kind === 'Namespace') return cluster.namespaceUid && { metadata: { name: 'gwh', uid: cluster.namespaceUid } }
    return cluster.stored && { metadata: { name: 'gwh-installation' }, data: cluster.stored }
  }
  const create = async (_kind: ResourceKind, object: KubernetesObject) => created.push(object)
  const patched: unknown[] = []
  const patch = async (_kind: ResourceKind, _key: unknown, body: unknown) => patched.push(body)
  const client = scripted<KubernetesClient>('client', { get, create, patch } as unknown as Partial<KubernetesClient>)
  const view = loadInstallation({
    client,
    namespace: 'gwh',
    configuredId: options.configuredId,
    mintId: () => 'minted-1',
    idsInUse: () => new Set(options.idsInUse ?? []),
  })
  return view.then((installation) => ({ installation, created, patched }))
}

const token = tokenOf('here')

test('a new cluster gets an id of its own, kept with the uid of the namespace', async () => {
  const { installation, created } = await load({ namespaceUid: 'here' })
  assert.deepEqual(installation, { state: 'confirmed', id: 'minted-1', token, formerTokens: [] })
  assert.deepEqual(created[0]?.data, { id: 'minted-1', namespaceUid: 'here', token })
})

test('a configured id is taken, also by a cluster that was rebuilt and whose objects carry it', async () => {
  const { installation, created } = await load(
    { namespaceUid: 'here' },
    { configuredId: 'prod-eu-1', idsInUse: ['prod-eu-1'] },
  )
  assert.deepEqual(installation, { state: 'confirmed', id: 'prod-eu-1', token, formerTokens: [] })
  assert.equal(created.length, 1)
})

test('what a version without tokens wrote gets one', async () => {
  const { installation, patched } = await load({ namespaceUid: 'here', stored: { id: 'prod', namespaceUid: 'here' } })
  assert.deepEqual(installation, { state: 'confirmed', id: 'prod', token, formerTokens: [] })
  assert.deepEqual(patched, [{ data: { token } }])
})

test('who confirms a restored cluster confirms the token of the former one as well, which is kept beside the new', async () => {
  const stored = { id: 'prod', namespaceUid: 'here', token: '11111111', formerTokens: '22222222' }
  const { installation, patched } = await load({ namespaceUid: 'here', stored })
  assert.deepEqual(installation, { state: 'confirmed', id: 'prod', token, formerTokens: ['11111111', '22222222'] })
  assert.deepEqual(patched, [{ data: { token, formerTokens: '11111111,22222222' } }])
})

test('what is as it should be is not written again', async () => {
  const stored = { id: 'prod', namespaceUid: 'here', token, formerTokens: '11111111' }
  const { installation, patched } = await load({ namespaceUid: 'here', stored })
  assert.deepEqual(installation, { state: 'confirmed', id: 'prod', token, formerTokens: ['11111111'] })
  assert.deepEqual(patched, [])
})

const refused: { name: string; cluster: Cluster; options?: Parameters<typeof load>[1]; says: RegExp }[] = [
  {
    name: 'no id is minted while an object’s status carries one',
    cluster: { namespaceUid: 'here' },
    options: { idsInUse: ['former'] },
    says: /objects carry installation id former: set installationId/,
  },
  {
    name: 'an id that was made in another cluster waits for a human',
    cluster: { namespaceUid: 'here', stored: { id: 'prod', namespaceUid: 'there' } },
    says: /set namespaceUid to here/,
  },
  {
    name: 'a configured id does not confirm a clone',
    cluster: { namespaceUid: 'here', stored: { id: 'prod-eu-1', namespaceUid: 'there' } },
    options: { configuredId: 'prod-eu-1' },
    says: /was made in another cluster/,
  },
  {
    name: 'an id that the configuration contradicts',
    cluster: { namespaceUid: 'here', stored: { id: 'prod', namespaceUid: 'here' } },
    options: { configuredId: 'prod-eu-1' },
    says: /says id prod, the configuration says prod-eu-1/,
  },
  {
    name: 'a ConfigMap without an id',
    cluster: { namespaceUid: 'here', stored: { namespaceUid: 'here' } },
    says: /has no id/,
  },
  { name: 'a namespace that does not exist', cluster: {}, says: /namespace gwh.* does not exist/ },
]
for (const { name, cluster, options, says } of refused) {
  test(`unconfirmed, and nothing is written: ${name}`, async () => {
    const { installation, created, patched } = await load(cluster, options)
    assert.equal(installation.state, 'unconfirmed')
    assert.match(installation.message, says)
    assert.equal(created.length + patched.length, 0)
  })
}
