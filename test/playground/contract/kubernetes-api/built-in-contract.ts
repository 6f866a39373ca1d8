import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { mergePatch, strategicMergePatch, type ApiClient } from './api-under-test.ts'
import { assertStatus } from './objects-contract.ts'

const core = '/api/v1/namespaces/default'
const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases'

export function builtInContract(client: () => ApiClient): void {
  describe('Services and ServiceAccounts', () => {
    test('a Service gets its defaults, needs a port, and its ports merge by number', async () => {
      const name = client().newName('svc')
      const spec = { selector: { a: 'b' }, ports: [{ port: 80 }] }
      const service = { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec }
      const { body } = await client().call('POST', `${core}/services`, service)
      assert.equal(body.spec?.['type'], 'ClusterIP')
      assert.deepEqual(body.spec['ports'], [{ port: 80, protocol: 'TCP', targetPort: 80 }])
      assert.match(String(body.spec['clusterIP']), /^10\./)
      const ports = [
        { port: 80, targetPort: 'http', name: 'web' },
        { port: 81, name: 'more' },
      ]
      const patched = await client().call('PATCH', `${core}/services/${name}`, { spec: { ports } }, strategicMergePatch)
      assert.deepEqual(patched.body.spec?.['ports'], [
        { name: 'web', port: 80, protocol: 'TCP', targetPort: 'http' },
        { name: 'more', port: 81, protocol: 'TCP', targetPort: 81 },
      ])
      const portless = { ...service, metadata: { name: 'portless' }, spec: { selector: { a: 'b' } } }
      const refused = await client().call('POST', `${core}/services`, portless)
      assertStatus(refused, 422, 'Invalid', 'Service "portless" is invalid: spec.ports: Required value')
      const deleted = await client().call('DELETE', `${core}/services/${name}`)
      assert.deepEqual([deleted.status, deleted.body.kind], [200, 'Service'])
    })

    test('a ServiceAccount is stored', async () => {
      const name = client().newName('sa')
      const object = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } }
      assert.equal((await client().call('POST', `${core}/serviceaccounts`, object)).status, 201)
      assert.equal((await client().call('GET', `${core}/serviceaccounts/${name}`)).body.kind, 'ServiceAccount')
    })
  })

  describe('Pods', () => {
    const spec = {
      containers: [{ name: 'main', image: 'example', ports: [{ containerPort: 8081, hostPort: 48_081 }] }],
    }

    test('are Pending until their status says something else, which only its subresource may', async () => {
      const name = client().newName('pod')
      const metadata = { name, labels: { pod: name } }
      const sent = { apiVersion: 'v1', kind: 'Pod', metadata, spec, status: { phase: 'Running' } }
      const { status, body, text } = await client().call('POST', `${core}/pods`, sent)
      assert.equal(status, 201, text)
      assert.equal((body.status as { phase?: string }).phase, 'Pending')
      const conditions = [{ type: 'Ready', status: 'True' }]
      const change = { status: { phase: 'Running', conditions } }
      const patched = await client().call('PATCH', `${core}/pods/${name}/status`, change, mergePatch)
      assert.equal((patched.body.status as { phase?: string }).phase, 'Running')
      const found = await client().call('GET', `${core}/pods?labelSelector=pod%3D${name}`)
      assert.equal((found.body['items'] as unknown[]).length, 1)
      const at = `${core}/pods?fieldSelector=${encodeURIComponent(`metadata.name=${name},status.phase=Pending`)}`
      assert.deepEqual((await client().call('GET', at)).body['items'], [])
      assert.equal((await client().call('DELETE', `${core}/pods/${name}`)).body.kind, 'Pod')
    })

    test('need a container', async () => {
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'empty' }, spec: { containers: [] } }
      const refused = await client().call('POST', `${core}/pods`, pod)
      assertStatus(refused, 422, 'Invalid', 'Pod "empty" is invalid: spec.containers: Required value')
    })
  })

  test('an administrator is told that everything is allowed', async () => {
    const spec = { resourceAttributes: { verb: 'create', group: '', resource: 'pods', subresource: 'portforward' } }
    const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', metadata: {}, spec }
    const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
    const { status, body } = await client().call('POST', path, review)
    assert.equal(status, 201)
    assert.equal((body.status as { allowed?: boolean }).allowed, true)
  })

  describe('Leases', () => {
    test('keep micro-times as they are written, and take no others', async () => {
      const name = client().newName('lease')
      const spec = {
        holderIdentity: 'me',
        leaseDurationSeconds: 15,
        renewTime: '2026-11-21T05:00:00.123456Z',
        leaseTransitions: 0,
      }
      const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name }, spec }
      const { status, body } = await client().call('POST', leases, lease)
      assert.deepEqual([status, body.spec], [201, spec])
      const patch = (change: object) => client().call('PATCH', `${leases}/${name}`, { spec: change }, mergePatch)
      assert.equal((await patch({ renewTime: '2026-11-21T05:00:00.123Z' })).status, 422)
      assertStatus(
        await patch({ leaseDurationSeconds: 0 }),
        422,
        'Invalid',
        `Lease.coordination.k8s.io "${name}" is invalid: spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0`,
      )
      const stale = await client().call('PUT', `${leases}/${name}`, {
        ...body,
        spec: { ...spec, holderIdentity: 'you' },
      })
      assert.equal(stale.status, 200)
      assert.equal((await client().call('PUT', `${leases}/${name}`, body)).status, 409, 'a lost race')
    })
  })

  describe('Namespaces', () => {
    test('carry their name as a label and are Active', async () => {
      const name = client().newName('space')
      const { body } = await client().call('POST', '/api/v1/namespaces', {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name },
      })
      assert.equal(body.metadata?.labels?.['kubernetes.io/metadata.name'], name)
      assert.deepEqual(body.status, { phase: 'Active' })
      const dotted = await client().call('POST', '/api/v1/namespaces', { metadata: { name: 'a.b' } })
      assertStatus(
        dotted,
        422,
        'Invalid',
        'Namespace "a.b" is invalid: metadata.name: Invalid value: "a.b": must not contain dots',
      )
    })

    test('take nothing new while they are being deleted', async () => {
      const name = client().newName('doomed')
      await client().call('POST', '/api/v1/namespaces', { metadata: { name } })
      const held = { metadata: { name: 'held', finalizers: ['example.com/held'] } }
      await client().call('POST', `/api/v1/namespaces/${name}/configmaps`, held)
      const { status, body } = await client().call('DELETE', `/api/v1/namespaces/${name}`)
      assert.equal(status, 200)
      assert.ok(body.metadata?.deletionTimestamp)
      assert.equal((body.status as { phase?: string }).phase, 'Terminating')
      const refused = await client().call('POST', `/api/v1/namespaces/${name}/configmaps`, {
        metadata: { name: 'late' },
      })
      assertStatus(
        refused,
        403,
        'Forbidden',
        `configmaps "late" is forbidden: unable to create new content in namespace ${name} because it is being terminated`,
      )
      assert.equal(refused.body.details?.causes?.[0]?.reason, 'NamespaceTerminating')
      assert.equal((await client().call('GET', `/api/v1/namespaces/${name}/configmaps/held`)).status, 200)
      await client().call(
        'PATCH',
        `/api/v1/namespaces/${name}/configmaps/held`,
        { metadata: { finalizers: null } },
        mergePatch,
      )
    })

    test('the default one stays', async () => {
      const answer = await client().call('DELETE', '/api/v1/namespaces/default?dryRun=All')
      assertStatus(answer, 403, 'Forbidden', 'namespaces "default" is forbidden: this namespace may not be deleted')
    })
  })
}
