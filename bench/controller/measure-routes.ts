import type { GeminiRoute } from '../../src/api/gemini-route.ts'
import type { GeminiWebhook } from '../../src/api/gemini-webhook.ts'
import { apiVersion, geminiRouteKind, geminiWebhookKind, routeKindName } from '../../src/api/kind.ts'
import { namespaceKind } from '../../src/kubernetes/core-kinds.ts'
import { sumOf, type Writes } from './api-server-writes.ts'
import { applyAll } from './apply-all.ts'
import { startBenchWorld, tenantNamespace, type BenchWorld } from './bench-world.ts'
import { totalsBy } from './exposition.ts'
import { measureChange } from './measure-change.ts'
import { anObject, nameOf } from './measure-rollout.ts'
import { measureSteadyState } from './measure-steady-state.ts'
import { quickResyncs, round, scrape, type SizePlan } from './measuring.ts'
import { watchReadyObjects } from './ready-objects.ts'
import { until } from './until.ts'

/** Costs are for each route. */
export interface MeasuredRoutes {
  routes: number
  webhooks: number
  /** From the first apply to the last Ready. */
  seconds: number
  controllerCpuMs: number
  apiServerCpuMs: number
  /** Of controller and receiver together; Events and the Lease not counted, nor our own applies. */
  writes: number
  writesByResource: Writes
  reconciles: number
  steady: {
    /** Of all of them together, while nothing changes. */
    kubernetesWrites: number
    /** The controller's processor time for one resync. */
    cpuMs: number
  }
}

/** A webhook has a thousand places at most. */
const routesOfWebhook = 500
/** Routes are of many teams: a namespace alone may not have all of the room in the keyring. */
const namespaces = 50

/**
 * One fresh world, so many routes on webhooks that are Ready: from apply to all Ready; then another controller takes
 * over, and a few resyncs of it in which nothing should happen.
 */
export async function measureRoutes(routes: number, plan: SizePlan): Promise<MeasuredRoutes> {
  const progress = (text: string) => plan.progress(`${routes} routes: ${text}`)
  progress('starting a control plane, a receiver and a controller')
  await using own = new AsyncDisposableStack()
  const parts = plan.parts.use(own)
  const world = await startBenchWorld(plan.binaries, parts)
  const leader = await world.startController('leader', plan.controllerFlags)
  const webhooks = Math.ceil(routes / routesOfWebhook)
  await prepareWebhooks(webhooks, world, parts)
  const ready = await watchReadyObjects(world.client, geminiRouteKind)
  parts.defer(() => ready.stop())
  const measuring = { ...plan, progress, world, ready }
  const change = await measureChange(leader, measuring, async () => {
    await applyAll(routes, (index) => world.client.create<GeminiRoute>(geminiRouteKind, aRoute(index, webhooks)))
    return ready.untilAll(routes, (count) => progress(`${count} of ${routes} Ready`))
  })
  const ours = { ...change.writes, geminiroutes: (change.writes['geminiroutes'] ?? 0) - routes }
  const reconciles = reconcilesIn(await scrape(leader))
  await leader.stop()
  const next = await world.startController('next', [...plan.controllerFlags, ...quickResyncs(plan)])
  await until(async () => {
    const left = routes - reconcilesIn(await scrape(next))
    return left <= 0 ? undefined : { left, what: `the next leader had not looked at ${left} routes` }
  })
  const steady = await measureSteadyState(next, measuring)
  return {
    routes,
    webhooks,
    seconds: change.seconds,
    controllerCpuMs: round(change.controllerCpuMs / routes),
    apiServerCpuMs: round(change.apiServerCpuMs / routes),
    writes: round(sumOf(ours) / routes),
    writesByResource: ours,
    reconciles: round(reconciles / routes),
    steady: { kubernetesWrites: steady.kubernetesWrites, cpuMs: steady.cpuMsPerObject },
  }
}

async function prepareWebhooks(count: number, { client }: BenchWorld, parts: AsyncDisposableStack): Promise<void> {
  await applyAll(namespaces, (index) =>
    client.create(namespaceKind, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: teamOf(index) } }),
  )
  const ready = await watchReadyObjects(client, geminiWebhookKind)
  parts.defer(() => ready.stop())
  const allowedRoutes = { namespaces: { from: 'All' as const } }
  await applyAll(count, (index) => {
    const webhook = anObject(index)
    return client.create<GeminiWebhook>(geminiWebhookKind, { ...webhook, spec: { ...webhook.spec, allowedRoutes } })
  })
  await ready.untilAll(count, () => undefined)
}

function reconcilesIn(exposition: string): number {
  return totalsBy(exposition, 'gwh_reconcile_total', 'controller')['routes'] ?? 0
}

function teamOf(index: number): string {
  return `team-${index % namespaces}`
}

function aRoute(index: number, webhooks: number): GeminiRoute {
  return {
    apiVersion,
    kind: routeKindName,
    metadata: { namespace: teamOf(index), name: `route-${index}` } as GeminiRoute['metadata'],
    spec: {
      webhookRef: { name: nameOf(index % webhooks), namespace: tenantNamespace },
      filter: { types: { exact: ['batch.succeeded'] }, metadata: { exact: { team: teamOf(index) } } },
      sinks: [{ name: 'worker', uri: 'https://worker.example.com/events' }],
    },
  }
}
