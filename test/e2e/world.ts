import { chartPath } from '../../tools/generate-chart.ts'
import { findHelms } from '../../tools/helm.ts'
import { ask, gwh, helm, kubectl, soon } from '../support/processes/cluster-commands.ts'

/**
 * What the end-to-end suite installs and asks: the operator by its chart, the simulator as Google, a worker that
 * remembers what it gets.
 */
export const image = process.env['GWH_E2E_IMAGE']
const helms = findHelms(process.env)
export const missing = [
  process.env['KUBECONFIG'] === undefined && 'KUBECONFIG',
  image === undefined && 'GWH_E2E_IMAGE',
  helms.size === 0 && 'helm on PATH or in HELM_BIN_DIR',
].filter((name) => name !== false)
if (missing.length > 0 && process.env['GWH_REQUIRE_E2E'] === '1')
  throw new Error(`GWH_REQUIRE_E2E=1, but there is no ${missing.join(', no ')}`)

export const system = 'gemini-webhook-system'
export const team = 'gwh-e2e'
export const simulator = { namespace: 'gwh-e2e-google', name: 'webhook-service', port: 8080 }
const worker = { namespace: team, name: 'batch-worker', port: 80 }
export const release = 'gemini-webhook-operator'
export const newest = helms.get(4) ?? helms.get(3) ?? ''
export const oldest = helms.get(3) ?? helms.get(4) ?? ''

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
export const deliveries = () => ask<Delivery[]>('GET', simulator, '_admin/deliveries')
export const remotes = () => ask<Remote[]>('GET', simulator, '_admin/webhooks')
const received = async () => (await ask<{ id: string; type: string }[]>('GET', worker, 'events')).map(({ id }) => id)
/** How many batches were finished since the suite began: so many events the worker must get. */
export const finished = { batches: 0 }
export async function finishBatches(count: number): Promise<void> {
  for (let job = 0; job < count; job += 1) {
    await ask<unknown>('POST', simulator, '_admin/jobs', { project: 'sandbox', type: 'batch', outcome: 'succeeded' })
    finished.batches += 1
  }
}
/** One thing that Google reports in two deliveries of their own. */
export async function emitTwice(event: { type: string; data: unknown }): Promise<void> {
  for (let time = 1; time <= 2; time += 1) {
    await ask<unknown>('POST', simulator, '_admin/events', { project: 'sandbox', ...event })
    finished.batches += 1
  }
}
export const field = (path: string, ...what: string[]) =>
  kubectl(['--namespace', team, 'get', ...what, '--output', `jsonpath={${path}}`])

/** The program under test. */
const current = { chart: process.env['GWH_E2E_CHART'] ?? chartPath, image: image ?? '' }
/** What an installation of before ran; without a previous version, the same. */
export const previous = {
  chart: process.env['GWH_E2E_PREVIOUS_CHART'] ?? current.chart,
  image: process.env['GWH_E2E_PREVIOUS_IMAGE'] ?? current.image,
}

export function install(program: string, more: readonly string[] = [], version = current): Promise<string> {
  const [name = '', digest] = version.image.split('@')
  const [repository, tag = ''] = name.split(/:(?=[^:/]+$)/)
  const values = {
    baseUrl: 'https://hooks.example.com/gemini',
    image: { repository, tag, ...(digest !== undefined && { digest }) },
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
    version.chart,
    '--namespace',
    system,
    ...settings,
    ...more,
    // A registry of this machine speaks http.
    ...(version.chart.startsWith('oci://127.0.0.1:') ? ['--plain-http'] : []),
    '--wait',
    '--timeout=3m',
  ])
}

const hurryEveryMs = 5_000
let hurriedMs = -Infinity

/**
 * Lets the repetitions that the service still owes come at once. Not at every look: each step takes what it sends a
 * minute further from the receivers' time, and after five of them it would be refused as stale for ever.
 */
async function hurryRetries(): Promise<void> {
  if (performance.now() - hurriedMs < hurryEveryMs) return
  hurriedMs = performance.now()
  await ask<unknown>('POST', simulator, '_admin/clock/advance', { ms: 60_000 })
}

/**
 * What the service sent for finished batches to the webhook with the worker. Test deliveries are answered and not
 * passed on.
 */
export async function batchDeliveries(): Promise<Delivery[]> {
  const id = await field('.status.webhook.id', 'gwh', 'batch-events')
  return (await deliveries()).filter(({ webhookId, eventType }) => webhookId === id && eventType.startsWith('batch.'))
}

/** Waits until the worker has an event for each finished batch, and the service an acknowledgement for each. */
export function everythingArrived(): Promise<true> {
  return soon(`${finished.batches} events at the worker`, async () => {
    const sent = await batchDeliveries()
    if (sent.some(({ state }) => state === 'pending')) await hurryRetries()
    const there = new Set(await received())
    const arrived = sent.filter(({ state, eventId }) => state === 'delivered' && there.has(eventId))
    return arrived.length === sent.length && arrived.length === finished.batches
  })
}

/** One command about the receivers of this installation, and what it answered. */
export async function askReceivers<T>(command: string, ...flags: string[]): Promise<T> {
  return JSON.parse(await gwh([command, `--operator-namespace=${system}`, '-o', 'json', ...flags])) as T
}

/**
 * What `gwh listen` tells of the last deliveries to the webhook with the worker: one line of JSON each, oldest first.
 */
export async function lastDeliveries(): Promise<Record<string, unknown>[]> {
  const lines = await gwh([
    'listen',
    `--operator-namespace=${system}`,
    '--no-follow',
    '-o',
    'json',
    `--webhook=${team}/batch-events`,
  ])
  return lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** Gives the webhook with the worker one more sink, and waits until it is resolved. */
export async function addSink(sink: { name: string } & Record<string, unknown>): Promise<void> {
  const sinks = JSON.parse(await field('.spec.sinks', 'gwh', 'batch-events')) as { name: string }[]
  const others = sinks.filter(({ name }) => name !== sink.name)
  const patch = JSON.stringify({ spec: { sinks: [...others, sink] } })
  await kubectl(['--namespace', team, 'patch', 'gwh', 'batch-events', '--type=merge', '-p', patch])
  await soon(`sink ${sink.name}`, async () => {
    const ready = await field(`.status.sinks[?(@.name=="${sink.name}")].ready`, 'gwh', 'batch-events')
    return ready === 'true'
  })
}

/** The image that a running pod of the operator has. */
export const imageOf = (pod: string) =>
  kubectl(['--namespace', system, 'get', 'pod', pod, '--output', 'jsonpath={.spec.containers[0].image}'])

const inSystem = ['--namespace', system]
const receiverIsBack = () => kubectl([...inSystem, 'rollout', 'status', 'statefulset/gwh-receiver', '--timeout=2m'])

/** What the receivers tell the controller. */
export const receiverReports = () =>
  kubectl([
    ...inSystem,
    'get',
    'configmaps',
    '--selector=app.kubernetes.io/component=gemini-webhook-reports',
    '--output',
    'json',
  ])

/** Until every pod runs what it should. */
export async function rolledOut(): Promise<void> {
  await kubectl([...inSystem, 'rollout', 'status', 'deployment/gwh-controller', '--timeout=2m'])
  await receiverIsBack()
}

/** As a node that dies: without the time to drain. */
export async function killReceiver(): Promise<void> {
  await kubectl([...inSystem, 'delete', 'pod', 'gwh-receiver-0', '--force', '--grace-period=0'])
  await receiverIsBack()
}

/**
 * As before maintenance: the receiver is evicted, its node takes no pods until it is back, and the volume stays where
 * it is.
 */
export async function restartReceiverNode(): Promise<void> {
  const node = await kubectl([...inSystem, 'get', 'pod', 'gwh-receiver-0', '--output', 'jsonpath={.spec.nodeName}'])
  try {
    const selected = '--pod-selector=app.kubernetes.io/component=receiver'
    await kubectl(['drain', node, selected, '--delete-emptydir-data', '--timeout=1m'])
    const phase = () => kubectl([...inSystem, 'get', 'pod', 'gwh-receiver-0', '--output', 'jsonpath={.status.phase}'])
    await soon('the receiver waits for its node', async () => (await phase()) === 'Pending')
  } finally {
    await kubectl(['uncordon', node])
  }
  await receiverIsBack()
}

export const removeAtEnd = (...what: string[]) =>
  kubectl(['delete', '--ignore-not-found', '--timeout=2m', ...what]).catch(() => '')
