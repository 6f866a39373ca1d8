import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import { gateReads } from '../../../src/controller/observe/gate-reads.ts'
import { lookUpServices } from '../../../src/controller/observe/look-up-services.ts'
import { resolveUrlOfService } from '../../../src/controller/sinks/resolve-service.ts'
import { openKubernetesClient } from '../../../src/kubernetes/open-client.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { systemClock } from '../../../src/clock.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { ApiDouble, answer, type SeenRequest } from '../../support/doubles/api-double.ts'
import { eventually } from '../../support/measures/eventually.ts'

const service = {
  metadata: { name: 'w', namespace: 'ml' },
  spec: { clusterIP: '10.96.0.7', selector: { app: 'w' }, ports: [{ port: 80 }] },
}

const aSlice = (index: number, managedBy: string) => ({
  metadata: { name: `w-${index}`, labels: { 'endpointslice.kubernetes.io/managed-by': managedBy } },
  endpoints: [{ addresses: ['10.244.1.5'], targetRef: { kind: 'Pod', namespace: 'ml', name: 'w-1' } }],
  ports: [{ port: 8080 }],
})
const ownController = 'endpointslice-controller.k8s.io'

/** Services of `total` slices each, of which the one at `foreign` is none of Kubernetes' own. */
async function aCluster(t: TestContext, { total, foreign = -1 }: { total: number; foreign?: number }) {
  const double = await ApiDouble.start()
  t.after(() => double.close())
  const listed = ({ query }: SeenRequest) => {
    const from = Number(query.get('continue') ?? 0)
    const to = Math.min(from + Number(query.get('limit')), total)
    const items = Array.from({ length: to - from }, (_, index) =>
      aSlice(from + index, from + index === foreign ? 'somebody' : ownController),
    )
    return { metadata: { resourceVersion: '7', ...(to < total && { continue: String(to) }) }, items }
  }
  double.otherwise((request) => answer(200, request.verb === 'list' ? listed(request) : service))
  const client = await openKubernetesClient({
    kubeconfigPath: await double.kubeconfig(),
    userAgent: 'tester/1.0',
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
    metrics: createMetrics(),
    qps: 10_000,
    burst: 10_000,
  })
  t.after(() => client.close())
  const lookUp = (names: string[], namespace = 'ml', through = client) =>
    lookUpServices(
      names.map((name) => ({ name, service: { name } })),
      [],
      {
        client: through,
        namespace,
        config: { clusterDomain: undefined, addressableNamespaces: [], allowForeignEndpoints: false },
      },
    )
  const lists = () => double.seen.filter(({ verb }) => verb === 'list')
  return { double, client, lookUp, lists }
}

async function problemOf(lookUp: Awaited<ReturnType<typeof aCluster>>['lookUp']): Promise<string> {
  const services = await lookUp(['w'])
  const asked = { name: 'w', namespace: 'ml', port: 80 }
  const destination = { type: 'http', url: 'http://w.ml.svc:80/', reach: 'cluster' } as const
  const lookups = {
    namespace: 'ml',
    clusterDomain: undefined,
    services,
    allowForeign: false,
    addressableNamespaces: [],
    natsPrefix: undefined,
    credentials: new Map(),
    kafkaPrefix: undefined,
    addressables: new Map(),
    known: [],
  }
  return JSON.stringify(resolveUrlOfService(destination, asked, { field: 'spec.sinks[0]', lookups }))
}

test('slices are read page by page, and a Service of ordinary size is used', async (t) => {
  const { lookUp, lists } = await aCluster(t, { total: 45 })
  assert.match(await problemOf(lookUp), /10\.96\.0\.7/)
  assert.equal(lists().length, 3)
  for (const { query } of lists()) assert.equal(query.get('limit'), '20')
})

test('what comes after a slice that decides is not read', async (t) => {
  const { lookUp, lists } = await aCluster(t, { total: 10_000, foreign: 30 })
  assert.match(await problemOf(lookUp), /EndpointSlice w-30/)
  assert.equal(lists().length, 2)
})

test('a Service of more slices than are looked at is refused by name', async (t) => {
  const { lookUp, lists } = await aCluster(t, { total: 10_000 })
  assert.match(await problemOf(lookUp), /Service ml\/w has more than 200 EndpointSlices/)
  assert.equal(lists().length, 10)
})

test('few are read at once however many are named, and another namespace comes in between', async (t) => {
  const { double, client, lookUp } = await aCluster(t, { total: 1 })
  const held: (() => void)[] = []
  double.otherwise((request) => (response) => {
    held.push(() =>
      answer(200, request.verb === 'list' ? { metadata: { resourceVersion: '7' }, items: [] } : service)(
        response,
        request,
      ),
    )
  })
  const reads = gateReads(client)
  const evil = lookUp(
    Array.from({ length: 16 }, (_, index) => `evil-${index}`),
    'evil',
    reads,
  )
  await eventually('some are asked', () => held.length === 4)
  const victim = lookUp(['worker'], 'ml', reads)
  await eventually('the victim too', () => held.length === 5)
  const isDone = Promise.all([evil, victim]).then(() => true)
  for (let released = 0; released < 34; released++) {
    await eventually('one more', () => held.length > 0)
    held.shift()?.()
  }
  assert.equal(await isDone, true)
})
