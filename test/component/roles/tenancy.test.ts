import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import type { GeminiRoute } from '../../../src/api/gemini-route.ts'
import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import { apiVersion, geminiRouteKind, geminiWebhookKind, kindName, routeKindName } from '../../../src/api/kind.ts'
import type { FilterSpec } from '../../../src/api/sink.ts'
import { clusterIn } from '../../../src/cli/operator-access.ts'
import type { KubernetesObject } from '../../../src/kubernetes/client.ts'
import { namespaceKind, secretKind, type Secret } from '../../../src/kubernetes/core-kinds.ts'
import { serviceKind } from '../../../src/roles/sandbox/route-services.ts'
import { startSandbox, type Sandbox } from '../../../src/roles/sandbox/start.ts'
import { roleDeps } from '../../support/builders/role-deps.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { pause } from '../../support/measures/pause.ts'
import { gwhCommand } from '../../support/processes/gwh-command.ts'

/**
 * A platform team with the API key, and two teams that have nothing but routes: all parts as they ship, around the
 * simulated service and the embedded Kubernetes API.
 */
let sandbox: Sandbox
const platform = { namespace: 'ml-platform', name: 'project-events' }
const teams = ['team-search', 'team-ads'] as const

before(async () => {
  const ports = { kubernetesPort: 0, webhookServicePort: 0, receiverPort: 0, workerPort: 0 }
  const options = { host: '127.0.0.1', ...ports, dataDir: undefined, keep: false, speed: 100 }
  sandbox = await startSandbox(options, roleDeps().deps)
  // In the order that is least convenient: routes first, the webhook that they name last.
  for (const name of [platform.namespace, ...teams]) await create(namespaceKind, { metadata: { name } })
  for (const namespace of teams) {
    await giveWorker(namespace)
    await aRoute(namespace, 'own-jobs', { metadata: { exact: { team: namespace } } })
  }
  await aRoute('team-search', 'results', { types: { exact: ['batch.succeeded'] } })
  await aRoute('team-ads', 'results', { types: { prefix: ['batch.'] } })
  await giveApiKey()
  await create(geminiWebhookKind, {
    apiVersion,
    kind: kindName,
    metadata: platform,
    spec: {
      apiKeySecretRef: { name: 'gemini-api-key' },
      events: ['batch.succeeded', 'batch.failed', 'batch.expired'],
      dynamic: {},
      allowedRoutes: {
        namespaces: { from: 'Names', names: [...teams] },
        types: ['batch.succeeded', 'batch.failed'],
      },
    },
  })
  await eventually('the webhook is proven', async () => {
    const webhook = await sandbox.kubernetes.client.get<GeminiWebhook>(geminiWebhookKind, platform)
    return webhook?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
  })
  for (const namespace of teams)
    for (const name of ['own-jobs', 'results']) await untilAccepted({ namespace, name }, 'Attached')
  await eventually('routes that get events', async () => {
    emit('batch.succeeded', 'batches/first')
    await pause(100)
    return teams.every((team) => gotBy(`${team}/results`).includes('batches/first'))
  })
})
after(() => sandbox.stop())

function create(
  kind: Parameters<Sandbox['kubernetes']['client']['create']>[0],
  object: KubernetesObject & Readonly<Record<string, unknown>>,
) {
  return sandbox.kubernetes.client.create(kind, object)
}

/** A Service of the team's own. The worker behind it is one for all, and remembers by which route an event came. */
function giveWorker(namespace: string) {
  const spec = { selector: { app: 'worker' }, ports: [{ port: 80, targetPort: sandbox.worker.port }] }
  return create(serviceKind, { metadata: { namespace, name: 'worker' }, spec })
}

async function giveApiKey(): Promise<void> {
  const given = await sandbox.kubernetes.client.get<Secret>(secretKind, {
    namespace: 'default',
    name: 'gemini-api-key',
  })
  const metadata = { namespace: platform.namespace, name: 'gemini-api-key' }
  await create(secretKind, { metadata, data: given?.data })
}

function aRoute(namespace: string, name: string, filter: FilterSpec | undefined, dynamic?: object) {
  return create(geminiRouteKind, {
    apiVersion,
    kind: routeKindName,
    metadata: { namespace, name },
    spec: {
      webhookRef: platform,
      ...(filter !== undefined && { filter }),
      ...(dynamic !== undefined && { dynamic }),
      sinks: [{ name: 'worker', service: { name: 'worker', path: '/events' } }],
    },
  })
}

/** As if a job of the project had ended, in its static form. */
function emit(type: string, id: string): void {
  const project = sandbox.simulator.admin.webhooks()[0]?.project ?? ''
  sandbox.simulator.admin.emit({ project, type, data: { id } })
}

/** The jobs whose events came by this route, in their order. */
function gotBy(route: string): string[] {
  return sandbox.worker.events
    .filter(({ extensions }) => extensions['geminiroute'] === route)
    .map(({ subject = '' }) => subject)
}

function untilAccepted(key: { namespace: string; name: string }, reason: string) {
  return eventually(`${key.namespace}/${key.name}: ${reason}`, async () => {
    const route = await sandbox.kubernetes.client.get<GeminiRoute>(geminiRouteKind, key)
    return route?.status?.conditions?.some((each) => each.type === 'Accepted' && each.reason === reason) === true
  })
}

function allow(names: readonly string[]) {
  const spec = { allowedRoutes: { namespaces: { from: 'Names', names } } }
  return sandbox.kubernetes.client.patch<GeminiWebhook>(geminiWebhookKind, platform, { spec }, { type: 'merge' })
}

const gwh = (...args: string[]) => {
  const cluster = clusterIn({ clock: roleDeps().deps.clock, random: Math.random, version: '1.2.3' })
  return gwhCommand({ cluster }, { GWH_KUBECONFIG: sandbox.kubeconfigPath })(...args)
}

test('a static event reaches both teams, each as far as its filter wants it and the owner lets it out', async () => {
  emit('batch.succeeded', 'batches/done')
  emit('batch.expired', 'batches/late')
  emit('batch.failed', 'batches/broken')
  await eventually('both have theirs', () => {
    const [search, ads] = [gotBy('team-search/results'), gotBy('team-ads/results')]
    return search.includes('batches/done') && ads.includes('batches/done') && ads.includes('batches/broken')
  })
  emit('batch.succeeded', 'batches/last')
  for (const team of teams) await eventually('the last one', () => gotBy(`${team}/results`).includes('batches/last'))
  for (const id of ['batches/late', 'batches/broken'])
    assert.ok(!gotBy('team-search/results').includes(id), `${id} is not wanted`)
  assert.ok(!gotBy('team-ads/results').includes('batches/late'), 'wanted, and not let out')
  for (const team of teams) assert.deepEqual(gotBy(`${team}/own-jobs`), [])
})

test('a job of each team reaches its team alone, by its metadata, through the dynamic endpoint', async () => {
  const key = { namespace: platform.namespace, name: `${platform.name}-dynamic-endpoint` }
  const { data } = (await sandbox.kubernetes.client.get<Secret>(secretKind, key)) ?? {}
  const uris = [Buffer.from(data?.['uri'] ?? '', 'base64').toString('utf8')]
  const { admin } = sandbox.simulator
  for (const team of teams) {
    const { project = '' } = admin.webhooks()[0] ?? {}
    const emission = { project, type: 'batch.succeeded', data: { id: `batches/of-${team}` }, uris }
    admin.emit({ ...emission, userMetadata: { team } })
  }
  for (const team of teams)
    await eventually(`the job of ${team}`, () => gotBy(`${team}/own-jobs`).includes(`batches/of-${team}`))
  for (const team of teams) assert.deepEqual(new Set(gotBy(`${team}/own-jobs`)), new Set([`batches/of-${team}`]))
})

test('a job that names the endpoint of a route reaches that route alone, while the owner of the webhook allows it', async () => {
  const { client } = sandbox.kubernetes
  for (const team of teams) await aRoute(team, 'jobs', undefined, {})
  await aRoute('team-ads', 'all-types', {})
  for (const team of teams) await untilAccepted({ namespace: team, name: 'jobs' }, 'Attached')
  await untilAccepted({ namespace: 'team-ads', name: 'all-types' }, 'Attached')
  const uriOf = async (namespace: string) => {
    const { data } = (await client.get<Secret>(secretKind, { namespace, name: 'jobs-route-endpoint' })) ?? {}
    return Buffer.from(data?.['uri'] ?? '', 'base64').toString('utf8')
  }
  /** The answer to the first attempt at a genuine delivery. */
  const send = async (uri: string, id: string, type = 'batch.succeeded') => {
    const { project = '' } = sandbox.simulator.admin.webhooks()[0] ?? {}
    const { admin } = sandbox.simulator
    const [deliveryId] = admin.emit({ project, type, data: { id }, uris: [uri] })
    return eventually(
      `the answer to ${id}`,
      () => admin.deliveries().find((each) => each.deliveryId === deliveryId)?.attempts[0]?.status,
    )
  }
  const search = await uriOf('team-search')
  const ads = await uriOf('team-ads')
  assert.ok(search.startsWith(`${sandbox.receiver.publicUrl}/v1/r/team-search/jobs/`), 'the URI of the receiver')
  let first = 0
  await eventually('the receiver knows of it', async () => (await send(search, `batches/own-${++first}`)) === 204)
  const own = `batches/own-${first}`
  await eventually('the route has it', () => gotBy('team-search/jobs').includes(own))
  assert.equal(await send(search, 'batches/late-own', 'batch.expired'), 204, 'acknowledged, and not let out')
  const token = ads.slice(ads.lastIndexOf('/') + 1)
  assert.equal(
    await send(search.replace(/[^/]*$/, token), 'batches/forged'),
    404,
    "another route's token opens nothing",
  )

  await allow(['team-ads'])
  await untilAccepted({ namespace: 'team-search', name: 'jobs' }, 'NotAllowed')
  let probe = 0
  await eventually('the receiver refuses it', async () => (await send(search, `batches/refused-${++probe}`)) === 404)
  await allow(teams)
  await untilAccepted({ namespace: 'team-search', name: 'jobs' }, 'Attached')
  assert.equal(await uriOf('team-search'), search, 'the address is the same')
  await eventually('the receiver takes it again', async () => (await send(search, `batches/back-${++probe}`)) === 204)
  await eventually('the route has it', () => gotBy('team-search/jobs').includes(`batches/back-${probe}`))

  const named = /^batches\/(own|late-own|forged|refused|back)/
  const reached = sandbox.worker.events.filter(({ subject = '' }) => named.test(subject))
  assert.deepEqual(
    new Set(reached.map(({ extensions }) => [extensions['geminiroute'], extensions['geminimode']].join())),
    new Set(['team-search/jobs,dynamic']),
    'nobody else sees it',
  )
  assert.ok(!reached.some(({ subject }) => /late-own|forged/.test(subject ?? '')))
})

test('consent that is withdrawn ends what a team gets, says so to the team, and begins anew once it is given', async () => {
  const [search, ads] = ['team-search/results', 'team-ads/results']
  await allow(['team-ads'])
  await untilAccepted({ namespace: 'team-search', name: 'results' }, 'NotAllowed')
  let probe = 0
  await eventually('the receivers know of it', async () => {
    const id = `batches/probe-${++probe}`
    emit('batch.succeeded', id)
    await eventually('the other team has it', () => gotBy(ads).includes(id))
    await pause(200)
    return !gotBy(search).includes(id)
  })
  emit('batch.succeeded', 'batches/without')
  await eventually('the other team has it', () => gotBy(ads).includes('batches/without'))
  const said = await gwh('status', 'team-search/groute/results', '--no-probe')
  assert.equal(said.code, 1)
  assert.match(said.out, /\nBroken: consent: NotAllowed: .*\nRemedy: .*spec\.allowedRoutes/)

  await allow(teams)
  await untilAccepted({ namespace: 'team-search', name: 'results' }, 'Attached')
  await eventually('the team gets events again', async () => {
    emit('batch.succeeded', 'batches/again')
    await pause(100)
    return gotBy(search).includes('batches/again')
  })
  assert.ok(!gotBy(search).includes('batches/without'), 'later events only')
  const well = await gwh('status', 'team-search/groute/results', '--no-probe')
  assert.deepEqual([well.code, /No link is broken\./.test(well.out)], [0, true], well.out)
})
