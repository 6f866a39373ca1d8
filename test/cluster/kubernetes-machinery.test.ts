import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { systemClock } from '../../src/clock.ts'
import {
  KubernetesApiError,
  type KubernetesClient,
  type KubernetesObject,
  type ResourceKind,
} from '../../src/kubernetes/client.ts'
import { createEventRecorder } from '../../src/kubernetes/event-recorder.ts'
import { createLeaseElector } from '../../src/kubernetes/lease-elector.ts'
import { leaseKind, type Lease } from '../../src/kubernetes/lease-record.ts'
import { openKubernetesClient } from '../../src/kubernetes/open-client.ts'
import { Reflector, type ReflectorOptions } from '../../src/kubernetes/reflector.ts'
import { silentLogger } from '../../src/observability/logger.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { eventually } from '../support/measures/eventually.ts'
import { withRealApiServer } from '../support/processes/real-api-server.ts'

interface ConfigMap extends KubernetesObject {
  data?: Record<string, string>
}

const core = (kind: string, plural: string): ResourceKind => ({
  group: '',
  version: 'v1',
  kind,
  plural,
  namespaced: kind !== 'Namespace',
})
const configMap = core('ConfigMap', 'configmaps')
const secret = core('Secret', 'secrets')
const role: ResourceKind = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'Role',
  plural: 'roles',
  namespaced: true,
}
const deployment: ResourceKind = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
}

const shared = { clock: systemClock, random: Math.random, logger: silentLogger }

function openAs(kubeconfigPath: string): Promise<KubernetesClient> {
  return openKubernetesClient({
    ...shared,
    kubeconfigPath,
    userAgent: 'machinery-test/1.0',
    metrics: createMetrics(),
    qps: 1_000,
    burst: 1_000,
  })
}

async function rejected(promise: Promise<unknown>): Promise<KubernetesApiError> {
  const error = await promise.then(
    () => assert.fail('should have been refused'),
    (error: unknown) => error,
  )
  assert.ok(error instanceof KubernetesApiError, String(error))
  return error
}

function reflect<T extends KubernetesObject>(
  options: Pick<ReflectorOptions<T>, 'client' | 'kind'> & Partial<ReflectorOptions<T>>,
): Reflector<T> {
  return new Reflector<T>({ ...shared, metrics: createMetrics(), ...options })
}

function aRole(namespace: string, name: string, rules: unknown[]): KubernetesObject {
  return { metadata: { namespace, name }, rules } as KubernetesObject
}

await withRealApiServer('the Kubernetes machinery on a real API server', (server) => {
  const clients: KubernetesClient[] = []
  const open = async (kubeconfigPath: string) => {
    const client = await openAs(kubeconfigPath)
    clients.push(client)
    return client
  }
  let admin: KubernetesClient
  before(async () => {
    admin = await open(server().kubeconfigPath)
    for (const name of ['one', 'two', 'many'])
      await admin.create(core('Namespace', 'namespaces'), { metadata: { name } })
  })
  after(() => Promise.all(clients.map((client) => client.close())))

  test('every verb does what it says', async () => {
    const key = { namespace: 'one', name: 'verbs' }
    assert.equal(await admin.get(configMap, key), undefined)
    const created = await admin.create<ConfigMap>(configMap, { metadata: { ...key }, data: { a: '1' } })
    assert.equal((await rejected(admin.create<ConfigMap>(configMap, { metadata: { ...key } }))).reason, 'AlreadyExists')
    const replaced = await admin.replace<ConfigMap>(configMap, { ...created, data: { a: '2' } })
    const lost = await rejected(admin.replace<ConfigMap>(configMap, { ...created, data: { a: '3' } }))
    assert.deepEqual([lost.status, lost.reason], [409, 'Conflict'])
    assert.match(lost.message, /^update configmaps one\/verbs: the API server answered 409 Conflict: /)
    await admin.patch<ConfigMap>(configMap, key, { data: { b: '1' } }, { type: 'merge' })
    const without = await admin.patch<ConfigMap>(configMap, key, { data: { a: null } }, { type: 'merge' })
    assert.deepEqual(without.data, { b: '1' })
    const wrongUid = rejected(admin.delete(configMap, key, { preconditions: { uid: 'another' } }))
    assert.equal((await wrongUid).status, 409)
    await admin.delete(configMap, key, { preconditions: { uid: replaced.metadata.uid ?? '' } })
    assert.equal((await rejected(admin.delete(configMap, key))).status, 404)
    assert.ok(Math.abs(admin.serverClockSkewMs ?? Infinity) < 2_000)
  })

  test('a status is written by its own path and leaves the spec alone', async () => {
    const labels = { app: 'x' }
    const template = { metadata: { labels }, spec: { containers: [{ name: 'x', image: 'x' }] } }
    const object = {
      metadata: { namespace: 'one', name: 'd' },
      spec: { replicas: 1, selector: { matchLabels: labels }, template },
    }
    const created = await admin.create(deployment, object)
    const changed = { ...created, spec: { ...created.spec, replicas: 5 }, status: { observedGeneration: 7 } }
    const written = await admin.replaceStatus(deployment, changed)
    assert.equal(written.spec.replicas, 1)
    assert.equal(written.status.observedGeneration, 7)
  })

  test('Secrets watched as metadata only arrive without their data', async () => {
    const changes: string[] = []
    const reflector = reflect({
      client: admin,
      kind: secret,
      namespaces: ['one'],
      metadataOnly: true,
      onChange: ({ type, object }) => changes.push(`${type} ${JSON.stringify(object)}`),
    })
    await admin.create(secret, {
      metadata: { namespace: 'one', name: 'before' },
      stringData: { key: 'hunter2' },
    } as KubernetesObject)
    reflector.start()
    await reflector.whenSynced()
    await admin.create(secret, {
      metadata: { namespace: 'one', name: 'after' },
      stringData: { key: 'hunter2' },
    } as KubernetesObject)
    await eventually('both Secrets', () => reflector.store.size === 2)
    await admin.delete(secret, { namespace: 'one', name: 'after' })
    await eventually('the delete', () => reflector.store.size === 1)
    await reflector.stop()
    assert.equal(changes.length, 3)
    assert.doesNotMatch(changes.join(), /"data"|hunter2|aHVudGVyMg/)
  })

  test('a list of several pages and the watch after it miss nothing, while others write', async () => {
    const reflector = reflect<ConfigMap>({ client: admin, kind: configMap, namespaces: ['many'] })
    const create = (index: number) =>
      admin.create<ConfigMap>(configMap, { metadata: { namespace: 'many', name: `c-${index}` }, data: { v: '1' } })
    const batch = async (from: number, to: number) => {
      for (let start = from; start < to; start += 20) {
        await Promise.all(Array.from({ length: Math.min(20, to - start) }, (_, offset) => create(start + offset)))
      }
    }
    await batch(0, 600)
    const writing = batch(600, 800)
    reflector.start()
    await reflector.whenSynced()
    await writing
    await admin.patch(configMap, { namespace: 'many', name: 'c-0' }, { data: { v: '2' } }, { type: 'merge' })
    await eventually('all of them', () => reflector.store.get({ namespace: 'many', name: 'c-0' })?.data?.['v'] === '2')
    assert.equal(reflector.store.size, 800)
    assert.equal(reflector.store.get({ namespace: 'many', name: 'c-0' })?.metadata.managedFields, undefined)
    await reflector.stop()
  })

  test('with Roles only, one readable namespace syncs and the other is named', async () => {
    await admin.create(
      role,
      aRole('one', 'reader', [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list', 'watch'] }]),
    )
    await bind('one', 'reader', 'reader-user')
    const reflector = reflect({
      client: await open(await server().kubeconfigFor('reader-user')),
      kind: configMap,
      namespaces: ['one', 'two'],
    })
    reflector.start()
    await eventually('the sync', () => reflector.hasSynced('one'))
    await reflector.whenSynced()
    assert.deepEqual(reflector.unsynced(), [{ namespace: 'two', reason: 'Forbidden' }])
    await reflector.stop()
  })

  test('one named Secret can be watched under a Role that names it, from before it exists', async () => {
    const rule = { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch'], resourceNames: ['named'] }
    await admin.create(role, aRole('two', 'named', [rule]))
    await bind('two', 'named', 'named-user')
    const client = await open(await server().kubeconfigFor('named-user'))
    const reflector = reflect({ client, kind: secret, namespaces: ['two'], fieldSelector: 'metadata.name=named' })
    reflector.start()
    await reflector.whenSynced()
    assert.equal(reflector.store.size, 0)
    await admin.create(secret, { metadata: { namespace: 'two', name: 'named' } })
    await eventually('the Secret', () => reflector.store.size === 1)
    assert.equal((await rejected(client.list(secret, { namespace: 'two' }))).status, 403)
    await reflector.stop()
  })

  test('two candidates for one Lease: one leads, hands over on stop, and the record is sound', async () => {
    const key = { namespace: 'one', name: 'leader' }
    const leading: string[] = []
    const candidate = (identity: string) => {
      const stop = new AbortController()
      const elector = createLeaseElector({
        ...shared,
        client: admin,
        key,
        identity,
        metrics: createMetrics(),
        leaseDurationMs: 6_000,
        renewDeadlineMs: 4_000,
        retryPeriodMs: 200,
        onStartedLeading: (signal) => {
          leading.push(identity)
          return new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
        },
      })
      return { stop: () => stop.abort(), ended: elector.run(stop.signal) }
    }
    const [a, b] = [candidate('a'), candidate('b')]
    await eventually('a leader', () => leading.length === 1)
    const first = await admin.get<Lease>(leaseKind, key)
    await eventually('a renewal', async () => {
      const now = await admin.get<Lease>(leaseKind, key)
      return now?.spec?.renewTime !== first?.spec?.renewTime
    })
    assert.equal(leading.length, 1)
    const [leader, other] = leading[0] === 'a' ? [a, b] : [b, a]
    leader.stop()
    await leader.ended
    await eventually('the other to lead', () => leading.length === 2, { timeoutMs: 3_000 })
    assert.equal((await admin.get<Lease>(leaseKind, key))?.spec?.leaseTransitions, 2 - 1)
    other.stop()
    await other.ended
    assert.equal((await admin.get<Lease>(leaseKind, key))?.spec?.holderIdentity, '')
  })

  test('a recorded event shows in kubectl describe, repeats as a count', async () => {
    const key = { namespace: 'one', name: 'described' }
    const { metadata } = await admin.create<KubernetesObject>(configMap, { metadata: { ...key } })
    const recorder = createEventRecorder({
      ...shared,
      client: admin,
      controller: 'example.io/machinery-test',
      instance: 'pod-1',
      metrics: createMetrics(),
    })
    const regarding = { apiVersion: 'v1', kind: 'ConfigMap', ...key, uid: metadata.uid ?? '' }
    const note = `It happened, and this is a long story: ${'ü'.repeat(2_000)}`
    const record = () => recorder.record({ regarding, type: 'Warning', reason: 'Happened', action: 'Trying', note })
    record()
    await recorder.flush()
    record()
    record()
    await recorder.close()
    const { stdout } = await server().kubectl(['describe', 'configmap', key.name, '-n', key.namespace])
    assert.match(stdout, /Warning\s+Happened\s+.*\(x3 over .*It happened/)
  })

  async function bind(namespace: string, name: string, user: string): Promise<void> {
    const kind: ResourceKind = { ...role, kind: 'RoleBinding', plural: 'rolebindings' }
    const binding = {
      metadata: { namespace, name },
      roleRef: { apiGroup: role.group, kind: 'Role', name },
      subjects: [{ apiGroup: role.group, kind: 'User', name: user }],
    }
    await admin.create(kind, binding)
  }
})
