import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { allCrds } from '../../../src/api/crd.ts'
import { apiVersion, geminiWebhookKind, kindName } from '../../../src/api/kind.ts'
import { systemClock } from '../../../src/clock.ts'
import { controllerSettings } from '../../../src/config/controller-config.ts'
import { parseSettings } from '../../../src/config/parse-settings.ts'
import type { KubernetesObject } from '../../../src/kubernetes/client.ts'
import { leaseKind } from '../../../src/kubernetes/lease-record.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { startController } from '../../../src/roles/controller.ts'
import { openCluster } from '../../../src/roles/open-cluster.ts'
import { startKubernetesApi } from '../../../playground/kubernetes-api/server.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { AlertBench } from '../../support/measures/promql/alert-bench.ts'
import { roleDeps } from '../../support/builders/role-deps.ts'

const namespace = 'gemini-webhook-system'
const leaseKey = { namespace, name: 'gwh-controller' }
const inHome = (name: string) => ({ namespace, name })

async function startCluster(t: TestContext) {
  const api = await startKubernetesApi({
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
    token: 'test-token',
    crds: allCrds(),
  })
  t.after(() => api.stop())
  const folder = mkdtempSync(join(tmpdir(), 'gwh-controller-role-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, api.kubeconfigYaml())
  const rate = { kubernetesQps: 1000, kubernetesBurst: 1000 }
  const client = await openCluster({ kubeconfig, ...rate }, 'test', roleDeps().deps)
  t.after(() => client.close())
  const namespaces = { group: '', version: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false }
  await client.create(namespaces, { metadata: { name: namespace } })
  return { client, kubeconfig }
}

async function startOne(t: TestContext, kubeconfig: string, hostname: string, more: readonly string[] = []) {
  const flags = [
    '--base-url=https://192.0.2.1',
    `--kubeconfig=${kubeconfig}`,
    '--health-host=127.0.0.1',
    '--health-port=0',
    '--lease-duration=3s',
    '--lease-renew-deadline=1500ms',
    '--lease-retry-period=200ms',
    '--call-timeout=1s',
    ...more,
  ]
  const parsed = parseSettings(controllerSettings, { flags, env: {} })
  assert.equal(parsed.type, 'config', parsed.type === 'errors' ? parsed.errors.join() : '')
  const { deps, messages } = roleDeps(hostname)
  const controller = await startController(parsed.config, deps)
  let stopped: Promise<void> | undefined
  const stop = () => (stopped ??= controller.stop())
  t.after(stop)
  const isLeading = () => messages.includes('controller.leading')
  const probe = async () => (await fetch(`http://127.0.0.1:${controller.healthPort}/readyz`)).status
  const scrape = async () => (await fetch(`http://127.0.0.1:${controller.healthPort}/metrics`)).text()
  return { ended: controller.ended, stop, isLeading, probe, scrape }
}

test('a controller without a Lease leads, and its scrape says so: no alert fires for want of a leader', async (t) => {
  const { kubeconfig } = await startCluster(t)
  const alone = await startOne(t, kubeconfig, 'controller-a', ['--no-leader-election'])
  await eventually('leading', alone.isLeading)
  const controller = await alone.scrape()
  assert.match(controller, /^gwh_leader 1$/m)
  const bench = new AlertBench()
  bench.hold({ controller }, 60)
  assert.ok(!bench.firing().includes('GwhNoLeader'))
})

test('of two controllers one works; when it stops it gives the Lease back and the other takes over at once', async (t) => {
  const { kubeconfig } = await startCluster(t)
  const first = await startOne(t, kubeconfig, 'controller-a')
  await eventually('the first leading', first.isLeading)
  const second = await startOne(t, kubeconfig, 'controller-b')
  await eventually('the leader ready', async () => (await first.probe()) === 200)
  assert.equal(await second.probe(), 200, 'standing in line is being ready: rollouts must not wait for the lead')
  assert.equal(second.isLeading(), false)

  const stoppedMs = performance.now()
  await first.stop()
  await eventually('the second leading', second.isLeading)
  assert.ok(performance.now() - stoppedMs < 3000, 'a Lease given back need not expire')
})

test('a controller whose Lease was taken ends, and says why', async (t) => {
  const { client, kubeconfig } = await startCluster(t)
  const controller = await startOne(t, kubeconfig, 'controller-a')
  await eventually('leading', controller.isLeading)
  type Lease = KubernetesObject & { spec: Record<string, unknown> }
  await eventually('the Lease taken by another', async () => {
    const lease = await client.get<Lease>(leaseKind, leaseKey)
    if (lease === undefined) return false
    const spec = { ...lease.spec, holderIdentity: 'somebody-else', leaseDurationSeconds: 60 }
    await client.replace(leaseKind, { ...lease, spec })
    return true
  })
  assert.match(await controller.ended, /^the Lease was lost/)
})

test('address, version and revision of the Gemini API are configuration', async (t) => {
  const { client, kubeconfig } = await startCluster(t)
  const asked: { url: string | undefined; revision: string | string[] | undefined }[] = []
  const google = createServer(({ url, headers }, response) => {
    asked.push({ url, revision: headers['api-revision'] })
    response.setHeader('content-type', 'application/json').end('{}')
  })
  google.listen(0, '127.0.0.1')
  t.after(() => google.close())
  await once(google, 'listening')
  const { port } = google.address() as AddressInfo
  await startOne(t, kubeconfig, 'controller-a', [
    `--google-base-url=http://127.0.0.1:${port}/gemini`,
    '--google-api-version=v1beta',
    '--google-api-revision=2026-05-20',
  ])
  const secrets = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true }
  const data = { 'api-key': Buffer.from('AIza-test').toString('base64') }
  await client.create<KubernetesObject & { data: object }>(secrets, { metadata: inHome('gemini-api-key'), data })
  await client.create<KubernetesObject & { spec: object }>(geminiWebhookKind, {
    apiVersion,
    kind: kindName,
    metadata: inHome('jobs'),
    spec: { apiKeySecretRef: { name: 'gemini-api-key' }, events: ['batch.succeeded'] },
  })
  const first = await eventually('the first call', () => asked[0])
  assert.deepEqual(first, { url: '/gemini/v1beta/webhooks?page_size=1000', revision: '2026-05-20' })
})
