import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'

import { chartPath } from '../../tools/generate-chart.ts'
import { findHelms } from '../../tools/helm.ts'
import { ask, helm, kubectl, soon } from '../support/cluster-commands.ts'

/**
 * The whole life of an installation on a real node, by the chart, with both majors of Helm where both are there. Needs a cluster that KUBECONFIG names, on
 * whose nodes the image GWH_E2E_IMAGE can be run, kubectl and Helm. It makes and deletes namespaces, the CRD and cluster roles of its own.
 */
const image = process.env['GWH_E2E_IMAGE']
const helms = findHelms(process.env)
const missing = [
  process.env['KUBECONFIG'] === undefined && 'KUBECONFIG',
  image === undefined && 'GWH_E2E_IMAGE',
  helms.size === 0 && 'helm on PATH or in HELM_BIN_DIR',
].filter((name) => name !== false)
if (missing.length > 0 && process.env['GWH_REQUIRE_E2E'] === '1')
  throw new Error(`GWH_REQUIRE_E2E=1, but there is no ${missing.join(', no ')}`)

const system = 'gemini-webhook-system'
const team = 'gwh-e2e'
const simulator = { namespace: 'gwh-e2e-google', name: 'simulator', port: 8080 }
const worker = { namespace: team, name: 'batch-worker', port: 80 }
const release = 'gemini-webhook-operator'
const newest = helms.get(4) ?? helms.get(3) ?? ''
const oldest = helms.get(3) ?? helms.get(4) ?? ''

interface Delivery {
  eventId: string
  eventType: string
  webhookId: string
  state: string
  attempts: { status?: number }[]
}
interface Remote {
  id: string
  name?: string
  state: string
}
const deliveries = () => ask<Delivery[]>('GET', simulator, '_admin/deliveries')
const remotes = () => ask<Remote[]>('GET', simulator, '_admin/webhooks')
const received = async () => (await ask<{ id: string; type: string }[]>('GET', worker, 'events')).map(({ id }) => id)
const finishBatch = () =>
  ask<unknown>('POST', simulator, '_admin/jobs', { project: 'sandbox', type: 'batch', outcome: 'succeeded' })
const field = (path: string, ...what: string[]) =>
  kubectl(['--namespace', team, 'get', ...what, '--output', `jsonpath={${path}}`])

function install(program: string, ...more: string[]): Promise<string> {
  const [repository, tag = ''] = (image ?? '').split(/:(?=[^:/]+$)/)
  const values = {
    baseUrl: 'https://hooks.example.com/gemini',
    image: { repository, tag },
    networkPolicy: { controllerEgressPorts: [443, 6443, simulator.port] },
    controller: {
      replicas: 2,
      config: {
        googleBaseUrl: `http://${simulator.name}.${simulator.namespace}.svc:${simulator.port}`,
        resyncInterval: '10s',
        confirmInterval: '1s',
        settleExtra: '3s',
        callTimeout: '3s',
      },
    },
    receiver: { config: { drain: '2s', shutdownGrace: '2s' }, persistence: { size: '1Gi' } },
  }
  const settings = Object.entries(values).map(([name, value]) => `--set-json=${name}=${JSON.stringify(value)}`)
  return helm(program, [
    'upgrade',
    '--install',
    release,
    chartPath,
    '--namespace',
    system,
    ...settings,
    ...more,
    '--wait',
    '--timeout=3m',
  ])
}

/** Lets the repetitions that the service still owes come at once. */
const hurryRetries = () => ask<unknown>('POST', simulator, '_admin/clock/advance', { ms: 60_000 })

/** What the service sent for finished batches to the webhook with the worker. Test deliveries are answered and not passed on. */
async function batchDeliveries(): Promise<Delivery[]> {
  const id = await field('.status.webhook.id', 'gwh', 'batch-events')
  return (await deliveries()).filter(({ webhookId, eventType }) => webhookId === id && eventType.startsWith('batch.'))
}

/** Waits until the worker has every such event, and the service an acknowledgement for each; answers how many. */
function everythingArrived(): Promise<number> {
  return soon('all deliveries at the worker', async () => {
    const sent = await batchDeliveries()
    if (sent.some(({ state }) => state === 'pending')) await hurryRetries()
    const there = new Set(await received())
    return sent.every(({ state, eventId }) => state === 'delivered' && there.has(eventId)) && sent.length
  })
}

describe('an installation on a real node', { skip: missing.length > 0 && `needs ${missing.join(', ')}` }, () => {
  before(async () => {
    for (const namespace of [system, team, simulator.namespace]) {
      await kubectl(['create', 'namespace', namespace])
      await kubectl(['label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted'])
    }
    await kubectl(
      ['apply', '-f', '-'],
      readFileSync('test/e2e/fixtures.yaml', 'utf8').replaceAll('${IMAGE}', image ?? ''),
    )
    await kubectl(['--namespace', simulator.namespace, 'rollout', 'status', 'deployment/simulator', '--timeout=2m'])
    await kubectl(['--namespace', team, 'rollout', 'status', 'deployment/batch-worker', '--timeout=2m'])
    await ask('PUT', simulator, '_admin/connect-to', { '*': `http://gwh-receiver.${system}.svc` })
  })
  after(async () => {
    await kubectl(['--namespace', team, 'delete', 'geminiwebhooks', '--all', '--timeout=30s']).catch(() => '')
    await helm(newest, ['uninstall', release, '--namespace', system]).catch(() => '')
    await remove('customresourcedefinition', 'geminiwebhooks.webhooks.gemini-operator.io')
    await remove('namespace', system, team, simulator.namespace)
  })

  test('helm installs it where Pod Security "restricted" is enforced, and "helm test" passes', async () => {
    await install(newest)
    await helm(newest, ['test', release, '--namespace', system])
  })

  test('the sample becomes Ready: registered, and a signed request came back through the endpoint', async () => {
    await kubectl(['--namespace', team, 'apply', '-f', 'deploy/samples/worker-and-events.yaml'])
    await kubectl(['--namespace', team, 'wait', '--for=condition=Ready', 'gwh/batch-events', '--timeout=2m'])
    assert.deepEqual(
      (await remotes()).map(({ state }) => state),
      ['enabled'],
    )
    const answered = (await deliveries()).filter(({ state }) => state === 'delivered')
    assert.ok(answered.length > 0, 'Ready must have been proven by a delivery')
  })

  test('a finished batch reaches the worker pod and shows as an Event', async () => {
    await finishBatch()
    assert.equal(await everythingArrived(), 1)
    await soon('the Event', async () =>
      (await field('.items[*].reason', 'events.events.k8s.io')).includes('BatchSucceeded'),
    )
  })

  test('the cluster and Git do not differ after all of that', async () => {
    await kubectl(['--namespace', team, 'diff', '-f', 'deploy/samples/worker-and-events.yaml'])
    const managers = await kubectl([
      '--namespace',
      team,
      'get',
      'gwh',
      'batch-events',
      '--show-managed-fields',
      '--output',
      'json',
    ])
    const { metadata } = JSON.parse(managers) as {
      metadata: { managedFields: { manager: string; fieldsV1: object }[] }
    }
    for (const { manager, fieldsV1 } of metadata.managedFields) {
      if (manager.startsWith('gwh')) assert.ok(!('f:spec' in fieldsV1), 'the controller owns a field of the spec')
    }
  })

  test('a rotation asked for in the manifest changes the secret, and deliveries go on', async () => {
    const hint = await field('.status.signingSecret.hint', 'gwh', 'batch-events')
    await kubectl([
      '--namespace',
      team,
      'patch',
      'gwh',
      'batch-events',
      '--type=merge',
      '-p',
      '{"spec":{"rotation":{"request":{"id":"e2e"}}}}',
    ])
    await soon('the rotation', async () =>
      (await field('.status.rotation.handledRequestIDs', 'gwh', 'batch-events')).includes('e2e'),
    )
    assert.notEqual(await field('.status.signingSecret.hint', 'gwh', 'batch-events'), hint)
    await kubectl(['--namespace', team, 'wait', '--for=condition=Ready', 'gwh/batch-events', '--timeout=2m'])
    await finishBatch()
    assert.equal(await everythingArrived(), 2)
  })

  test('the receiver pod is deleted under load, and nothing is lost', async (t) => {
    await Promise.all([finishBatches(60), replaceReceiver()])
    const arrived = await everythingArrived()
    const repeated = (await batchDeliveries()).filter(({ attempts }) => attempts.length > 1).length
    t.diagnostic(`${arrived} events, ${repeated} of them asked for more than once, none lost`)
    assert.equal(arrived, 62)
  })

  test('the leading controller is deleted, and the other takes over', async () => {
    const holder = await kubectl([
      '--namespace',
      system,
      'get',
      'lease',
      'gwh-controller',
      '--output',
      'jsonpath={.spec.holderIdentity}',
    ])
    const pod = holder.replace(/-[^-]+$/, '')
    await kubectl(['--namespace', system, 'delete', 'pod', pod, '--force', '--grace-period=0'])
    await kubectl(['--namespace', team, 'apply', '-f', 'deploy/samples/minimal.yaml'])
    await kubectl(['--namespace', team, 'wait', '--for=condition=Ready', 'gwh/minimal', '--timeout=3m'])
    assert.equal((await remotes()).length, 2)
  })

  test('uninstalling keeps the objects; another Helm installs it again for one namespace only, and finds its webhooks', async () => {
    const before = (await remotes()).map(({ id }) => id).toSorted()
    await helm(newest, ['uninstall', release, '--namespace', system, '--wait'])
    assert.match(await kubectl(['--namespace', team, 'get', 'gwh', '--output', 'name']), /batch-events[^]*minimal/)
    await install(oldest, `--set=watchNamespaces={${team}}`)
    const clusterRoles = await kubectl(['get', 'clusterroles', '--output', 'name'])
    assert.doesNotMatch(clusterRoles, /gwh-/)
    await kubectl([
      '--namespace',
      team,
      'annotate',
      'gwh',
      '--all',
      'webhooks.gemini-operator.io/reconcile-requested-at=again',
    ])
    for (const name of ['batch-events', 'minimal']) {
      await soon(
        `${name} looked at again`,
        async () => (await field('.status.lastHandledReconcileAt', 'gwh', name)) === 'again',
      )
      await kubectl(['--namespace', team, 'wait', '--for=condition=Ready', `gwh/${name}`, '--timeout=2m'])
    }
    assert.deepEqual((await remotes()).map(({ id }) => id).toSorted(), before)
    await finishBatch()
    assert.equal(await everythingArrived(), 63)
  })

  test('deleting the objects leaves nothing at the service', async () => {
    await kubectl(['--namespace', team, 'delete', 'geminiwebhooks', '--all', '--timeout=2m'])
    assert.deepEqual(await remotes(), [])
    assert.equal(await field('.items[*].metadata.name', 'secrets'), 'gemini-api-key')
  })
})

async function finishBatches(count: number): Promise<void> {
  for (let job = 0; job < count; job += 1) await finishBatch()
}

/** As a node that dies: without the time to drain. */
async function replaceReceiver(): Promise<void> {
  const inSystem = ['--namespace', system]
  await kubectl([...inSystem, 'delete', 'pod', 'gwh-receiver-0', '--force', '--grace-period=0'])
  await kubectl([...inSystem, 'rollout', 'status', 'statefulset/gwh-receiver', '--timeout=2m'])
}

const remove = (...what: string[]) => kubectl(['delete', '--ignore-not-found', '--wait=false', ...what]).catch(() => '')
